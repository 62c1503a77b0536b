// The kernels of one table against plain loops in double precision: kernels TABLE
//
// TABLE is baseline, avx2, avx512, reproducible or double. Prints the largest error of each function, in units in the last
// place of the result; memory ends at pages that may not be touched.
#include <cstdint>
#include <cstring>
#include <limits>

#include "expect.hpp"
#include "functions.hpp"
#include "gate_kernels.hpp"
#include "keras_hep/simd/choose.hpp"
#include "recurrent_kernels.hpp"
#include "window_kernels.hpp"

using namespace keras_hep::simd;

namespace {

template <class T>
void test_product(const Kernels<T>& kernels, Random& random, std::size_t rows, std::size_t units, std::size_t depth, std::size_t stride,
                  const std::vector<std::size_t>& segments, Kind kind) {
    const std::size_t inner = segments.size() * depth;
    std::vector<T> weights(inner * units), bias(units);
    for (T& value : weights) value = static_cast<T>(random.next());
    for (T& value : bias) value = static_cast<T>(random.next());
    const Function<T> function{kind, 1, 0, 0};
    const Product<T> product = pack<T>(kernels, segments, depth, units, weights.data(), bias.data(), function);
    Guarded<T> a((rows - 1) * stride + segments.back() + depth);
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<T>(random.next());
    WithSlack<T> c(rows * units);
    std::feclearexcept(FE_ALL_EXCEPT);
    kernels.multiply(product, a.data(), stride, c.data(), rows);
    EXPECT(std::fetestexcept(forbidden) == 0);
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t u = 0; u < units; ++u) {
            double sum = static_cast<double>(bias[u]), size = std::abs(sum);
            for (std::size_t s = 0; s < segments.size(); ++s) {
                for (std::size_t k = 0; k < depth; ++k) {
                    const double part = static_cast<double>(a[r * stride + segments[s] + k]) * static_cast<double>(weights[(s * depth + k) * units + u]);
                    sum += part;
                    size += std::abs(part);
                }
            }
            const double expected = scalar(Function<double>{kind, 1, 0, 0}, sum);
            const double unit = static_cast<double>(std::numeric_limits<T>::epsilon());
            EXPECT(std::abs(static_cast<double>(c[r * units + u]) - expected) <= unit * (size * static_cast<double>(inner + 1) / 2 + 2));
        }
    }
}

template <class T>
void test_products(const Kernels<T>& kernels) {
    struct Form {
        std::size_t depth, stride;
        std::vector<std::size_t> segments;
    };
    // Rows behind one another, rows that overlap, rows that are one; windows with and without gaps.
    const Form forms[] = {{1, 1, {0}}, {5, 5, {0}}, {17, 17, {0}}, {8, 3, {0}}, {3, 6, {0, 7, 19}}, {4, 2, {0, 4}}, {16, 0, {3}}, {2, 9, {1, 0, 5}}};
    const Kind kinds[] = {Kind::linear, Kind::relu, Kind::sigmoid};
    Random random;
    std::size_t turn = 0;
    for (std::size_t rows = 1; rows <= 13; ++rows) {
        for (std::size_t units = 1; units <= 70; ++units) {
            for (const Form& form : forms) {
                const bool always = rows <= 2 || units % 16 < 2;
                if (++turn % 3 != 0 && !always) continue;
                test_product(kernels, random, rows, units, form.depth, form.stride, form.segments, kinds[turn % 5 % 3]);
            }
        }
    }
}

/// The error of y in units in the last place of `expected`, or of `known.floor` where that is larger.
template <class T>
double error(T y, double expected, const Known& known) {
    const T rounded = static_cast<T>(expected);
    if (std::isnan(expected) || std::isnan(y)) return std::isnan(expected) == std::isnan(y) ? 0 : 1e9;
    if (y == rounded || std::abs(static_cast<double>(y) - expected) <= static_cast<double>(known.tiny)) return 0;
    if (std::isinf(y) || std::isinf(rounded)) {  // at the very edge of what can be said
        const double largest = static_cast<double>(std::numeric_limits<T>::max());
        return std::min(std::abs(static_cast<double>(y)), std::abs(expected)) > 0.99999 * largest ? 1 : 1e9;
    }
    const double size = std::max(std::abs(expected), static_cast<double>(known.floor));
    const double unit = std::ldexp(static_cast<double>(std::numeric_limits<T>::epsilon()), std::ilogb(size));
    return std::abs(static_cast<double>(y) - expected) / unit;
}

/// All floats with few bits set in the lower half, and the special ones.
std::vector<float> grid() {
    std::vector<float> values = {0.0F, -0.0F, 88.7228394F, 88.72284F, -87.0F, -87.00001F, 0.625F, 1.0F, -1.0F};
    for (std::uint64_t bits = 0; bits <= 0xFFFFFFFFU; bits += 9973) {
        const auto narrow = static_cast<std::uint32_t>(bits);
        float value = 0;
        std::memcpy(&value, &narrow, sizeof value);
        values.push_back(value);
    }
    for (int i = -12000; i <= 12000; ++i) values.push_back(static_cast<float>(i) / 100);
    return values;
}

