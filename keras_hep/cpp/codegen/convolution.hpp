// Convolutions: products of rows of pixels with the window's weights.
#pragma once

#include <array>

#include "product.hpp"
#include "windows.hpp"

namespace keras_hep::codegen {

/// Whether the pixels of a row of the window stand together.
template <class W>
constexpr bool is_dense() {
    return W::wide.dilation == 1 || W::wide.window == 1;
}

template <class W>
constexpr std::size_t number_of_segments() {
    return W::deep.window * W::high.window * (is_dense<W>() ? 1 : W::wide.window);
}

/// Where the pixels of the window that stand together begin.
template <class W, std::size_t Channels>
constexpr std::array<std::size_t, number_of_segments<W>()> segments_of() {
    std::array<std::size_t, number_of_segments<W>()> places{};
    std::size_t next = 0;
    for (std::size_t z = 0; z < W::deep.window; ++z) {
        for (std::size_t y = 0; y < W::high.window; ++y) {
            for (std::size_t x = 0; x < (is_dense<W>() ? 1 : W::wide.window); ++x) {
                places[next++] = pixels_before<W>(z * W::deep.dilation, y * W::high.dilation, x * W::wide.dilation) * Channels;
            }
        }
    }
    return places;
}

/// Weights are [window][channel][filter], with rows of padded filters; `image` has room for the padded image.
template <class W, std::size_t Channels, std::size_t Filters>
inline void convolve(const float* weights, const float* bias, const float* x, float* __restrict y, [[maybe_unused]] float* __restrict image) {
    static constexpr auto segments = segments_of<W, Channels>();
    constexpr std::size_t depth = (is_dense<W>() ? W::wide.window : 1) * Channels, results = W::wide.results();
    using Row = Product<results, segments.size(), depth, Filters, W::wide.stride * Channels, 0, Filters>;
    if constexpr (is_padded<W>()) {
        pad<W, Channels>(x, image);
        x = image;
    }
    for (std::size_t z = 0; z < W::deep.results(); ++z) {
        for (std::size_t row = 0; row < W::high.results(); ++row, y += results * Filters) {
            Row::run(weights, segments.data(), bias, x + pixels_before<W>(z * W::deep.stride, row * W::high.stride, 0) * Channels, y);
        }
    }
}

/// Channels and filters in groups of neighbours; weights and bias are those of the groups, one after another, each padded.
template <class W, std::size_t Channels, std::size_t Filters, std::size_t Groups>
inline void convolve_groups(const float* weights, const float* bias, const float* x, float* __restrict y,
                            [[maybe_unused]] float* __restrict image) {
    constexpr std::size_t depth = Channels / Groups, units = Filters / Groups, results = W::wide.results();
    constexpr std::size_t taps = W::deep.window * W::high.window * W::wide.window;
    std::size_t segments[taps];
    for (std::size_t tap = 0; tap < taps; ++tap) {
        const std::size_t column = tap % W::wide.window, line = tap / W::wide.window % W::high.window, level = tap / W::wide.window / W::high.window;
        segments[tap] = pixels_before<W>(level * W::deep.dilation, line * W::high.dilation, column * W::wide.dilation) * Channels;
    }
    if constexpr (is_padded<W>()) {
        pad<W, Channels>(x, image);
        x = image;
    }
    for (std::size_t z = 0; z < W::deep.results(); ++z) {
        for (std::size_t row = 0; row < W::high.results(); ++row, y += results * Filters) {
            const float* from = x + pixels_before<W>(z * W::deep.stride, row * W::high.stride, 0) * Channels;
            for (std::size_t group = 0; group < Groups; ++group) {
                Product<results, taps, depth, units, W::wide.stride * Channels, 0, Filters>::run(
                    weights + group * taps * depth * padded(units), segments, bias + group * padded(units), from + group * depth, y + group * units);
            }
        }
    }
}

/// Each channel by itself to `Multiplier` filters; weights are [window][filter].
template <class W, std::size_t Channels, std::size_t Multiplier>
inline void convolve_channels(const float* weights, const float* bias, const float* x, float* __restrict y,
                              [[maybe_unused]] float* __restrict image) {
    constexpr std::size_t filters = Channels * Multiplier;
    if constexpr (is_padded<W>()) {
        pad<W, Channels>(x, image);
        x = image;
    }
    const auto sum = [&](const float* from, auto begin, auto add) {
        auto total = begin;
        const float* w = weights;
        for (std::size_t z = 0; z < W::deep.window; ++z) {
            for (std::size_t line = 0; line < W::high.window; ++line) {
                for (std::size_t column = 0; column < W::wide.window; ++column, w += filters) {
                    total = add(from + pixels_before<W>(z * W::deep.dilation, line * W::high.dilation, column * W::wide.dilation) * Channels, w, total);
                }
            }
        }
        return total;
    };
    for (std::size_t z = 0; z < W::deep.results(); ++z) {
        for (std::size_t row = 0; row < W::high.results(); ++row) {
            for (std::size_t column = 0; column < W::wide.results(); ++column, y += filters) {
                const float* from = x + pixels_before<W>(z * W::deep.stride, row * W::high.stride, column * W::wide.stride) * Channels;
                if constexpr (Multiplier == 1) {
                    each<filters>([&](std::size_t i, auto number) {
                        put(y + i, sum(from, take(bias + i, number), [&](const float* tap, const float* w, Floats total) {
                                return multiply_add(take(tap + i, number), take(w + i, number), total);
                            }), number);
                    });
                } else {
                    for (std::size_t i = 0; i < filters; ++i) {
                        y[i] = sum(from, bias[i], [&](const float* tap, const float* w, float total) { return rounded(tap[i / Multiplier] * w[i]) + total; });
                    }
                }
            }
        }
    }
}

}  // namespace keras_hep::codegen
