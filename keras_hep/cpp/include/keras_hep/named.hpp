// Named values given by the caller, put in the order of the file.
#pragma once

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "errors.hpp"
#include "input.hpp"
#include "message.hpp"

namespace keras_hep {

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

[[noreturn]] KERAS_HEP_LOADING inline void refuse_call(Pieces why) { throw InputError(joined(why)); }

[[noreturn]] KERAS_HEP_LOADING inline void refuse(const Input& input, const std::string& variable, Pieces why) {
    throw InputError(joined({"the variable '", variable, "' of the input '", input.name, "' ", joined(why)}));
}

/// Number of objects that the columns of an input describe.
inline std::size_t count_rows(const Input& input, const Columns& columns) {
    if (!input.is_sequence() && !input.is_open()) return input.rows();
    if (columns.empty()) refuse_call({"no variable is given for the sequence '", input.name, "'"});
    return columns.begin()->second.size();
}

/// The size of the open axis of a plain tensor of which `values` values are given.
KERAS_HEP_LOADING inline std::size_t open_rows(const Input& input, std::size_t values) {
    if (input.open.size() > 1) refuse_call({"the input '", input.name, "' has two open axes: give it as an array with its sizes"});
    const std::size_t entry = input.values_of(1, 1);
    if (values % entry != 0) refuse(input, input.name, {"takes a multiple of ", entry, " values, found ", values});
    return values / entry;
}

[[noreturn]] KERAS_HEP_LOADING inline void refuse_size(const Input& input, const std::string& name, const Column& column, std::size_t rows) {
    if (column.is_list() == input.is_vector()) {
        refuse(input, name,
               {"takes ", input.is_vector() ? "one number" : "a list of numbers", ", found ", column.is_list() ? "a list" : "one number"});
    }
    refuse(input, name, {"has ", column.size(), " values, ", input.is_sequence() ? "other variables have " : "expected ", rows});
}

/// Add the values of an input to `values`; a missing, NaN or infinite one becomes the default or is refused.
template <class V>
void append_row_major(const Input& input, const Columns& columns, std::size_t rows, std::vector<V>& values) {
    const std::size_t first = values.size();
    const std::size_t number = input.features.size();
    const bool is_vector = input.is_vector();
    values.resize(first + rows * number);
    auto column = columns.begin();
    // Both are in the order of the names, so that each name is compared once.
    for (const std::size_t k : input.by_name) {
        const Feature& feature = input.features[k];
        const bool given = column != columns.end() && column->first == feature.name;
        if (!given && column != columns.end() && column->first < feature.name) break;  // a name that is not known
        if (given && (column->second.is_list() == is_vector || column->second.size() != rows)) {
            refuse_size(input, feature.name, column->second, rows);
        }
        V* to = values.data() + first + k;
        for (std::size_t row = 0; row < rows; ++row, to += number) {
            *to = given ? static_cast<V>(column->second[row]) : std::numeric_limits<V>::quiet_NaN();
            if (std::isfinite(*to)) continue;
            if (!feature.otherwise) {
                refuse(input, feature.name, {given ? "is NaN or infinite, and has no default" : "is missing, and has no default"});
            }
            *to = static_cast<V>(*feature.otherwise);
        }
        if (given) ++column;
    }
    if (column != columns.end()) refuse_call({"the input '", input.name, "' has no variable '", column->first, "'"});
}

}  // namespace keras_hep
