// The kernels of recurrent layers against plain loops in double precision.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "keras_hep/simd/kernels.hpp"
#include "keras_hep/simd/scalar.hpp"
#include "values.hpp"

/// Sums that begin with rows of their own; `in_place`: they are written where they began.
template <class T>
void test_accumulated(const Kernels<T>& kernels, Random& random, std::size_t rows, std::size_t units, std::size_t depth, Kind kind, bool in_place) {
    std::vector<T> weights(depth * units);
    for (T& value : weights) value = static_cast<T>(random.next());
    const Product<T> product = pack<T>(kernels, {0}, depth, units, weights.data(), nullptr, {kind, 1, 0, 0});
    const std::size_t stride = depth + 2, stride_begin = in_place ? units : product.panels() * product.width + 3;
    Guarded<T> a((rows - 1) * stride + depth);
    WithSlack<T> begin(rows * stride_begin), c(rows * units);
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<T>(random.next());
    for (std::size_t i = 0; i < rows * stride_begin; ++i) {  // nothing but the units of a row counts
        begin[i] = i % stride_begin < units || i % stride_begin < product.panels() * product.width ? static_cast<T>(random.next()) : slack_value<T>(i);
    }
    std::vector<double> expected(rows * units), size(rows * units);
    for (std::size_t i = 0; i < rows * units; ++i) {
        const std::size_t r = i / units, u = i % units;
        expected[i] = static_cast<double>(begin[r * stride_begin + u]);
        size[i] = std::abs(expected[i]);
        for (std::size_t k = 0; k < depth; ++k) {
            const double part = static_cast<double>(a[r * stride + k]) * static_cast<double>(weights[k * units + u]);
            expected[i] += part;
            size[i] += std::abs(part);
        }
        expected[i] = scalar(Function<double>{kind, 1, 0, 0}, expected[i]);
    }
    T* const result = in_place ? begin.data() : c.data();
    std::feclearexcept(FE_ALL_EXCEPT);
    kernels.accumulate(product, a.data(), stride, begin.data(), stride_begin, result, rows);
    EXPECT(std::fetestexcept(forbidden) == 0);
    for (std::size_t i = 0; i < rows * units; ++i) {
        const double unit = static_cast<double>(std::numeric_limits<T>::epsilon());
        EXPECT(std::abs(static_cast<double>(result[i]) - expected[i]) <= unit * (size[i] * static_cast<double>(depth + 1) / 2 + 2));
    }
}

template <class T>
void test_accumulate(const Kernels<T>& kernels) {
    Random random;
    const Kind kinds[] = {Kind::linear, Kind::relu, Kind::tanh};
    for (std::size_t rows = 1; rows <= 13; ++rows) {
        for (std::size_t units = 1; units <= 70; ++units) {
            if (rows > 2 && units % 16 > 1 && (rows + units) % 3 != 0) continue;
            const std::size_t depth = 1 + (rows * units) % 19;
            test_accumulated(kernels, random, rows, units, depth, kinds[units % 3], false);
            const bool whole = units % std::max<std::size_t>(kernels.width, 1) == 0;
            if (whole) test_accumulated(kernels, random, rows, units, depth, kinds[rows % 3], true);
        }
    }
}

/// A step of `n` units whose gates are up to `scale`.
template <class T>
void test_lstm_step(const Kernels<T>& kernels, Random& random, std::size_t n, double scale) {
    Guarded<T> gates(4 * n), cells(n), hidden(n);
    for (std::size_t i = 0; i < 4 * n; ++i) gates[i] = static_cast<T>(scale * random.next());
    for (std::size_t i = 0; i < n; ++i) cells[i] = static_cast<T>(3 * random.next());
    const auto gate = [&](std::size_t number, std::size_t u) { return static_cast<double>(gates[number * n + u]); };
    std::vector<double> cell(n), output(n);
    for (std::size_t u = 0; u < n; ++u) {
        cell[u] = scalar_sigmoid(gate(1, u)) * static_cast<double>(cells[u]) + scalar_sigmoid(gate(0, u)) * std::tanh(gate(3, u));
        output[u] = scalar_sigmoid(gate(2, u)) * std::tanh(cell[u]);
    }
    std::feclearexcept(FE_ALL_EXCEPT);
    kernels.lstm(gates.data(), cells.data(), hidden.data(), n);
    EXPECT(std::fetestexcept(forbidden) == 0);
    const double tolerance = 4 * static_cast<double>(std::numeric_limits<T>::epsilon());
    for (std::size_t u = 0; u < n; ++u) {
        EXPECT(std::abs(static_cast<double>(cells[u]) - cell[u]) <= tolerance * std::max(1.0, std::abs(cell[u])));
        EXPECT(std::abs(static_cast<double>(hidden[u]) - output[u]) <= tolerance);
    }
}

template <class T>
void test_lstm(const Kernels<T>& kernels) {
    Random random;
    const std::size_t width = std::max<std::size_t>(kernels.width, 1);
    for (std::size_t n = width; n <= 70 + width; n += width) {
        for (const double scale : {0.0, 0.01, 1.0, 5.0, 30.0, 1000.0, 1e38}) test_lstm_step(kernels, random, n, scale);
        for (std::size_t number = 0; number < 4; ++number) {  // NaN goes through, and to its unit alone
            Guarded<T> gates(4 * n), cells(n), hidden(n);
            std::fill_n(gates.data(), 4 * n, T(0.5));
            std::fill_n(cells.data(), n, T(0.5));
            const std::size_t place = number * 7 % n;
            gates[number * n + place] = std::numeric_limits<T>::quiet_NaN();
            kernels.lstm(gates.data(), cells.data(), hidden.data(), n);
            for (std::size_t u = 0; u < n; ++u) {
                EXPECT(std::isnan(cells[u]) == (u == place && number != 2));
                EXPECT(std::isnan(hidden[u]) == (u == place));
            }
        }
    }
}