template <class T>
void test_function(const Kernels<T>& kernels, const Known& known) {
    const Function<T> function{known.kind, static_cast<T>(known.a), static_cast<T>(known.b), static_cast<T>(known.c)};
    const Function<double> exact{known.kind, static_cast<double>(function.a), static_cast<double>(function.b), static_cast<double>(function.c)};
    const std::vector<float> values = grid();
    const std::size_t size = values.size();
    WithSlack<T> x(size), y(size);
    for (std::size_t i = 0; i < size; ++i) x[i] = static_cast<T>(values[i]);
    kernels.apply(function, x.data(), y.data(), size);
    // What Keras makes of NaN: it is not above a threshold.
    const bool is_forgotten = known.kind == Kind::hard_shrink || known.kind == Kind::soft_shrink || known.kind == Kind::threshold;
    double worst = 0;
    std::size_t where = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if (std::isfinite(x[i]) && std::abs(static_cast<float>(x[i])) > known.largest) continue;
        const double here = error(y[i], scalar(exact, static_cast<double>(x[i])), known);
        EXPECT(!std::isnan(x[i]) || std::isnan(y[i]) != is_forgotten);
        if (here > worst) {
            worst = here;
            where = i;
        }
    }
    std::cout << kernels.name << " " << known.name << " " << worst << " at " << static_cast<double>(x[where]) << std::endl;
    EXPECT(worst <= 4);
    kernels.apply(function, x.data(), x.data(), size);
    for (std::size_t i = 0; i < size; ++i) EXPECT(x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i])));
}

/// Finite numbers with finite results raise nothing, and what stands behind them does not matter.
template <class T>
void test_flags(const Kernels<T>& kernels, const Known& known) {
    const Function<T> function{known.kind, static_cast<T>(known.a), static_cast<T>(known.b), static_cast<T>(known.c)};
    const Function<double> exact{known.kind, static_cast<double>(known.a), static_cast<double>(known.b), static_cast<double>(known.c)};
    const std::vector<float> all = grid();
    std::vector<T> values;
    for (const float value : all) {
        if (std::abs(value) <= known.largest && std::abs(scalar(exact, static_cast<double>(value))) < 1e38) {
            values.push_back(static_cast<T>(value));
        }
    }
    std::size_t first = 0;
    for (std::size_t size = 1; first + size < values.size(); size = size % 67 + 1) {
        Guarded<T>& x = scratch<T>(size + slack, 0);
        Guarded<T>& y = scratch<T>(size + slack, 1);
        for (std::size_t i = 0; i < size; ++i) x[i] = values[first + i];
        for (std::size_t i = 0; i < slack; ++i) x[size + i] = slack_value<T>(i + size);
        std::feclearexcept(FE_ALL_EXCEPT);
        kernels.apply(function, x.data(), y.data(), size);
        if (std::fetestexcept(forbidden) != 0) {
            std::cerr << kernels.name << " " << known.name << ": floating-point exceptions " << std::fetestexcept(forbidden) << " between "
                      << static_cast<double>(x[0]) << " and " << static_cast<double>(x[size - 1]) << "\n";
            std::exit(1);
        }
        first += size;
    }
}

template <class T>
void test_value_by_value(const Kernels<T>& kernels) {
    Random random;
    for (std::size_t size = 1; size <= 70; ++size) {
        WithSlack<T> a(size), b(size), x(size), y(size), out(size);
        for (std::size_t i = 0; i < size; ++i) {
            for (WithSlack<T>* values : {&a, &b, &x, &y}) (*values)[i] = static_cast<T>(random.next());
        }
        const double unit = static_cast<double>(std::numeric_limits<T>::epsilon());
        const auto near = [&](std::size_t i, double expected) { return std::abs(static_cast<double>(out[i]) - expected) <= 2 * unit; };
        const auto in = [](const Guarded<T>& values, std::size_t i) { return static_cast<double>(values[i]); };
        std::feclearexcept(FE_ALL_EXCEPT);
        kernels.affine(x.data(), a.data(), b.data(), out.data(), size);
        for (std::size_t i = 0; i < size; ++i) EXPECT(near(i, in(x, i) * in(a, i) + in(b, i)));
        kernels.combine(a.data(), x.data(), b.data(), y.data(), out.data(), size);
        for (std::size_t i = 0; i < size; ++i) EXPECT(near(i, in(a, i) * in(x, i) + in(b, i) * in(y, i)));
        kernels.times(x.data(), y.data(), out.data(), size);
        for (std::size_t i = 0; i < size; ++i) EXPECT(near(i, in(x, i) * in(y, i)));
        EXPECT(std::fetestexcept(forbidden) == 0);
    }
}

