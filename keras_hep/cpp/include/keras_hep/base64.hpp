// Numbers as base64 (RFC 4648, with padding) of little-endian float32.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace keras_hep {

namespace base64 {

inline constexpr std::uint32_t invalid = 0x80000000U;

using Table = std::array<std::uint32_t, 256>;

/// What each character contributes at each place of a group of four to the group's three bytes, the first one lowest.
inline constexpr std::array<Table, 4> make_tables() {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::array<Table, 4> tables{};
    for (std::size_t place = 0; place < 4; ++place) {
        for (std::size_t i = 0; i < 256; ++i) tables[place][i] = invalid;
    }
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        const auto character = static_cast<unsigned char>(alphabet[i]);
        const auto bits = static_cast<std::uint32_t>(i);
        tables[0][character] = bits << 2;
        tables[1][character] = bits >> 4 | (bits & 15) << 12;
        tables[2][character] = bits >> 2 << 8 | (bits & 3) << 22;
        tables[3][character] = bits << 16;
    }
    return tables;
}

inline constexpr std::array<Table, 4> tables = make_tables();

/// The three bytes of four characters; `invalid` is set where one of them is not in the alphabet.
inline std::uint32_t group(const char* text) {
    const auto at = [text](std::size_t place) { return tables[place][static_cast<unsigned char>(text[place])]; };
    return at(0) | at(1) | at(2) | at(3);
}

/// Bit 31 where the word is not a finite number.
inline std::uint32_t infinite(std::uint32_t word) { return ((word & 0x7F800000U) + 0x00800000U) & invalid; }

/// Turn 16 characters into three words; returns `invalid` where they are not in the alphabet or a number is not finite.
inline std::uint32_t words(const char* text, std::uint32_t* to) {
    const std::uint32_t a = group(text), b = group(text + 4), c = group(text + 8), d = group(text + 12);
    to[0] = a | b << 24;
    to[1] = b >> 8 | c << 16;
    to[2] = c >> 16 | d << 8;
    return ((a | b | c | d) & invalid) | infinite(to[0]) | infinite(to[1]) | infinite(to[2]);
}

}  // namespace base64

/// Decode the numbers; returns false where `text` is not base64 of whole, finite float32 numbers.
[[gnu::noinline]] inline bool decode_floats(std::string_view text, std::vector<float>& numbers) {
    if (text.size() % 4 != 0) return false;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    const std::size_t bytes = text.size() / 4 * 3 - padding;
    if (bytes % sizeof(float) != 0) return false;
    numbers.resize(bytes / sizeof(float));
    std::uint32_t words[3];
    std::uint32_t seen = 0;
    const std::size_t whole = numbers.size() / 3;
    for (std::size_t i = 0; i < whole; ++i) {
        seen |= base64::words(text.data() + 16 * i, words);
        std::memcpy(numbers.data() + 3 * i, words, sizeof words);
    }
    if (const std::size_t rest = numbers.size() % 3; rest != 0) {
        char last[17] = "AAAAAAAAAAAAAAAA";
        std::memcpy(last, text.data() + 16 * whole, text.size() - padding - 16 * whole);
        seen |= base64::words(last, words);
        std::memcpy(numbers.data() + 3 * whole, words, rest * sizeof(float));
    }
    return seen == 0;
}

}  // namespace keras_hep
