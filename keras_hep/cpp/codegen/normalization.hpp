// Normalisations with the mean and the variance of the event.
#pragma once

#include <cmath>

#include "scaling.hpp"

namespace keras_hep::codegen {

/// The sum of (x - mean)^2, or of x, over `Pixels` times `Size` of `Channels` values.
template <bool squares, std::size_t Pixels, std::size_t Size, std::size_t Channels>
inline float sum_of(const float* x, float mean) {
    constexpr std::size_t lanes = 8;  // sums that need not wait for each other
    float sums[lanes] = {};
    for (std::size_t pixel = 0; pixel < Pixels; ++pixel, x += Channels) {
        for (std::size_t i = 0; i < Size; ++i) sums[i % lanes] += squares ? rounded((x[i] - mean) * (x[i] - mean)) : x[i];
    }
    float total = 0;
    for (const float part : sums) total += part;
    return total;
}

/// `Rows` times, over `Pixels` of `Groups` groups of `Size` channels; `map` has room for two numbers of each channel.
template <bool centred, std::size_t Rows, std::size_t Pixels, std::size_t Groups, std::size_t Size>
inline void normalize(float epsilon, const float* gamma, const float* beta, const float* __restrict x, float* __restrict y,
                      float* __restrict map) {
    constexpr std::size_t channels = Groups * Size;
    constexpr float number = static_cast<float>(Pixels * Size);
    for (std::size_t row = 0; row < Rows; ++row) {
        for (std::size_t first = 0; first < channels; first += Size) {
            const float mean = centred ? sum_of<false, Pixels, Size, channels>(x + first, 0) / number : 0.0F;
            const float variance = sum_of<true, Pixels, Size, channels>(x + first, mean) / number;
            const float inverse = 1.0F / std::sqrt(variance + epsilon);
            for (std::size_t k = first; k < first + Size; ++k) {
                map[k] = rounded(inverse * gamma[k]);
                map[channels + k] = beta[k] - rounded(mean * map[k]);
            }
        }
        for (std::size_t pixel = 0; pixel < Pixels; ++pixel, x += channels, y += channels) affine<channels>(x, map, map + channels, y);
    }
}

/// Over the Euclidean length along an axis of N values, which counts as at least `epsilon`.
template <std::size_t Outer, std::size_t N, std::size_t Inner>
inline void normalize_length(float epsilon, const float* x, float* __restrict y) {
    for (std::size_t i = 0; i < Outer; ++i, x += N * Inner, y += N * Inner) {
        for (std::size_t j = 0; j < Inner; ++j) {
            float squares = 0;
            for (std::size_t k = 0; k < N; ++k) squares += rounded(x[k * Inner + j] * x[k * Inner + j]);
            const float length = std::sqrt(squares);
            const float factor = 1.0F / (length < epsilon ? epsilon : length);
            for (std::size_t k = 0; k < N; ++k) y[k * Inner + j] = x[k * Inner + j] * factor;
        }
    }
}

}  // namespace keras_hep::codegen
