// Convolutions of one to three axes, as products: a row of the result is a product whose rows are its pixels.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "layer.hpp"
#include "spread_convolution.hpp"
#include "weighted.hpp"
#include "windows.hpp"

namespace keras_hep::layers {

/// Where there are fewer filters than a register has places, several neighbouring pixels are computed as one row of the product:
/// a longer piece of the input times a matrix that holds the weights once for each of the pixels, with zeros elsewhere. Zeros make
/// NaN of what is not finite, so that an event with such a value is computed pixel by pixel: it stays within its windows.
template <class T>
class Convolution final : public Weighted<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("filters window strides dilation spread padding groups weights bias");
        declaration.takes(1);
        auto [axes, shape] = read_windows(declaration, true);
        const std::size_t channels = shape.back();
        const std::size_t filters = declaration.node.at("filters").count(max_values);
        const Field groups_field = declaration.node.at("groups");
        const std::size_t groups = groups_field.count(max_values);
        if (groups == 0 || channels % groups != 0 || filters % groups != 0) {
            groups_field.fail_shape({"expected a number that divides ", channels, " channels and ", filters, " filters, found ", groups});
        }
        shape.back() = filters;
        declaration.gives(shape);
        const std::size_t inputs = window_size(axes) * (channels / groups);  // at most the size of the padded input
        auto weights = declaration.node.at("weights").template numbers_of_size<T>(inputs * filters);
        auto bias = declaration.numbers_or<T>("bias", filters, T(0));
        if (is_spread(axes)) {
            for (T& value : bias) value += T(0);  // no -0: sums with and without the zeros between pixels are then the same
        }
        if (SpreadConvolution<T>::takes(axes, groups)) {
            return Made<T>(new SpreadConvolution<T>(axes, channels, filters, std::move(weights), std::move(bias)));
        }
        return Made<T>(new Convolution(axes, channels, filters, groups, std::move(weights), std::move(bias)));
    }

    /// Weights are [window][channel of the group][filter].
    Convolution(const WindowAxes& axes, std::size_t channels, std::size_t filters, std::size_t groups, std::vector<T> weights,
                std::vector<T> bias)
        : Weighted<T>(filters, std::move(weights), std::move(bias)), axes_(axes), channels_(channels), filters_(filters), groups_(groups) {}

    KERAS_HEP_LOADING void prepare(const Kernels<T>& kernels) override {
        Layer<T>::prepare(kernels);
        if (groups_ > 1) {
            pack_groups();
        } else {
            together_ = best_together(kernels.width);
            pack_together(1);
            if (together_ > 1) pack_together(together_);
        }
        this->release();
    }

    KERAS_HEP_LOADING std::size_t scratch(std::size_t) const override {
        const std::size_t image = is_padded(axes_) ? simd::padded(padded_size(axes_) * channels_) : 0;
        return image + (groups_ > 1 ? simd::padded(axes_[2].results() * filters_ / groups_) : 0);
    }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T* scratch) const override {
        const T* input = inputs[0];
        if (groups_ == 1 && together_ == 1 && axes_[0].is_trivial() && axes_[1].is_trivial() && axes_[2].is_trivial()) {
            this->kernels().multiply(products_[0], input, channels_, output, events * input_size(axes_));
            return;
        }
        for (std::size_t event = 0; event < events; ++event) {
            const T* image = input;
            T* behind = scratch;
            if (is_padded(axes_)) {
                pad(axes_, channels_, input, scratch);
                image = scratch;
                behind += simd::padded(padded_size(axes_) * channels_);
            }
            if (groups_ > 1) {
                convolve_groups(image, output, behind);
            } else if (together_ > 1 && this->kernels().finite(input, input_size(axes_) * channels_)) {
                convolve(image, output, products_[1], together_);
            } else {
                convolve(image, output, products_[0], 1);
            }
            input += input_size(axes_) * channels_;
            output += results_of(axes_) * filters_;
        }
    }

    KERAS_HEP_LOADING bool absorb_before(const Affine<T>& map) override {
        if (groups_ > 1 || is_padded(axes_)) return false;  // padding stands behind the map: it is zero
        for (std::size_t i = 0; i < weights_.size(); ++i) {
            const std::size_t channel = i / filters_ % channels_;
            bias_[i % filters_] += simd::rounded(map.offset[channel] * weights_[i]);
            weights_[i] *= map.factor[channel];
        }
        return true;
    }

