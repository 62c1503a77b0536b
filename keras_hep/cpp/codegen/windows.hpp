// Windows on images: how they lie along the axes, and zeros around.
#pragma once

#include <algorithm>
#include <cstddef>

namespace keras_hep::codegen {

/// One axis of an image. The values of the input stand `spread` apart, with zeros between them.
struct Axis {
    std::size_t size;
    std::size_t window;
    std::size_t stride;
    std::size_t dilation;
    std::size_t spread;
    std::size_t before;
    std::size_t after;

    constexpr std::size_t padded() const { return before + (size - 1) * spread + 1 + after; }
    constexpr std::size_t results() const { return (padded() - (window - 1) * dilation - 1) / stride + 1; }
    constexpr bool is_padded() const { return before + after != 0 || spread != 1; }

    /// Where the window of a result begins and ends in the input without its padding.
    constexpr std::size_t from(std::size_t result) const { return std::max(result * stride, before) - before; }
    constexpr std::size_t to(std::size_t result) const { return std::min(result * stride + window, before + size) - before; }
};

/// W has the axes `deep`, `high` and `wide`.
template <class W>
constexpr bool is_padded() {
    return W::deep.is_padded() || W::high.is_padded() || W::wide.is_padded();
}

/// The pixels before that of a window, or of a tap in it, in the padded image.
template <class W>
constexpr std::size_t pixels_before(std::size_t z, std::size_t y, std::size_t x) {
    return (z * W::high.padded() + y) * W::wide.padded() + x;
}

/// Copy an image between zeros.
template <class W, std::size_t Channels>
inline void pad(const float* x, float* __restrict y) {
    std::fill_n(y, W::deep.padded() * pixels_before<W>(1, 0, 0) * Channels, 0.0F);
    for (std::size_t z = 0; z < W::deep.size; ++z) {
        for (std::size_t row = 0; row < W::high.size; ++row) {
            for (std::size_t column = 0; column < W::wide.size; ++column, x += Channels) {
                const std::size_t pixel = pixels_before<W>(W::deep.before + z * W::deep.spread, W::high.before + row * W::high.spread,
                                                           W::wide.before + column * W::wide.spread);
                std::copy(x, x + Channels, y + pixel * Channels);
            }
        }
    }
}

/// An image without its borders, which are what stands before and after.
template <class W, std::size_t Channels>
inline void crop(const float* x, float* __restrict y) {
    for (std::size_t z = 0; z < W::deep.size; ++z) {
        for (std::size_t row = 0; row < W::high.size; ++row, y += W::wide.size * Channels) {
            const float* from = x + pixels_before<W>(W::deep.before + z, W::high.before + row, W::wide.before) * Channels;
            std::copy(from, from + W::wide.size * Channels, y);
        }
    }
}

}  // namespace keras_hep::codegen
