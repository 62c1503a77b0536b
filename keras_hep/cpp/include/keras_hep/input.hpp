// The inputs of a network: their description in the file, and named values given by the caller.
#pragma once

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "errors.hpp"
#include "field.hpp"
#include "shape.hpp"

namespace keras_hep {

/// One variable of an input.
struct Feature {
    std::string name;
    std::string unit;
    std::optional<float> otherwise;  ///< replaces a missing value, NaN or infinity
};

/// One input: a vector or a grid of features, a sequence of objects with features, or a plain tensor.
struct Input {
    std::string name;
    std::optional<std::size_t> length;  ///< of a sequence: how many objects the network sees
    std::vector<Feature> features;      ///< of the last axis; of a plain tensor one for all values, with the name of the input
    Shape axes;

    bool is_sequence() const { return length.has_value(); }
    bool is_vector() const { return axes.size() == 1 && axes[0] == features.size(); }
    const Shape& shape() const { return axes; }

    /// Number of objects with all features that the network sees.
    std::size_t rows() const { return product(axes) / features.size(); }
};

/// Values of one input without names: those of `rows` objects of a sequence, else of the whole input (`rows` is not read then).
struct Array {
    const float* values;
    std::size_t rows;
};

/// The value of a variable, or its values in each object of a sequence, in each place of a grid, or of a plain tensor.
class Column {
public:
    Column(double value) : value_(value), is_list_(false) {}
    Column(std::vector<double> values) : values_(std::move(values)), is_list_(true) {}
    Column(std::initializer_list<double> values) : values_(values), is_list_(true) {}

    bool is_list() const { return is_list_; }
    std::size_t size() const { return is_list_ ? values_.size() : 1; }
    double operator[](std::size_t i) const { return is_list_ ? values_[i] : value_; }

private:
    double value_ = 0;
    std::vector<double> values_;
    bool is_list_;
};

using Columns = std::map<std::string, Column>;       ///< variable name -> value(s)
using NamedInputs = std::map<std::string, Columns>;  ///< input name -> variables

inline std::vector<Feature> read_features(const Field& field) {
    std::vector<Feature> features;
    for (const Field& item : field.items()) {
        item.only({"name", "unit", "default"});
        const Field otherwise = item.at("default");
        Feature feature{item.at("name").text(), item.at("unit").text(), std::nullopt};
        if (!otherwise.is_null()) feature.otherwise = otherwise.number<float>();
        for (const Feature& other : features) {
            if (other.name == feature.name) item.at("name").fail("the feature '" + feature.name + "' stands twice");
        }
        features.push_back(std::move(feature));
    }
    if (features.empty()) field.fail_shape("expected at least one feature, found none");
    return features;
}

/// The shape of an input with features: as it stands in the file, or else as length and features say.
inline Shape read_axes(const Field& field, const Input& input) {
    const std::size_t number = input.features.size();
    const Shape known = input.length ? Shape{*input.length, number} : Shape{number};
    if (!field.has("shape")) return known;
    const Shape shape = field.at("shape").shape();
    if (input.length ? shape != known : shape.back() != number) {
        field.at("shape").fail_shape("expected " + (input.length ? to_string(known) : std::to_string(number) + " as the last size") +
                                     ", found " + to_string(shape));
    }
    return shape;
}

inline Input read_input(const Field& field) {
    field.only({"name", "shape", "length", "features"});
    Input input{field.at("name").text(), std::nullopt, {}, {}};
    const Field length = field.at("length");
    if (field.at("features").is_null()) {
        if (!length.is_null()) length.fail("an input without features is no sequence, expected null");
        input.axes = field.at("shape").shape();
        input.features.push_back({input.name, "", std::nullopt});
        return input;
    }
    if (!length.is_null()) {
        input.length = length.count(max_values);
        if (*input.length == 0) length.fail_shape("a sequence has at least one entry, found 0");
    }
    input.features = read_features(field.at("features"));
    input.axes = read_axes(field, input);
    return input;
}

/// Number of objects that the columns of an input describe.
inline std::size_t count_rows(const Input& input, const Columns& columns) {
    std::optional<std::size_t> rows;
    if (!input.is_sequence()) rows = input.rows();
    for (const auto& [name, column] : columns) {
        const std::string what = "the variable '" + name + "' of the input '" + input.name + "'";
        bool known = false;
        for (const Feature& feature : input.features) known = known || feature.name == name;
        if (!known) throw InputError("the input '" + input.name + "' has no variable '" + name + "'");
        if (column.is_list() == input.is_vector()) {
            throw InputError(what + " takes " + (input.is_vector() ? "one number" : "a list of numbers") + ", found " +
                             (column.is_list() ? "a list" : "one number"));
        }
        if (rows.value_or(column.size()) != column.size()) {
            throw InputError(what + " has " + std::to_string(column.size()) + " values, " +
                             (input.is_sequence() ? "other variables have " : "expected ") + std::to_string(*rows));
        }
        rows = column.size();
    }
    if (!rows) throw InputError("no variable is given for the sequence '" + input.name + "'");
    return *rows;
}

/// Put named values in the order of the file; a missing, NaN or infinite one becomes the default or is refused.
inline std::vector<float> to_row_major(const Input& input, const Columns& columns, std::size_t rows) {
    std::vector<float> values(rows * input.features.size());
    for (std::size_t k = 0; k < input.features.size(); ++k) {
        const Feature& feature = input.features[k];
        const auto column = columns.find(feature.name);
        for (std::size_t row = 0; row < rows; ++row) {
            constexpr double missing = std::numeric_limits<double>::quiet_NaN();
            float value = static_cast<float>(column == columns.end() ? missing : column->second[row]);
            if (!std::isfinite(value)) {
                if (!feature.otherwise) {
                    throw InputError("the variable '" + feature.name + "' of the input '" + input.name + "' is " +
                                     (column == columns.end() ? "missing" : "NaN or infinite") + ", and has no default");
                }
                value = *feature.otherwise;
            }
            values[row * input.features.size() + k] = value;
        }
    }
    return values;
}

}  // namespace keras_hep
