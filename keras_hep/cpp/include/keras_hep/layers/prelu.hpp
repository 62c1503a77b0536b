// The rectifier with trained slopes below zero.
#pragma once

#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

/// The slopes repeat: they are those of the last values of the shape.
template <class T>
class PRelu final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("alpha");
        declaration.takes(1);
        declaration.gives(declaration.inputs[0]);
        const std::size_t size = product(declaration.shape);
        const Field field = declaration.node.at("alpha");
        std::vector<T> alpha = field.numbers<T>();
        if (alpha.empty() || size % alpha.size() != 0) {
            field.fail_shape({"expected numbers that repeat in the shape ", declaration.shape, ", found ", alpha.size()});
        }
        const std::size_t repeats = size / alpha.size();
        return Made<T>(new PRelu(repeats, std::move(alpha)));
    }

    PRelu(std::size_t repeats, std::vector<T> alpha) : repeats_(repeats), alpha_(std::move(alpha)) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const T* input = inputs[0];
        for (std::size_t i = 0; i < repeats_ * events; ++i) {
            for (const T alpha : alpha_) {
                const T x = *input++;
                *output++ = x < 0 ? alpha * x : x;
            }
        }
    }

private:
    std::size_t repeats_;
    std::vector<T> alpha_;
};

}  // namespace keras_hep::layers
