// The largest of several pieces of the last axis, value by value.
#pragma once

#include <memory>

#include "layer.hpp"

namespace keras_hep::layers {

template <class T>
class Maxout final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("pieces");
        declaration.takes(1);
        const Field field = declaration.node.at("pieces");
        const std::size_t pieces = field.count(max_values);
        Shape expected = declaration.inputs[0];
        if (pieces == 0 || expected.back() % pieces != 0) {
            field.fail_shape({"expected a divisor of ", expected.back(), ", found ", pieces});
        }
        expected.back() /= pieces;
        declaration.gives(expected);
        return Made<T>(new Maxout(product(expected, 0, expected.size() - 1), pieces, expected.back()));
    }

    Maxout(std::size_t rows, std::size_t pieces, std::size_t units) : rows_(rows), pieces_(pieces), units_(units) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        this->kernels().largest({rows_ * events, pieces_ * units_, pieces_, units_, units_}, false, inputs[0], output);
    }

private:
    std::size_t rows_;
    std::size_t pieces_;
    std::size_t units_;
};

}  // namespace keras_hep::layers
