// Attention: means of values, weighted with the softmax of scores.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "softmax.hpp"

namespace keras_hep::codegen {

enum class MaskOf { pairs, queries, keys, outputs };

/// A mask, and what it is of.
struct AttentionMask {
    MaskOf of;
    const float* values;
};

/// The sizes and switches of a layer: `Depth` values of a query and a key of a head, `Width` of a value.
template <std::size_t Queries, std::size_t Keys, std::size_t Heads, std::size_t KeyHeads, std::size_t Depth, std::size_t Width, bool causal,
          bool zero_if_masked>
struct Attention {
    /// `tanh_weights`: null, or the weights of the tanh of scaled sums; `line` has room for two numbers of each key.
    template <std::size_t Masks>
    static void run(float scale, const float* tanh_weights, const std::array<AttentionMask, Masks>& masks, const float* queries, const float* keys,
                    const float* values, float* __restrict y, float* __restrict line) {
        for (std::size_t q = 0; q < Queries; ++q) {
            for (std::size_t h = 0; h < Heads; ++h, y += Width) {
                std::fill_n(y, Width, 0.0F);
                if (is_masked(masks, MaskOf::outputs, q)) continue;
                const float* query = queries + (q * Heads + h) * Depth;
                const std::size_t first = h / (Heads / KeyHeads);
                std::size_t seen = 0;
                for (std::size_t k = 0; k < Keys; ++k) {
                    const bool sees_key = sees(masks, q, k);
                    line[k] = sees_key ? rounded(score(scale, tanh_weights, query, keys + (first + k * KeyHeads) * Depth)) : -1e9F;
                    seen += sees_key ? 1 : 0;
                }
                if (seen == 0 && zero_if_masked) continue;
                softmax_of<Keys>(line, line + Keys);
                for (std::size_t k = 0; k < Keys; ++k) {
                    const float* value = values + (first + k * KeyHeads) * Width;
                    for (std::size_t i = 0; i < Width; ++i) y[i] += rounded(line[Keys + k] * value[i]);
                }
            }
        }
    }

private:
    /// Whether a mask of this kind is zero, at the place of a query, a key or a pair.
    template <std::size_t Masks>
    static bool is_masked(const std::array<AttentionMask, Masks>& masks, MaskOf kind, std::size_t place) {
        for (const AttentionMask& mask : masks) {
            if (mask.of == kind && mask.values[place] == 0.0F) return true;
        }
        return false;
    }

    template <std::size_t Masks>
    static bool sees(const std::array<AttentionMask, Masks>& masks, std::size_t q, std::size_t k) {
        if (causal && k > q) return false;
        return !is_masked(masks, MaskOf::pairs, q * Keys + k) && !is_masked(masks, MaskOf::queries, q) && !is_masked(masks, MaskOf::keys, k);
    }

    static float score(float scale, const float* tanh_weights, const float* query, const float* key) {
        float sum = 0;
        if (tanh_weights == nullptr) {
            for (std::size_t i = 0; i < Depth; ++i) sum += rounded(query[i] * key[i]);
            return sum * scale;
        }
        for (std::size_t i = 0; i < Depth; ++i) sum += rounded(tanh_weights[i] * std::tanh(scale * (query[i] + key[i])));
        return sum;
    }
};

}  // namespace keras_hep::codegen
