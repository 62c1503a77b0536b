// The largest value, or the mean, of windows; padding does not count.
#pragma once

#include "registers.hpp"
#include "windows.hpp"

namespace keras_hep::codegen {

struct LargestOf {
    static Floats first(Floats x) { return x; }
    static Floats combine(Floats a, Floats b) { return simd::generated::choose((Bits)(a >= b) | (Bits)(a != a), a, b); }
};
struct LargestNumberOf {
    static Floats first(Floats x) { return combine(simd::generated::splat(-__FLT_MAX__), x); }
    static Floats combine(Floats a, Floats b) { return simd::generated::larger(b, a); }
};
struct TotalOf {
    static Floats first(Floats x) { return x; }
    static Floats combine(Floats a, Floats b) { return a + b; }
};

/// What is combined first: the rows of a window, then what they give over the levels, then the pixels.
template <class W, std::size_t Channels, class Operation, bool is_mean>
inline void pool(const float* x, float* __restrict y) {
    for (std::size_t level = 0; level < W::deep.results(); ++level) {
        const std::size_t z_from = W::deep.from(level), z_to = W::deep.to(level);
        for (std::size_t row = 0; row < W::high.results(); ++row) {
            const std::size_t y_from = W::high.from(row), y_to = W::high.to(row);
            for (std::size_t column = 0; column < W::wide.results(); ++column, y += Channels) {
                const std::size_t x_from = W::wide.from(column), x_to = W::wide.to(column);
                const float rows = static_cast<float>((z_to - z_from) * (y_to - y_from));
                const float factor = 1.0F / (rows * static_cast<float>(x_to - x_from));
                each<Channels>([&](std::size_t i, auto number) {
                    const auto value = [&](std::size_t a, std::size_t b, std::size_t c) {
                        return take(x + ((a * W::high.size + b) * W::wide.size + c) * Channels + i, number);
                    };
                    const auto over_rows = [&](std::size_t a, std::size_t c) {
                        Floats total = Operation::first(value(a, y_from, c));
                        for (std::size_t b = y_from + 1; b < y_to; ++b) total = Operation::combine(total, value(a, b, c));
                        return total;
                    };
                    const auto over_levels = [&](std::size_t c) {
                        Floats total = over_rows(z_from, c);
                        for (std::size_t a = z_from + 1; a < z_to; ++a) total = Operation::combine(total, over_rows(a, c));
                        return total;
                    };
                    Floats total = over_levels(x_from);
                    for (std::size_t c = x_from + 1; c < x_to; ++c) total = Operation::combine(total, over_levels(c));
                    put(y + i, is_mean ? total * factor : total, number);
                });
            }
        }
    }
}

}  // namespace keras_hep::codegen
