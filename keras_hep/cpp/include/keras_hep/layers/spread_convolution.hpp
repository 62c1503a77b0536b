// Convolutions of an image whose pixels stand apart, as transposed ones are: the zeros between them are left out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "layer.hpp"
#include "weighted.hpp"
#include "windows.hpp"

namespace keras_hep::layers {

/// The taps of a window that meet pixels, for the results `phase`, `phase + spread`... of an axis: `first`, `first + spread`...
struct Phase {
    std::size_t first;
    std::size_t taps;
    std::ptrdiff_t begin;  ///< the pixel that the first one meets for the first of these results
};

/// An axis along which pixels stand `spread` apart, seen as one on which they do not.
struct SpreadAxis {
    std::vector<Phase> phases;
    std::ptrdiff_t low = 0;   ///< the first pixel that the first result of any phase meets
    std::ptrdiff_t high = 0;  ///< the last one
    WindowAxis image;         ///< the pixels with as much padding as is needed

    KERAS_HEP_LOADING explicit SpreadAxis(const WindowAxis& axis) {
        const std::size_t spread = axis.spread, number = std::min(spread, axis.results());
        for (std::size_t phase = 0; phase < number; ++phase) {
            const std::size_t first = (axis.before % spread + spread - phase) % spread;
            const std::size_t taps = first < axis.window ? (axis.window - 1 - first) / spread + 1 : 0;
            const auto distance = static_cast<std::ptrdiff_t>(phase + first) - static_cast<std::ptrdiff_t>(axis.before);
            phases.push_back({first, taps, distance / static_cast<std::ptrdiff_t>(spread)});
            if (taps == 0) continue;
            const std::ptrdiff_t begin = phases.back().begin, end = begin + static_cast<std::ptrdiff_t>(taps) - 1;
            low = any_ ? std::min(low, begin) : begin;
            high = any_ ? std::max(high, end) : end;
            any_ = true;
        }
        image.size = axis.size;
        image.before = static_cast<std::size_t>(std::max<std::ptrdiff_t>(-low, 0));
        const auto last = static_cast<std::ptrdiff_t>((axis.results() - 1) / spread) + high;
        image.after = static_cast<std::size_t>(std::max<std::ptrdiff_t>(last - static_cast<std::ptrdiff_t>(axis.size) + 1, 0));
    }

    /// Pixels from the first to the last that the first results meet.
    std::size_t width() const { return static_cast<std::size_t>(high - low) + 1; }

    /// A pixel counted from the begin of the padded image.
    std::size_t place(std::ptrdiff_t pixel) const { return static_cast<std::size_t>(pixel + static_cast<std::ptrdiff_t>(image.before)); }

private:
    bool any_ = false;
};

/// All phases of the last axis stand in one row of a product, which so gives neighbouring results; those of the other axes have
/// a product each. Where a phase does not meet a pixel that another one meets, there are zeros, which make NaN of what is not
/// finite: an event with such a value is computed phase by phase.
template <class T>
class SpreadConvolution final : public Weighted<T> {
public:
    /// Whether a convolution is of this kind. Weights and bias are those of `Convolution`. The bounds on `spread` are bounds on the
    /// memory for products.
    KERAS_HEP_LOADING static bool takes(const WindowAxes& axes, std::size_t groups) {
        bool is_spread = false;
        for (const WindowAxis& axis : axes) {
            if (axis.stride != 1 || (axis.dilation != 1 && axis.window != 1)) return false;
            if (axis.spread > 8 || axis.spread > 2 * axis.window) return false;
            is_spread = is_spread || axis.spread != 1;
        }
        return is_spread && groups == 1;
    }

    KERAS_HEP_LOADING SpreadConvolution(const WindowAxes& axes, std::size_t channels, std::size_t filters, std::vector<T> weights,
                                        std::vector<T> bias)
        : Weighted<T>(filters, std::move(weights), std::move(bias)),
          axes_(axes),
          deep_(axes[0]),
          high_(axes[1]),
          wide_(axes[2]),
          image_{deep_.image, high_.image, wide_.image},
          channels_(channels),
          filters_(filters) {}

    KERAS_HEP_LOADING void prepare(const Kernels<T>& kernels) override {
        Layer<T>::prepare(kernels);
        for (const Phase& z : deep_.phases) {
            for (const Phase& y : high_.phases) {
                together_.push_back(pack(z, y, wide_.low, wide_.width(), 0, wide_.phases.size()));
                for (std::size_t phase = 0; phase < wide_.phases.size(); ++phase) {
                    apart_.push_back(pack(z, y, wide_.phases[phase].begin, wide_.phases[phase].taps, phase, phase + 1));
                }
            }
        }
        this->release();
    }

