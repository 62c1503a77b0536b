// The steps of recurrent layers against plain loops in double precision.
#pragma once

#include <cfenv>
#include <cmath>
#include <limits>

#include "functions.hpp"
#include "keras_hep/simd/kernels.hpp"
#include "keras_hep/simd/scalar.hpp"
#include "values.hpp"

/// Gates that are open, closed and in between, and a state between -1 and 1; then one of NaN.
template <class T>
struct Gated {
    std::size_t size;
    WithSlack<T> gates, candidate, inputs, cells, hidden, before;

    Gated(Random& random, std::size_t n, double scale)
        : size(n), gates(4 * n), candidate(n), inputs(n), cells(n), hidden(n), before(n) {
        for (std::size_t i = 0; i < 4 * n; ++i) gates[i] = static_cast<T>(scale * random.next());
        for (std::size_t i = 0; i < n; ++i) {
            candidate[i] = static_cast<T>(scale * random.next());
            inputs[i] = static_cast<T>(scale * random.next());
            before[i] = hidden[i] = cells[i] = static_cast<T>(random.next());
        }
    }

    double sigmoid(std::size_t gate, std::size_t i) { return scalar_sigmoid(static_cast<double>(gates[gate * size + i])); }
};

template <class T>
void test_gates(const Kernels<T>& kernels) {
    Random random;
    const std::size_t width = kernels.width != 0 ? kernels.width : 5;
    const auto in = [](WithSlack<T>& values, std::size_t i) { return static_cast<double>(values[i]); };
    for (std::size_t size = width; size <= 4 * width; size += width) {
        for (const double scale : {0.0, 0.01, 1.0, 10.0, 1e3, 1e30}) {
            // What goes into exp is rounded before.
            const double tolerance = static_cast<double>(std::numeric_limits<T>::epsilon()) * (4 + std::min(scale, 10.0));
            for (const bool after : {false, true}) {
                Gated<T> step(random, size, scale);
                std::feclearexcept(FE_ALL_EXCEPT);
                kernels.gru(step.gates.data(), step.candidate.data(), after ? step.inputs.data() : nullptr, step.hidden.data(), size);
                EXPECT(std::fetestexcept(forbidden) == 0);
                for (std::size_t i = 0; i < size; ++i) {
                    const double z = step.sigmoid(0, i), sum = in(step.candidate, i);
                    const double candidate = std::tanh(after ? in(step.inputs, i) + step.sigmoid(1, i) * sum : sum);
                    EXPECT(std::abs(in(step.hidden, i) - (z * in(step.before, i) + (1 - z) * candidate)) <= tolerance);
                }
                step.candidate[0] = std::numeric_limits<T>::quiet_NaN();
                kernels.gru(step.gates.data(), step.candidate.data(), after ? step.inputs.data() : nullptr, step.hidden.data(), size);
                EXPECT(std::isnan(step.hidden[0]) && !std::isnan(step.hidden[size - 1]));
            }
            Gated<T> step(random, size, scale);
            std::feclearexcept(FE_ALL_EXCEPT);
            kernels.lstm(step.gates.data(), step.cells.data(), step.hidden.data(), size);
            EXPECT(std::fetestexcept(forbidden) == 0);
            for (std::size_t i = 0; i < size; ++i) {
                const double cell = step.sigmoid(1, i) * in(step.before, i) + step.sigmoid(0, i) * std::tanh(static_cast<double>(step.gates[3 * size + i]));
                EXPECT(std::abs(in(step.cells, i) - cell) <= tolerance);
                EXPECT(std::abs(in(step.hidden, i) - step.sigmoid(2, i) * std::tanh(cell)) <= tolerance);
            }
        }
    }
}
