// The bytes of a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "errors.hpp"
#include "json.hpp"
#include "loading.hpp"
#include "message.hpp"

namespace keras_hep {

/// Tell Linux that memory of so many bytes is about to be filled: with pages of 2 MiB that takes a fraction of the time.
KERAS_HEP_LOADING inline void ask_for_large_pages([[maybe_unused]] char* memory, [[maybe_unused]] std::size_t bytes) {
#ifdef MADV_HUGEPAGE
    constexpr std::size_t page = std::size_t{1} << 21;
    const std::size_t before = (page - reinterpret_cast<std::uintptr_t>(memory) % page) % page;
    if (bytes > before) madvise(memory + before, (bytes - before) / page * page, MADV_HUGEPAGE);
#endif
}

/// The bytes of a file, or throw ParseError, which naming_file() completes.
KERAS_HEP_LOADING inline std::string read_file(const std::string& path) {
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
    if (!file) throw ParseError("$: cannot be read");
    const long end = std::fseek(file.get(), 0, SEEK_END) == 0 ? std::ftell(file.get()) : -1;  // not of pipes and folders
    const bool known = end > 0 && static_cast<unsigned long>(end) <= json::Parser::max_bytes;
    std::rewind(file.get());
    const std::size_t step = known ? static_cast<std::size_t>(end) + 1 : std::size_t{1} << 20;
    std::string text;
    if (known) {
        text.reserve(step);
        std::string().swap(text);  // glibc keeps blocks of a size that was freed: the weights go where the text was, into ready pages
        text.reserve(step);
        ask_for_large_pages(text.data(), step);
    }
    for (std::size_t read = step; read == step && text.size() <= json::Parser::max_bytes;) {
        const std::size_t before = text.size();
        text.resize(before + step);
        read = std::fread(text.data() + before, 1, step, file.get());
        text.resize(before + read);
    }
    return text;
}

/// What `load` gives; in its errors, the name of the file stands before the path.
template <class Load>
KERAS_HEP_LOADING auto naming_file(const std::string& path, const Load& load) {
    try {
        return load();
    } catch (const ParseError& error) {
        throw ParseError(joined({"'", path, "': ", error.what()}));
    } catch (const ShapeError& error) {
        throw ShapeError(joined({"'", path, "': ", error.what()}));
    }
}

}  // namespace keras_hep