    KERAS_HEP_LOADING std::size_t scratch(std::size_t) const override { return simd::padded(padded_size(image_) * channels_) + simd::padded(row_size()); }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T* scratch) const override {
        const std::size_t size = input_size(axes_) * channels_, row = axes_[2].results() * filters_;
        T* line = scratch + simd::padded(padded_size(image_) * channels_);
        for (std::size_t event = 0; event < events; ++event) {
            pad(image_, channels_, inputs[0] + event * size, scratch);
            const bool is_finite = this->kernels().finite(inputs[0] + event * size, size);
            for (std::size_t z = 0; z < axes_[0].results(); ++z) {
                for (std::size_t y = 0; y < axes_[1].results(); ++y, output += row) {
                    if (!is_finite) {
                        compute_phases(scratch, z, y, line, output);
                    } else if (row == row_size()) {
                        compute_row(scratch, z, y, output);
                    } else {  // the last results of the line are beyond the row
                        compute_row(scratch, z, y, line);
                        std::copy(line, line + row, output);
                    }
                }
            }
        }
    }

private:
    using Weighted<T>::weights_;
    using Weighted<T>::bias_;
    using Weighted<T>::function_;

    /// Results of a phase of the last axis.
    std::size_t results_of_phase(std::size_t phase) const { return (axes_[2].results() - 1 - phase) / axes_[2].spread + 1; }
    std::size_t row_size() const { return results_of_phase(0) * wide_.phases.size() * filters_; }

    /// The phases `from` to `to` of the last axis as a product of `width` pixels, the first of which is `low`.
    KERAS_HEP_LOADING simd::Product<T> pack(const Phase& z, const Phase& y, std::ptrdiff_t low, std::size_t width, std::size_t from,
                                            std::size_t to) const {
        const std::size_t depth = width * channels_, units = (to - from) * filters_;
        std::vector<std::size_t> segments;
        std::vector<T> weights(z.taps * y.taps * depth * units, T(0)), bias;
        for (std::size_t i = 0; i < z.taps * y.taps; ++i) {
            const std::size_t in_z = i / y.taps, in_y = i % y.taps;
            segments.push_back((in_z * image_[1].padded() + in_y) * image_[2].padded() * channels_);
            const std::size_t row = (z.first + in_z * axes_[0].spread) * axes_[1].window + y.first + in_y * axes_[1].spread;
            for (std::size_t phase = from; phase < to; ++phase) {
                copy_taps(row, wide_.phases[phase], low, weights.data() + i * depth * units + (phase - from) * filters_, units);
            }
        }
        for (std::size_t phase = from; phase < to; ++phase) bias.insert(bias.end(), bias_.begin(), bias_.end());
        return simd::pack(this->kernels(), std::move(segments), depth, units, weights.data(), bias.data(), function_);
    }

    /// The weights of a row of the window, for a phase of the last axis.
    void copy_taps(std::size_t row, const Phase& x, std::ptrdiff_t low, T* to, std::size_t units) const {
        for (std::size_t i = 0; i < x.taps * channels_; ++i) {
            const std::size_t tap = row * axes_[2].window + x.first + i / channels_ * axes_[2].spread;
            const std::size_t k = static_cast<std::size_t>(x.begin - low) * channels_ + i;
            std::copy_n(&weights_[(tap * channels_ + i % channels_) * filters_], filters_, to + k * units);
        }
    }

    /// The number of the product for a row of the result, and where the pixels of the image that it meets begin.
    std::pair<std::size_t, const T*> find_row(const T* image, std::size_t z, std::size_t y) const {
        const Phase& in_z = deep_.phases[z % axes_[0].spread];
        const Phase& in_y = high_.phases[y % axes_[1].spread];
        const std::size_t number = z % axes_[0].spread * high_.phases.size() + y % axes_[1].spread;
        if (in_z.taps * in_y.taps == 0) return {number, image};  // it meets none
        const std::size_t deep = deep_.place(in_z.begin) + z / axes_[0].spread, high = high_.place(in_y.begin) + y / axes_[1].spread;
        return {number, image + (deep * image_[1].padded() + high) * image_[2].padded() * channels_};
    }

    void compute_row(const T* image, std::size_t z, std::size_t y, T* to) const {
        const auto [number, row] = find_row(image, z, y);
        this->kernels().multiply(together_[number], row + wide_.place(wide_.low) * channels_, channels_, to, results_of_phase(0));
    }

    void compute_phases(const T* image, std::size_t z, std::size_t y, T* line, T* to) const {
        const auto [number, row] = find_row(image, z, y);
        for (std::size_t phase = 0; phase < wide_.phases.size(); ++phase) {
            const Phase& x = wide_.phases[phase];
            const std::size_t first = x.taps != 0 ? wide_.place(x.begin) : 0;
            this->kernels().multiply(apart_[number * wide_.phases.size() + phase], row + first * channels_, channels_, line, results_of_phase(phase));
            for (std::size_t i = 0; i < results_of_phase(phase); ++i) {
                std::copy_n(line + i * filters_, filters_, to + (i * axes_[2].spread + phase) * filters_);
            }
        }
    }

    WindowAxes axes_;
    SpreadAxis deep_;
    SpreadAxis high_;
    SpreadAxis wide_;
    WindowAxes image_;
    std::size_t channels_;
    std::size_t filters_;
    std::vector<simd::Product<T>> together_;  ///< for each phase of the first two axes
    std::vector<simd::Product<T>> apart_;     ///< for each phase of all three
};

}  // namespace keras_hep::layers
