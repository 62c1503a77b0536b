// The inputs of a network, as the file describes them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "errors.hpp"
#include "field.hpp"
#include "names.hpp"
#include "shape.hpp"

namespace keras_hep {

/// One variable of an input.
struct Feature {
    std::string name;
    std::string unit;
    std::optional<double> otherwise;  ///< replaces a missing value, NaN or infinity
};

/// One input: a vector or a grid of features, a sequence of objects with features, or a plain tensor.
struct Input {
    std::string name;
    std::optional<std::size_t> length;  ///< of a sequence: how many objects the network sees
    std::vector<Feature> features;      ///< of the last axis; of a plain tensor one for all values, with the name of the input
    Shape axes;
    std::vector<std::size_t> by_name = {};  ///< the features in the order of their names

    bool is_sequence() const { return length.has_value(); }
    bool is_vector() const { return axes.size() == 1 && axes[0] == features.size(); }
    const Shape& shape() const { return axes; }

    /// Number of objects with all features that the network sees.
    std::size_t rows() const { return product(axes) / features.size(); }
};

/// Values of one input without names: those of `rows` objects of a sequence, else of the whole input (`rows` is not read then).
template <class V>
struct BasicArray {
    const V* values;
    std::size_t rows;
};
using Array = BasicArray<float>;

KERAS_HEP_LOADING inline void read_features(const Field& field, Input& input) {
    const std::vector<Field> items = field.items();
    std::vector<Feature>& features = input.features;
    features.resize(items.size());
    Names names;
    for (std::size_t i = 0; i < items.size(); ++i) {
        items[i].only("name unit default");
        const Field otherwise = items[i].at("default");
        features[i].name = items[i].at("name").text();
        features[i].unit = items[i].at("unit").text();
        if (!otherwise.is_null()) features[i].otherwise = otherwise.number<double>();
        if (!names.add(features[i].name, i)) items[i].at("name").fail({"the feature '", features[i].name, "' stands twice"});
    }
    if (features.empty()) field.fail_shape("expected at least one feature, found none");
    input.by_name = names.in_order();
}

/// The shape of an input with features: as it stands in the file, or else as length and features say.
KERAS_HEP_LOADING inline Shape read_axes(const Field& field, const Input& input) {
    const std::size_t number = input.features.size();
    const Shape known = input.length ? Shape{*input.length, number} : Shape{number};
    if (!field.has("shape")) return known;
    const Shape shape = field.at("shape").shape();
    if (input.length ? shape != known : shape.back() != number) {
        field.at("shape").fail_shape(
            {"expected ", input.length ? Piece(known) : Piece(number), input.length ? "" : " as the last size", ", found ", shape});
    }
    return shape;
}

KERAS_HEP_LOADING inline void read_input(const Field& field, Input& input) {
    field.only("name shape length features");
    input.name = field.at("name").text();
    const Field length = field.at("length");
    if (field.at("features").is_null()) {
        if (!length.is_null()) length.fail("an input without features is no sequence, expected null");
        input.axes = field.at("shape").shape();
        input.features.resize(1);
        input.features[0].name = input.name;
        input.by_name.push_back(0);
        return;
    }
    if (!length.is_null()) {
        input.length = length.count(max_values);
        if (*input.length == 0) length.fail_shape("a sequence has at least one entry, found 0");
    }
    read_features(field.at("features"), input);
    input.axes = read_axes(field, input);
}

}  // namespace keras_hep
