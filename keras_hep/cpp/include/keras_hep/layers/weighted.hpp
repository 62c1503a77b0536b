// What layers have in common whose results are sums of products with weights, along the last axis.
#pragma once

#include <utility>
#include <vector>

#include "layer.hpp"

namespace keras_hep::layers {

/// Weights [...][unit] and a bias, which can do the work of the layers behind: a map of the units, and a function. The units of a
/// convolution are its filters.
template <class T>
class Weighted : public Layer<T> {
public:
    KERAS_HEP_LOADING bool absorb(const Function<T>& function) override {
        if (function_.kind != Kind::linear) return false;
        function_ = function;
        return true;
    }

    KERAS_HEP_LOADING bool absorb_after(const Affine<T>& map) override {
        if (function_.kind != Kind::linear) return false;
        for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] *= map.factor[i % units_];
        for (std::size_t k = 0; k < units_; ++k) bias_[k] = simd::rounded(bias_[k] * map.factor[k]) + map.offset[k];
        return true;
    }

protected:
    Weighted(std::size_t units, std::vector<T> weights, std::vector<T> bias)
        : units_(units), weights_(std::move(weights)), bias_(std::move(bias)) {}

    /// Free what `prepare` has packed.
    void release() {
        simd::release(weights_);
        simd::release(bias_);
    }

    std::size_t units_;
    std::vector<T> weights_;
    std::vector<T> bias_;
    Function<T> function_;
};

}  // namespace keras_hep::layers
