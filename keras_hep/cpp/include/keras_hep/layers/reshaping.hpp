// The same values in the same order with another shape.
#pragma once

#include <algorithm>
#include <memory>

#include "layer.hpp"

namespace keras_hep::layers {

class Flatten final : public Layer {
public:
    static std::unique_ptr<Layer> make(const Declaration& declaration) {
        declaration.attributes({});
        declaration.takes(1);
        declaration.gives({product(declaration.inputs[0])});
        return std::make_unique<Flatten>(Flatten(product(declaration.shape)));
    }

    void run(const Arguments& inputs, float* output) const override { std::copy(inputs[0], inputs[0] + size_, output); }

private:
    explicit Flatten(std::size_t size) : size_(size) {}

    std::size_t size_;
};

}  // namespace keras_hep::layers