private:
    using Weighted<T>::weights_;
    using Weighted<T>::bias_;
    using Weighted<T>::function_;

    /// Values from one tap of the window to the place of another.
    std::size_t place(std::size_t z, std::size_t y, std::size_t x) const {
        const auto& [deep, high, wide] = axes_;
        return ((z * deep.dilation * high.padded() + y * high.dilation) * wide.padded() + x * wide.dilation) * channels_;
    }

    /// The number of pixels in a row of the product with which it has the least to do, and the matrix is not much larger than the
    /// weights.
    KERAS_HEP_LOADING std::size_t best_together(std::size_t width) const {
        const WindowAxis& wide = axes_[2];
        if (width == 0 || this->kernels().in_order || (wide.dilation != 1 && wide.window != 1)) return 1;
        const auto depth_of = [&](std::size_t pixels) {
            return (wide.window + (pixels - 1) * wide.stride) * channels_ * axes_[0].window * axes_[1].window;
        };
        const auto panels_of = [&](std::size_t pixels) { return (pixels * filters_ + width - 1) / width; };
        const auto cost = [&](std::size_t pixels) {
            const std::size_t depth = depth_of(pixels), panels = panels_of(pixels), rows = (wide.results() + pixels - 1) / pixels;
            constexpr std::size_t ends = 4;  // what loading the bias and storing the result takes
            return rows * panels * (depth + ends);
        };
        std::size_t best = 1;
        for (std::size_t pixels = 2; pixels <= wide.results() && pixels * filters_ <= 4 * width; ++pixels) {
            if (depth_of(pixels) * panels_of(pixels) * width > std::max<std::size_t>(4096, 8 * weights_.size())) break;
            if (cost(pixels) < cost(best)) best = pixels;
        }
        return best;
    }

    KERAS_HEP_LOADING void pack_together(std::size_t pixels) {
        const auto& [deep, high, wide] = axes_;
        const bool is_dense = wide.dilation == 1 || wide.window == 1;
        std::vector<std::size_t> segments;
        for (std::size_t z = 0; z < deep.window; ++z) {
            for (std::size_t y = 0; y < high.window; ++y) {
                for (std::size_t x = 0; x < (is_dense ? 1 : wide.window); ++x) segments.push_back(place(z, y, x));
            }
        }
        const std::size_t taps = is_dense ? wide.window : 1, depth = taps * channels_, step = wide.stride * channels_;
        const std::size_t longer = depth + (pixels - 1) * step, units = pixels * filters_;
        auto product = simd::start_product(this->kernels(), std::move(segments), longer, units, function_);
        std::vector<T> weights(units);  // of a row: the whole matrix would be there twice
        for (std::size_t row = 0; row < product.segments.size() * longer; ++row) {
            std::fill(weights.begin(), weights.end(), T(0));
            for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
                const std::size_t k = row % longer - pixel * step;  // huge where the piece of the pixel begins later
                if (k < depth) std::copy_n(&weights_[(row / longer * depth + k) * filters_], filters_, &weights[pixel * filters_]);
            }
            simd::set_row(product, row, weights.data());
        }
        for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
            std::copy(bias_.begin(), bias_.end(), product.bias.begin() + static_cast<std::ptrdiff_t>(pixel * filters_));
        }
        simd::share(this->kernels(), product);
        products_.push_back(std::move(product));
    }

    KERAS_HEP_LOADING void pack_groups() {
        const std::size_t depth = channels_ / groups_, units = filters_ / groups_, taps = window_size(axes_);
        std::vector<std::size_t> segments;
        for (std::size_t z = 0; z < axes_[0].window; ++z) {
            for (std::size_t y = 0; y < axes_[1].window; ++y) {
                for (std::size_t x = 0; x < axes_[2].window; ++x) segments.push_back(place(z, y, x));
            }
        }
        std::vector<T> weights(taps * depth * units);
        for (std::size_t group = 0; group < groups_; ++group) {
            for (std::size_t row = 0; row < taps * depth; ++row) {
                std::copy_n(&weights_[row * filters_ + group * units], units, &weights[row * units]);
            }
            products_.push_back(simd::pack(this->kernels(), segments, depth, units, weights.data(), &bias_[group * units], function_));
        }
    }

    void convolve(const T* image, T* output, const simd::Product<T>& product, std::size_t together) const {
        const auto& [deep, high, wide] = axes_;
        const std::size_t step = wide.stride * channels_, rest = wide.results() % together, whole = wide.results() / together;
        const std::size_t stride = together * step;
        for (std::size_t z = 0; z < deep.results(); ++z) {
            for (std::size_t y = 0; y < high.results(); ++y, output += wide.results() * filters_) {
                const T* row = image + (z * deep.stride * high.padded() + y * high.stride) * wide.padded() * channels_;
                if (rest == 0) {
                    this->kernels().multiply(product, row, stride, output, whole);
                } else if (z + 1 < deep.results() || y + 1 < high.results()) {
                    // Pixels beyond the row are computed too, of values of the next one; that overwrites them.
                    this->kernels().multiply(product, row, stride, output, whole + 1);
                } else {
                    const std::size_t last = wide.results() - together;
                    this->kernels().multiply(product, row, stride, output, whole);
                    this->kernels().multiply(product, row + last * step, stride, output + last * filters_, 1);
                }
            }
        }
    }

    void convolve_groups(const T* image, T* output, T* part) const {
        const auto& [deep, high, wide] = axes_;
        const std::size_t units = filters_ / groups_, depth = channels_ / groups_;
        for (std::size_t z = 0; z < deep.results(); ++z) {
            for (std::size_t y = 0; y < high.results(); ++y, output += wide.results() * filters_) {
                const T* row = image + (z * deep.stride * high.padded() + y * high.stride) * wide.padded() * channels_;
                for (std::size_t group = 0; group < groups_; ++group) {
                    this->kernels().multiply(products_[group], row + group * depth, wide.stride * channels_, part, wide.results());
                    for (std::size_t x = 0; x < wide.results(); ++x) {
                        std::copy_n(part + x * units, units, output + x * filters_ + group * units);
                    }
                }
            }
        }
    }

    WindowAxes axes_;
    std::size_t channels_;
    std::size_t filters_;
    std::size_t groups_;
    std::size_t together_ = 1;  ///< pixels in a row of the product
    std::vector<simd::Product<T>> products_;  ///< one for each group; or of single pixels, and of several
};

}  // namespace keras_hep::layers
