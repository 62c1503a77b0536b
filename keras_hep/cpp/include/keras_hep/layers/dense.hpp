// Fully connected: output = input * weights + bias, on the last axis.
#pragma once

#include <memory>
#include <utility>

#include "layer.hpp"
#include "weighted.hpp"

namespace keras_hep::layers {

/// A product of the last axis with a matrix, which can do the work of its neighbours: functions, and normalisations on both sides.
template <class T>
class Dense final : public Weighted<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("units weights bias");
        declaration.takes(1);
        Shape expected = declaration.inputs[0];
        const std::size_t inputs = expected.back();
        const std::size_t units = declaration.node.at("units").count(max_values);
        expected.back() = units;
        declaration.gives(expected);
        const std::size_t rows = product(expected, 0, expected.size() - 1);
        return Made<T>(new Dense(rows, inputs, units, declaration.node.at("weights").numbers_of_size<T>(inputs * units),
                                 declaration.numbers_or<T>("bias", units, T(0))));
    }

    /// Weights are [input][unit].
    Dense(std::size_t rows, std::size_t inputs, std::size_t units, std::vector<T> weights, std::vector<T> bias)
        : Weighted<T>(units, std::move(weights), std::move(bias)), rows_(rows), inputs_(inputs) {}

    KERAS_HEP_LOADING void prepare(const Kernels<T>& kernels) override {
        Layer<T>::prepare(kernels);
        product_ = simd::pack(kernels, {0}, inputs_, units_, weights_.data(), bias_.data(), function_);
        this->release();
    }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        this->kernels().multiply(product_, inputs[0], inputs_, output, rows_ * events);
    }

    KERAS_HEP_LOADING bool absorb_before(const Affine<T>& map) override {
        for (std::size_t i = 0; i < inputs_; ++i) {
            for (std::size_t k = 0; k < units_; ++k) {
                bias_[k] += simd::rounded(map.offset[i] * weights_[i * units_ + k]);
                weights_[i * units_ + k] *= map.factor[i];
            }
        }
        return true;
    }

private:
    using Weighted<T>::units_;
    using Weighted<T>::weights_;
    using Weighted<T>::bias_;
    using Weighted<T>::function_;

    std::size_t rows_;
    std::size_t inputs_;
    simd::Product<T> product_;
};

}  // namespace keras_hep::layers
