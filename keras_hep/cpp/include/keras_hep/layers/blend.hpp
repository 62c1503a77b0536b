// gate * a + (1 - gate) * b, for inputs of one shape.
#pragma once

#include <memory>

#include "layer.hpp"

namespace keras_hep::layers {

template <class T>
class Blend final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("");
        declaration.takes(3);
        for (const Shape& input : declaration.inputs) declaration.gives(input);
        return Made<T>(new Blend(product(declaration.shape)));
    }

    explicit Blend(std::size_t size) : size_(size) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const T *gate = inputs[0], *a = inputs[1], *b = inputs[2];
        for (std::size_t i = 0; i < size_ * events; ++i) {
            output[i] = simd::rounded(gate[i] * a[i]) + simd::rounded((T(1) - gate[i]) * b[i]);
        }
    }

private:
    std::size_t size_;
};

}  // namespace keras_hep::layers
