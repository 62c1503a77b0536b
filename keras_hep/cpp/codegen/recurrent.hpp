// The way of recurrent layers through a sequence.
#pragma once

#include <algorithm>

#include "activation.hpp"
#include "product.hpp"

namespace keras_hep::codegen {

/// The sizes and switches of a layer; `Gates` values of the inputs' part for each of `Units`.
template <std::size_t Steps, std::size_t Inputs, std::size_t Units, std::size_t Gates, bool all_steps, bool backwards, bool reverse,
          bool zero_masked>
struct Recurrence {
    static constexpr std::size_t units = Units;
    static constexpr std::size_t row = padded(Gates * Units);  ///< values of the gates of a step
    static constexpr std::size_t gates = Steps * row + 8;      ///< of all steps; a padded row may begin at a gate of the last one

    /// `mask` is null where all steps count; `space` has room for the gates, the hidden state and what the cell needs.
    template <class Cell>
    static void run(const Cell& cell, const float* weights, const float* bias, const float* x, const float* mask, float* __restrict y,
                    float* space) {
        Product<Steps, 1, Inputs, Gates * Units, Inputs, 0, row, true>::run(weights, nullptr, bias, x, space);
        std::fill_n(space + Steps * row, 8, 0.0F);
        float* hidden = space + gates;
        float* own = hidden + Units;
        std::fill(hidden, own + Cell::own, 0.0F);
        for (std::size_t number = 0; number < Steps; ++number) {
            const std::size_t time = backwards ? Steps - 1 - number : number;
            const bool is_real = mask == nullptr || mask[time] != 0.0F;
            if (is_real) cell.step(space + time * row, hidden, own);
            if (!all_steps && number + 1 < Steps) continue;
            float* to = y + (all_steps ? (reverse ? Steps - 1 - number : number) * Units : 0);
            if (is_real || !zero_masked) {
                std::copy_n(hidden, Units, to);
            } else {
                std::fill_n(to, Units, 0.0F);
            }
        }
    }
};

/// h = activation(x * weights + h * recurrent weights + bias)
template <std::size_t Units, Kind activation>
struct SimpleRnn {
    static constexpr std::size_t own = padded(Units);
    const float* recurrent;
    Function<float> function;

    void step(const float* begin, float* hidden, float* sums) const {
        Product<1, 1, Units, Units, 0, 0, own, true>::run(recurrent, nullptr, begin, hidden, sums);
        apply<Units, activation>(function, sums, hidden);
    }
};

/// c = f * c + i * activation(candidate), h = o * activation(c); the gates stand in the order i, f, o, candidate.
template <std::size_t Units, Kind activation, Kind gate>
struct Lstm {
    static constexpr std::size_t row = padded(4 * Units);
    static constexpr std::size_t own = 2 * Units + 2 * row;
    const float* recurrent;
    Function<float> function;
    Function<float> gate_function;

    void step(const float* begin, float* __restrict hidden, float* __restrict space) const {
        float *cell = space, *next = space + Units, *sums = next + Units, *gates = sums + row;
        Product<1, 1, Units, 4 * Units, 0, 0, row, true>::run(recurrent, nullptr, begin, hidden, sums);
        if constexpr (activation == Kind::tanh && gate == Kind::sigmoid) {
            each<Units>([&](std::size_t i, auto number) {
                const auto part = [&](std::size_t which) { return take(sums + which * Units + i, number); };
                Floats state = take(cell + i, number);
                put(hidden + i, simd::generated::lstm_step(part(0), part(1), part(2), part(3), state), number);
                put(next + i, state, number);
            });
        } else {
            apply<3 * Units, gate>(gate_function, sums, gates);
            apply<Units, activation>(function, sums + 3 * Units, gates + 3 * Units);
            each<Units>([&](std::size_t i, auto number) {
                const auto part = [&](std::size_t which) { return take(gates + which * Units + i, number); };
                put(next + i, multiply_add(part(1), take(cell + i, number), settled(part(0) * part(3))), number);
            });
            apply<Units, activation>(function, next, sums);
            each<Units>([&](std::size_t i, auto number) { put(hidden + i, take(gates + 2 * Units + i, number) * take(sums + i, number), number); });
        }
        std::copy_n(next, Units, cell);
    }
};

/// h = z * h + (1 - z) * activation(candidate); the gates stand in the order z, r, candidate.
template <std::size_t Units, Kind activation, Kind gate, bool reset_after>
struct Gru {
    static constexpr std::size_t row = padded(2 * Units), part = padded(Units);
    static constexpr std::size_t own = 2 * row + 2 * part + Units;
    const float* recurrent;       ///< of z and r
    const float* candidate;       ///< recurrent weights of the candidate
    const float* candidate_bias;  ///< of these, with `reset_after`
    Function<float> function;
    Function<float> gate_function;

    void step(const float* begin, float* __restrict hidden, float* __restrict space) const {
        float *sums = space, *switches = sums + row, *sum = switches + row, *reset = sum + part, *next = reset + part;
        Product<1, 1, Units, 2 * Units, 0, 0, row, true>::run(recurrent, nullptr, begin, hidden, sums);
        if constexpr (!is_usual) {
            apply<2 * Units, gate>(gate_function, sums, switches);
        } else if constexpr (!reset_after) {
            apply<Units, gate>(gate_function, sums + Units, switches + Units);
        }
        if constexpr (reset_after) {
            Product<1, 1, Units, Units, 0, 0, part, true>::run(candidate, nullptr, candidate_bias, hidden, sum);
        } else {
            each<Units>([&](std::size_t i, auto number) {
                put(reset + i, take(switches + Units + i, number) * take(hidden + i, number), number);
            });
            Product<1, 1, Units, Units, 0, 0, part, true>::run(candidate, nullptr, begin + 2 * Units, reset, sum);
        }
        is_usual ? update_usual(begin, hidden, sums, sum, next) : update(begin, hidden, switches, sum, reset, next);
        std::copy_n(next, Units, hidden);
    }

private:
    static constexpr bool is_usual = activation == Kind::tanh && gate == Kind::sigmoid;

    /// The next state of what stands in `gates` before its function.
    static void update_usual(const float* begin, const float* hidden, const float* gates, const float* sum, float* next) {
        each<Units>([&](std::size_t i, auto number) {
            Floats total = take(sum + i, number);
            if (reset_after) total = simd::generated::gru_sum(take(gates + Units + i, number), total, take(begin + 2 * Units + i, number));
            put(next + i, simd::generated::gru_step(take(gates + i, number), total, take(hidden + i, number)), number);
        });
    }

    /// The next state where there are other functions; `sum` and `total` change.
    void update(const float* begin, const float* hidden, const float* switches, float* sum, float* total, float* next) const {
        if constexpr (reset_after) {
            each<Units>([&](std::size_t i, auto number) {
                const Floats inputs = take(begin + 2 * Units + i, number);
                put(total + i, multiply_add(take(sum + i, number), take(switches + Units + i, number), inputs), number);
            });
            apply<Units, activation>(function, total, sum);
        } else {
            apply<Units, activation>(function, sum, total);
            std::copy_n(total, Units, sum);
        }
        each<Units>([&](std::size_t i, auto number) {
            const Floats z = take(switches + i, number);
            const Floats rest = multiply_add(z, -1.0F, 1.0F);
            put(next + i, multiply_add(z, take(hidden + i, number), settled(rest * take(sum + i, number))), number);
        });
    }
};

}  // namespace keras_hep::codegen
