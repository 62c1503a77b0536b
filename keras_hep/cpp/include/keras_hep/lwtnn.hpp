// Networks in the JSON of lwtnn, in both of its dialects, for the same runtime.
//
//     const auto net = keras_hep::lwtnn::load("net.json");
//     const auto result = net.evaluate({{"node_0", {{"variable_0", 1.5}}}});   // label -> value
//
// Each input and each sequence of the file is an input of the network, under its name; a sequence that has the name of a vector
// is called NAME_sequence. A sequential file has the input "inputs" and the output "outputs". Each node is evaluated once.
// An output that is a sequence has its labels once for each object, LABEL[OBJECT], with zeros behind the last real one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lwtnn/document.hpp"
#include "lwtnn/translation.hpp"
#include "network.hpp"
#include "read_file.hpp"

namespace keras_hep::lwtnn {

/// Padded length of the sequences, which have none in the file; objects beyond it are cut.
inline constexpr std::size_t default_length = 40;

/// Read a network from text, or throw ParseError or ShapeError.
template <class T = float>
BasicNetwork<T> parse(std::string_view text, const Options& options = {}, std::size_t length = default_length) {
    if (length == 0 || length > max_values) throw ShapeError("$: expected a length of the sequences from 1 to 2**26, found " + std::to_string(length));
    json::Value translated;
    {
        const json::Value value = json::parse(text);
        const Source source{&value};
        const Document document = read_document(Field(source));
        // A layer may serve several nodes, but not so many that a small file needs much memory.
        translated = Translation(document, length, 40 * text.size() + (std::size_t{1} << 15)).document();
    }
    return BasicNetwork<T>::from_document(translated, options);
}

/// Read a network from a file, or throw ParseError or ShapeError.
template <class T = float>
BasicNetwork<T> load(const std::string& path, const Options& options = {}, std::size_t length = default_length) {
    return naming_file(path, [&] { return parse<T>(read_file(path), options, length); });
}

}  // namespace keras_hep::lwtnn
