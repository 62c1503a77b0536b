// JSON values: those that the translation of lwtnn's files reads, and those that it makes.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "../field.hpp"
#include "../json.hpp"
#include "../number.hpp"
#include "../shape.hpp"

namespace keras_hep::lwtnn {

using Doubles = std::vector<double>;

/// The member of an object, or null where it has none such.
inline const json::Value* find(const Field& field, std::string_view key) {
    const auto* members = field.value().get<json::Object>();
    if (members == nullptr) field.fail({"expected an object, found ", json::describe(field.value())});
    for (const json::Member& member : *members) {
        if (member.key == key) return &member.value;
    }
    return nullptr;
}

/// A number, which may be written as a string.
inline double to_number(const Field& field, const json::Value& value) {
    double number = 0;
    if (const double* plain = value.get<double>()) return *plain;
    const auto* text = value.get<std::string>();
    if (text == nullptr || !to_double(*text, number) || !std::isfinite(number)) field.fail({"expected a number, found ", json::describe(value)});
    return number;
}

inline double number(const Field& field) { return to_number(field, field.value()); }

inline std::size_t count(const Field& field, std::size_t most) {
    const double value = number(field);
    if (!(value >= 0) || value > static_cast<double>(most) || value != std::floor(value)) {
        field.fail({"expected a whole number from 0 to ", most, ", found ", std::to_string(value)});
    }
    return static_cast<std::size_t>(value);
}

/// The numbers of an array; an empty string is an empty array, as some writers have it.
inline Doubles numbers(const Field& field) {
    Doubles result;
    if (const auto* plain = field.value().get<json::Numbers>()) {
        result.assign(plain->begin(), plain->end());
    } else if (const auto* values = field.value().get<json::Array>()) {
        for (const json::Value& value : *values) result.push_back(to_number(field, value));
    } else if (const auto* text = field.value().get<std::string>(); text == nullptr || !text->empty()) {
        field.fail({"expected an array of numbers, found ", json::describe(field.value())});
    }
    return result;
}

/// Exactly so many numbers.
inline Doubles numbers(const Field& field, std::size_t size, const char* what) {
    Doubles result = numbers(field);
    if (result.size() != size) {
        field.fail_shape({"expected ", size, " numbers (", what, "), found ", result.size()});
    }
    return result;
}

inline std::vector<std::size_t> counts(const Field& field, std::size_t most) {
    std::vector<std::size_t> result;
    for (const double value : numbers(field)) {
        if (!(value >= 0) || value > static_cast<double>(most) || value != std::floor(value)) {
            field.fail({"expected whole numbers from 0 to ", most, ", found ", std::to_string(value)});
        }
        result.push_back(static_cast<std::size_t>(value));
    }
    return result;
}

inline json::Value to_json(std::string text) { return {std::move(text)}; }
inline json::Value to_json(const char* text) { return {std::string(text)}; }
inline json::Value to_json(bool value) { return {value}; }
inline json::Value to_json(double value) { return {value}; }
inline json::Value to_json(json::Value value) { return value; }

inline json::Value to_json(Doubles values) {
    if (values.empty()) return {json::Array{}};
    return {json::Numbers(values.begin(), values.end())};
}

inline json::Value to_json(const Shape& shape) { return to_json(Doubles(shape.begin(), shape.end())); }

inline json::Value to_json(const std::vector<std::string>& texts) {
    json::Array array;
    for (const std::string& text : texts) array.push_back({text});
    return {std::move(array)};
}

/// An object while it is made.
class Maker {
public:
    template <class V>
    Maker& set(const char* key, V value) {
        members_.push_back({key, to_json(std::move(value))});
        return *this;
    }
    Maker& null(const char* key) {
        members_.push_back({key, {}});
        return *this;
    }
    json::Value value() { return {std::move(members_)}; }

private:
    json::Object members_;
};

}  // namespace keras_hep::lwtnn
