// Values in another order.
#pragma once

#include <algorithm>
#include <cstddef>

namespace keras_hep::codegen {

/// Go through the input with a step for each axis of the output, 0 where values repeat; the axes from `Axis` on.
template <std::size_t Axis, std::size_t Axes>
inline float* arrange(const std::size_t (&sizes)[Axes], const std::size_t (&steps)[Axes], const float* x, float* y) {
    if constexpr (Axis == Axes) {
        *y = *x;
        return y + 1;
    } else {
        for (std::size_t i = 0; i < sizes[Axis]; ++i) y = arrange<Axis + 1>(sizes, steps, x + i * steps[Axis], y);
        return y;
    }
}

/// The vectors that stand for categories; what is none becomes NaN.
template <std::size_t N, std::size_t Categories, std::size_t Units>
inline void embed(const float* weights, const float* x, float* __restrict y) {
    for (std::size_t i = 0; i < N; ++i, y += Units) {
        const float number = x[i];  // its part behind the point does not count
        if (number > -1.0F && number < static_cast<float>(Categories)) {
            std::copy_n(weights + (number > 0 ? static_cast<std::size_t>(number) : 0) * Units, Units, y);
        } else {
            std::fill_n(y, Units, __builtin_nanf(""));
        }
    }
}

}  // namespace keras_hep::codegen
