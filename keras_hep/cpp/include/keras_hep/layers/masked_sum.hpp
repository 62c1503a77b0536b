// The sum over the real entries of a sequence; what stands in padded entries does not count, not even NaN.
#pragma once

#include <memory>

#include "layer.hpp"

namespace keras_hep::layers {

template <class T>
class MaskedSum final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("scale");
        declaration.takes(2);
        const Shape& values = declaration.inputs[0];
        if (values.size() != 2 || declaration.inputs[1] != Shape{values[0]}) {
            declaration.node.at("inputs").fail_shape({"expected [length, features] and [length], found ", values, " and ", declaration.inputs[1]});
        }
        declaration.gives({values[1]});
        return Made<T>(new MaskedSum(values[0], values[1], declaration.node.at("scale").number<T>()));
    }

    MaskedSum(std::size_t length, std::size_t features, T scale) : length_(length), features_(features), scale_(scale) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const T* entries = inputs[0];
        const T* mask = inputs[1];
        for (std::size_t event = 0; event < events; ++event, output += features_, entries += length_ * features_, mask += length_) {
            this->kernels().masked_sum(entries, mask, length_, features_, output);
            for (std::size_t k = 0; scale_ != T(1) && k < features_; ++k) output[k] *= scale_;
        }
    }

private:
    std::size_t length_;
    std::size_t features_;
    T scale_;
};

}  // namespace keras_hep::layers
