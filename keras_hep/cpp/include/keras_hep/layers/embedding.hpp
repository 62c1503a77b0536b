// Numbers of categories to the vectors that stand for them.
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

/// What is not the number of a category becomes NaN.
template <class T>
class Embedding final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("categories units weights");
        declaration.takes(1);
        const std::size_t units = declaration.node.at("units").count(max_values);
        const std::size_t categories = declaration.node.at("categories").count(max_values);
        Shape expected = declaration.inputs[0];
        const std::size_t inputs = product(expected);
        expected.push_back(units);
        declaration.gives(expected);
        return Made<T>(new Embedding(inputs, categories, units, declaration.node.at("weights").numbers_of_size<T>(categories * units)));
    }

    /// Weights are [category][unit].
    Embedding(std::size_t inputs, std::size_t categories, std::size_t units, const std::vector<T>& weights)
        : inputs_(inputs), categories_(categories), units_(units), weights_(std::make_shared<simd::Aligned<T>>(weights.begin(), weights.end())) {}

    KERAS_HEP_LOADING void prepare(const Kernels<T>& kernels) override {
        Layer<T>::prepare(kernels);
        if (kernels.pool != nullptr) weights_ = kernels.pool->once(weights_);
    }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        for (std::size_t i = 0; i < inputs_ * events; ++i) {
            const T number = inputs[0][i];  // its part behind the point does not count, as in Keras
            if (number > T(-1) && number < static_cast<T>(categories_)) {
                const std::size_t category = number > 0 ? static_cast<std::size_t>(number) : 0;
                output = std::copy_n(weights_->begin() + static_cast<std::ptrdiff_t>(category * units_), units_, output);
            } else {
                output = std::fill_n(output, units_, std::numeric_limits<T>::quiet_NaN());
            }
        }
    }

private:
    std::size_t inputs_;
    std::size_t categories_;
    std::size_t units_;
    std::shared_ptr<simd::Aligned<T>> weights_;  ///< shared by the plans of a network with open axes
};

}  // namespace keras_hep::layers
