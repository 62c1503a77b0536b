// Softmax along an axis, and the logarithm of it.
#pragma once

#include <cmath>

#include "registers.hpp"

namespace keras_hep::codegen {

/// Of N values that stand together; x and y do not overlap.
template <std::size_t N>
inline void softmax_of(const float* __restrict x, float* __restrict y) {
    float most = x[0];
    for (std::size_t i = 1; i < N; ++i) most = x[i] > most ? x[i] : most;
    each<N>([&](std::size_t i, auto number) {
        const Floats below = simd::generated::at_most(take(x + i, number) - most, 0.0F);  // zeros behind the last value, not large numbers
        put(y + i, simd::generated::exponential_below_zero(below), number);
    });
    float sum = 0.0F;
    for (std::size_t i = 0; i < N; ++i) sum += y[i];
    const float factor = 1.0F / sum;
    for (std::size_t i = 0; i < N; ++i) y[i] *= factor;
}

/// `Outer` and `Inner` are the numbers of values before and behind the axis; `line` has room for two of its length.
template <std::size_t Outer, std::size_t N, std::size_t Inner>
inline void softmax(const float* __restrict x, float* __restrict y, [[maybe_unused]] float* __restrict line) {
    for (std::size_t i = 0; i < Outer; ++i, x += N * Inner, y += N * Inner) {
        if constexpr (Inner == 1) {
            softmax_of<N>(x, y);
        } else {
            for (std::size_t j = 0; j < Inner; ++j) {
                for (std::size_t k = 0; k < N; ++k) line[k] = x[k * Inner + j];
                softmax_of<N>(line, line + N);
                for (std::size_t k = 0; k < N; ++k) y[k * Inner + j] = line[N + k];
            }
        }
    }
}

template <std::size_t Outer, std::size_t N, std::size_t Inner>
inline void log_softmax(const float* __restrict x, float* __restrict y) {
    for (std::size_t i = 0; i < Outer; ++i, x += N * Inner, y += N * Inner) {
        for (std::size_t j = 0; j < Inner; ++j) {
            float most = x[j], sum = 0;
            for (std::size_t k = 1; k < N; ++k) most = x[k * Inner + j] > most ? x[k * Inner + j] : most;
            for (std::size_t k = 0; k < N; ++k) sum += std::exp(x[k * Inner + j] - most);
            const float offset = most + std::log(sum);
            for (std::size_t k = 0; k < N; ++k) y[k * Inner + j] = x[k * Inner + j] - offset;
        }
    }
}

}  // namespace keras_hep::codegen
