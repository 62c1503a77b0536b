// Functions of each value alone.
#pragma once

#include "../include/keras_hep/simd/scalar.hpp"
#include "registers.hpp"

namespace keras_hep::codegen {

/// Whether a function is computed in registers, with exponentials of our own.
constexpr bool is_wide(Kind kind) {
    return kind == Kind::relu || kind == Kind::leaky_relu || kind == Kind::elu || kind == Kind::selu || kind == Kind::sigmoid ||
           kind == Kind::tanh || kind == Kind::silu || kind == Kind::exponential || kind == Kind::hard_sigmoid;
}

/// y = f(x) for N values; x and y do not overlap.
template <std::size_t N, Kind kind>
inline void apply(const Function<float>& f, const float* __restrict x, float* __restrict y) {
    if constexpr (is_wide(kind)) {
        each<N>([&](std::size_t i, auto number) { put(y + i, simd::generated::value<kind>(take(x + i, number), f.a, f.b), number); });
    } else {
        const Function<float> known{kind, f.a, f.b, f.c};
        for (std::size_t i = 0; i < N; ++i) y[i] = rounded(simd::scalar(known, x[i]));
    }
}

}  // namespace keras_hep::codegen
