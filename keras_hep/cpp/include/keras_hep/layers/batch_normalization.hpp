// Batch normalisation with the statistics of the training: (x - mean) / sqrt(variance + epsilon) * gamma + beta.
#pragma once

#include <cmath>
#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

class BatchNormalization final : public Layer {
public:
    static std::unique_ptr<Layer> make(const Declaration& declaration) {
        declaration.attributes({"axis", "epsilon", "gamma", "beta", "mean", "variance"});
        declaration.takes(1);
        declaration.gives(declaration.inputs[0]);
        const Shape& shape = declaration.shape;
        const std::size_t axis = declaration.axis();
        const std::size_t channels = shape[axis];
        const std::vector<float> mean = declaration.node.at("mean").floats_of_size(channels);
        const std::vector<float> variance = declaration.node.at("variance").floats_of_size(channels);
        const auto optional = [&](const char* key, float otherwise) {
            const Field field = declaration.node.at(key);
            return field.is_null() ? std::vector<float>(channels, otherwise) : field.floats_of_size(channels);
        };
        std::vector<float> factor = optional("gamma", 1.0F);
        std::vector<float> offset = optional("beta", 0.0F);
        const float epsilon = declaration.node.at("epsilon").real();
        for (std::size_t k = 0; k < channels; ++k) {
            factor[k] /= std::sqrt(variance[k] + epsilon);
            offset[k] -= mean[k] * factor[k];
        }
        return std::make_unique<BatchNormalization>(BatchNormalization(
            product(shape, 0, axis), product(shape, axis + 1, shape.size()), std::move(factor), std::move(offset)));
    }

    void run(const Arguments& inputs, float* output) const override {
        const float* input = inputs[0];
        for (std::size_t i = 0; i < outer_; ++i) {
            for (std::size_t k = 0; k < factor_.size(); ++k) {
                for (std::size_t j = 0; j < inner_; ++j) *output++ = *input++ * factor_[k] + offset_[k];
            }
        }
    }

private:
    BatchNormalization(std::size_t outer, std::size_t inner, std::vector<float> factor, std::vector<float> offset)
        : outer_(outer), inner_(inner), factor_(std::move(factor)), offset_(std::move(offset)) {}

    std::size_t outer_;
    std::size_t inner_;
    std::vector<float> factor_;
    std::vector<float> offset_;
};

}  // namespace keras_hep::layers
