// The inputs of a network, as the file describes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "errors.hpp"
#include "field.hpp"
#include "message.hpp"
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
    std::vector<std::size_t> open = {};     ///< axes whose size differs from event to event; the one in `axes` is the largest

    bool is_sequence() const { return length.has_value(); }
    bool is_open() const { return !open.empty(); }
    bool is_vector() const { return axes.size() == 1 && axes[0] == features.size() && !is_open(); }
    const Shape& shape() const { return axes; }

    /// Number of objects with all features that the network sees.
    std::size_t rows() const { return product(axes) / features.size(); }

    /// Number of values where the open axes have these sizes, or a sequence so many objects.
    std::size_t values_of(std::size_t rows, std::size_t columns) const {
        if (is_sequence()) return rows * features.size();
        std::size_t result = product(axes);
        if (open.size() > 0) result = result / axes[open[0]] * rows;
        if (open.size() > 1) result = result / axes[open[1]] * columns;
        return result;
    }

    /// Add the sizes of the open axes to `sizes`. Objects beyond the length of a sequence are cut; nothing else may be larger.
    void add_sizes(std::size_t rows, std::size_t columns, Shape& sizes) const {
        for (std::size_t i = 0; i < open.size(); ++i) {
            const std::size_t size = i == 0 ? rows : columns, most = axes[open[i]];
            if (size == 0 || (size > most && !is_sequence())) refuse_size(i, size);
            sizes.push_back(size < most ? size : most);
        }
    }

    /// The same input with these sizes of the open axes.
    KERAS_HEP_LOADING Input of_sizes(const std::size_t* sizes) const {
        Input result = *this;
        for (std::size_t i = 0; i < open.size(); ++i) result.axes[open[i]] = sizes[i];
        if (length && is_open()) result.length = sizes[0];
        return result;
    }

private:
    [[noreturn]] KERAS_HEP_LOADING void refuse_size(std::size_t number, std::size_t size) const {
        throw InputError(joined({"the input '", name, "' takes sizes from 1 to ", axes[open[number]], " along axis ", open[number],
                                 ", found ", size}));
    }
};

/// Values of one input without names: those of `rows` objects of a sequence, else of the whole input. `rows` and `columns` are
/// the sizes of its open axes; where it has fewer, they are not read.
template <class V>
struct BasicArray {
    const V* values;
    std::size_t rows;
    std::size_t columns = 1;
};
using Array = BasicArray<float>;

/// Whether sizes differ from event to event.
KERAS_HEP_LOADING inline bool any_open(const std::vector<Input>& inputs) {
    for (const Input& input : inputs) {
        if (input.is_open()) return true;
    }
    return false;
}

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
    const Shape shape = input.length ? field.at("shape").open_shape() : field.at("shape").shape();
    if (input.length ? !fits(shape, known) || shape.back() == open_size : shape.back() != number) {
        field.at("shape").fail_shape(
            {"expected ", input.length ? Piece(known) : Piece(number), input.length ? "" : " as the last size", ", found ", shape});
    }
    return shape;
}

/// A plain tensor: its open axes, and the largest sizes that they have.
KERAS_HEP_LOADING inline void read_tensor(const Field& field, Input& input) {
    const Field length = field.at("length");
    input.axes = field.at("shape").open_shape();
    for (std::size_t axis = 0; axis < input.axes.size(); ++axis) {
        if (input.axes[axis] == open_size) input.open.push_back(axis);
    }
    if (input.open.empty() && !length.is_null()) length.fail("an input without features is no sequence, expected null");
    if (input.open.size() > 2) field.at("shape").fail_shape("at most two sizes may be null");
    if (input.open.size() == 1) input.axes[input.open[0]] = length.count(max_values);
    if (input.open.size() == 2) {
        const std::vector<std::size_t> most = length.counts(2, 0, max_values);
        for (std::size_t i = 0; i < 2; ++i) input.axes[input.open[i]] = most[i];
    }
    std::uint64_t total = 1;
    for (const std::size_t size : input.axes) {
        total *= size;
        if (total == 0 || total > max_values) length.fail_shape("a size is zero, or the shape is larger than 2**26 values");
    }
}

KERAS_HEP_LOADING inline void read_input(const Field& field, Input& input) {
    field.only("name shape length features");
    input.name = field.at("name").text();
    const Field length = field.at("length");
    if (field.at("features").is_null()) {
        read_tensor(field, input);
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
    if (input.axes[0] == open_size) {
        input.axes[0] = *input.length;
        input.open = {0};
    }
}

}  // namespace keras_hep
