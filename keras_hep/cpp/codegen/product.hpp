// Products with a matrix: sums in the order of the weights, each product rounded by itself.
#pragma once

#include <algorithm>

#include "registers.hpp"

namespace keras_hep::codegen {

/// Places of a row of weights: its values and zeros, so that rows are whole registers.
constexpr std::size_t padded(std::size_t units) { return units <= 4 ? 4 : (units + 7) / 8 * 8; }

typedef float Four __attribute__((vector_size(16)));
typedef float Eight __attribute__((vector_size(32)));

/// c[r][u] = begin[r][u] + sum over s, k of a[r][segments[s] + k] * weights[s * Depth + k][u]. A row of `a` begins StepA behind the
/// one before, likewise `begin` (0: the same for all) and `c`; rows of weights and of `begin` are padded, and `is_whole` those of `c`.
template <std::size_t Rows, std::size_t Segments, std::size_t Depth, std::size_t Units, std::size_t StepA, std::size_t StepBegin,
          std::size_t StepC, bool is_whole = false>
struct Product {
    static constexpr std::size_t row = padded(Units);

    static void run(const float* __restrict weights, const std::size_t* segments, const float* begin, const float* a, float* __restrict c) {
        columns<0>(weights, segments, begin, a, c);
    }

private:
    /// From one column on: as many as there are registers for.
    template <std::size_t First>
    static void columns(const float* __restrict weights, const std::size_t* segments, const float* begin, const float* a,
                        float* __restrict c) {
        if constexpr (First < row) {
            constexpr std::size_t left = row - First;
            constexpr std::size_t lanes = left >= width ? width : left >= 8 ? 8 : 4;
            using V = std::conditional_t<lanes == width, Floats, std::conditional_t<lanes == 8, Eight, Four>>;
            constexpr std::size_t most = Rows == 1 ? 8 : width == 16 ? 4 : 2, vectors = left / lanes;
            constexpr std::size_t blocks = (vectors + most - 1) / most, together = (vectors + blocks - 1) / blocks;
            constexpr std::size_t high = std::min<std::size_t>(Rows, together == 1 ? 8 : 4);
            std::size_t r = 0;
            for (; r + high <= Rows; r += high) {
                block<V, high, together, First>(weights + First, segments, begin + r * StepBegin + First, a + r * StepA, c + r * StepC + First);
            }
            if constexpr (Rows % high != 0) {
                block<V, Rows % high, together, First>(weights + First, segments, begin + r * StepBegin + First, a + r * StepA,
                                                       c + r * StepC + First);
            }
            columns<First + lanes * together>(weights, segments, begin, a, c);
        }
    }

    /// R rows of P registers, all sums in registers.
    template <class V, std::size_t R, std::size_t P, std::size_t First>
    [[gnu::always_inline]] static void block(const float* __restrict weights, const std::size_t* segments, const float* begin,
                                             const float* a, float* __restrict c) {
        constexpr std::size_t lanes = sizeof(V) / sizeof(float);
        V sums[R][P];
        _Pragma("GCC unroll 16") for (std::size_t r = 0; r < R; ++r) {
            _Pragma("GCC unroll 16") for (std::size_t p = 0; p < P; ++p) std::memcpy(&sums[r][p], begin + r * StepBegin + p * lanes, sizeof(V));
        }
        for (std::size_t s = 0; s < Segments; ++s) {
            const float* x = a + (Segments == 1 ? 0 : segments[s]);
            for (std::size_t k = 0; k < Depth; ++k, weights += row) {
                V w[P];
                _Pragma("GCC unroll 16") for (std::size_t p = 0; p < P; ++p) std::memcpy(&w[p], weights + p * lanes, sizeof(V));
                _Pragma("GCC unroll 16") for (std::size_t r = 0; r < R; ++r) {
                    const float value = x[r * StepA + k];
                    _Pragma("GCC unroll 16") for (std::size_t p = 0; p < P; ++p) sums[r][p] = rounded(w[p] * value) + sums[r][p];
                }
            }
        }
        _Pragma("GCC unroll 16") for (std::size_t r = 0; r < R; ++r) {
            _Pragma("GCC unroll 16") for (std::size_t p = 0; p < P; ++p) {
                const std::size_t first = First + p * lanes;
                const std::size_t number = is_whole ? lanes : std::min(lanes, Units > first ? Units - first : 0);
                std::memcpy(c + r * StepC + p * lanes, &sums[r][p], number * sizeof(float));
            }
        }
    }
};

/// The last axis of `Rows` rows times a matrix, and a bias.
template <std::size_t Rows, std::size_t Inputs, std::size_t Units>
inline void dense(const float* weights, const float* bias, const float* __restrict x, float* __restrict y) {
    Product<Rows, 1, Inputs, Units, Inputs, 0, Units>::run(weights, nullptr, bias, x, y);
}

}  // namespace keras_hep::codegen
