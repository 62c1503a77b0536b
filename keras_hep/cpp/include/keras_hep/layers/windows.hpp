// Where windows lie on the axes of an image: convolutions and pooling have this in common.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

/// How windows lie along one axis. The values of the input stand `spread` apart, with zeros between them.
struct WindowAxis {
    std::size_t size = 1;
    std::size_t window = 1;
    std::size_t stride = 1;
    std::size_t dilation = 1;
    std::size_t spread = 1;
    std::size_t before = 0;
    std::size_t after = 0;

    std::size_t padded() const { return before + (size - 1) * spread + 1 + after; }
    std::size_t extent() const { return (window - 1) * dilation + 1; }
    std::size_t results() const { return (padded() - extent()) / stride + 1; }
    bool is_padded() const { return before + after != 0 || spread != 1; }
    bool is_trivial() const { return window == 1 && stride == 1 && !is_padded(); }
};

/// Depth, height and width; an image with fewer axes has the depth, and the height, 1.
using WindowAxes = std::array<WindowAxis, 3>;

inline bool is_padded(const WindowAxes& axes) { return axes[0].is_padded() || axes[1].is_padded() || axes[2].is_padded(); }
inline bool is_spread(const WindowAxes& axes) { return axes[0].spread != 1 || axes[1].spread != 1 || axes[2].spread != 1; }
inline std::size_t padded_size(const WindowAxes& axes) { return axes[0].padded() * axes[1].padded() * axes[2].padded(); }
inline std::size_t window_size(const WindowAxes& axes) { return axes[0].window * axes[1].window * axes[2].window; }
inline std::size_t input_size(const WindowAxes& axes) { return axes[0].size * axes[1].size * axes[2].size; }
inline std::size_t results_of(const WindowAxes& axes) { return axes[0].results() * axes[1].results() * axes[2].results(); }

/// The padding as it stands in the file, or for "same" what gives an axis ceil(size / stride) results.
[[gnu::noinline]] inline std::vector<std::size_t> read_padding(const Declaration& declaration, const std::vector<std::size_t>& window,
                                                               const std::vector<std::size_t>& strides, const std::vector<std::size_t>& dilation,
                                                               const std::vector<std::size_t>& spread) {
    const Field field = declaration.node.at("padding");
    if (!field.is_text()) return field.counts(2 * window.size(), 0, max_values);
    if (field.text() != "same") field.fail("expected numbers or 'same', found '" + field.text().substr(0, 80) + "'");
    std::vector<std::size_t> padding;
    for (std::size_t i = 0; i < window.size(); ++i) {
        if (spread[i] != 1) field.fail("expected numbers where the input is spread");
        const std::size_t size = declaration.inputs[0][i], extent = (window[i] - 1) * dilation[i] + 1;
        const std::size_t needed = (size - 1) / strides[i] * strides[i] + extent, total = needed > size ? needed - size : 0;
        padding.push_back(total / 2);
        padding.push_back(total - total / 2);
    }
    return padding;
}

/// The windows of pooling; null stands for the whole axis.
[[gnu::noinline]] inline std::vector<std::size_t> read_sizes_of_pools(const Declaration& declaration) {
    const Shape& input = declaration.inputs[0];
    const Field field = declaration.node.at("window");
    if (!field.has_nulls()) return field.counts(input.size() - 1, 1, max_values);
    Shape window = field.open_shape();
    if (window.size() != input.size() - 1) field.fail_shape("expected " + std::to_string(input.size() - 1) + " numbers, found " + std::to_string(window.size()));
    for (std::size_t i = 0; i < window.size(); ++i) window[i] = window[i] == open_size ? input[i] : window[i];
    return window;
}

