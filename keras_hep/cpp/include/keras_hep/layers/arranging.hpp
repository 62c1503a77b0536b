// The same values in another order, or several times.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

/// Copies values to the order of the output's axes: each axis of the output goes through the input with a step of its own, which is
/// zero where values repeat.
template <class T>
class Arranging final : public Layer<T> {
public:
    /// `steps` are those of the output's axes.
    Arranging(std::size_t input, const Shape& shape, const std::vector<std::size_t>& steps) : input_(input), size_(product(shape)) {
        std::copy(shape.begin(), shape.end(), sizes_.end() - static_cast<std::ptrdiff_t>(shape.size()));
        std::copy(steps.begin(), steps.end(), steps_.end() - static_cast<std::ptrdiff_t>(steps.size()));
    }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const std::size_t last = sizes_.back(), step = steps_.back();
        for (std::size_t event = 0; event < events; ++event) {
            const T* input = inputs[0] + event * input_;
            std::array<std::size_t, max_rank> index{};
            for (std::size_t done = 0; done < size_; done += last) {
                if (step == 1) {
                    output = std::copy_n(input, last, output);
                } else {
                    for (std::size_t i = 0; i < last; ++i) *output++ = input[i * step];
                }
                for (std::size_t axis = max_rank - 1; axis-- > 0;) {  // the next place on the other axes
                    input += steps_[axis];
                    if (++index[axis] < sizes_[axis]) break;
                    input -= steps_[axis] * sizes_[axis];
                    index[axis] = 0;
                }
            }
        }
    }

private:
    static constexpr std::array<std::size_t, max_rank> ones() { return {1, 1, 1, 1, 1, 1, 1, 1}; }

    std::size_t input_;
    std::size_t size_;
    std::array<std::size_t, max_rank> sizes_ = ones();
    std::array<std::size_t, max_rank> steps_{};
};

/// Values from one entry of an axis to the next.
inline std::vector<std::size_t> steps_of(const Shape& shape) {
    std::vector<std::size_t> steps(shape.size(), 1);
    for (std::size_t i = shape.size() - 1; i-- > 0;) steps[i] = steps[i + 1] * shape[i + 1];
    return steps;
}

/// Axes in another order: axis i of the output is axis axes[i] of the input.
template <class T>
KERAS_HEP_LOADING std::unique_ptr<Layer<T>> make_permute(const Declaration& declaration) {
    declaration.attributes("axes");
    declaration.takes(1);
    const Shape& input = declaration.inputs[0];
    const Field field = declaration.node.at("axes");
    const std::vector<std::size_t> axes = field.counts(input.size(), 0, input.size() - 1), from = steps_of(input);
    Shape shape;
    std::vector<std::size_t> steps;
    for (const std::size_t axis : axes) {
        if (std::count(axes.begin(), axes.end(), axis) != 1) field.fail({"the axis ", axis, " stands twice"});
        shape.push_back(input[axis]);
        steps.push_back(from[axis]);
    }
    declaration.gives(shape);
    return Made<T>(new Arranging<T>(product(input), shape, steps));
}

/// Axes of size 1 as long as the shape, or that of a second input, says: their value repeats.
template <class T>
KERAS_HEP_LOADING std::unique_ptr<Layer<T>> make_broadcast(const Declaration& declaration) {
    declaration.attributes("");
    if (declaration.inputs.size() == 2) {
        declaration.gives(declaration.inputs[1]);
    } else {
        declaration.takes(1);
    }
    const Shape& input = declaration.inputs[0];
    Shape& shape = declaration.shape;
    std::vector<std::size_t> steps = steps_of(input);
    bool is_right = input.size() == shape.size();
    for (std::size_t i = 0; is_right && i < shape.size(); ++i) {
        if (shape[i] == open_size) shape[i] = input[i];
        is_right = input[i] == shape[i] || input[i] == 1;
        if (input[i] == 1) steps[i] = 0;
    }
    if (!is_right) {
        declaration.node.at("shape").fail_shape({"expected the input's shape ", input, " with other sizes instead of 1, found ", shape});
    }
    return Made<T>(new Arranging<T>(product(input), shape, steps));
}

}  // namespace keras_hep::layers
