// Which table of kernels a network uses.
#pragma once

#include <cstdint>

#include "isa.hpp"
#include "kernels.hpp"
#include "plain_kernels.hpp"
#include "scalar.hpp"
#include "tables.hpp"

#define KERAS_HEP_IN_ORDER false

#define KERAS_HEP_SIMD baseline
#define KERAS_HEP_NAME "baseline"
#define KERAS_HEP_BYTES 16
#define KERAS_HEP_ROWS 4
#define KERAS_HEP_PANELS 2
#define KERAS_HEP_TARGET
#if KERAS_HEP_X86
#define KERAS_HEP_LARGER(x, y) __builtin_ia32_maxps(x, y)
#define KERAS_HEP_SMALLER(x, y) __builtin_ia32_minps(x, y)
#endif
#include "body.inl"
#undef KERAS_HEP_TARGET
#undef KERAS_HEP_NAME
#undef KERAS_HEP_SIMD

#undef KERAS_HEP_IN_ORDER
#define KERAS_HEP_IN_ORDER true

// Sums in the order of the weights, each product rounded by itself, and no library's exp: the same bits on every machine.
#define KERAS_HEP_SIMD reproducible
#define KERAS_HEP_NAME "reproducible"
#if defined(__clang__)
#define KERAS_HEP_TARGET
#pragma clang fp contract(off)
#elif KERAS_HEP_X86
#define KERAS_HEP_TARGET __attribute__((target("no-fma,no-fma4,no-avx512f")))
#else
#define KERAS_HEP_TARGET __attribute__((optimize("fp-contract=off")))
#endif
#include "body.inl"
#ifdef __clang__
#pragma clang fp contract(on)
#endif
#undef KERAS_HEP_TARGET
#undef KERAS_HEP_PANELS
#undef KERAS_HEP_ROWS
#undef KERAS_HEP_BYTES
#undef KERAS_HEP_NAME
#undef KERAS_HEP_SIMD
#undef KERAS_HEP_IN_ORDER

#if KERAS_HEP_X86
#define KERAS_HEP_IN_ORDER false
#undef KERAS_HEP_LARGER
#undef KERAS_HEP_SMALLER
#define KERAS_HEP_LARGER(x, y) __builtin_ia32_maxps256(x, y)
#define KERAS_HEP_SMALLER(x, y) __builtin_ia32_minps256(x, y)

#define KERAS_HEP_SIMD avx2
#define KERAS_HEP_NAME "avx2"
#define KERAS_HEP_BYTES 32
#define KERAS_HEP_ROWS 6
#define KERAS_HEP_PANELS 2
#define KERAS_HEP_TARGET __attribute__((target("avx2,fma")))
#include "body.inl"
#undef KERAS_HEP_TARGET
#undef KERAS_HEP_PANELS
#undef KERAS_HEP_BYTES
#undef KERAS_HEP_NAME
#undef KERAS_HEP_SIMD

#define KERAS_HEP_SIMD avx512
#define KERAS_HEP_NAME "avx512"
#define KERAS_HEP_BYTES 64
#define KERAS_HEP_PANELS 4
#undef KERAS_HEP_LARGER
#undef KERAS_HEP_SMALLER
#define KERAS_HEP_LARGER(x, y) __builtin_ia32_maxps512_mask(x, y, y, -1, 4)
#define KERAS_HEP_SMALLER(x, y) __builtin_ia32_minps512_mask(x, y, y, -1, 4)
#ifdef __clang__
#define KERAS_HEP_TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")))
#else
#define KERAS_HEP_TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,prefer-vector-width=512")))
#endif
#include "body.inl"
#undef KERAS_HEP_TARGET
#undef KERAS_HEP_PANELS
#undef KERAS_HEP_ROWS
#undef KERAS_HEP_BYTES
#undef KERAS_HEP_NAME
#undef KERAS_HEP_SIMD
#undef KERAS_HEP_IN_ORDER
#undef KERAS_HEP_LARGER
#undef KERAS_HEP_SMALLER
#endif

namespace keras_hep::simd {

template <>
inline const Kernels<double>& best_kernels<double>(Isa) {
    return plain::kernels<double>();
}

template <>
inline const Kernels<double>& reproducible_kernels<double>() {
    return plain::kernels<double>();
}

template <>
inline const Kernels<float>& best_kernels<float>([[maybe_unused]] Isa isa) {
#if KERAS_HEP_X86
    if (isa == Isa::avx512) return avx512::kernels();
    if (isa == Isa::avx2) return avx2::kernels();
#endif
    return baseline::kernels();
}

template <>
inline const Kernels<float>& reproducible_kernels<float>() {
    return reproducible::kernels();
}

}  // namespace keras_hep::simd
