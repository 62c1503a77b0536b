// Convolutions that leave the channels apart: each has filters of its own.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "layer.hpp"
#include "weighted.hpp"
#include "windows.hpp"

namespace keras_hep::layers {

/// Where a channel has several filters, it stands in the padded image as often.
template <class T>
class DepthwiseConvolution final : public Weighted<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("multiplier window strides dilation spread padding weights bias");
        declaration.takes(1);
        auto [axes, shape] = read_windows(declaration, true);
        const Field field = declaration.node.at("multiplier");
        const std::size_t multiplier = field.count(max_values);
        shape.back() *= multiplier;  // at most 2**26 times 2**26
        declaration.gives(shape);
        const std::uint64_t most = static_cast<std::uint64_t>(shape.back()) * padded_size(axes);
        if (most > max_values) field.fail_shape("the padded input, so many times, is larger than 2**26 values");
        return Made<T>(new DepthwiseConvolution(
            axes, shape.back(), multiplier, declaration.node.at("weights").template numbers_of_size<T>(window_size(axes) * shape.back()),
            declaration.numbers_or<T>("bias", shape.back(), T(0))));
    }

    /// `filters` are those of all channels; weights are [window][filter].
    DepthwiseConvolution(const WindowAxes& axes, std::size_t filters, std::size_t multiplier, std::vector<T> weights, std::vector<T> bias)
        : Weighted<T>(filters, std::move(weights), std::move(bias)), axes_(axes), filters_(filters), multiplier_(multiplier) {}

    KERAS_HEP_LOADING void prepare(const Kernels<T>& kernels) override {
        Layer<T>::prepare(kernels);
        const auto& [deep, high, wide] = axes_;
        taps_.size = filters_;
        for (std::size_t z = 0; z < deep.window; ++z) {
            for (std::size_t y = 0; y < high.window; ++y) {
                for (std::size_t x = 0; x < wide.window; ++x) {
                    const std::size_t row = z * deep.dilation * high.padded() + y * high.dilation;
                    taps_.places.push_back((row * wide.padded() + x * wide.dilation) * filters_);
                }
            }
        }
        taps_.weights.assign(weights_.begin(), weights_.end());
        taps_.weights.resize(weights_.size() + simd::slack);
        taps_.bias.assign(bias_.begin(), bias_.end());
        taps_.bias.resize(bias_.size() + simd::slack);
        this->release();
    }

    KERAS_HEP_LOADING std::size_t scratch(std::size_t) const override {
        const std::size_t repeated = multiplier_ > 1 ? simd::padded(input_size(axes_) * filters_) : 0;
        return repeated + (is_padded(axes_) ? simd::padded(padded_size(axes_) * filters_) : 0);
    }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T* scratch) const override {
        const auto& [deep, high, wide] = axes_;
        const std::size_t size = input_size(axes_) * (filters_ / multiplier_), row = wide.results() * filters_;
        for (std::size_t event = 0; event < events; ++event) {
            const T* image = inputs[0] + event * size;
            T* free = scratch;
            if (multiplier_ > 1) {
                for (std::size_t i = 0; i < size; ++i) std::fill_n(free + i * multiplier_, multiplier_, image[i]);
                image = free;
                free += simd::padded(size * multiplier_);
            }
            if (is_padded(axes_)) {
                pad(axes_, filters_, image, free);
                image = free;
            }
            T* begin = output;
            for (std::size_t z = 0; z < deep.results(); ++z) {
                for (std::size_t y = 0; y < high.results(); ++y, output += row) {
                    const T* from = image + (z * deep.stride * high.padded() + y * high.stride) * wide.padded() * filters_;
                    this->kernels().tap(taps_, from, wide.stride * filters_, output, wide.results());
                }
            }
            if (function_.kind != Kind::linear) this->kernels().apply(function_, begin, begin, static_cast<std::size_t>(output - begin));
        }
    }

private:
    using Weighted<T>::weights_;
    using Weighted<T>::bias_;
    using Weighted<T>::function_;

    WindowAxes axes_;
    std::size_t filters_;
    std::size_t multiplier_;
    simd::Taps<T> taps_;
};

}  // namespace keras_hep::layers
