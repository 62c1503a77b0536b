// Masks, which are 1 for entries that count and 0 for others: made from values, applied, and the mean over what counts.
#pragma once

#include <algorithm>
#include <memory>

#include "layer.hpp"

namespace keras_hep::layers {

/// 1 for each value that is not `value`, NaN too.
template <class T>
class NotEqual final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("value");
        declaration.takes(1);
        declaration.gives(declaration.inputs[0]);
        return Made<T>(new NotEqual(product(declaration.shape), declaration.node.at("value").number<T>()));
    }

    NotEqual(std::size_t size, T value) : size_(size), value_(value) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const T* input = inputs[0];
        for (std::size_t i = 0; i < size_ * events; ++i) output[i] = input[i] != value_ ? T(1) : T(0);
    }

private:
    std::size_t size_;
    T value_;
};

/// 1 where one of the values on the last axis is not 0.
template <class T>
class Any final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("");
        declaration.takes(1);
        Shape expected = declaration.inputs[0];
        const std::size_t size = expected.back();
        expected.pop_back();
        declaration.gives(expected);
        return Made<T>(new Any(product(expected), size));
    }

    Any(std::size_t rows, std::size_t size) : rows_(rows), size_(size) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const T* input = inputs[0];
        for (std::size_t row = 0; row < rows_ * events; ++row, input += size_) {
            output[row] = std::any_of(input, input + size_, [](T x) { return x != T(0); }) ? T(1) : T(0);
        }
    }

private:
    std::size_t rows_;
    std::size_t size_;
};

/// Zeros in place of the entries of which all values on the last axis are `value`.
template <class T>
class Masking final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("value");
        declaration.takes(1);
        declaration.gives(declaration.inputs[0]);
        const std::size_t size = declaration.shape.back();
        return Made<T>(new Masking(product(declaration.shape) / size, size, declaration.node.at("value").number<T>()));
    }

    Masking(std::size_t rows, std::size_t size, T value) : rows_(rows), size_(size), value_(value) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const T* input = inputs[0];
        for (std::size_t row = 0; row < rows_ * events; ++row, input += size_, output += size_) {
            const bool counts = std::any_of(input, input + size_, [this](T x) { return x != value_; });
            if (counts) {
                std::copy(input, input + size_, output);
            } else {
                std::fill(output, output + size_, T(0));
            }
        }
    }

private:
    std::size_t rows_;
    std::size_t size_;
    T value_;
};

/// The mean over the entries of a sequence that count; NaN where none does, as in Keras.
template <class T>
class MaskedMean final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("");
        declaration.takes(2);
        declaration.takes_axes(2);
        const Shape& values = declaration.inputs[0];
        if (declaration.inputs[1] != Shape{values[0]}) {
            declaration.node.at("inputs").fail_shape({"expected a mask of [", values[0], "], found ", declaration.inputs[1]});
        }
        declaration.gives({values[1]});
        return Made<T>(new MaskedMean(values[0], values[1]));
    }

    MaskedMean(std::size_t length, std::size_t features) : length_(length), features_(features) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const T* entry = inputs[0];
        const T* mask = inputs[1];
        for (std::size_t event = 0; event < events; ++event, output += features_) {
            std::fill(output, output + features_, T(0));
            T number = 0;
            for (std::size_t i = 0; i < length_; ++i, ++mask, entry += features_) {
                number += *mask;
                for (std::size_t k = 0; k < features_; ++k) output[k] += simd::rounded(entry[k] * *mask);
            }
            for (std::size_t k = 0; k < features_; ++k) output[k] /= number;
        }
    }

private:
    std::size_t length_;
    std::size_t features_;
};

}  // namespace keras_hep::layers
