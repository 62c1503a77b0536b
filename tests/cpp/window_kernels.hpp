// The kernels of pooling and of depthwise convolutions against plain loops in double precision.
#pragma once

#include <algorithm>
#include <cmath>

#include "keras_hep/simd/kernels.hpp"
#include "values.hpp"

template <class T>
void test_windows(const Kernels<T>& kernels) {
    Random random;
    for (std::size_t size = 1; size <= 40; ++size) {
        const Windows windows{3, 2 * size + 1, 4, size + 2, size};
        WithSlack<T> x(2 * windows.step + 3 * windows.stride + size), y(3 * size);
        for (std::size_t i = 0; i < x.size() - slack; ++i) x[i] = static_cast<T>(random.next());
        Taps<T> taps{size, {3, 0, size + 1}, Aligned<T>(3 * size + slack), Aligned<T>(size + slack)};
        for (std::size_t i = 0; i < 3 * size; ++i) taps.weights[i] = static_cast<T>(random.next());
        for (std::size_t i = 0; i < size; ++i) taps.bias[i] = static_cast<T>(random.next());
        const auto in = [&](std::size_t i) { return static_cast<double>(x[i]); };
        const auto check = [&](const auto& expected) {
            EXPECT(std::fetestexcept(forbidden) == 0);
            const double tolerance = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
            for (std::size_t i = 0; i < 3 * size; ++i) {
                EXPECT(std::abs(static_cast<double>(y[i]) - expected(i / size * windows.step + i % size, i % size)) <= tolerance);
            }
        };
        std::feclearexcept(FE_ALL_EXCEPT);
        for (const bool ignores_nan : {false, true}) {
            kernels.largest(windows, ignores_nan, x.data(), y.data());
            check([&](std::size_t at, std::size_t) {
                return std::max(std::max(in(at), in(at + windows.stride)), std::max(in(at + 2 * windows.stride), in(at + 3 * windows.stride)));
            });
        }
        kernels.total(windows, T(0.25), x.data(), y.data());
        check([&](std::size_t at, std::size_t) {
            return (in(at) + in(at + windows.stride) + in(at + 2 * windows.stride) + in(at + 3 * windows.stride)) / 4;
        });
        kernels.tap(taps, x.data(), windows.step, y.data(), 3);
        check([&](std::size_t at, std::size_t i) {
            double sum = static_cast<double>(taps.bias[i]);
            for (std::size_t t = 0; t < 3; ++t) sum += in(at + taps.places[t]) * static_cast<double>(taps.weights[t * size + i]);
            return sum;
        });
        for (std::size_t j = 0; j < 4; ++j) {  // NaN wins, or is left out, wherever it stands
            const T before = x[j * windows.stride];
            x[j * windows.stride] = std::numeric_limits<T>::quiet_NaN();
            kernels.largest(windows, false, x.data(), y.data());
            EXPECT(std::isnan(y[0]));
            kernels.largest(windows, true, x.data(), y.data());
            double most = -1e300;
            for (std::size_t k = 0; k < 4; ++k) most = k == j ? most : std::max(most, in(k * windows.stride));
            EXPECT(static_cast<double>(y[0]) == most);
            x[j * windows.stride] = before;
        }
        for (std::size_t j = 0; j < 4; ++j) x[j * windows.stride] = std::numeric_limits<T>::quiet_NaN();
        kernels.largest(windows, true, x.data(), y.data());
        EXPECT(y[0] == std::numeric_limits<T>::lowest());
    }
}
