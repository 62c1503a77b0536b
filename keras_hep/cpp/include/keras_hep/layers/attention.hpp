// Attention: for each query an average of the values, with the softmax over the keys as weights.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

/// What an attention layer is, beside its sizes.
template <class T>
struct Scores {
    std::size_t heads;
    std::size_t key_heads;   ///< several heads may share one of keys and values
    T scale;                 ///< of q * k, or of the argument of tanh
    std::vector<T> weights;  ///< empty: the score is scale * sum q * k; else sum weights * tanh(scale * (q + k))
    bool causal;             ///< a query sees only keys that do not stand behind it
    bool zero_if_masked;     ///< where a query sees no key, the result is zero, not the mean of all values
};

/// What a mask is of.
enum class MaskOf { pairs, queries, keys, outputs };

template <class T>
class Attention final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("heads key_heads scale tanh_weights causal zero_if_masked masks");
        const Field& node = declaration.node;
        std::vector<MaskOf> masks;
        for (const Field& mask : node.at("masks").items()) masks.push_back(read_mask(mask));
        declaration.takes(3 + masks.size());
        for (std::size_t i = 0; i < 3; ++i) {
            if (declaration.inputs[i].size() != 2) node.at("inputs").fail_shape({"expected inputs of 2 axes, found ", declaration.inputs[i]});
        }
        const Shape &query = declaration.inputs[0], &key = declaration.inputs[1], &value = declaration.inputs[2];
        const std::size_t heads = read_heads(node.at("heads"), query[1]), key_heads = read_heads(node.at("key_heads"), key[1]);
        const std::size_t depth = query[1] / heads, width = value[1] / key_heads;
        if (heads % key_heads != 0 || value[1] % key_heads != 0 || key[1] / key_heads != depth || key[0] != value[0]) {
            node.at("inputs").fail_shape({"the heads of queries ", query, ", keys ", key, " and values ", value, " do not fit together"});
        }
        for (std::size_t i = 0; i < masks.size(); ++i) {
            const Shape expected = masks[i] == MaskOf::pairs ? Shape{query[0], key[0]} : masks[i] == MaskOf::keys ? Shape{key[0]} : Shape{query[0]};
            if (declaration.inputs[3 + i] != expected) {
                node.at("inputs").fail_shape({"expected a mask ", expected, ", found ", declaration.inputs[3 + i]});
            }
        }
        declaration.gives({query[0], heads * width});
        const Field weights = node.at("tanh_weights");
        return Made<T>(new Attention(
            query[0], key[0], depth, width,
            Scores<T>{heads, key_heads, node.at("scale").number<T>(), weights.is_null() ? std::vector<T>{} : weights.numbers_of_size<T>(depth),
                      node.at("causal").boolean(), node.at("zero_if_masked").boolean()},
            std::move(masks)));
    }

    Attention(std::size_t queries, std::size_t keys, std::size_t depth, std::size_t width, Scores<T> scores, std::vector<MaskOf> masks)
        : queries_(queries), keys_(keys), depth_(depth), width_(width), scores_(std::move(scores)), masks_(std::move(masks)) {}

    std::size_t scratch(std::size_t) const override { return keys_ + simd::slack; }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T* line) const override {
        const std::size_t heads = scores_.heads, shared = heads / scores_.key_heads;
        for (std::size_t event = 0; event < events; ++event) {
            for (std::size_t q = 0; q < queries_; ++q) {
                const bool is_zero = is_masked(inputs, MaskOf::outputs, event, q, 0);
                for (std::size_t h = 0; h < heads; ++h, output += width_) {
                    std::fill(output, output + width_, T(0));
                    if (is_zero) continue;
                    const T* query = inputs[0] + ((event * queries_ + q) * heads + h) * depth_;
                    const std::size_t stride = scores_.key_heads, first = event * keys_ * stride + h / shared;
                    std::size_t seen = 0;
                    for (std::size_t k = 0; k < keys_; ++k) {
                        const bool sees_key = sees(inputs, event, q, k);
                        line[k] = sees_key ? score(query, inputs[1] + (first + k * stride) * depth_) : T(-1e9);
                        seen += sees_key ? 1 : 0;
                    }
                    if (seen == 0 && scores_.zero_if_masked) continue;
                    this->kernels().softmax(line, line, keys_);
                    for (std::size_t k = 0; k < keys_; ++k) {
                        const T* value = inputs[2] + (first + k * stride) * width_;
                        for (std::size_t i = 0; i < width_; ++i) output[i] += simd::rounded(line[k] * value[i]);
                    }
                }
            }
        }
    }

private:
    KERAS_HEP_LOADING static MaskOf read_mask(const Field& field) {
        const std::string& name = field.text();
        if (name == "pairs") return MaskOf::pairs;
        if (name == "queries") return MaskOf::queries;
        if (name == "keys") return MaskOf::keys;
        if (name != "outputs") field.fail({"expected 'pairs', 'queries', 'keys' or 'outputs', found '", shortened(name), "'"});
        return MaskOf::outputs;
    }

    KERAS_HEP_LOADING static std::size_t read_heads(const Field& field, std::size_t values) {
        const std::size_t heads = field.count(max_values);
        if (heads == 0 || values % heads != 0) {
            field.fail_shape({"expected a divisor of ", values, ", found ", heads});
        }
        return heads;
    }

    T score(const T* query, const T* key) const {
        T sum = 0;
        if (scores_.weights.empty()) {
            for (std::size_t i = 0; i < depth_; ++i) sum += simd::rounded(query[i] * key[i]);
            return sum * scores_.scale;
        }
        for (std::size_t i = 0; i < depth_; ++i) sum += simd::rounded(scores_.weights[i] * std::tanh(scores_.scale * (query[i] + key[i])));
        return sum;
    }

    /// Whether a mask of this kind is zero.
    bool is_masked(const Arguments<T>& inputs, MaskOf kind, std::size_t event, std::size_t q, std::size_t k) const {
        for (std::size_t i = 0; i < masks_.size(); ++i) {
            if (masks_[i] != kind) continue;
            const T* mask = inputs[3 + i];
            const T value = kind == MaskOf::pairs  ? mask[(event * queries_ + q) * keys_ + k]
                            : kind == MaskOf::keys ? mask[event * keys_ + k]
                                                   : mask[event * queries_ + q];
            if (value == T(0)) return true;
        }
        return false;
    }

    bool sees(const Arguments<T>& inputs, std::size_t event, std::size_t q, std::size_t k) const {
        if (scores_.causal && k > q) return false;
        if (masks_.empty()) return true;
        return !is_masked(inputs, MaskOf::pairs, event, q, k) && !is_masked(inputs, MaskOf::queries, event, q, k) &&
               !is_masked(inputs, MaskOf::keys, event, q, k);
    }

    std::size_t queries_;
    std::size_t keys_;
    std::size_t depth_;  ///< values of a query and a key of one head
    std::size_t width_;  ///< values of a value of one head
    Scores<T> scores_;
    std::vector<MaskOf> masks_;
};

}  // namespace keras_hep::layers
