// exp(x) over the sum of exp(x) along one axis.
#pragma once

#include <cmath>
#include <memory>

#include "layer.hpp"

namespace keras_hep::layers {

template <class T>
class Softmax final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("axis");
        declaration.takes(1);
        declaration.gives(declaration.inputs[0]);
        const Shape& shape = declaration.shape;
        const std::size_t axis = declaration.axis();
        return Made<T>(new Softmax(product(shape, 0, axis), shape[axis], product(shape, axis + 1, shape.size())));
    }

    /// `outer` and `inner` are the numbers of values before and behind the axis.
    Softmax(std::size_t outer, std::size_t size, std::size_t inner) : outer_(outer), size_(size), inner_(inner) {}

    std::size_t scratch(std::size_t) const override { return inner_ == 1 ? 0 : size_ + simd::slack; }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T* line) const override {
        const T* input = inputs[0];
        for (std::size_t i = 0; i < outer_ * events; ++i, input += size_ * inner_, output += size_ * inner_) {
            if (inner_ == 1) {
                this->kernels().softmax(input, output, size_);
                continue;
            }
            for (std::size_t j = 0; j < inner_; ++j) {
                for (std::size_t k = 0; k < size_; ++k) line[k] = input[k * inner_ + j];
                this->kernels().softmax(line, line, size_);
                for (std::size_t k = 0; k < size_; ++k) output[k * inner_ + j] = line[k];
            }
        }
    }

private:
    std::size_t outer_;
    std::size_t size_;
    std::size_t inner_;
};

/// The logarithm of it.
template <class T>
class LogSoftmax final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("axis");
        declaration.takes(1);
        declaration.gives(declaration.inputs[0]);
        const Shape& shape = declaration.shape;
        const std::size_t axis = declaration.axis();
        return Made<T>(new LogSoftmax(product(shape, 0, axis), shape[axis], product(shape, axis + 1, shape.size())));
    }

    /// `outer` and `inner` are the numbers of values before and behind the axis.
    LogSoftmax(std::size_t outer, std::size_t size, std::size_t inner) : outer_(outer), size_(size), inner_(inner) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const T* input = inputs[0];
        for (std::size_t i = 0; i < outer_ * events; ++i, input += size_ * inner_, output += size_ * inner_) {
            for (std::size_t j = 0; j < inner_; ++j) {
                T most = input[j], sum = 0;
                for (std::size_t k = 1; k < size_; ++k) most = input[k * inner_ + j] > most ? input[k * inner_ + j] : most;
                for (std::size_t k = 0; k < size_; ++k) sum += std::exp(input[k * inner_ + j] - most);
                const T offset = most + std::log(sum);
                for (std::size_t k = 0; k < size_; ++k) output[k * inner_ + j] = input[k * inner_ + j] - offset;
            }
        }
    }

private:
    std::size_t outer_;
    std::size_t size_;
    std::size_t inner_;
};

}  // namespace keras_hep::layers
