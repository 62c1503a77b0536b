// Fully connected: output = input * weights + bias, on the last axis.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

class Dense final : public Layer {
public:
    static std::unique_ptr<Layer> make(const Declaration& declaration) {
        declaration.attributes({"units", "weights", "bias"});
        declaration.takes(1);
        Shape expected = declaration.inputs[0];
        const std::size_t inputs = expected.back();
        const std::size_t units = declaration.node.at("units").count(max_values);
        expected.back() = units;
        declaration.gives(expected);
        std::vector<float> weights = declaration.node.at("weights").floats_of_size(inputs * units);
        const Field bias = declaration.node.at("bias");
        const std::size_t rows = product(expected, 0, expected.size() - 1);
        return std::make_unique<Dense>(Dense(rows, inputs, units, std::move(weights),
                                             bias.is_null() ? std::vector<float>(units, 0.0F) : bias.floats_of_size(units)));
    }

    void run(const Arguments& inputs, float* output) const override {
        for (std::size_t row = 0; row < rows_; ++row) run_row(inputs[0] + row * inputs_, output + row * units_);
    }

private:
    // A fixed number of sums at a time: compilers vectorise the loop over them, and -O3 keeps them in registers.
    static constexpr std::size_t block = 16;

    Dense(std::size_t rows, std::size_t inputs, std::size_t units, std::vector<float> weights, std::vector<float> bias)
        : rows_(rows), inputs_(inputs), units_(units), weights_(std::move(weights)), bias_(std::move(bias)) {}

    void run_row(const float* input, float* output) const {
        std::size_t first = 0;
        for (; first + block <= units_; first += block) {
            float sums[block];
            for (std::size_t k = 0; k < block; ++k) sums[k] = bias_[first + k];
            const float* weights = weights_.data() + first;
            for (std::size_t i = 0; i < inputs_; ++i, weights += units_) {
                const float value = input[i];
                for (std::size_t k = 0; k < block; ++k) sums[k] += value * weights[k];
            }
            std::copy(sums, sums + block, output + first);
        }
        for (; first < units_; ++first) {
            float sum = bias_[first];
            for (std::size_t i = 0; i < inputs_; ++i) sum += input[i] * weights_[i * units_ + first];
            output[first] = sum;
        }
    }

    std::size_t rows_;
    std::size_t inputs_;
    std::size_t units_;
    std::vector<float> weights_;  // [input][unit]
    std::vector<float> bias_;
};

}  // namespace keras_hep::layers
