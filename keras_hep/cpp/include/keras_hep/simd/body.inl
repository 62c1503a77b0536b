// The kernels in single precision, written once and compiled for each instruction set: choose.hpp includes this file several times,
// and sets what functions.inl asks for, and
//   KERAS_HEP_ROWS    rows of a product that are computed together,
//   KERAS_HEP_PANELS  panels likewise.
#include "functions.inl"

namespace keras_hep::simd::KERAS_HEP_SIMD {

template <Kind kind>
KERAS_HEP_TARGET static void each(const Function<float>& f, const float* x, float* y, std::size_t n) {
    const float a = f.a, b = f.b;
    for (std::size_t i = 0; i < n; i += width) store(y + i, value<kind>(part(x + i, n - i), a, b));
}

KERAS_HEP_ENTRY void apply(const Function<float>& f, const float* x, float* y, std::size_t n) {
    switch (f.kind) {
        case Kind::linear: return each<Kind::linear>(f, x, y, n);
        case Kind::relu: return each<Kind::relu>(f, x, y, n);
        case Kind::leaky_relu: return each<Kind::leaky_relu>(f, x, y, n);
        case Kind::elu: return each<Kind::elu>(f, x, y, n);
        case Kind::selu: return each<Kind::selu>(f, x, y, n);
        case Kind::sigmoid: return each<Kind::sigmoid>(f, x, y, n);
        case Kind::tanh: return each<Kind::tanh>(f, x, y, n);
        case Kind::silu: return each<Kind::silu>(f, x, y, n);
        case Kind::exponential: return each<Kind::exponential>(f, x, y, n);
        case Kind::hard_sigmoid: return each<Kind::hard_sigmoid>(f, x, y, n);
        default:  // what few networks have, a number at a time
            for (std::size_t i = 0; i < n; ++i) y[i] = scalar(f, x[i]);
    }
}

KERAS_HEP_INLINE Floats finish(Floats value, Kind kind) { return kind == Kind::relu ? positive(value) : value; }

// What the sums begin with: a row for each row of the result, or with a stride of 0 the same for all.
struct Begin {
    const float* values;
    std::size_t stride;
    Begin row(std::size_t r) const { return {values + r * stride, stride}; }
};

// R rows and P panels at a time, all sums in registers.
template <int R, int P>
KERAS_HEP_TARGET static void block(const Product<float>& p, std::size_t panel, const float* a, std::size_t stride_a, Begin begin,
                                   float* c) {
    const std::size_t depth = p.depth, stride_c = p.units;
    const std::size_t step = p.segments.size() * depth * width;
    const float* weights = p.weights.data() + panel * step;
    const float* first = begin.values + panel * width;
    Floats sums[R][P];
    KERAS_HEP_UNROLL for (int r = 0; r < R; ++r) {
        KERAS_HEP_UNROLL for (int j = 0; j < P; ++j) {
            sums[r][j] = load(first + static_cast<std::size_t>(r) * begin.stride + static_cast<std::size_t>(j) * width);
        }
    }
    for (const std::size_t segment : p.segments) {
        const float* x = a + segment;
        for (std::size_t k = 0; k < depth; ++k, weights += width) {
            Floats w[P];
            KERAS_HEP_UNROLL for (int j = 0; j < P; ++j) w[j] = load(weights + static_cast<std::size_t>(j) * step);
            KERAS_HEP_UNROLL for (int r = 0; r < R; ++r) {
                const float value = x[static_cast<std::size_t>(r) * stride_a + k];
                KERAS_HEP_UNROLL for (int j = 0; j < P; ++j) sums[r][j] = multiply_add(w[j], value, sums[r][j]);
            }
        }
    }
    c += panel * width;
    const Kind kind = p.function.kind;
    KERAS_HEP_UNROLL for (int r = 0; r < R; ++r) {
        KERAS_HEP_UNROLL for (int j = 0; j < P; ++j) {
            store(c + static_cast<std::size_t>(r) * stride_c + static_cast<std::size_t>(j) * width, finish(sums[r][j], kind));
        }
    }
}

// One row of one segment: S sums for each of P panels, so that additions need not wait for each other.
template <int P, int S>
KERAS_HEP_ENTRY void row(const Product<float>& p, std::size_t panel, const float* x, const float* begin, float* c) {
    const std::size_t depth = p.depth;
    const std::size_t step = depth * width;
    const float* weights = p.weights.data() + panel * step;
    begin += panel * width;
    Floats sums[S][P];
    KERAS_HEP_UNROLL for (int j = 0; j < P; ++j) {
        sums[0][j] = load(begin + static_cast<std::size_t>(j) * width);
        KERAS_HEP_UNROLL for (int s = 1; s < S; ++s) sums[s][j] = Floats{};
    }
    std::size_t k = 0;
    for (; k + S <= depth; k += S, weights += S * width) {
        KERAS_HEP_UNROLL for (int s = 0; s < S; ++s) {
            const float value = x[k + static_cast<std::size_t>(s)];
            KERAS_HEP_UNROLL for (int j = 0; j < P; ++j) {
                sums[s][j] = value * load(weights + static_cast<std::size_t>(j) * step + static_cast<std::size_t>(s) * width) + sums[s][j];
            }
        }
    }
    for (; k < depth; ++k, weights += width) {
        KERAS_HEP_UNROLL for (int j = 0; j < P; ++j) {
            sums[0][j] = x[k] * load(weights + static_cast<std::size_t>(j) * step) + sums[0][j];
        }
    }
    KERAS_HEP_UNROLL for (int half = S / 2; half > 0; half /= 2) {
        KERAS_HEP_UNROLL for (int s = 0; s < half; ++s) {
            KERAS_HEP_UNROLL for (int j = 0; j < P; ++j) sums[s][j] = sums[s][j] + sums[s + half][j];
        }
    }
    c += panel * width;
    const Kind kind = p.function.kind;
    KERAS_HEP_UNROLL for (int j = 0; j < P; ++j) store(c + static_cast<std::size_t>(j) * width, finish(sums[0][j], kind));
}

// At most R rows of one panel.
template <int R>
KERAS_HEP_TARGET static void up_to(const Product<float>& p, std::size_t panel, const float* a, std::size_t stride_a, Begin begin,
                                   float* c, std::size_t rows) {
    if (rows == static_cast<std::size_t>(R)) return block<R, 1>(p, panel, a, stride_a, begin, c);
    if constexpr (R > 1) up_to<R - 1>(p, panel, a, stride_a, begin, c, rows);
}

// All rows of P panels. A single panel takes twice as many rows at a time, so that additions need not wait for each other.
template <int P>
KERAS_HEP_TARGET static void rows_of(const Product<float>& p, std::size_t panel, const float* a, std::size_t stride_a, Begin begin,
                                     float* c, std::size_t rows) {
    const std::size_t stride_c = p.units;
    if constexpr (P == 1) {
        constexpr std::size_t most = KERAS_HEP_ROWS == 6 ? 14 : 8;
        for (std::size_t blocks = (rows + most - 1) / most; blocks > 0; --blocks) {
            const std::size_t here = (rows + blocks - 1) / blocks;
            up_to<most>(p, panel, a, stride_a, begin, c, here);
            rows -= here;
            a += here * stride_a;
            begin = begin.row(here);
            c += here * stride_c;
        }
        return;
    }
    std::size_t r = 0;
    for (; r + KERAS_HEP_ROWS <= rows; r += KERAS_HEP_ROWS) {
        block<KERAS_HEP_ROWS, P>(p, panel, a + r * stride_a, stride_a, begin.row(r), c + r * stride_c);
    }
    for (; r + 2 <= rows; r += 2) block<2, P>(p, panel, a + r * stride_a, stride_a, begin.row(r), c + r * stride_c);
    for (; r < rows; ++r) block<1, P>(p, panel, a + r * stride_a, stride_a, begin.row(r), c + r * stride_c);
}

// One row, panel by panel as below: a function of its own, as short as it can be, since much of the time of a small network is calls.
KERAS_HEP_INLINE void one_row(const Product<float>& p, const float* a, const float* begin, float* c) {
    a += p.segments[0];
    std::size_t done = (p.units + width - 1) / width;
    if (done % 2 != 0) row<1, 8>(p, --done, a, begin, c);
    if (done % 4 != 0) row<2, 4>(p, done -= 2, a, begin, c);
    if (done % 8 != 0) row<4, 2>(p, done -= 4, a, begin, c);
    while (done > 0) row<8, 1>(p, done -= 8, a, begin, c);
    const Kind kind = p.function.kind;
    if (kind != Kind::linear && kind != Kind::relu) apply(p.function, c, c, p.units);
}

KERAS_HEP_ENTRY void accumulate(const Product<float>& p, const float* a, std::size_t stride_a, const float* begin,
                                               std::size_t stride_begin, float* c, std::size_t rows) {
    // From the last panel to the first and down the rows: what a store leaves behind the end of its row is overwritten later.
    if (rows == 1 && p.segments.size() == 1 && !KERAS_HEP_IN_ORDER) return one_row(p, a, begin, c);
    constexpr std::size_t most = KERAS_HEP_PANELS;
    std::size_t done = (p.units + width - 1) / width;
    const Begin first = {begin, stride_begin};
    if (most == 4 && done % 4 == 3) {
        rows_of<KERAS_HEP_PANELS == 4 ? 3 : 1>(p, done -= 3, a, stride_a, first, c, rows);
    } else if (done % 2 != 0) {
        rows_of<1>(p, --done, a, stride_a, first, c, rows);
    }
    if (most == 4 && done % 4 != 0) rows_of<2>(p, done -= 2, a, stride_a, first, c, rows);
    while (done > 0) rows_of<KERAS_HEP_PANELS>(p, done -= most, a, stride_a, first, c, rows);
    const Kind kind = p.function.kind;
    if (kind != Kind::linear && kind != Kind::relu) apply(p.function, c, c, rows * p.units);
}

KERAS_HEP_ENTRY void multiply(const Product<float>& p, const float* a, std::size_t stride_a, float* c, std::size_t rows) {
    if (rows == 1 && p.segments.size() == 1 && !KERAS_HEP_IN_ORDER) return one_row(p, a, p.bias.data(), c);
    accumulate(p, a, stride_a, p.bias.data(), 0, c, rows);
}

KERAS_HEP_ENTRY void affine(const float* x, const float* factor, const float* offset, float* y, std::size_t n) {
    for (std::size_t i = 0; i < n; i += width) store(y + i, multiply_add(part(x + i, n - i), part(factor + i, n - i), part(offset + i, n - i)));
}

KERAS_HEP_ENTRY void combine(const float* a, const float* x, const float* b, const float* y, float* out, std::size_t n) {
    for (std::size_t i = 0; i < n; i += width) {
        const std::size_t left = n - i;
        store(out + i, multiply_add(part(a + i, left), part(x + i, left), settled(part(b + i, left) * part(y + i, left))));
    }
}

KERAS_HEP_ENTRY void times(const float* x, const float* y, float* out, std::size_t n) {
    for (std::size_t i = 0; i < n; i += width) store(out + i, part(x + i, n - i) * part(y + i, n - i));
}

// The lanes of `x` in another order: those that are `distance`, a power of two, apart change places.
template <int distance>
KERAS_HEP_INLINE Floats swapped(Floats x) {
    Bits order;
    KERAS_HEP_UNROLL for (int i = 0; i < static_cast<int>(width); ++i) order[i] = i ^ distance;
#if defined(__clang__)
    Floats result;
    KERAS_HEP_UNROLL for (int i = 0; i < static_cast<int>(width); ++i) result[i] = x[i ^ distance];
    return result;
#else
    return __builtin_shuffle(x, order);
#endif
}

// The largest lane, and the sum of all, in every lane.
template <int distance = static_cast<int>(width) / 2>
KERAS_HEP_INLINE Floats largest_lane(Floats x) {
    if constexpr (distance == 0) return x;
    else return largest_lane<distance / 2>(larger(x, swapped<distance>(x)));
}
template <int distance = static_cast<int>(width) / 2>
KERAS_HEP_INLINE Floats sum_of_lanes(Floats x) {
    if constexpr (distance == 0) return x;
    else return sum_of_lanes<distance / 2>(x + swapped<distance>(x));
}

// No more values than a register holds: all of it is in one, rather than summed in memory.
KERAS_HEP_INLINE void short_softmax(const float* x, float* y, std::size_t n) {
    const Bits there = *reinterpret_cast<const LooseBits*>(lanes + 16 - n);
    const Floats values = choose(there, load(x), splat(x[0]));
    const Floats powers = (Floats)((Bits)exponential_below_zero(values - largest_lane(values)) & there);
    store(y, powers / sum_of_lanes(powers));
}

KERAS_HEP_ENTRY void softmax(const float* x, float* y, std::size_t n) {
    if (n <= width && !KERAS_HEP_IN_ORDER) return short_softmax(x, y, n);
    float most = x[0];
    for (std::size_t i = 1; i < n; ++i) most = x[i] > most ? x[i] : most;
    float sum = 0.0F;
    std::size_t i = 0;
    for (; i + width <= n; i += width) {
        store(y + i, exponential_below_zero(load(x + i) - most));
        for (std::size_t j = 0; j < width; ++j) sum += y[i + j];
    }
    float last[width];
    if (i < n) {
        store(last, exponential_below_zero(at_most(part(x + i, n - i) - most, 0.0F)));
        for (std::size_t j = 0; i + j < n; ++j) sum += last[j];
    }
    const float factor = 1.0F / sum;
    for (std::size_t j = 0; j < i; j += width) store(y + j, load(y + j) * factor);
    for (std::size_t j = 0; i + j < n; ++j) y[i + j] = last[j] * factor;
}

// Several columns at a time, their sums in registers.
template <int P>
KERAS_HEP_TARGET static void sum_columns(const float* x, const float* mask, std::size_t rows, std::size_t n, std::size_t first, float* y) {
    Floats sums[P];
    KERAS_HEP_UNROLL for (int j = 0; j < P; ++j) sums[j] = Floats{};
    const float* from = x + first;
    const std::size_t left = P == 1 ? n - first : P * width;
    for (std::size_t row = 0; row < rows; ++row, from += n) {
        if (!(mask[row] > 0.5F)) continue;
        KERAS_HEP_UNROLL for (int j = 0; j < P; ++j) sums[j] = sums[j] + part(from + static_cast<std::size_t>(j) * width, left - static_cast<std::size_t>(j) * width);
    }
    KERAS_HEP_UNROLL for (int j = 0; j < P; ++j) store(y + first + static_cast<std::size_t>(j) * width, sums[j]);
}

KERAS_HEP_ENTRY void masked_sum(const float* x, const float* mask, std::size_t rows, std::size_t n, float* y) {
    std::size_t first = 0;
    for (; first + 4 * width <= n; first += 4 * width) sum_columns<4>(x, mask, rows, n, first, y);
    for (; first < n; first += width) sum_columns<1>(x, mask, rows, n, first, y);
}

enum class Over { total, largest, largest_number };

template <Over over>
KERAS_HEP_INLINE Floats joined(Floats result, Floats value) {
    if (over == Over::total) return result + value;
    if (over == Over::largest_number) return larger(value, result);
    return choose((Bits)(result >= value) | (Bits)(result != result), result, value);
}

template <Over over>
KERAS_HEP_TARGET static inline void pool(const Windows& windows, float factor, const float* x, float* y) {
    const std::size_t results = windows.results, step = windows.step, number = windows.number, stride = windows.stride, size = windows.size;
    for (std::size_t r = 0; r < results; ++r, x += step, y += size) {
        for (std::size_t i = 0; i < size; i += width) {
            Floats result = part(x + i, size - i);
            if (over == Over::largest_number) result = larger(result, splat(-__FLT_MAX__));
            for (std::size_t j = 1; j < number; ++j) result = joined<over>(result, part(x + j * stride + i, size - i));
            store(y + i, over == Over::total ? result * factor : result);
        }
    }
}

KERAS_HEP_TARGET static inline void largest(const Windows& windows, bool ignores_nan, const float* x, float* y) {
    ignores_nan ? pool<Over::largest_number>(windows, 1.0F, x, y) : pool<Over::largest>(windows, 1.0F, x, y);
}
KERAS_HEP_TARGET static inline void total(const Windows& windows, float factor, const float* x, float* y) {
    pool<Over::total>(windows, factor, x, y);
}

KERAS_HEP_TARGET static inline void tap(const Taps<float>& taps, const float* x, std::size_t stride, float* y, std::size_t rows) {
    const std::size_t size = taps.size;
    const float* bias = taps.bias.data();
    for (std::size_t r = 0; r < rows; ++r, x += stride, y += size) {
        for (std::size_t i = 0; i < size; i += width) {
            const float* weights = taps.weights.data() + i;
            Floats sum = load(bias + i);
            for (const std::size_t place : taps.places) {
                sum = multiply_add(part(x + place + i, size - i), part(weights, size - i), sum);
                weights += size;
            }
            store(y + i, sum);
        }
    }
}

KERAS_HEP_ENTRY bool finite(const float* x, std::size_t n) {
    Bits found = {};
    for (std::size_t i = 0; i < n; i += width) found |= (Bits)((Bits)absolute(part(x + i, n - i)) >= 0x7F800000);
    bool all = true;
    for (std::size_t j = 0; j < width; ++j) all = all && found[j] == 0;
    return all;
}

KERAS_HEP_ENTRY void lstm(const float* gates, float* cells, float* hidden, std::size_t n) {
    for (std::size_t u = 0; u < n; u += width, gates += width) {
        Floats cell = load(cells + u);
        store(hidden + u, lstm_step(load(gates), load(gates + n), load(gates + 2 * n), load(gates + 3 * n), cell));
        store(cells + u, cell);
    }
}

KERAS_HEP_ENTRY void gru(const float* gates, const float* candidate, const float* inputs, float* hidden, std::size_t n) {
    for (std::size_t u = 0; u < n; u += width) {
        Floats sum = load(candidate + u);
        if (inputs != nullptr) sum = gru_sum(load(gates + n + u), sum, load(inputs + u));
        store(hidden + u, gru_step(load(gates + u), sum, load(hidden + u)));
    }
}

inline const Kernels<float>& kernels() {
    static const Kernels<float> table = {KERAS_HEP_NAME, width, KERAS_HEP_IN_ORDER, multiply, accumulate, apply, affine, softmax, combine, times,
                                         masked_sum, largest, total, tap, finite, lstm, gru};
    return table;
}

#undef KERAS_HEP_INLINE
#undef KERAS_HEP_ENTRY
#undef KERAS_HEP_UNROLL

}  // namespace keras_hep::simd::KERAS_HEP_SIMD
