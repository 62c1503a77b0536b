// A document of any bytes loads and runs, or is refused by an exception that names the path; loading takes at most 64 times the
// memory that the document takes.
//
// With libFuzzer: clang++ -std=c++17 -g -O1 -fsanitize=fuzzer,address,undefined -DKERAS_HEP_LIBFUZZER ... fuzz_load.cpp
// Without it: fuzz_load FILE... reads each file once.
#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <new>

#include "keras_hep/network.hpp"

namespace {

constexpr std::size_t spare = 65536;  // what an empty document may take
std::size_t live = 0;
std::size_t peak = 0;

void* count(void* memory) {
    live += malloc_usable_size(memory);
    if (live > peak) peak = live;
    return memory;
}

void give(void* memory) noexcept {
    live -= memory != nullptr ? malloc_usable_size(memory) : 0;
    std::free(memory);
}

void* checked(void* memory) {
    if (memory == nullptr) throw std::bad_alloc();
    return count(memory);
}

[[noreturn]] void complain(const std::string& what) {
    std::cerr << what << std::endl;
    std::abort();
}

template <class Net>
void load(std::string_view text, const keras_hep::Options& options) {
    const std::size_t before = live;
    peak = live;
    try {
        const auto net = Net::parse(text, options);
        if (peak - before > 64 * text.size() + spare) complain("memory: " + std::to_string(peak - before) + " for " + std::to_string(text.size()));
        std::size_t size = 0;
        for (const auto& node : net.nodes()) size += node.size;
        if (size < 100000) net.self_check();
    } catch (const keras_hep::CheckError&) {
    } catch (const keras_hep::Error& error) {
        if (peak - before > 64 * text.size() + spare) complain("memory: " + std::to_string(peak - before) + " for " + std::to_string(text.size()));
        if (error.what()[0] != '$') complain(std::string("no path: ") + error.what());
    }
}

}  // namespace

void* operator new(std::size_t size) { return checked(std::malloc(size)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return count(std::malloc(size)); }
void* operator new(std::size_t size, std::align_val_t to) {
    const auto unit = static_cast<std::size_t>(to);
    return checked(std::aligned_alloc(unit, (size + unit - 1) / unit * unit));
}
void operator delete(void* memory, const std::nothrow_t&) noexcept { give(memory); }
void operator delete(void* memory) noexcept { give(memory); }
void operator delete(void* memory, std::size_t) noexcept { give(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { give(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { give(memory); }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    keras_hep::Options apart;
    apart.keep_nodes = true;
    load<keras_hep::Network>(text, {});
    load<keras_hep::Network>(text, apart);
    load<keras_hep::DoubleNetwork>(text, {});
    return 0;
}

#ifndef KERAS_HEP_LIBFUZZER
int main(int number, char** files) {
    for (int i = 1; i < number; ++i) {
        std::ifstream file(files[i], std::ios::binary);
        const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    }
}
#endif
