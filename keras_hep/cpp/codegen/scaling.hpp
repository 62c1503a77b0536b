// Factors and offsets, slopes, and the largest of several pieces.
#pragma once

#include <cstddef>

#include "registers.hpp"

namespace keras_hep::codegen {

/// y = x * factor + offset for N values.
template <std::size_t N>
inline void affine(const float* __restrict x, const float* factor, const float* offset, float* __restrict y) {
    each<N>([&](std::size_t i, auto number) {
        put(y + i, multiply_add(take(x + i, number), take(factor + i, number), take(offset + i, number)), number);
    });
}

/// A factor and an offset for each of N places on an axis; `Outer` and `Inner` are the numbers of values before and behind it.
template <std::size_t Outer, std::size_t N, std::size_t Inner>
inline void scale(const float* factor, const float* offset, const float* __restrict x, float* __restrict y) {
    for (std::size_t i = 0; i < Outer; ++i, x += N * Inner, y += N * Inner) {
        if constexpr (Inner == 1) {
            affine<N>(x, factor, offset, y);
        } else {
            for (std::size_t k = 0; k < N * Inner; ++k) y[k] = rounded(x[k] * factor[k / Inner]) + offset[k / Inner];
        }
    }
}

/// Slopes below zero, which repeat.
template <std::size_t Repeats, std::size_t N>
inline void prelu(const float* alpha, const float* x, float* __restrict y) {
    for (std::size_t i = 0; i < Repeats * N; ++i) y[i] = x[i] < 0 ? alpha[i % N] * x[i] : x[i];
}

template <std::size_t Rows, std::size_t Pieces, std::size_t Units>
inline void maxout(const float* x, float* __restrict y) {
    for (std::size_t row = 0; row < Rows; ++row, x += Pieces * Units, y += Units) {
        for (std::size_t i = 0; i < Units; ++i) {
            float most = x[i];
            for (std::size_t piece = 1; piece < Pieces; ++piece) {
                const float value = x[piece * Units + i];
                most = most >= value || most != most ? most : value;
            }
            y[i] = most;
        }
    }
}

}  // namespace keras_hep::codegen
