// The sum over the real entries of a sequence; what stands in padded entries does not count, not even NaN.
#pragma once

#include <algorithm>
#include <memory>

#include "layer.hpp"

namespace keras_hep::layers {

class MaskedSum final : public Layer {
public:
    static std::unique_ptr<Layer> make(const Declaration& declaration) {
        declaration.attributes({"scale"});
        declaration.takes(2);
        const Shape& values = declaration.inputs[0];
        if (values.size() != 2 || declaration.inputs[1] != Shape{values[0]}) {
            declaration.node.at("inputs").fail_shape("expected [length, features] and [length], found " + to_string(values) +
                                                     " and " + to_string(declaration.inputs[1]));
        }
        declaration.gives({values[1]});
        return std::make_unique<MaskedSum>(MaskedSum(values[0], values[1], declaration.node.at("scale").real()));
    }

    void run(const Arguments& inputs, float* output) const override {
        std::fill(output, output + features_, 0.0F);
        for (std::size_t i = 0; i < length_; ++i) {
            if (!(inputs[1][i] > 0.5F)) continue;
            const float* entry = inputs[0] + i * features_;
            for (std::size_t k = 0; k < features_; ++k) output[k] += entry[k];
        }
        for (std::size_t k = 0; k < features_; ++k) output[k] *= scale_;
    }

private:
    MaskedSum(std::size_t length, std::size_t features, float scale) : length_(length), features_(features), scale_(scale) {}

    std::size_t length_;
    std::size_t features_;
    float scale_;
};

}  // namespace keras_hep::layers
