// Several inputs to one: element by element sum, concatenation along an axis.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

class Add final : public Layer {
public:
    static std::unique_ptr<Layer> make(const Declaration& declaration) {
        declaration.attributes({});
        for (const Shape& input : declaration.inputs) declaration.gives(input);
        return std::make_unique<Add>(Add(declaration.inputs.size(), product(declaration.shape)));
    }

    void run(const Arguments& inputs, float* output) const override {
        std::copy(inputs[0], inputs[0] + size_, output);
        for (std::size_t number = 1; number < number_; ++number) {
            const float* input = inputs[number];
            for (std::size_t i = 0; i < size_; ++i) output[i] += input[i];
        }
    }

private:
    Add(std::size_t number, std::size_t size) : number_(number), size_(size) {}

    std::size_t number_;
    std::size_t size_;
};

class Concatenate final : public Layer {
public:
    static std::unique_ptr<Layer> make(const Declaration& declaration) {
        declaration.attributes({"axis"});
        const std::size_t axis = declaration.axis();
        Shape expected = declaration.inputs[0];
        expected[axis] = 0;
        std::vector<std::size_t> sizes;
        for (Shape input : declaration.inputs) {
            if (input.size() != expected.size()) declaration.node.at("inputs").fail_shape("the inputs have different numbers of axes");
            sizes.push_back(product(input, axis, input.size()));
            expected[axis] += input[axis];
            input[axis] = declaration.inputs[0][axis];
            if (input != declaration.inputs[0]) declaration.node.at("inputs").fail_shape("the inputs differ in another axis than " + std::to_string(axis));
        }
        declaration.gives(expected);
        return std::make_unique<Concatenate>(Concatenate(product(expected, 0, axis), std::move(sizes)));
    }

    void run(const Arguments& inputs, float* output) const override {
        for (std::size_t i = 0; i < outer_; ++i) {
            for (std::size_t number = 0; number < sizes_.size(); ++number) {
                const float* input = inputs[number] + i * sizes_[number];
                output = std::copy(input, input + sizes_[number], output);
            }
        }
    }

private:
    Concatenate(std::size_t outer, std::vector<std::size_t> sizes) : outer_(outer), sizes_(std::move(sizes)) {}

    std::size_t outer_;
    std::vector<std::size_t> sizes_;  // values that stand together in each input
};

}  // namespace keras_hep::layers
