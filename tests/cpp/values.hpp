// Values for the tests of kernels.
#pragma once

#include <cfenv>
#include <cstdint>
#include <limits>

#include "guarded.hpp"
#include "keras_hep/simd/memory.hpp"

using namespace keras_hep::simd;

inline constexpr int forbidden = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW;

/// Numbers from -1 to 1, always the same.
class Random {
public:
    double next() {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<double>(state_ >> 40) / static_cast<double>(1U << 23) - 1;
    }

private:
    std::uint64_t state_ = 1;
};

template <class T>
T slack_value(std::size_t i) {
    using Limits = std::numeric_limits<T>;
    const T values[] = {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), Limits::max(), -Limits::max(), Limits::signaling_NaN()};
    return values[i % 6];
}

/// Values in guarded memory with a slack behind them that holds what raises exceptions where it is used.
template <class T>
class WithSlack : public Guarded<T> {
public:
    explicit WithSlack(std::size_t size) : Guarded<T>(size + slack) {
        for (std::size_t i = 0; i < slack; ++i) (*this)[size + i] = slack_value<T>(i);
    }
};
