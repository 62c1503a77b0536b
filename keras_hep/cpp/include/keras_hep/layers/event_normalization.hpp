// Normalisation with the mean and the variance of the values of an event itself: of a layer, of groups of channels, of one axis.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

/// How values are normalised: `rows` times, each time `pixels` of `groups * size` channels; the `size` channels of a group have, over
/// all pixels, one mean and one variance.
struct NormalizedParts {
    std::size_t rows;
    std::size_t pixels;
    std::size_t groups;
    std::size_t size;
};

template <class T>
class EventNormalization final : public Layer<T> {
public:
    /// `gamma` and `beta` are those of the channels; without `centred` the mean counts as zero.
    EventNormalization(NormalizedParts parts, bool centred, T epsilon, std::vector<T> gamma, std::vector<T> beta)
        : parts_(parts), centred_(centred), epsilon_(epsilon), gamma_(std::move(gamma)), beta_(std::move(beta)) {}

    std::size_t scratch(std::size_t) const override { return 2 * simd::padded(gamma_.size()); }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T* factor) const override {
        const T* input = inputs[0];
        T* offset = factor + simd::padded(gamma_.size());
        const std::size_t channels = gamma_.size();
        for (std::size_t row = 0; row < events * parts_.rows; ++row) {
            for (std::size_t group = 0; group < parts_.groups; ++group) find_map(input, group * parts_.size, factor, offset);
            for (std::size_t pixel = 0; pixel < parts_.pixels; ++pixel, input += channels, output += channels) {
                this->kernels().affine(input, factor, offset, output, channels);
            }
        }
    }

private:
    template <bool squares>
    static T term(T x, T mean) {
        return squares ? simd::rounded((x - mean) * (x - mean)) : x;
    }

    /// The sum of (x - mean)^2, or of x, over a group.
    template <bool squares>
    T sum(const T* x, T mean) const {
        constexpr std::size_t lanes = 8;  // sums that need not wait for each other
        T sums[lanes] = {};
        for (std::size_t pixel = 0; pixel < parts_.pixels; ++pixel, x += gamma_.size()) {
            std::size_t i = 0;
            for (; i + lanes <= parts_.size; i += lanes) {
                for (std::size_t j = 0; j < lanes; ++j) sums[j] += term<squares>(x[i + j], mean);
            }
            for (; i < parts_.size; ++i) sums[i % lanes] += term<squares>(x[i], mean);
        }
        T total = 0;
        for (const T part : sums) total += part;
        return total;
    }

    void find_map(const T* input, std::size_t first, T* factor, T* offset) const {
        const T number = static_cast<T>(parts_.pixels * parts_.size);
        const T mean = centred_ ? sum<false>(input + first, 0) / number : T(0);
        const T inverse = T(1) / std::sqrt(sum<true>(input + first, mean) / number + epsilon_);
        for (std::size_t k = first; k < first + parts_.size; ++k) {
            factor[k] = inverse * gamma_[k];
            offset[k] = beta_[k] - simd::rounded(mean * factor[k]);
        }
    }

    NormalizedParts parts_;
    bool centred_;
    T epsilon_;
    std::vector<T> gamma_;
    std::vector<T> beta_;
};

/// Over the last `axes` axes together; `rms`: without the mean.
template <class T>
KERAS_HEP_LOADING std::unique_ptr<Layer<T>> make_layer_normalization(const Declaration& declaration, bool rms) {
    if (rms) {
        declaration.attributes("axes epsilon gamma");
    } else {
        declaration.attributes("axes epsilon gamma beta");
    }
    declaration.takes(1);
    const Shape& shape = declaration.inputs[0];
    declaration.gives(shape);
    const Field field = declaration.node.at("axes");
    const std::size_t axes = field.count(shape.size());
    if (axes == 0) field.fail("expected at least one axis");
    const std::size_t size = product(shape, shape.size() - axes, shape.size());
    std::vector<T> beta = rms ? std::vector<T>(size, T(0)) : declaration.numbers_or<T>("beta", size, T(0));
    return Made<T>(new EventNormalization<T>(NormalizedParts{product(shape) / size, 1, 1, size}, !rms,
                                             declaration.node.at("epsilon").number<T>(),
                                             declaration.numbers_or<T>("gamma", size, T(1)), std::move(beta)));
}

template <class T, bool rms>
std::unique_ptr<Layer<T>> make_layer_normalization(const Declaration& declaration) {
    return make_layer_normalization<T>(declaration, rms);
}

/// Over all axes, in groups of the channels, which are the last one.
template <class T>
KERAS_HEP_LOADING std::unique_ptr<Layer<T>> make_group_normalization(const Declaration& declaration) {
    declaration.attributes("groups epsilon gamma beta");
    declaration.takes(1);
    const Shape& shape = declaration.inputs[0];
    declaration.gives(shape);
    const std::size_t channels = shape.back();
    const Field field = declaration.node.at("groups");
    const std::size_t groups = field.count(channels);
    if (groups == 0 || channels % groups != 0) {
        field.fail_shape({"expected a number that divides ", channels, " channels, found ", groups});
    }
    const NormalizedParts parts{1, product(shape) / channels, groups, channels / groups};
    return Made<T>(new EventNormalization<T>(parts, true, declaration.node.at("epsilon").number<T>(),
                                             declaration.numbers_or<T>("gamma", channels, T(1)),
                                             declaration.numbers_or<T>("beta", channels, T(0))));
}

/// Over the Euclidean length along one axis, which counts as at least `epsilon`.
template <class T>
class UnitNormalization final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("axis epsilon");
        declaration.takes(1);
        const Shape& shape = declaration.inputs[0];
        declaration.gives(shape);
        const std::size_t axis = declaration.axis();
        return Made<T>(new UnitNormalization(product(shape, 0, axis), shape[axis], product(shape, axis + 1, shape.size()),
                                             declaration.node.at("epsilon").number<T>()));
    }

    /// `outer` and `inner` are the numbers of values before and behind the axis.
    UnitNormalization(std::size_t outer, std::size_t size, std::size_t inner, T epsilon)
        : outer_(outer), size_(size), inner_(inner), epsilon_(epsilon) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const T* input = inputs[0];
        for (std::size_t i = 0; i < outer_ * events; ++i, input += size_ * inner_, output += size_ * inner_) {
            for (std::size_t j = 0; j < inner_; ++j) {
                T squares = 0;
                for (std::size_t k = 0; k < size_; ++k) squares += simd::rounded(input[k * inner_ + j] * input[k * inner_ + j]);
                const T length = std::sqrt(squares);
                const T factor = T(1) / (length < epsilon_ ? epsilon_ : length);
                for (std::size_t k = 0; k < size_; ++k) output[k * inner_ + j] = input[k * inner_ + j] * factor;
            }
        }
    }

private:
    std::size_t outer_;
    std::size_t size_;
    std::size_t inner_;
    T epsilon_;
};

}  // namespace keras_hep::layers
