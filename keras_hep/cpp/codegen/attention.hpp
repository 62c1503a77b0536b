// Attention: means of values, weighted with the softmax of scores.
#pragma once

#include <algorithm>
#include <cmath>

#include "softmax.hpp"

namespace keras_hep::codegen {

/// Masks, each null where there is none.
struct AttentionMasks {
    const float* pairs;
    const float* queries;
    const float* keys;
    const float* outputs;
};

/// The sizes and switches of a layer: `Depth` values of a query and a key of a head, `Width` of a value.
template <std::size_t Queries, std::size_t Keys, std::size_t Heads, std::size_t KeyHeads, std::size_t Depth, std::size_t Width, bool causal,
          bool zero_if_masked>
struct Attention {
    /// `tanh_weights`: null, or the weights of the tanh of scaled sums; `line` has room for two numbers of each key.
    static void run(float scale, const float* tanh_weights, const AttentionMasks& masks, const float* queries, const float* keys,
                    const float* values, float* __restrict y, float* __restrict line) {
        for (std::size_t q = 0; q < Queries; ++q) {
            for (std::size_t h = 0; h < Heads; ++h, y += Width) {
                std::fill_n(y, Width, 0.0F);
                if (masks.outputs != nullptr && masks.outputs[q] == 0.0F) continue;
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
    static bool sees(const AttentionMasks& masks, std::size_t q, std::size_t k) {
        if (causal && k > q) return false;
        if (masks.pairs != nullptr && masks.pairs[q * Keys + k] == 0.0F) return false;
        if (masks.queries != nullptr && masks.queries[q] == 0.0F) return false;
        return masks.keys == nullptr || masks.keys[k] != 0.0F;
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
