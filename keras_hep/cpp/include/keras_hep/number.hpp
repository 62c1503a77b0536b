// Text to number, independent of the locale.
#pragma once

#include <charconv>
#include <string_view>

// libstdc++ reads floating point with std::from_chars since GCC 11, and says so with this macro.
#if defined(__cpp_lib_to_chars) && !defined(KERAS_HEP_NO_FROM_CHARS)
#define KERAS_HEP_HAS_FROM_CHARS 1
#else
#define KERAS_HEP_HAS_FROM_CHARS 0
#include <cmath>
#include <locale>
#include <sstream>
#include <string>
#endif

namespace keras_hep {

/// Read a number that fills `text`; returns false where it is not one, or not within the range of a double.
inline bool to_double(std::string_view text, double& value) {
#if KERAS_HEP_HAS_FROM_CHARS
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc() && result.ptr == text.data() + text.size();
#else
    std::istringstream stream{std::string(text)};
    stream.imbue(std::locale::classic());
    stream >> value;
    return !stream.fail() && stream.peek() == std::istringstream::traits_type::eof() && std::isfinite(value);
#endif
}

}  // namespace keras_hep
