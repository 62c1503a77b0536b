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

/// One input: a vector of features, or a sequence of objects with features.
struct Input {
    std::string name;
    std::optional<std::size_t> length;  ///< of a sequence: how many objects the network sees
    std::vector<Feature> features;

    bool is_sequence() const { return length.has_value(); }
    Shape shape() const { return length ? Shape{*length, features.size()} : Shape{features.size()}; }
};

/// Values of one input without names: `rows` objects (1 for a vector) of the features in the order of the file.
struct Array {
    const float* values;
    std::size_t rows;
};

/// The value of a variable, or its values in each object of a sequence.
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

inline Input read_input(const Field& field) {
    field.only({"name", "length", "features"});
    Input input{field.at("name").text(), std::nullopt, {}};
    const Field length = field.at("length");
    if (!length.is_null()) {
        input.length = length.count(max_values);
        if (*input.length == 0) length.fail_shape("a sequence has at least one entry, found 0");
    }
    for (const Field& item : field.at("features").items()) {
        item.only({"name", "unit", "default"});
        const Field otherwise = item.at("default");
        Feature feature{item.at("name").text(), item.at("unit").text(), std::nullopt};
        if (!otherwise.is_null()) feature.otherwise = otherwise.number<float>();
        for (const Feature& other : input.features) {
            if (other.name == feature.name) item.at("name").fail("the feature '" + feature.name + "' stands twice");
        }
        input.features.push_back(std::move(feature));
    }
    if (input.features.empty()) field.at("features").fail_shape("expected at least one feature, found none");
    return input;
}

/// Number of objects that the columns of an input describe.
inline std::size_t count_rows(const Input& input, const Columns& columns) {
    std::optional<std::size_t> rows;
    for (const auto& [name, column] : columns) {
        bool known = false;
        for (const Feature& feature : input.features) known = known || feature.name == name;
        if (!known) throw InputError("the input '" + input.name + "' has no variable '" + name + "'");
        if (column.is_list() != input.is_sequence()) {
            throw InputError("the variable '" + name + "' of the input '" + input.name + "' takes " +
                             (input.is_sequence() ? "a list of numbers" : "one number") + ", found " +
                             (column.is_list() ? "a list" : "one number"));
        }
        if (rows.value_or(column.size()) != column.size()) {
            throw InputError("the variable '" + name + "' of the input '" + input.name + "' has " + std::to_string(column.size()) +
                             " values, other variables have " + std::to_string(*rows));
        }
        rows = column.size();
    }
    if (!rows && input.is_sequence()) throw InputError("no variable is given for the sequence '" + input.name + "'");
    return rows.value_or(1);
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
