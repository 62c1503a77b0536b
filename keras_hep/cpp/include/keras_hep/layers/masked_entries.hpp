// Sequences with padded entries: the last real one, and zeros in the padded ones.
#pragma once

#include <algorithm>
#include <memory>

#include "layer.hpp"

namespace keras_hep::layers {

/// Check that a node takes values [length, features] and a mask [length].
KERAS_HEP_LOADING inline void takes_masked_sequence(const Declaration& declaration) {
    declaration.attributes("");
    declaration.takes(2);
    const Shape& values = declaration.inputs[0];
    if (values.size() != 2 || declaration.inputs[1] != Shape{values[0]}) {
        declaration.node.at("inputs").fail_shape({"expected [length, features] and [length], found ", values, " and ", declaration.inputs[1]});
    }
}

/// The last real entry, zeros where there is none.
template <class T>
class MaskedLast final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        takes_masked_sequence(declaration);
        declaration.gives({declaration.inputs[0][1]});
        return Made<T>(new MaskedLast(declaration.inputs[0][0], declaration.inputs[0][1]));
    }

    MaskedLast(std::size_t length, std::size_t features) : length_(length), features_(features) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        for (std::size_t event = 0; event < events; ++event) {
            const T* mask = inputs[1] + event * length_;
            std::size_t number = length_;
            while (number > 0 && !(mask[number - 1] > T(0.5))) --number;
            T* to = output + event * features_;
            if (number == 0) {
                std::fill(to, to + features_, T(0));
            } else {
                const T* last = inputs[0] + (event * length_ + number - 1) * features_;
                std::copy(last, last + features_, to);
            }
        }
    }

private:
    std::size_t length_;
    std::size_t features_;
};

/// The values, with zeros in padded entries.
template <class T>
class MaskedValues final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        takes_masked_sequence(declaration);
        declaration.gives(declaration.inputs[0]);
        return Made<T>(new MaskedValues(declaration.inputs[0][0], declaration.inputs[0][1]));
    }

    MaskedValues(std::size_t length, std::size_t features) : length_(length), features_(features) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        for (std::size_t entry = 0; entry < events * length_; ++entry) {
            const T* from = inputs[0] + entry * features_;
            T* to = output + entry * features_;
            if (inputs[1][entry] > T(0.5)) {
                std::copy(from, from + features_, to);
            } else {
                std::fill(to, to + features_, T(0));
            }
        }
    }

private:
    std::size_t length_;
    std::size_t features_;
};

}  // namespace keras_hep::layers
