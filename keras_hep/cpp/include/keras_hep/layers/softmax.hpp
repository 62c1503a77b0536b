// exp(x) over the sum of exp(x) along one axis.
#pragma once

#include <cmath>
#include <memory>

#include "layer.hpp"

namespace keras_hep::layers {

class Softmax final : public Layer {
public:
    static std::unique_ptr<Layer> make(const Declaration& declaration) {
        declaration.attributes({"axis"});
        declaration.takes(1);
        declaration.gives(declaration.inputs[0]);
        const Shape& shape = declaration.shape;
        const std::size_t axis = declaration.axis();
        return std::make_unique<Softmax>(Softmax(product(shape, 0, axis), shape[axis], product(shape, axis + 1, shape.size())));
    }

    void run(const Arguments& inputs, float* output) const override {
        for (std::size_t i = 0; i < outer_; ++i) {
            for (std::size_t j = 0; j < inner_; ++j) {
                const std::size_t start = i * size_ * inner_ + j;
                run_line(inputs[0] + start, output + start);
            }
        }
    }

private:
    Softmax(std::size_t outer, std::size_t size, std::size_t inner) : outer_(outer), size_(size), inner_(inner) {}

    void run_line(const float* input, float* output) const {
        float largest = input[0];
        for (std::size_t k = 1; k < size_; ++k) largest = input[k * inner_] > largest ? input[k * inner_] : largest;
        float sum = 0;
        for (std::size_t k = 0; k < size_; ++k) {
            output[k * inner_] = std::exp(input[k * inner_] - largest);  // the largest exponent is 0: no overflow
            sum += output[k * inner_];
        }
        for (std::size_t k = 0; k < size_; ++k) output[k * inner_] /= sum;
    }

    std::size_t outer_;
    std::size_t size_;
    std::size_t inner_;
};

}  // namespace keras_hep::layers
