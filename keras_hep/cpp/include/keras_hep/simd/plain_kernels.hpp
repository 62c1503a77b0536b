// The kernels as plain loops, for double precision.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include "kernels.hpp"
#include "scalar.hpp"

namespace keras_hep::simd::plain {

template <class T>
void apply(const Function<T>& function, const T* x, T* y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] = scalar(function, x[i]);
}

template <class T>
void accumulate(const Product<T>& p, const T* a, std::size_t stride, const T* begin, std::size_t stride_begin, T* c, std::size_t rows) {
    for (std::size_t r = 0; r < rows; ++r, a += stride, begin += stride_begin, c += p.units) {
        for (std::size_t u = 0; u < p.units; ++u) c[u] = begin[u];
        const T* weights = p.weights.data();
        for (const std::size_t segment : p.segments) {
            for (std::size_t k = 0; k < p.depth; ++k, weights += p.width) {
                const T value = a[segment + k];
                for (std::size_t u = 0; u < p.units; ++u) c[u] += value * weights[u];
            }
        }
        apply(p.function, c, c, p.units);
    }
}

template <class T>
void multiply(const Product<T>& p, const T* a, std::size_t stride, T* c, std::size_t rows) {
    accumulate(p, a, stride, p.bias.data(), 0, c, rows);
}

template <class T>
void affine(const T* x, const T* factor, const T* offset, T* y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] = x[i] * factor[i] + offset[i];
}

template <class T>
void combine(const T* a, const T* x, const T* b, const T* y, T* out, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) out[i] = a[i] * x[i] + b[i] * y[i];
}

template <class T>
void times(const T* x, const T* y, T* out, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) out[i] = x[i] * y[i];
}

template <class T>
void softmax(const T* x, T* y, std::size_t n) {
    T most = x[0];
    for (std::size_t i = 1; i < n; ++i) most = x[i] > most ? x[i] : most;
    T sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
        y[i] = std::exp(x[i] - most);
        sum += y[i];
    }
    for (std::size_t i = 0; i < n; ++i) y[i] /= sum;
}

template <class T>
void masked_sum(const T* x, const T* mask, std::size_t rows, std::size_t n, T* y) {
    for (std::size_t k = 0; k < n; ++k) y[k] = 0;
    for (std::size_t row = 0; row < rows; ++row, x += n) {
        if (!(mask[row] > T(0.5))) continue;
        for (std::size_t k = 0; k < n; ++k) y[k] += x[k];
    }
}

template <class T>
void largest(const Windows& windows, bool ignores_nan, const T* x, T* y) {
    for (std::size_t r = 0; r < windows.results; ++r, x += windows.step, y += windows.size) {
        for (std::size_t i = 0; i < windows.size; ++i) {
            T most = ignores_nan ? std::numeric_limits<T>::lowest() : x[i];
            for (std::size_t j = 0; j < windows.number; ++j) {
                const T value = x[j * windows.stride + i];
                most = most >= value || most != most || (ignores_nan && value != value) ? most : value;
            }
            y[i] = most;
        }
    }
}

template <class T>
void total(const Windows& windows, T factor, const T* x, T* y) {
    for (std::size_t r = 0; r < windows.results; ++r, x += windows.step, y += windows.size) {
        for (std::size_t i = 0; i < windows.size; ++i) {
            T sum = x[i];
            for (std::size_t j = 1; j < windows.number; ++j) sum += x[j * windows.stride + i];
            y[i] = sum * factor;
        }
    }
}

template <class T>
void tap(const Taps<T>& taps, const T* x, std::size_t stride, T* y, std::size_t rows) {
    for (std::size_t r = 0; r < rows; ++r, x += stride, y += taps.size) {
        for (std::size_t i = 0; i < taps.size; ++i) {
            T sum = taps.bias[i];
            for (std::size_t t = 0; t < taps.places.size(); ++t) sum += x[taps.places[t] + i] * taps.weights[t * taps.size + i];
            y[i] = sum;
        }
    }
}

template <class T>
bool finite(const T* x, std::size_t n) {
    bool all = true;
    for (std::size_t i = 0; i < n; ++i) all = all && std::isfinite(x[i]);
    return all;
}

template <class T>
void lstm(const T* gates, T* cells, T* hidden, std::size_t n) {
    for (std::size_t u = 0; u < n; ++u, ++gates) {
        const T *i = gates, *f = gates + n, *o = gates + 2 * n, *g = gates + 3 * n;
        cells[u] = scalar_sigmoid(*f) * cells[u] + scalar_sigmoid(*i) * std::tanh(*g);
        hidden[u] = scalar_sigmoid(*o) * std::tanh(cells[u]);
    }
}

template <class T>
void gru(const T* gates, const T* candidate, const T* inputs, T* hidden, std::size_t n) {
    for (std::size_t u = 0; u < n; ++u) {
        const T z = scalar_sigmoid(gates[u]);
        const T sum = inputs != nullptr ? inputs[u] + scalar_sigmoid(gates[n + u]) * candidate[u] : candidate[u];
        hidden[u] = z * hidden[u] + (T(1) - z) * std::tanh(sum);
    }
}

/// One panel holds all units: `width` is that of the product.
template <class T>
const Kernels<T>& kernels() {
    static const Kernels<T> table = {"plain", 0, false, multiply<T>, accumulate<T>, apply<T>, affine<T>, softmax<T>, combine<T>, times<T>,
                                     masked_sum<T>, largest<T>, total<T>, tap<T>, finite<T>, lstm<T>, gru<T>};
    return table;
}

}  // namespace keras_hep::simd::plain
