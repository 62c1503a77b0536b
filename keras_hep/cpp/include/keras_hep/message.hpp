// The text of an error, put together in one place: strings joined where each error is thrown would be most of what a compiler has
// to do for the code that reads a network.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "loading.hpp"
#include "shape.hpp"

namespace keras_hep {

/// A piece of a message: text, a whole number or a shape. It refers to what it was made of.
class Piece {
public:
    Piece(const char* text) : Piece(std::string_view(text)) {}
    Piece(std::string_view text) : at_(text.data()), number_(text.size()) {}
    Piece(const std::string& text) : at_(text.data()), number_(text.size()) {}
    Piece(std::size_t number) : at_(nullptr), number_(number) {}
    Piece(const Shape& shape) : at_(&shape), number_(is_shape) {}
    Piece(double) = delete;  // nor any other that would become a whole number
    Piece(char) = delete;

    KERAS_HEP_LOADING void append_to(std::string& message) const {
        if (at_ == nullptr) {
            message += std::to_string(number_);
        } else if (number_ == is_shape) {
            message += to_string(*static_cast<const Shape*>(at_));
        } else {
            message.append(static_cast<const char*>(at_), number_);
        }
    }

private:
    static constexpr std::size_t is_shape = static_cast<std::size_t>(-1);

    const void* at_;
    std::size_t number_;  ///< or the size of the text
};

using Pieces = std::initializer_list<Piece>;

KERAS_HEP_LOADING inline std::string joined(Pieces pieces) {
    std::string message;
    for (const Piece& piece : pieces) piece.append_to(message);
    return message;
}

/// What an error shows of a name that anyone may have written into a file.
inline std::string_view shortened(std::string_view name) { return name.substr(0, 80); }

}  // namespace keras_hep
