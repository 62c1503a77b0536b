// The inner loops of all layers, as a table of functions: one table for each instruction set, one that is reproducible, one
// in double precision.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "function.hpp"
#include "memory.hpp"

namespace keras_hep::simd {

/// A matrix product with a bias and a function: c[r][u] = f(bias[u] + sum over s, k of a[r][segments[s] + k] * w[s][k][u]).
/// A row of `a` is what lies behind its begin: several segments of `depth` values, which rows may share; so convolutions are
/// products too.
template <class T>
struct Product {
    std::size_t depth = 0;
    std::size_t units = 0;
    std::vector<std::size_t> segments;  ///< where each begins, counted from the begin of a row
    std::size_t width = 0;              ///< units of a panel
    Packed<T> weights;                  ///< [panel][segment][k][unit of the panel], with zeros for the units that are not there
    Aligned<T> bias;                    ///< [panel][unit of the panel]
    Function<T> function;

    std::size_t panels() const { return (units + width - 1) / width; }
};

/// Windows on rows of `size` values each: the one of result r begins at r * step and has `number` rows, `stride` from each other.
struct Windows {
    std::size_t results = 1;
    std::size_t step = 0;
    std::size_t number = 1;
    std::size_t stride = 0;
    std::size_t size = 1;
};

/// Sums with weights of their own for each of `size` values: y[i] = bias[i] + sum over t of x[places[t] + i] * weights[t][i].
template <class T>
struct Taps {
    std::size_t size = 0;
    std::vector<std::size_t> places;
    Aligned<T> weights;  ///< [tap][value], with `slack` behind the last
    Aligned<T> bias;     ///< likewise
};

template <class T>
struct Kernels {
    const char* name;
    std::size_t width;  ///< of the panels that `multiply` takes; 0 for one panel of all units
    bool in_order;      ///< whether the bits count: sums in the order of the weights, of nothing but them, each product rounded

    /// Row r of `a` begins at r * stride; those of `c` follow each other. Up to `slack` values behind the last row are overwritten.
    void (*multiply)(const Product<T>& product, const T* a, std::size_t stride, T* c, std::size_t rows);

    /// The same with the sums that a row of `begin` holds instead of the bias. The rows begin at r * stride_begin, and hold whole
    /// panels; `c` may be `begin` where it has the same stride.
    void (*accumulate)(const Product<T>& product, const T* a, std::size_t stride, const T* begin, std::size_t stride_begin, T* c,
                       std::size_t rows);

    /// y = f(x) for n values; up to `slack` more are read and written. x and y may be the same.
    void (*apply)(const Function<T>& function, const T* x, T* y, std::size_t n);

    /// y = x * factor + offset for n values each; up to `slack` more are read and written.
    void (*affine)(const T* x, const T* factor, const T* offset, T* y, std::size_t n);

    /// Softmax of n values; up to `slack` more are read and written. x and y may be the same.
    void (*softmax)(const T* x, T* y, std::size_t n);

    /// out = a * x + b * y for n values each; up to `slack` more are read and written.
    void (*combine)(const T* a, const T* x, const T* b, const T* y, T* out, std::size_t n);

    /// out = x * y likewise.
    void (*times)(const T* x, const T* y, T* out, std::size_t n);

    /// y[k] = sum of x[row][k] over the rows with mask above one half; up to `slack` more are read and written.
    void (*masked_sum)(const T* x, const T* mask, std::size_t rows, std::size_t n, T* y);

    /// The largest value of each window, for each of its values. NaN wins, or is left out: then it is at least the lowest finite
    /// number, as in TensorFlow. Up to `slack` more are read and written.
    void (*largest)(const Windows& windows, bool ignores_nan, const T* x, T* y);

    /// The sum of each window, for each of its values, times `factor`; likewise.
    void (*total)(const Windows& windows, T factor, const T* x, T* y);

    /// Taps on rows that begin at r * stride; the results follow each other. Up to `slack` more are read and written.
    void (*tap)(const Taps<T>& taps, const T* x, std::size_t stride, T* y, std::size_t rows);

    /// Whether all of n values are finite.
    bool (*finite)(const T* x, std::size_t n);

    /// A step of an LSTM with sigmoid and tanh, for whole panels of n values: the gates i, f, o and the candidate stand after one
    /// another; cells and hidden state change.
    void (*lstm)(const T* gates, T* cells, T* hidden, std::size_t n);

    /// A step of a GRU likewise: `gates` are z and r; the candidate is that of `inputs` plus r times that of the state, or where
    /// `inputs` is null the latter alone.
    void (*gru)(const T* gates, const T* candidate, const T* inputs, T* hidden, std::size_t n);

    Pool<T>* pool = nullptr;  ///< where products look for the weights that other plans of the same network have
};

/// Memory that each weight of so many units can take once it is packed, whatever the instructions.
template <class T>
constexpr std::size_t packed_bytes(std::size_t units) {
    constexpr std::size_t widest = alignment / sizeof(float);  // of the panels; those in double precision are as wide as the units
    return sizeof(T) == sizeof(float) ? (units + widest - 1) / widest * alignment / units + 1 : sizeof(T);
}

/// A product without weights so far, for `set_row`.
template <class T>
Product<T> start_product(const Kernels<T>& kernels, std::vector<std::size_t> segments, std::size_t depth, std::size_t units,
                         Function<T> function = {}) {
    const std::size_t width = kernels.width != 0 ? kernels.width : units;
    Product<T> product{depth, units, std::move(segments), width, {}, {}, function};
    product.weights.assign(product.panels() * product.segments.size() * depth * width);
    product.bias.assign(product.panels() * width, T(0));
    return product;
}

/// Set the weights of all units for number `k` of the values that go into the sum.
template <class T>
void set_row(Product<T>& product, std::size_t k, const T* weights) {
    const std::size_t rows = product.segments.size() * product.depth, width = product.width;
    for (std::size_t u = 0; u < product.units; u += width) {
        std::copy(weights + u, weights + std::min(u + width, product.units), product.weights.data() + u * rows + k * width);
    }
}

/// Share the weights of a product, which do not change any more, with those of other plans.
template <class T>
void share(const Kernels<T>& kernels, Product<T>& product) {
    if (kernels.pool != nullptr) product.weights.share(*kernels.pool);
}

/// Pack weights [segment * depth + k][unit] for a kernel.
template <class T>
Product<T> pack(const Kernels<T>& kernels, std::vector<std::size_t> segments, std::size_t depth, std::size_t units, const T* weights,
                const T* bias, Function<T> function = {}) {
    Product<T> product = start_product(kernels, std::move(segments), depth, units, function);
    for (std::size_t k = 0; k < product.segments.size() * depth; ++k) set_row(product, k, weights + k * units);
    share(kernels, product);
    if (bias != nullptr) std::copy(bias, bias + units, product.bias.data());
    return product;
}

}  // namespace keras_hep::simd
