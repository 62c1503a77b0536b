// Inputs of one shape combined value by value, inputs behind one another, and products of two.
#pragma once

#include <algorithm>

#include "registers.hpp"

namespace keras_hep::codegen {

struct Sum {
    static float combine(float a, float b) { return a + b; }
};
struct Difference {
    static float combine(float a, float b) { return a - b; }
};
struct Times {
    static float combine(float a, float b) { return a * b; }
};
struct Largest {
    static float combine(float a, float b) { return a >= b || a != a ? a : b; }
};
struct Smallest {
    static float combine(float a, float b) { return a <= b || a != a ? a : b; }
};

/// From the first input to the last; `Divisor` is their number for a mean, else 1.
template <std::size_t N, class Operation, std::size_t Divisor, std::size_t Inputs>
inline void merge(const float* const (&inputs)[Inputs], float* __restrict y) {
    for (std::size_t i = 0; i < N; ++i) {
        float value = inputs[0][i];
        for (std::size_t number = 1; number < Inputs; ++number) value = Operation::combine(value, inputs[number][i]);
        y[i] = Divisor == 1 ? value : value / static_cast<float>(Divisor);
    }
}

/// gate * a + (1 - gate) * b
template <std::size_t N>
inline void blend(const float* gate, const float* a, const float* b, float* __restrict y) {
    for (std::size_t i = 0; i < N; ++i) y[i] = rounded(gate[i] * a[i]) + rounded((1.0F - gate[i]) * b[i]);
}

/// A piece of an input into its place in each of `Outer` parts of the output; `Size` values of `Whole`.
template <std::size_t Outer, std::size_t Size, std::size_t Whole>
inline void place(const float* x, float* __restrict y) {
    for (std::size_t i = 0; i < Outer; ++i) std::copy(x + i * Size, x + (i + 1) * Size, y + i * Whole);
}

/// Products summed along an axis of N values; `Outer` and `Inner` are the numbers of values before and behind it.
template <std::size_t N, std::size_t LeftOuter, std::size_t LeftInner, std::size_t RightOuter, std::size_t RightInner>
inline void dot(const float* left, const float* right, float* __restrict y) {
    for (std::size_t i = 0; i < LeftOuter * LeftInner; ++i) {
        const float* a = left + i / LeftInner * N * LeftInner + i % LeftInner;
        for (std::size_t j = 0; j < RightOuter; ++j, y += RightInner) {
            std::fill_n(y, RightInner, 0.0F);
            const float* b = right + j * N * RightInner;
            for (std::size_t k = 0; k < N; ++k, b += RightInner) {
                const float value = a[k * LeftInner];
                for (std::size_t n = 0; n < RightInner; ++n) y[n] += rounded(value * b[n]);
            }
        }
    }
}

}  // namespace keras_hep::codegen
