// Typed access to a JSON document that remembers the path, so that every error can name it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "errors.hpp"
#include "json.hpp"
#include "json_path.hpp"
#include "loading.hpp"
#include "message.hpp"
#include "names.hpp"
#include "shape.hpp"

namespace keras_hep {

class Field;

/// The nodes whose numbers other nodes may name, and how many numbers were taken that way.
struct Sharing {
    const std::vector<Field>& nodes;
    const Names& numbers;     ///< name -> which of the nodes
    std::size_t reader = 0;   ///< the node that is read
    std::size_t taken = 0;
};

/// A document while it is read. It must outlive the fields.
struct Source {
    const json::Value* document;
    std::string path = "$";  ///< of the document itself, in messages
    bool exact = false;      ///< numbers are taken as they stand, not as the float32 that our format holds
    bool spent = false;      ///< the document is not const, and nobody reads it later: each array may be moved out of it
};

/// A value of the document that can say where it stands. Owns nothing: the path is looked for when an error needs it.
class Field {
public:
    explicit Field(const Source& source) : Field(source.document, &source, nullptr) {}

    /// The same field, which may name numbers of other nodes.
    Field with(Sharing& sharing) const { return {value_, source_, &sharing}; }

    KERAS_HEP_LOADING std::string path() const {
        std::string path;
        json::find_path(*source_->document, *value_, path);
        return source_->path + path;
    }

    [[noreturn]] KERAS_HEP_LOADING void fail(std::string_view message) const { throw ParseError(joined({path(), ": ", message})); }
    [[noreturn]] KERAS_HEP_LOADING void fail(Pieces message) const { fail(joined(message)); }
    [[noreturn]] KERAS_HEP_LOADING void fail_shape(std::string_view message) const { throw ShapeError(joined({path(), ": ", message})); }
    [[noreturn]] KERAS_HEP_LOADING void fail_shape(Pieces message) const { fail_shape(joined(message)); }

    const json::Value& value() const { return *value_; }

    bool is_null() const { return value_->is_null(); }
    bool is_text() const { return value_->kind() == json::Kind::text; }

    /// Whether this is an array that holds something else than numbers, as null.
    bool has_nulls() const { return value_->kind() == json::Kind::array; }

    /// Whether an object has the member `key`.
    bool has(std::string_view key) const { return find(key) != nullptr; }

    /// The member `key` of an object.
    KERAS_HEP_LOADING Field at(std::string_view key) const {
        const json::Value* value = find(key);
        if (value == nullptr) fail({"the key '", key, "' is missing"});
        return {value, source_, sharing_};
    }

    /// Refuse every key that is in neither list, of keys with blanks between them: it could change the meaning.
    KERAS_HEP_LOADING void only(std::string_view known, std::string_view more = "") const {
        for (const json::Member& member : get<json::Object>("an object")) {
            if (!has_word(known, member.key) && !has_word(more, member.key)) fail({"unknown key '", shortened(member.key), "'"});
        }
    }

    /// The elements of an array whose elements are not numbers.
    KERAS_HEP_LOADING std::vector<Field> items() const {
        std::vector<Field> result;
        const auto& values = get<json::Array>("an array of objects, arrays or strings");
        result.reserve(values.size());
        for (const json::Value& value : values) result.push_back({&value, source_, sharing_});
        return result;
    }

    KERAS_HEP_LOADING const std::string& text() const { return get<std::string>("a string"); }

    KERAS_HEP_LOADING bool boolean() const { return get<bool>("a boolean"); }

    /// A number. The file holds float32 numbers, so that is what they are in double precision too.
    template <class T>
    KERAS_HEP_LOADING T number() const {
        return to_number<T>(get<double>("a number"));
    }

    /// A whole number from 0 to `most`.
    std::size_t count(std::size_t most) const { return to_count(get<double>("a whole number"), most); }

    /// Numbers of an array; null stands for NaN where `nulls` allows it.
    template <class T>
    std::vector<T> numbers(bool nulls = false) const {
        if (has_members()) {
            std::vector<T> taken = shared().template numbers<T>(nulls);
            sharing_->taken += taken.size();
            return taken;
        }
        if (const auto* floats = value_->get<json::Floats>()) {
            if constexpr (std::is_same_v<T, float>) {
                if (source_->spent) return std::move(*const_cast<json::Floats*>(floats));
            }
            return std::vector<T>(floats->begin(), floats->end());
        }
        std::vector<T> result;
        if (const auto* numbers = value_->get<json::Numbers>()) {
            result.reserve(numbers->size());
            for (double number : *numbers) result.push_back(to_number<T>(number));
            return result;
        }
        for (const json::Value& value : get<json::Array>("an array of numbers")) {
            const double* number = value.get<double>();
            const bool null = nulls && value.is_null();
            if (number == nullptr && !null) fail({"expected numbers, found ", json::describe(value)});
            result.push_back(null ? std::numeric_limits<T>::quiet_NaN() : to_number<T>(*number));
        }
        return result;
    }

