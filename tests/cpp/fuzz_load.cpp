// A document of any bytes, of this format or of lwtnn, loads and runs, or is refused by an exception that names the path; loading
// takes at most 64 times the memory that the document takes.
//
// With libFuzzer: tests/cpp/fuzz.py compiles and runs it. Without it: fuzz_load FILE... reads each file once.
#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <new>

#include "keras_hep/lwtnn.hpp"

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

void check_memory(std::size_t before, std::size_t bytes) {
    if (peak - before > 64 * bytes + spare) complain("memory: " + std::to_string(peak - before) + " for " + std::to_string(bytes));
}

/// Evaluate the test vectors, and made-up events of which the last is short, alone and together.
template <class T>
void evaluate(const keras_hep::BasicNetwork<T>& net) {
    constexpr std::size_t events = 3;
    std::size_t size = 0;
    for (const auto& node : net.nodes()) size += node.size;
    if (size > 20000) return;  // what takes long
    std::vector<std::vector<float>> inputs;
    std::vector<std::vector<std::size_t>> rows;
    for (const auto& input : net.inputs()) {
        inputs.emplace_back(events * keras_hep::product(input.shape()));
        for (std::size_t i = 0; i < inputs.back().size(); ++i) inputs.back()[i] = static_cast<float>(i % 7) - 3;
        const std::size_t length = input.length.value_or(1);
        rows.push_back({length, length + 1, length / 2});
    }
    std::vector<keras_hep::Batch> batches;
    std::vector<keras_hep::Array> arrays;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        batches.push_back({inputs[i].data(), rows[i].data()});
        arrays.push_back({inputs[i].data(), rows[i][0]});
    }
    std::vector<std::vector<T>> outputs;
    std::vector<T*> pointers;
    for (const auto& output : net.outputs()) outputs.emplace_back(events * output.labels.size());
    for (auto& output : outputs) pointers.push_back(output.data());
    keras_hep::BasicWorkspace<T> space;
    net.run(arrays.data(), space);
    net.run_batch(batches.data(), events, pointers.data(), space);
    net.self_check();
}

template <class Parse>
void load(std::string_view text, Parse parse) {
    const std::size_t before = live;
    peak = live;
    try {
        const auto net = parse();
        check_memory(before, text.size());
        evaluate(net);
    } catch (const keras_hep::CheckError&) {
    } catch (const keras_hep::Error& error) {
        check_memory(before, text.size());
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
    load(text, [=] { return keras_hep::Network::parse(text); });
    load(text, [=] { return keras_hep::Network::parse(text, apart); });
    load(text, [=] { return keras_hep::DoubleNetwork::parse(text); });
    load(text, [=] { return keras_hep::lwtnn::parse(text); });
    load(text, [=] { return keras_hep::lwtnn::parse<double>(text); });
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
