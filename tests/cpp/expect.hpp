// Checks for the test programs: the first one that fails ends the program with its line.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>

#define EXPECT(condition)                                                              \
    do {                                                                               \
        if (!(condition)) {                                                            \
            std::cerr << __FILE__ << ":" << __LINE__ << ": " << #condition << "\n";    \
            std::exit(1);                                                              \
        }                                                                              \
    } while (false)

/// Whether `call` throws `E` with `part` in its message.
template <class E, class Call>
bool throws(const std::string& part, Call call) {
    try {
        call();
    } catch (const E& error) {
        if (std::string(error.what()).find(part) != std::string::npos) return true;
        std::cerr << "unexpected message: " << error.what() << "\n";
    }
    return false;
}
