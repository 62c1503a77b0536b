// The same values in the same order with another shape.
#pragma once

#include <algorithm>
#include <memory>

#include "layer.hpp"

namespace keras_hep::layers {

template <class T>
class Reshaping final : public Layer<T> {
public:
    explicit Reshaping(std::size_t size) : size_(size) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        std::copy(inputs[0], inputs[0] + size_ * events, output);
    }

    bool is_view() const override { return true; }

private:
    std::size_t size_;
};

/// One axis.
template <class T>
KERAS_HEP_LOADING std::unique_ptr<Layer<T>> make_flatten(const Declaration& declaration) {
    declaration.attributes("");
    declaration.takes(1);
    declaration.gives({product(declaration.inputs[0])});
    return Made<T>(new Reshaping<T>(product(declaration.shape)));
}

/// Any shape of as many values; one size may be open.
template <class T>
KERAS_HEP_LOADING std::unique_ptr<Layer<T>> make_reshape(const Declaration& declaration) {
    declaration.attributes("");
    declaration.takes(1);
    const std::size_t open = static_cast<std::size_t>(std::count(declaration.shape.begin(), declaration.shape.end(), open_size));
    if (open > 1) declaration.node.at("shape").fail_shape("at most one size may be null");
    if (open == 1) {
        const auto unknown = std::find(declaration.shape.begin(), declaration.shape.end(), open_size);
        *unknown = 1;
        *unknown = std::max<std::size_t>(product(declaration.inputs[0]) / product(declaration.shape), 1);
    }
    if (product(declaration.inputs[0]) != product(declaration.shape)) {
        declaration.node.at("shape").fail_shape({"expected as many values as in ", declaration.inputs[0], ", found ", declaration.shape});
    }
    return Made<T>(new Reshaping<T>(product(declaration.shape)));
}

}  // namespace keras_hep::layers
