// Masks, and sequences of which entries do not count.
#pragma once

#include <algorithm>
#include <cstddef>

#include "registers.hpp"

namespace keras_hep::codegen {

template <std::size_t N>
inline bool any_is_not(const float* x, float value) {
    return std::any_of(x, x + N, [value](float number) { return number != value; });
}

template <std::size_t N>
inline void not_equal(float value, const float* x, float* __restrict y) {
    for (std::size_t i = 0; i < N; ++i) y[i] = x[i] != value ? 1.0F : 0.0F;
}

/// 1 where one of the N values of a row is not 0.
template <std::size_t Rows, std::size_t N>
inline void any(const float* x, float* __restrict y) {
    for (std::size_t row = 0; row < Rows; ++row, x += N) y[row] = any_is_not<N>(x, 0.0F) ? 1.0F : 0.0F;
}

/// Zeros in place of rows of which all values are `value`.
template <std::size_t Rows, std::size_t N>
inline void mask(float value, const float* x, float* __restrict y) {
    for (std::size_t row = 0; row < Rows; ++row, x += N, y += N) {
        if (any_is_not<N>(x, value)) {
            std::copy(x, x + N, y);
        } else {
            std::fill(y, y + N, 0.0F);
        }
    }
}

template <std::size_t Length, std::size_t N>
inline void masked_mean(const float* x, const float* mask, float* __restrict y) {
    std::fill(y, y + N, 0.0F);
    float number = 0;
    for (std::size_t i = 0; i < Length; ++i, x += N) {
        number += mask[i];
        for (std::size_t k = 0; k < N; ++k) y[k] += rounded(x[k] * mask[i]);
    }
    for (std::size_t k = 0; k < N; ++k) y[k] /= number;
}

/// The sum of the entries that count.
template <std::size_t Length, std::size_t N>
inline void masked_sum(float scale, const float* x, const float* mask, float* __restrict y) {
    each<N>([&](std::size_t k, auto number) {
        Floats sum{};
        for (std::size_t i = 0; i < Length; ++i) {
            if (mask[i] > 0.5F) sum = sum + take(x + i * N + k, number);
        }
        put(y + k, scale != 1.0F ? sum * scale : sum, number);
    });
}

/// The last entry that counts, zeros where there is none.
template <std::size_t Length, std::size_t N>
inline void masked_last(const float* x, const float* mask, float* __restrict y) {
    std::size_t number = Length;
    while (number > 0 && !(mask[number - 1] > 0.5F)) --number;
    if (number == 0) {
        std::fill(y, y + N, 0.0F);
    } else {
        std::copy_n(x + (number - 1) * N, N, y);
    }
}

template <std::size_t Length, std::size_t N>
inline void masked_values(const float* x, const float* mask, float* __restrict y) {
    for (std::size_t i = 0; i < Length; ++i, x += N, y += N) {
        if (mask[i] > 0.5F) {
            std::copy(x, x + N, y);
        } else {
            std::fill(y, y + N, 0.0F);
        }
    }
}

}  // namespace keras_hep::codegen