/// Read the attributes window, strides and padding, and those of convolutions where `all`; the last axis of the input holds channels.
/// Returns also the shape of the results, whose last axis is left at the number of input channels.
[[gnu::noinline]] inline std::pair<WindowAxes, Shape> read_windows(const Declaration& declaration, bool all) {
    const Shape& input = declaration.inputs[0];
    const std::size_t rank = input.size() - 1;
    if (rank < 1 || rank > 3) {
        declaration.node.at("inputs").fail_shape({"expected an input of 2 to 4 axes, the last of them channels, found ", input});
    }
    const Field& node = declaration.node;
    const auto sizes = [&](const char* key) { return node.at(key).counts(rank, 1, max_values); };
    const std::vector<std::size_t> window = all ? sizes("window") : read_sizes_of_pools(declaration), strides = sizes("strides");
    const std::vector<std::size_t> ones(rank, 1), dilation = all ? sizes("dilation") : ones, spread = all ? sizes("spread") : ones;
    const std::vector<std::size_t> padding = read_padding(declaration, window, strides, dilation, spread);
    WindowAxes axes;
    Shape shape;
    std::uint64_t total = input.back();
    for (std::size_t i = 0; i < rank; ++i) {
        WindowAxis& axis = axes[i + 3 - rank];
        axis = {input[i], window[i], strides[i], dilation[i], spread[i], padding[2 * i], padding[2 * i + 1]};
        if (axis.padded() > max_values) node.at("padding").fail_shape("the padded input is larger than 2**26 values");
        total *= axis.padded();
        if (total > max_values) node.at("padding").fail_shape("the padded input is larger than 2**26 values");
        if (axis.extent() > axis.padded()) {
            node.at("window").fail_shape({"a window of ", axis.extent(), " is larger than the padded axis of ", axis.padded()});
        }
        shape.push_back(axis.results());
    }
    shape.push_back(input.back());
    return {axes, std::move(shape)};
}

/// Read what stands before and behind each axis: an attribute of two numbers for each axis but that of the channels.
[[gnu::noinline]] inline WindowAxes read_borders(const Declaration& declaration, const char* key) {
    const Shape& input = declaration.inputs[0];
    const std::size_t rank = input.size() - 1;
    if (rank < 1 || rank > 3) {
        declaration.node.at("inputs").fail_shape({"expected an input of 2 to 4 axes, the last of them channels, found ", input});
    }
    const std::vector<std::size_t> borders = declaration.node.at(key).counts(2 * rank, 0, max_values);
    WindowAxes axes;
    for (std::size_t i = 0; i < rank; ++i) {
        WindowAxis& axis = axes[i + 3 - rank];
        axis.size = input[i];
        axis.before = borders[2 * i];
        axis.after = borders[2 * i + 1];
    }
    return axes;
}

/// Copy an image between zeros.
template <class T>
void pad(const WindowAxes& axes, std::size_t channels, const T* from, T* to) {
    const auto& [deep, high, wide] = axes;
    const std::size_t row = wide.padded() * channels, filled = wide.size * channels;
    if (deep.spread != 1 || high.spread != 1 || wide.spread != 1) std::fill(to, to + padded_size(axes) * channels, T(0));
    for (std::size_t z = 0; z < deep.padded(); ++z) {
        const bool in_depth = z >= deep.before && z - deep.before <= (deep.size - 1) * deep.spread;
        if (!in_depth || (z - deep.before) % deep.spread != 0) {
            std::fill(to, to + high.padded() * row, T(0));
            to += high.padded() * row;
            continue;
        }
        for (std::size_t y = 0; y < high.padded(); ++y, to += row) {
            const bool in_height = y >= high.before && y - high.before <= (high.size - 1) * high.spread;
            if (!in_height || (y - high.before) % high.spread != 0) {
                std::fill(to, to + row, T(0));
            } else if (wide.spread == 1) {
                T* end = std::fill_n(to, wide.before * channels, T(0));
                end = std::copy(from, from + filled, end);
                std::fill(end, to + row, T(0));
                from += filled;
            } else {
                for (std::size_t x = 0; x < wide.size; ++x, from += channels) {
                    std::copy(from, from + channels, to + (wide.before + x * wide.spread) * channels);
                }
            }
        }
    }
}

}  // namespace keras_hep::layers
