// The products of two inputs, summed along one axis of each.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

template <class T>
class Dot final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("axes");
        declaration.takes(2);
        const Field field = declaration.node.at("axes");
        const std::vector<std::size_t> axes = field.counts(2, 0, max_rank - 1);
        Shape expected;
        for (std::size_t side = 0; side < 2; ++side) {
            const Shape& input = declaration.inputs[side];
            if (axes[side] >= input.size()) field.fail_shape({"the input ", input, " has no axis ", axes[side]});
            for (std::size_t i = 0; i < input.size(); ++i) {
                if (i != axes[side]) expected.push_back(input[i]);
            }
        }
        const Shape &left = declaration.inputs[0], &right = declaration.inputs[1];
        if (left[axes[0]] != right[axes[1]]) field.fail_shape({"expected axes of one size, found those of ", left, " and ", right});
        if (expected.empty()) expected = {1};
        declaration.gives(expected);
        return Made<T>(new Dot(Side(left, axes[0]), Side(right, axes[1]), left[axes[0]]));
    }

    /// The numbers of values before and behind the axis.
    struct Side {
        Side(const Shape& shape, std::size_t axis) : outer(product(shape, 0, axis)), inner(product(shape, axis + 1, shape.size())) {}
        std::size_t outer;
        std::size_t inner;
    };

    Dot(Side left, Side right, std::size_t size) : left_(left), right_(right), size_(size) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        for (std::size_t event = 0; event < events; ++event) {
            const T* left = inputs[0] + event * left_.outer * size_ * left_.inner;
            const T* right = inputs[1] + event * right_.outer * size_ * right_.inner;
            for (std::size_t i = 0; i < left_.outer * left_.inner; ++i) {
                const T* a = left + i / left_.inner * size_ * left_.inner + i % left_.inner;
                for (std::size_t j = 0; j < right_.outer; ++j, output += right_.inner) {
                    std::fill_n(output, right_.inner, T(0));
                    const T* b = right + j * size_ * right_.inner;
                    for (std::size_t k = 0; k < size_; ++k, b += right_.inner) {
                        const T value = a[k * left_.inner];
                        for (std::size_t n = 0; n < right_.inner; ++n) output[n] += simd::rounded(value * b[n]);
                    }
                }
            }
        }
    }

private:
    Side left_;
    Side right_;
    std::size_t size_;
};

}  // namespace keras_hep::layers
