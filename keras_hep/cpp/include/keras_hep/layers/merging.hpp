// Several inputs to one: element by element, or one behind the other along an axis.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

enum class Merge { sum, mean, difference, product, largest, smallest };

/// Inputs of one shape, combined value by value from the first to the last.
template <class T>
class Elementwise final : public Layer<T> {
public:
    template <Merge merge>
    static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        return make(declaration, merge);
    }

    Elementwise(Merge merge, std::size_t number, std::size_t size) : merge_(merge), number_(number), size_(size) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const std::size_t size = size_ * events;
        std::copy(inputs[0], inputs[0] + size, output);
        for (std::size_t number = 1; number < number_; ++number) combine(inputs[number], output, size);
        for (std::size_t i = 0; merge_ == Merge::mean && i < size; ++i) output[i] /= static_cast<T>(number_);
    }

private:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration, Merge merge) {
        declaration.attributes("");
        for (const Shape& input : declaration.inputs) declaration.gives(input);
        if (merge == Merge::difference) declaration.takes(2);
        return Made<T>(new Elementwise(merge, declaration.inputs.size(), product(declaration.shape)));
    }

    void combine(const T* x, T* y, std::size_t size) const {
        switch (merge_) {
            case Merge::sum:
            case Merge::mean:
                for (std::size_t i = 0; i < size; ++i) y[i] += x[i];
                return;
            case Merge::difference:
                for (std::size_t i = 0; i < size; ++i) y[i] -= x[i];
                return;
            case Merge::product:
                for (std::size_t i = 0; i < size; ++i) y[i] *= x[i];
                return;
            case Merge::largest:
                for (std::size_t i = 0; i < size; ++i) y[i] = y[i] >= x[i] || y[i] != y[i] ? y[i] : x[i];
                return;
            case Merge::smallest:
                for (std::size_t i = 0; i < size; ++i) y[i] = y[i] <= x[i] || y[i] != y[i] ? y[i] : x[i];
                return;
        }
    }

    Merge merge_;
    std::size_t number_;
    std::size_t size_;
};

template <class T>
class Concatenate final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("axis");
        const std::size_t axis = declaration.axis();
        Shape expected = declaration.inputs[0];
        expected[axis] = 0;
        std::vector<std::size_t> sizes;
        for (Shape input : declaration.inputs) {
            if (input.size() != expected.size()) declaration.node.at("inputs").fail_shape("the inputs have different numbers of axes");
            sizes.push_back(product(input, axis, input.size()));
            expected[axis] += input[axis];
            input[axis] = declaration.inputs[0][axis];
            if (input != declaration.inputs[0]) declaration.node.at("inputs").fail_shape({"the inputs differ in another axis than ", axis});
        }
        declaration.gives(expected);
        return Made<T>(new Concatenate(product(expected, 0, axis), std::move(sizes)));
    }

    /// `sizes` are the numbers of values that stand together in each input.
    Concatenate(std::size_t outer, std::vector<std::size_t> sizes) : outer_(outer), sizes_(std::move(sizes)) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        for (std::size_t i = 0; i < outer_ * events; ++i) {
            for (std::size_t number = 0; number < sizes_.size(); ++number) {
                const T* input = inputs[number] + i * sizes_[number];
                output = std::copy(input, input + sizes_[number], output);
            }
        }
    }

private:
    std::size_t outer_;
    std::vector<std::size_t> sizes_;
};

}  // namespace keras_hep::layers
