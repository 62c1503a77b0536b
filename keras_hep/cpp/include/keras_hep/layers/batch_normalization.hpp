// Batch normalisation with the statistics of the training: (x - mean) / sqrt(variance + epsilon) * gamma + beta.
#pragma once

#include <cmath>
#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

/// A factor and an offset for each place on one axis.
template <class T>
class Scaling final : public Layer<T> {
public:
    /// `outer` and `inner` are the numbers of values before and behind the axis.
    Scaling(std::size_t outer, std::size_t inner, Affine<T> map, bool is_last)
        : outer_(outer), inner_(inner), map_(std::move(map)), is_last_(is_last) {}

    KERAS_HEP_LOADING void prepare(const Kernels<T>& kernels) override {
        Layer<T>::prepare(kernels);
        factor_.assign(map_.factor.begin(), map_.factor.end());
        offset_.assign(map_.offset.begin(), map_.offset.end());
        factor_.resize(factor_.size() + simd::slack);
        offset_.resize(offset_.size() + simd::slack);
    }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const T* input = inputs[0];
        const std::size_t channels = map_.factor.size();
        for (std::size_t i = 0; i < outer_ * events; ++i) {
            if (inner_ == 1) {
                this->kernels().affine(input, factor_.data(), offset_.data(), output, channels);
                input += channels;
                output += channels;
                continue;
            }
            for (std::size_t k = 0; k < channels; ++k) {
                for (std::size_t j = 0; j < inner_; ++j) *output++ = simd::rounded(*input++ * factor_[k]) + offset_[k];
            }
        }
    }

    const Affine<T>* affine() const override { return is_last_ ? &map_ : nullptr; }

private:
    std::size_t outer_;
    std::size_t inner_;
    Affine<T> map_;
    bool is_last_;  ///< whether the axis is the last one: axes of size 1 may stand behind it
    simd::Aligned<T> factor_;
    simd::Aligned<T> offset_;
};

template <class T>
KERAS_HEP_LOADING std::unique_ptr<Layer<T>> make_batch_normalization(const Declaration& declaration) {
    declaration.attributes("axis epsilon gamma beta mean variance");
    declaration.takes(1);
    declaration.gives(declaration.inputs[0]);
    const Shape& shape = declaration.shape;
    const std::size_t axis = declaration.axis();
    const std::size_t channels = shape[axis];
    const std::vector<T> mean = declaration.node.at("mean").numbers_of_size<T>(channels);
    const std::vector<T> variance = declaration.node.at("variance").numbers_of_size<T>(channels);
    Affine<T> map{declaration.numbers_or<T>("gamma", channels, T(1)), declaration.numbers_or<T>("beta", channels, T(0))};
    const T epsilon = declaration.node.at("epsilon").number<T>();
    for (std::size_t k = 0; k < channels; ++k) {
        map.factor[k] /= std::sqrt(variance[k] + epsilon);
        map.offset[k] -= simd::rounded(mean[k] * map.factor[k]);
    }
    return Made<T>(new Scaling<T>(product(shape, 0, axis), product(shape, axis + 1, shape.size()), std::move(map),
                                  axis + 1 == shape.size()));
}

}  // namespace keras_hep::layers