template <class T>
void test_finite(const Kernels<T>& kernels) {
    for (std::size_t size = 1; size <= 70; ++size) {
        WithSlack<T> x(size);
        for (std::size_t i = 0; i < size; ++i) x[i] = i % 2 == 0 ? std::numeric_limits<T>::max() : -std::numeric_limits<T>::denorm_min();
        std::feclearexcept(FE_ALL_EXCEPT);
        EXPECT(kernels.finite(x.data(), size));
        EXPECT(std::fetestexcept(forbidden) == 0);
        for (const std::size_t place : {std::size_t{0}, size / 2, size - 1}) {
            for (const std::size_t kind : {0U, 1U, 2U}) {  // NaN and both infinities
                const T before = std::exchange(x[place], slack_value<T>(kind));
                EXPECT(!kernels.finite(x.data(), size));
                x[place] = before;
            }
        }
    }
}

template <class T>
void test_softmax(const Kernels<T>& kernels) {
    Random random;
    const T infinity = std::numeric_limits<T>::infinity();
    for (std::size_t size = 1; size <= 70; ++size) {
        for (const double scale : {0.0, 1.0, 50.0, 1e4, 1e30}) {
            WithSlack<T> x(size), y(size);
            double sum = 0, most = -1e300;
            for (std::size_t i = 0; i < size; ++i) x[i] = static_cast<T>(scale * random.next());
            for (std::size_t i = 0; i < size; ++i) most = std::max(most, static_cast<double>(x[i]));
            for (std::size_t i = 0; i < size; ++i) sum += std::exp(static_cast<double>(x[i]) - most);
            std::feclearexcept(FE_ALL_EXCEPT);
            kernels.softmax(x.data(), y.data(), size);
            EXPECT(std::fetestexcept(forbidden) == 0);
            for (std::size_t i = 0; i < size; ++i) {
                const double expected = std::exp(static_cast<double>(x[i]) - most) / sum;
                // Differences of large numbers are rounded before exp sees them.
                const double tolerance = static_cast<double>(std::numeric_limits<T>::epsilon()) * (4 + std::min(scale, 100.0));
                EXPECT(std::abs(static_cast<double>(y[i]) - expected) <= tolerance * expected + 1e-37);
            }
            kernels.softmax(x.data(), x.data(), size);
            EXPECT(std::memcmp(x.data(), y.data(), size * sizeof(T)) == 0);
        }
        WithSlack<T> x(size), y(size);
        for (std::size_t i = 0; i < size; ++i) x[i] = i % 2 == 0 ? T(1) : -infinity;
        kernels.softmax(x.data(), y.data(), size);
        for (std::size_t i = 1; i < size; i += 2) EXPECT(y[i] == 0 && y[0] > 0);
        x[size / 2] = std::numeric_limits<T>::quiet_NaN();
        kernels.softmax(x.data(), y.data(), size);
        for (std::size_t i = 0; i < size; ++i) EXPECT(std::isnan(y[i]));
    }
}

template <class T>
void test_masked_sum(const Kernels<T>& kernels) {
    Random random;
    for (std::size_t rows = 1; rows <= 9; ++rows) {
        for (std::size_t size = 1; size <= 70; ++size) {
            WithSlack<T> x(rows * size), y(size);
            Guarded<T> mask(rows);
            for (std::size_t row = 0; row < rows; ++row) mask[row] = row % 3 != 2 ? T(1) : T(0);
            for (std::size_t i = 0; i < rows * size; ++i) x[i] = i / size % 3 != 2 ? static_cast<T>(random.next()) : slack_value<T>(i);
            std::feclearexcept(FE_ALL_EXCEPT);
            kernels.masked_sum(x.data(), mask.data(), rows, size, y.data());
            EXPECT(std::fetestexcept(forbidden) == 0);
            for (std::size_t k = 0; k < size; ++k) {
                double sum = 0;
                for (std::size_t row = 0; row < rows; ++row) sum += row % 3 != 2 ? static_cast<double>(x[row * size + k]) : 0;
                EXPECT(std::abs(static_cast<double>(y[k]) - sum) <= 8 * static_cast<double>(std::numeric_limits<T>::epsilon()));
            }
        }
    }
}

template <class T>
void test(const Kernels<T>& kernels) {
    test_windows(kernels);
    test_gates(kernels);
    test_products(kernels);
    test_accumulate(kernels);
    test_lstm(kernels);
    test_value_by_value(kernels);
    test_finite(kernels);
    test_softmax(kernels);
    test_masked_sum(kernels);
    for (const Known& known : known_functions) {
        test_function(kernels, known);
        test_flags(kernels, known);
    }
}

}  // namespace

int main(int, char** argv) {
    const std::string table = argv[1];
    if (table == "double") {
        test(best_kernels<double>(Isa::baseline));
    } else if (table == "reproducible") {
        test(reproducible_kernels<float>());
    } else {
        const Isa isa = table == "avx512" ? Isa::avx512 : table == "avx2" ? Isa::avx2 : Isa::baseline;
        if (best_isa() < isa) return 77;  // this machine cannot
        test(best_kernels<float>(isa));
    }
}
