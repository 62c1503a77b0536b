// A product that is rounded before it goes on, so that no compiler makes a fused multiply-add of it: the same bits everywhere.
#pragma once

namespace keras_hep::simd {

/// `x`, which the compiler cannot look into.
template <class T>
[[gnu::always_inline]] inline T rounded(T x) {
#if defined(__AVX512F__) && defined(__AVX512VL__)
    asm("" : "+v"(x));
#elif defined(__SSE2__)
    asm("" : "+x"(x));
#elif defined(__aarch64__)
    asm("" : "+w"(x));
#else
    volatile T stored = x;
    x = stored;
#endif
    return x;
}

}  // namespace keras_hep::simd
