// Shapes of the values of one event, and the sizes that a network may have.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "loading.hpp"

namespace keras_hep {

/// Sizes of the axes, slowest first, without the axis of the events.
using Shape = std::vector<std::size_t>;

/// Largest number of values of one node, and of all nodes of a network together.
inline constexpr std::uint64_t max_values = std::uint64_t{1} << 26;
inline constexpr std::size_t max_rank = 8;

/// Stands for a size of null in the file: it follows from the sizes of the event.
inline constexpr std::size_t open_size = static_cast<std::size_t>(-1);

KERAS_HEP_LOADING inline std::string to_string(const Shape& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + (shape[i] == open_size ? "null" : std::to_string(shape[i]));
    return text + "]";
}

inline bool is_known(const Shape& shape) { return std::find(shape.begin(), shape.end(), open_size) == shape.end(); }

/// Product of the axes [from, to); the shapes of a network are checked when it is read, so that this cannot overflow.
inline std::size_t product(const Shape& shape, std::size_t from, std::size_t to) {
    std::size_t result = 1;
    for (std::size_t i = from; i < to; ++i) result *= shape[i];
    return result;
}

/// Whether a shape is the expected one, open sizes aside.
inline bool fits(const Shape& shape, const Shape& expected) {
    bool result = shape.size() == expected.size();
    for (std::size_t i = 0; result && i < shape.size(); ++i) result = shape[i] == expected[i] || shape[i] == open_size;
    return result;
}

inline std::size_t product(const Shape& shape) { return product(shape, 0, shape.size()); }

}  // namespace keras_hep
