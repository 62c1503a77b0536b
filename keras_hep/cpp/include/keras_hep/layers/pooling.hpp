// The largest value, or the mean, of each window; what lies in the padding does not count.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "layer.hpp"
#include "windows.hpp"

namespace keras_hep::layers {

/// First the rows of a window are joined, then, in the row that this gives, the pixels; the channels stand next to each other.
template <class T>
class Pooling final : public Layer<T> {
public:
    /// The largest value is NaN where there is one; the largest number is not.
    enum class Kind { average, largest, largest_number };

    static std::unique_ptr<Layer<T>> make_average(const Declaration& declaration) {
        declaration.attributes("window strides padding");
        return make(declaration, Kind::average);
    }
    static std::unique_ptr<Layer<T>> make_largest(const Declaration& declaration) {
        declaration.attributes("window strides padding ignores_nan");
        return make(declaration, declaration.node.at("ignores_nan").boolean() ? Kind::largest_number : Kind::largest);
    }

    Pooling(const WindowAxes& axes, std::size_t channels, Kind kind) : axes_(axes), channels_(channels), kind_(kind) {}

    KERAS_HEP_LOADING std::size_t scratch(std::size_t) const override {
        if (axes_[0].window == 1 && axes_[1].window == 1) return 0;
        return simd::padded(axes_[2].size * channels_) * (axes_[0].window > 1 ? std::min(axes_[0].window, axes_[0].size) + 1 : 1);
    }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T* scratch) const override {
        const auto& [deep, high, wide] = axes_;
        const T* image = inputs[0];
        const std::size_t row = wide.results() * channels_;
        for (std::size_t event = 0; event < events; ++event, image += input_size(axes_) * channels_) {
            for (std::size_t z = 0; z < deep.results(); ++z) {
                for (std::size_t y = 0; y < high.results(); ++y, output += row) {
                    const auto [z_from, z_to] = inside(deep, z);
                    const auto [y_from, y_to] = inside(high, y);
                    const T* joined = join_rows(image, z_from, z_to, y_from, y_to, scratch);
                    join_pixels(joined, static_cast<T>((z_to - z_from) * (y_to - y_from)), output);
                }
            }
        }
    }

private:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration, Kind kind) {
        declaration.takes(1);
        auto [axes, shape] = read_windows(declaration, false);
        for (const WindowAxis& axis : axes) {
            if (axis.before >= axis.window || axis.after >= axis.window) {
                declaration.node.at("padding").fail_shape({"expected less padding than the window of ", axis.window, " has"});
            }
        }
        declaration.gives(shape);
        return Made<T>(new Pooling(axes, shape.back(), kind));
    }

    /// Where a window begins and ends in the input.
    static std::pair<std::size_t, std::size_t> inside(const WindowAxis& axis, std::size_t result) {
        const std::size_t begin = result * axis.stride, end = begin + axis.window;
        return {std::max(begin, axis.before) - axis.before, std::min(end, axis.before + axis.size) - axis.before};
    }

    void reduce(const simd::Windows& windows, T factor, const T* from, T* to) const {
        if (kind_ == Kind::average) {
            this->kernels().total(windows, factor, from, to);
        } else {
            this->kernels().largest(windows, kind_ == Kind::largest_number, from, to);
        }
    }

    /// Join the rows of a window; returns where the row that this gives stands.
    const T* join_rows(const T* image, std::size_t z_from, std::size_t z_to, std::size_t y_from, std::size_t y_to, T* scratch) const {
        const std::size_t size = axes_[2].size * channels_, line = simd::padded(size);
        const auto row = [&](std::size_t z) { return image + (z * axes_[1].size + y_from) * size; };
        if (axes_[0].window == 1) {
            if (axes_[1].window == 1) return row(z_from);
            reduce({1, 0, y_to - y_from, size, size}, T(1), row(z_from), scratch);
            return scratch;
        }
        for (std::size_t z = z_from; z < z_to; ++z) {
            reduce({1, 0, y_to - y_from, size, size}, T(1), row(z), scratch + (z - z_from + 1) * line);
        }
        reduce({1, 0, z_to - z_from, line, size}, T(1), scratch + line, scratch);
        return scratch;
    }

    /// Join the pixels of all windows of a row, in which `rows` rows were joined.
    void join_pixels(const T* row, T rows, T* output) const {
        const WindowAxis& wide = axes_[2];
        std::size_t x = 0;
        while (x < wide.results()) {
            const auto [from, to] = inside(wide, x);
            std::size_t results = 1;
            if (to - from == wide.window) {  // so are those that follow, up to the padding behind
                results = std::min((wide.size - to) / wide.stride + 1, wide.results() - x);
            }
            const simd::Windows windows{results, wide.stride * channels_, to - from, channels_, channels_};
            reduce(windows, T(1) / (rows * static_cast<T>(to - from)), row + from * channels_, output + x * channels_);
            x += results;
        }
    }

    WindowAxes axes_;
    std::size_t channels_;
    Kind kind_;
};

}  // namespace keras_hep::layers
