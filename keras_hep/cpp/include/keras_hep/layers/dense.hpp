// Fully connected: output = input * weights + bias, on the last axis.
#pragma once

#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

/// A product of the last axis with a matrix, which can do the work of its neighbours: functions, and normalisations on both sides.
template <class T>
class Dense final : public Layer<T> {
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
        : rows_(rows), inputs_(inputs), units_(units), weights_(std::move(weights)), bias_(std::move(bias)) {}

    KERAS_HEP_LOADING void prepare(const Kernels<T>& kernels) override {
        Layer<T>::prepare(kernels);
        product_ = simd::pack(kernels, {0}, inputs_, units_, weights_.data(), bias_.data(), function_);
        simd::release(weights_);
        simd::release(bias_);
    }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        this->kernels().multiply(product_, inputs[0], inputs_, output, rows_ * events);
    }

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
    std::size_t rows_;
    std::size_t inputs_;
    std::size_t units_;
    std::vector<T> weights_;
    std::vector<T> bias_;
    Function<T> function_;
    simd::Product<T> product_;
};

}  // namespace keras_hep::layers