    /// Exactly `expected` numbers.
    template <class T>
    KERAS_HEP_LOADING std::vector<T> numbers_of_size(std::size_t expected) const {
        std::vector<T> result = numbers<T>();
        if (result.size() != expected) {
            fail_shape({"expected ", expected, " numbers, found ", result.size()});
        }
        return result;
    }

    /// Exactly `size` whole numbers, each from `least` to `most`.
    KERAS_HEP_LOADING std::vector<std::size_t> counts(std::size_t size, std::size_t least, std::size_t most) const {
        const auto& numbers = get<json::Numbers>("an array of whole numbers");
        if (numbers.size() != size) fail_shape({"expected ", size, " numbers, found ", numbers.size()});
        std::vector<std::size_t> result;
        for (const double number : numbers) {
            result.push_back(to_count(number, most));
            if (result.back() < least) fail({"expected numbers that are at least ", least});
        }
        return result;
    }

    /// A shape: one to eight positive sizes with a product within the limit.
    KERAS_HEP_LOADING Shape shape() const {
        const auto& numbers = get<json::Numbers>("an array of positive whole numbers");
        if (numbers.size() > max_rank) fail_shape({"expected at most 8 axes, found ", numbers.size()});
        Shape result;
        std::uint64_t total = 1;
        for (double number : numbers) {
            result.push_back(to_count(number, max_values));
            total *= result.back();  // at most 2**26 times 2**26
            if (total == 0 || total > max_values) fail_shape("a size is zero, or the shape is larger than 2**26 values");
        }
        return result;
    }

    /// A shape in which sizes may be null, which is `open_size`.
    KERAS_HEP_LOADING Shape open_shape() const {
        const auto* values = value_->get<json::Array>();
        if (values == nullptr || values->empty()) return shape();
        if (values->size() > max_rank) fail_shape({"expected at most 8 axes, found ", values->size()});
        Shape result;
        std::uint64_t total = 1;
        for (const Field& item : items()) {
            result.push_back(item.is_null() ? open_size : item.count(max_values));
            if (!item.is_null()) total *= result.back();
            if (total == 0 || total > max_values) fail_shape("a size is zero, or the shape is larger than 2**26 values");
        }
        return result;
    }

private:
    Field(const json::Value* value, const Source* source, Sharing* sharing) : value_(value), source_(source), sharing_(sharing) {}

    KERAS_HEP_LOADING static bool has_word(std::string_view words, std::string_view word) {
        while (!words.empty()) {
            const std::string_view first = words.substr(0, words.find(' '));
            if (first == word) return true;
            words.remove_prefix(std::min(first.size() + 1, words.size()));
        }
        return false;
    }

    KERAS_HEP_LOADING const json::Value* find(std::string_view key) const {
        for (const json::Member& member : get<json::Object>("an object")) {
            if (member.key == key) return &member.value;
        }
        return nullptr;
    }

    /// What `{"of": NODE}` stands for: the same attribute of the node of that name, which must be an array there.
    KERAS_HEP_LOADING Field shared() const {
        only("of");
        const Field name = at("of");
        const std::size_t* number = sharing_ == nullptr ? nullptr : sharing_->numbers.find(name.text());
        if (number == nullptr) name.fail({"there is no node '", shortened(name.text()), "'"});
        std::string path;
        json::find_path(*sharing_->nodes[sharing_->reader].value_, *value_, path);
        Field found = sharing_->nodes[*number];
        for (std::size_t from = 1; from <= path.size();) {
            const std::size_t to = std::min(path.find('.', from), path.size());
            found = found.at(std::string_view(path).substr(from, to - from));
            from = to + 1;
        }
        if (found.has_members()) name.fail({"the numbers of the node '", shortened(name.text()), "' are those of another one"});
        return found;
    }

    bool has_members() const { return value_->kind() == json::Kind::object; }

    template <class T>
    const T& get(const char* expected) const {
        const T* value = value_->get<T>();
        if (value == nullptr) refuse(expected);
        return *value;
    }

    [[noreturn]] KERAS_HEP_LOADING void refuse(const char* expected) const {
        fail({"expected ", expected, ", found ", json::describe(*value_)});
    }

    template <class T>
    T to_number(double number) const {
        if (std::abs(number) > static_cast<double>(std::numeric_limits<float>::max())) fail("a number is out of the range of float32");
        return source_->exact ? static_cast<T>(number) : static_cast<T>(static_cast<float>(number));
    }

    KERAS_HEP_LOADING std::size_t to_count(double number, std::size_t most) const {
        if (!(number >= 0) || number > static_cast<double>(most) || number != std::floor(number)) {
            fail({"expected a whole number from 0 to ", most, ", found ", std::to_string(number)});
        }
        return static_cast<std::size_t>(number);
    }

    const json::Value* value_;
    const Source* source_;
    Sharing* sharing_;
};

}  // namespace keras_hep
