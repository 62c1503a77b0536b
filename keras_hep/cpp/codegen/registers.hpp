// Registers as wide as the compiler was told to use; the bits do not depend on the width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "../include/keras_hep/simd/function.hpp"
#include "../include/keras_hep/simd/rounded.hpp"

#define KERAS_HEP_SIMD generated
#define KERAS_HEP_TARGET
#define KERAS_HEP_IN_ORDER true
#if defined(__AVX512F__) && defined(__AVX512VL__)
#define KERAS_HEP_BYTES 64
#define KERAS_HEP_LARGER(x, y) __builtin_ia32_maxps512_mask(x, y, y, -1, 4)
#define KERAS_HEP_SMALLER(x, y) __builtin_ia32_minps512_mask(x, y, y, -1, 4)
#elif defined(__AVX__)
#define KERAS_HEP_BYTES 32
#define KERAS_HEP_LARGER(x, y) __builtin_ia32_maxps256(x, y)
#define KERAS_HEP_SMALLER(x, y) __builtin_ia32_minps256(x, y)
#else
#define KERAS_HEP_BYTES 16
#ifdef __SSE__
#define KERAS_HEP_LARGER(x, y) __builtin_ia32_maxps(x, y)
#define KERAS_HEP_SMALLER(x, y) __builtin_ia32_minps(x, y)
#endif
#endif
#include "../include/keras_hep/simd/functions.inl"
#undef KERAS_HEP_BYTES
#undef KERAS_HEP_ENTRY
#undef KERAS_HEP_IN_ORDER
#undef KERAS_HEP_INLINE
#undef KERAS_HEP_LARGER
#undef KERAS_HEP_SIMD
#undef KERAS_HEP_SMALLER
#undef KERAS_HEP_TARGET
#undef KERAS_HEP_UNROLL

namespace keras_hep::codegen {

using simd::Function;
using simd::Kind;
using simd::rounded;
using simd::generated::Bits;
using simd::generated::Floats;
using simd::generated::multiply_add;
using simd::generated::settled;
using simd::generated::width;

template <std::size_t N>
using Count = std::integral_constant<std::size_t, N>;

/// The next N values, and zeros behind them; nothing else is read.
template <std::size_t N>
[[gnu::always_inline]] inline Floats take(const float* from, Count<N>) {
    Floats values{};
    std::memcpy(&values, from, N * sizeof(float));
    return values;
}

/// Write N values, rounded to what they are, and nothing else.
template <std::size_t N>
[[gnu::always_inline]] inline void put(float* to, Floats values, Count<N>) {
    values = settled(values);
    std::memcpy(to, &values, N * sizeof(float));
}

/// Call `f(place, number)` for each register of N values. The last one may overlap the one before: results must not stand where
/// values are read.
template <std::size_t N, class F>
[[gnu::always_inline]] inline void each(F f) {
    if constexpr (N < width) {
        f(std::size_t{0}, Count<N>{});
    } else {
        for (std::size_t i = 0; i + width <= N; i += width) f(i, Count<width>{});
        if constexpr (N % width != 0) f(N - width, Count<width>{});
    }
}

/// Values that stand in memory as they are: no compiler takes a product on from here into a sum.
[[gnu::always_inline]] inline void settle(const float* values) { asm volatile("" : : "r"(values) : "memory"); }

}  // namespace keras_hep::codegen
