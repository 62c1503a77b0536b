// The exceptions of keras_hep. Every message says where, what was expected and what was found.
#pragma once

#include <stdexcept>
#include <string>

namespace keras_hep {

/// Base class of everything that keras_hep throws on purpose.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The file is not JSON, or not a network in this format; the message begins with the JSON path, behind the name of the file.
class ParseError : public Error {
public:
    using Error::Error;
};

/// Shapes or the number of weights do not fit together; the message begins as there.
class ShapeError : public Error {
public:
    using Error::Error;
};

/// The values given to a network are not those that it takes; the message names the variable.
class InputError : public Error {
public:
    using Error::Error;
};

/// The network does not reproduce the test vectors that stand in its file.
class CheckError : public Error {
public:
    using Error::Error;
};

}  // namespace keras_hep
