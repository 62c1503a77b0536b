// The strict parser that makes a JSON value from any bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base64.hpp"
#include "errors.hpp"
#include "json_value.hpp"
#include "loading.hpp"
#include "message.hpp"
#include "names.hpp"
#include "number.hpp"

namespace keras_hep::json {

/// Parses one document. Beside what JSON forbids it refuses duplicate keys, deep nesting and numbers out of range.
class Parser {
public:
    static constexpr std::size_t max_depth = 64;
    static constexpr std::size_t max_bytes = std::size_t{1} << 30;

    explicit Parser(std::string_view text) : text_(text) {}

    KERAS_HEP_LOADING Value parse() {
        if (text_.size() > max_bytes) fail("the document is larger than 1 GiB");
        Value value = parse_value();
        skip_space();
        if (at_ != text_.size()) fail({"expected the end of the document, found ", found()});
        return value;
    }

    /// Whether an object has the key "of" first, which names numbers that stand elsewhere.
    bool refers() const { return refers_; }

private:
    /// A member of an object, or else an element of an array.
    struct Place {
        const std::string* key;
        std::size_t index;
    };

    [[noreturn]] KERAS_HEP_LOADING void fail(Pieces message) const {
        std::string path = "$";
        for (const Place& place : path_) {
            path += place.key != nullptr ? joined({".", shortened(*place.key)}) : joined({"[", place.index, "]"});
        }
        const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
        throw ParseError(joined({path, ": ", joined(message), " (line ", static_cast<std::size_t>(line), ", byte ", at_, ")"}));
    }

    [[noreturn]] KERAS_HEP_LOADING void fail(const char* message) const { fail(Pieces{message}); }

    KERAS_HEP_LOADING std::string found() const {
        if (at_ >= text_.size()) return "the end of the document";
        const char c = text_[at_];
        if (c > ' ' && c < 127) return joined({"'", text_.substr(at_, 1), "'"});
        return joined({"byte ", std::size_t{static_cast<unsigned char>(c)}});
    }

