// The inputs of a network, and their preprocessing.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "registers.hpp"

namespace keras_hep::codegen {

/// The values of a sequence, cut or padded with zeros to its length.
template <std::size_t Length, std::size_t Features>
inline void fill_sequence(const float* values, std::size_t rows, float* __restrict y) {
    const std::size_t filled = std::min(rows, Length) * Features;
    std::copy(values, values + filled, y);
    std::fill(y + filled, y + Length * Features, 0.0F);
}

/// 1 for each real entry, 0 for each padded one.
template <std::size_t Length>
inline void fill_mask(std::size_t rows, float* __restrict y) {
    const std::size_t filled = std::min(rows, Length);
    std::fill(y, y + filled, 1.0F);
    std::fill(y + filled, y + Length, 0.0F);
}

enum class Transform { none, log, log1p, asinh, sqrt };

struct Feature {
    bool has_default;  ///< whether it stands for what is not finite
    float otherwise;
    float low;
    float high;
    Transform transform;
    float offset;
    float scale;
};

inline float transformed(Transform transform, float x) {
    switch (transform) {
        case Transform::none: return x;
        case Transform::log: return std::log(x);
        case Transform::log1p: return std::log1p(x);
        case Transform::asinh: return std::asinh(x);
        case Transform::sqrt: return std::sqrt(x);
    }
    return x;
}

template <std::size_t Rows, std::size_t Features>
inline void preprocess(const Feature (&features)[Features], const float* __restrict x, float* __restrict y) {
    for (std::size_t row = 0; row < Rows; ++row) {
        for (const Feature& feature : features) {
            float value = *x++;
            if (feature.has_default && !std::isfinite(value)) value = feature.otherwise;
            value = value < feature.low ? feature.low : value > feature.high ? feature.high : value;
            *y++ = (transformed(feature.transform, value) + feature.offset) * feature.scale;
        }
    }
}

}  // namespace keras_hep::codegen
