// The bytes of a file.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>

#include "errors.hpp"
#include "json.hpp"
#include "loading.hpp"
#include "message.hpp"

namespace keras_hep {

/// The bytes of a file, or throw ParseError.
KERAS_HEP_LOADING inline std::string read_file(const std::string& path) {
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
    if (!file) throw ParseError(joined({"$: cannot read '", path, "'"}));
    const long end = std::fseek(file.get(), 0, SEEK_END) == 0 ? std::ftell(file.get()) : -1;  // not of pipes and folders
    const bool known = end > 0 && static_cast<unsigned long>(end) <= json::Parser::max_bytes;
    std::rewind(file.get());
    const std::size_t step = known ? static_cast<std::size_t>(end) + 1 : std::size_t{1} << 20;
    std::string text;
    for (std::size_t read = step; read == step && text.size() <= json::Parser::max_bytes;) {
        const std::size_t before = text.size();
        text.resize(before + step);
        read = std::fread(text.data() + before, 1, step, file.get());
        text.resize(before + read);
    }
    return text;
}

}  // namespace keras_hep