    void skip_space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) ++at_;
    }

    bool take(char c) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    KERAS_HEP_LOADING void expect(char c, const char* where) {
        if (!take(c)) fail({"expected '", std::string_view(&c, 1), "' ", where, ", found ", found()});
    }

    Value parse_value() {
        skip_space();
        if (at_ >= text_.size()) fail("expected a value, found the end of the document");
        switch (text_[at_]) {
            case '{': return nested(&Parser::parse_object);
            case '[': return nested(&Parser::parse_array);
            case '"': return {parse_string()};
            case 't': return word("true", {true});
            case 'f': return word("false", {false});
            case 'n': return word("null", {});
            default: return {parse_number()};
        }
    }

    KERAS_HEP_LOADING Value nested(Value (Parser::*content)()) {
        if (++depth_ > max_depth) fail({"more than ", max_depth, " levels of nesting"});
        ++at_;
        Value value = (this->*content)();
        --depth_;
        return value;
    }

    KERAS_HEP_LOADING Value word(std::string_view expected, Value value) {
        if (text_.substr(at_, expected.size()) != expected) fail({"expected a value, found ", found()});
        at_ += expected.size();
        return value;
    }

    [[gnu::noinline]] double parse_number() {
        const std::size_t start = at_;
        const auto digits = [&] {
            const std::size_t first = at_;
            while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
            if (at_ == first) fail({"expected a number, found ", found()});
            return at_ - first;
        };
        const auto is = [&](char a, char b) { return at_ < text_.size() && (text_[at_] == a || text_[at_] == b); };
        if (is('-', '-')) ++at_;
        const bool zero = is('0', '0');
        if (digits() > 1 && zero) fail("a number must not begin with 0");
        if (is('.', '.')) {
            ++at_;
            digits();
        }
        if (is('e', 'E')) {
            ++at_;
            if (is('+', '-')) ++at_;
            digits();
        }
        double value = 0;
        if (!to_double(text_.substr(start, at_ - start), value)) fail("the number is out of the range of a double");
        return value;
    }

    /// Read a number that is written as most are; otherwise returns false, and nothing is read.
    bool take_plain_number(double& value) {
        const char* p = text_.data() + at_;
        const char* const end = text_.data() + text_.size();
        const bool negative = p != end && *p == '-';
        if (negative) ++p;
        std::uint64_t mantissa = 0;
        const auto digits = [&p, end, &mantissa] {
            const char* const first = p;
            for (; p != end && *p >= '0' && *p <= '9'; ++p) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
            return p - first;
        };
        const bool zero = p != end && *p == '0';
        const auto whole = digits();
        std::ptrdiff_t decimals = 0;
        if (p != end && *p == '.') {
            ++p;
            decimals = digits();
            if (decimals == 0) return false;
        }
        if (whole == 0 || (zero && whole > 1) || whole + decimals > 18) return false;
        auto exponent = -decimals;
        if (p != end && (*p == 'e' || *p == 'E')) {
            ++p;
            const bool down = p != end && *p == '-';
            if (p != end && (*p == '-' || *p == '+')) ++p;
            const std::uint64_t before = std::exchange(mantissa, 0);
            const auto size = digits();
            const auto power = static_cast<std::ptrdiff_t>(std::exchange(mantissa, before));
            if (size == 0 || size > 4) return false;
            exponent += down ? -power : power;
        }
        // A double holds these whole numbers and powers of ten without error, so that one rounding gives the nearest double.
        static constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                            1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
        if (exponent < -22 || exponent > 22 || mantissa > (std::uint64_t{1} << 53)) return false;
        const auto exact = static_cast<double>(mantissa);
        const double size = exponent < 0 ? exact / powers[-exponent] : exact * powers[exponent];
        value = negative ? -size : size;
        at_ = static_cast<std::size_t>(p - text_.data());
        return true;
    }

    /// Read numbers up to the first element of an array that is not written as most are; returns whether one stands there.
    [[gnu::noinline]] bool take_plain_numbers(Numbers& numbers) {
        double number = 0;
        while (true) {
            skip_space();
            if (!take_plain_number(number)) return true;
            if (numbers.size() == numbers.capacity() && numbers.size() >= 64) {
                // An array without other arrays inside it has as many elements as commas, and one more.
                const char* const here = text_.data() + at_;
                const char* const end = text_.data() + std::min(text_.find(']', at_), text_.size());
                numbers.reserve(numbers.size() + 1 + static_cast<std::size_t>(std::count(here, end, ',')));
            }
            numbers.push_back(number);
            if (!take(',')) return false;
        }
    }

    KERAS_HEP_LOADING Value parse_array() {
        if (take(']')) return {Array{}};
        Numbers numbers;
        Array values;
        path_.push_back({nullptr, 0});
        do {
            if (values.empty() && !take_plain_numbers(numbers)) break;
            path_.back().index = std::max(numbers.size(), values.size());
            Value value = parse_value();
            const double* number = value.get<double>();
            if (number != nullptr && values.empty()) {
                numbers.push_back(*number);
                continue;
            }
            for (double earlier : numbers) values.emplace_back(earlier);
            Numbers().swap(numbers);
            values.push_back(std::move(value));
        } while (take(','));
        path_.pop_back();
        expect(']', "or ',' in an array");
        if (values.empty()) return {std::move(numbers)};
        return {std::move(values)};
    }

    /// The rest of an object that begins with the key "base64".
    KERAS_HEP_LOADING Value parse_base64() {
        if (!take('"')) fail({"expected base64 in quotes, found ", found()});
        const std::size_t end = text_.find('"', at_);
        if (end == std::string_view::npos) fail("expected '\"' at the end of a string, found the end of the document");
        Floats numbers;
        if (!decode_floats(text_.substr(at_, end - at_), numbers)) fail("expected base64 of finite float32 numbers, with its padding");
        at_ = end + 1;
        path_.pop_back();
        expect('}', "behind base64");
        return {std::move(numbers)};
    }

    KERAS_HEP_LOADING Value parse_object() {
        Object members;
        if (take('}')) return {std::move(members)};
        do {
            skip_space();
            if (at_ >= text_.size() || text_[at_] != '"') fail({"expected a key in quotes, found ", found()});
            std::string key = parse_string();
            path_.push_back({&key, 0});
            expect(':', "after a key");
            if (members.empty() && key == "base64") return parse_base64();
            refers_ = refers_ || (members.empty() && key == "of");
            Value value = parse_value();
            path_.pop_back();
            members.push_back({std::move(key), std::move(value)});
        } while (take(','));
        expect('}', "or ',' in an object");
        refuse_duplicates(members);
        return {std::move(members)};
    }

    KERAS_HEP_LOADING void refuse_duplicates(const Object& members) const {
        Names keys;
        for (const Member& member : members) {
            if (!keys.add(member.key)) fail({"the key '", shortened(member.key), "' stands twice in one object"});
        }
    }

    [[gnu::noinline]] std::string parse_string() {
        std::string result;
        ++at_;
        while (true) {
            if (at_ >= text_.size()) fail("expected '\"' at the end of a string, found the end of the document");
            const char c = text_[at_];
            if (c == '"') {
                ++at_;
                return result;
            }
            if (static_cast<unsigned char>(c) < 0x20) fail({"a control character in a string: ", found()});
            ++at_;
            if (c == '\\') {
                parse_escape(result);
            } else {
                result += c;
            }
        }
    }

    KERAS_HEP_LOADING void parse_escape(std::string& result) {
        static constexpr std::string_view names = "\"\\/bfnrt";
        static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        const char c = at_ < text_.size() ? text_[at_] : '\0';
        if (const auto place = names.find(c); place != std::string_view::npos) {
            ++at_;
            result += meanings[place];
            return;
        }
        if (c != 'u') fail({"an unknown escape in a string: ", found()});
        ++at_;
        std::uint32_t code = parse_hex();
        if (code >= 0xD800 && code < 0xE000) {  // half of a pair: the other half must follow
            const bool first = code < 0xDC00 && text_.substr(at_, 2) == "\\u";
            if (!first) fail("half of a surrogate pair in a string");
            at_ += 2;
            const std::uint32_t low = parse_hex();
            if (low < 0xDC00 || low > 0xDFFF) fail("half of a surrogate pair in a string");
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        append_utf8(result, code);
    }

    KERAS_HEP_LOADING std::uint32_t parse_hex() {
        std::uint32_t code = 0;
        const std::string_view digits = text_.substr(at_, 4);
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
        if (digits.size() != 4 || parsed.ptr != digits.data() + 4) fail("expected four hexadecimal digits after \\u");
        at_ += 4;
        return code;
    }

    KERAS_HEP_LOADING static void append_utf8(std::string& result, std::uint32_t code) {
        const auto tail = [&](unsigned shift) { result += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
        if (code < 0x80) {
            result += static_cast<char>(code);
        } else if (code < 0x800) {
            result += static_cast<char>(0xC0 | (code >> 6));
            tail(0);
        } else if (code < 0x10000) {
            result += static_cast<char>(0xE0 | (code >> 12));
            tail(6);
            tail(0);
        } else {
            result += static_cast<char>(0xF0 | (code >> 18));
            tail(12);
            tail(6);
            tail(0);
        }
    }

    bool refers_ = false;
    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::vector<Place> path_;
};

/// Parse a document, or throw ParseError.
inline Value parse(std::string_view text) { return Parser(text).parse(); }

}  // namespace keras_hep::json
