// Zeros around an image, and images without their borders.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "layer.hpp"
#include "windows.hpp"

namespace keras_hep::layers {

template <class T>
class ZeroPadding final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("padding");
        declaration.takes(1);
        const auto axes = read_borders(declaration, "padding");
        Shape expected = declaration.inputs[0];
        for (std::size_t i = 0; i + 1 < expected.size(); ++i) expected[i] = axes[i + 4 - expected.size()].padded();
        declaration.gives(expected);
        return Made<T>(new ZeroPadding(axes, expected.back()));
    }

    ZeroPadding(const WindowAxes& axes, std::size_t channels) : axes_(axes), channels_(channels) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        for (std::size_t event = 0; event < events; ++event) {
            pad(axes_, channels_, inputs[0] + event * input_size(axes_) * channels_, output + event * padded_size(axes_) * channels_);
        }
    }

private:
    WindowAxes axes_;
    std::size_t channels_;
};

/// The axes are those of the result: `before` and `after` are what is cut.
template <class T>
class Cropping final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("cropping");
        declaration.takes(1);
        auto axes = read_borders(declaration, "cropping");
        Shape expected = declaration.inputs[0];
        for (std::size_t i = 0; i + 1 < expected.size(); ++i) {
            WindowAxis& axis = axes[i + 4 - expected.size()];
            if (axis.before + axis.after >= axis.size) {
                declaration.node.at("cropping").fail_shape({"expected to cut less than the axis of ", axis.size, " has"});
            }
            axis.size -= axis.before + axis.after;
            expected[i] = axis.size;
        }
        declaration.gives(expected);
        return Made<T>(new Cropping(axes, expected.back()));
    }

    Cropping(const WindowAxes& axes, std::size_t channels) : axes_(axes), channels_(channels) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const auto& [deep, high, wide] = axes_;
        for (std::size_t event = 0; event < events; ++event) {
            const T* image = inputs[0] + event * padded_size(axes_) * channels_;
            for (std::size_t z = 0; z < deep.size; ++z) {
                for (std::size_t y = 0; y < high.size; ++y) {
                    const std::size_t row = (z + deep.before) * high.padded() + y + high.before;
                    output = std::copy_n(image + (row * wide.padded() + wide.before) * channels_, wide.size * channels_, output);
                }
            }
        }
    }

private:
    WindowAxes axes_;
    std::size_t channels_;
};

}  // namespace keras_hep::layers
