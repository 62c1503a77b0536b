// A JSON value.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "loading.hpp"

namespace keras_hep::json {

class Value;
struct Member;

using Array = std::vector<Value>;
using Numbers = std::vector<double>;  // an array that holds nothing but numbers, kept compact
using Floats = std::vector<float>;    // what the object {"base64": "..."} stands for
using Object = std::vector<Member>;

enum class Kind { null, boolean, number, text, array, numbers, object, floats };

/// One JSON value. A non-empty array of numbers is `Numbers`, any other array is `Array`.
///
/// By hand, as a std::variant of these takes a compiler half a second; and a value of 16 bytes moves in no time.
class Value {
public:
    Value() = default;
    Value(bool value) : kind_(Kind::boolean) { content_.boolean = value; }
    Value(double value) : kind_(Kind::number) { content_.number = value; }
    Value(std::string value);
    Value(Array value);
    Value(Numbers value);
    Value(Object value);
    Value(Floats value);
    Value(const void*) = delete;  // would become a boolean
    Value(Value&& other) noexcept : kind_(std::exchange(other.kind_, Kind::null)), content_(other.content_) {}
    Value& operator=(Value&& other) noexcept {
        std::swap(kind_, other.kind_);
        std::swap(content_, other.content_);
        return *this;
    }
    ~Value() {
        if (kind_ >= Kind::text) clear();
    }

    Kind kind() const { return kind_; }
    bool is_null() const { return kind_ == Kind::null; }

    /// What it holds, or null where that is something else.
    template <class V>
    const V* get() const;

private:
    void clear();

    union Content {
        bool boolean;
        double number;
        void* owned;  ///< text or a list
    };

    Value(Kind kind, void* owned) : kind_(kind) { content_.owned = owned; }

    Kind kind_ = Kind::null;
    Content content_ = {};
};

struct Member {
    std::string key;
    Value value;
};

inline Value::Value(std::string value) : Value(Kind::text, new std::string(std::move(value))) {}
inline Value::Value(Array value) : Value(Kind::array, new Array(std::move(value))) {}
inline Value::Value(Numbers value) : Value(Kind::numbers, new Numbers(std::move(value))) {}
inline Value::Value(Object value) : Value(Kind::object, new Object(std::move(value))) {}
inline Value::Value(Floats value) : Value(Kind::floats, new Floats(std::move(value))) {}

KERAS_HEP_LOADING inline void Value::clear() {
    switch (kind_) {
        case Kind::text: delete static_cast<std::string*>(content_.owned); break;
        case Kind::array: delete static_cast<Array*>(content_.owned); break;
        case Kind::numbers: delete static_cast<Numbers*>(content_.owned); break;
        case Kind::object: delete static_cast<Object*>(content_.owned); break;
        case Kind::floats: delete static_cast<Floats*>(content_.owned); break;
        default: break;
    }
}

template <>
inline const bool* Value::get<bool>() const { return kind_ == Kind::boolean ? &content_.boolean : nullptr; }
template <>
inline const double* Value::get<double>() const { return kind_ == Kind::number ? &content_.number : nullptr; }
template <>
inline const std::string* Value::get<std::string>() const { return kind_ == Kind::text ? static_cast<const std::string*>(content_.owned) : nullptr; }
template <>
inline const Array* Value::get<Array>() const { return kind_ == Kind::array ? static_cast<const Array*>(content_.owned) : nullptr; }
template <>
inline const Numbers* Value::get<Numbers>() const { return kind_ == Kind::numbers ? static_cast<const Numbers*>(content_.owned) : nullptr; }
template <>
inline const Object* Value::get<Object>() const { return kind_ == Kind::object ? static_cast<const Object*>(content_.owned) : nullptr; }
template <>
inline const Floats* Value::get<Floats>() const { return kind_ == Kind::floats ? static_cast<const Floats*>(content_.owned) : nullptr; }

/// The same value once more.
KERAS_HEP_LOADING inline Value copy(const Value& value) {
    if (const auto* array = value.get<Array>()) {
        Array result;
        for (const Value& item : *array) result.push_back(copy(item));
        return result;
    }
    if (const auto* members = value.get<Object>()) {
        Object result;
        for (const Member& member : *members) result.push_back({member.key, copy(member.value)});
        return result;
    }
    if (const auto* text = value.get<std::string>()) return *text;
    if (const auto* numbers = value.get<Numbers>()) return *numbers;
    if (const auto* floats = value.get<Floats>()) return *floats;
    if (const auto* number = value.get<double>()) return *number;
    if (const auto* boolean = value.get<bool>()) return *boolean;
    return {};
}

/// What a value is, in words for a message.
inline const char* describe(const Value& value) {
    static const char* const kinds[] = {"null", "a boolean", "a number", "a string", "an array", "an array of numbers", "an object", "base64"};
    return kinds[static_cast<std::size_t>(value.kind())];
}

}  // namespace keras_hep::json
