// Which instructions of the processor the kernels use; found out when a network is loaded, so that a plain -O2 build is fast.
#pragma once

#include <cstdlib>
#include <string_view>

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
#define KERAS_HEP_X86 1
#else
#define KERAS_HEP_X86 0
#endif

namespace keras_hep::simd {

/// Instruction sets, each with the ones before. `baseline` is what the compiler was told to use (SSE2 on x86-64, NEON on AArch64).
enum class Isa { baseline, avx2, avx512 };

inline const char* to_string(Isa isa) { return isa == Isa::avx512 ? "avx512" : isa == Isa::avx2 ? "avx2" : "baseline"; }

/// The best set that this machine has.
inline Isa best_isa() {
#if KERAS_HEP_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        const bool more = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512bw");
        return more ? Isa::avx512 : Isa::avx2;
    }
#endif
    return Isa::baseline;
}

/// The best set that this machine has and that the environment variable KERAS_HEP_ISA (baseline, avx2, avx512) allows.
inline Isa usable_isa() {
    const Isa best = best_isa();
    const char* wish = std::getenv("KERAS_HEP_ISA");
    for (const Isa isa : {Isa::baseline, Isa::avx2}) {
        if (wish != nullptr && std::string_view(wish) == to_string(isa)) return isa < best ? isa : best;
    }
    return best;
}

}  // namespace keras_hep::simd
