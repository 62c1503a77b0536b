// Loads every document of a file and says what became of it, one line each: loads DOCUMENTS
//
// DOCUMENTS holds the length (uint32) and the bytes of each. A document that loads is also evaluated.
#include <cstdint>
#include <fstream>
#include <iostream>

#include "keras_hep/network.hpp"

namespace {

std::string try_to_load(const std::string& text) {
    try {
        const auto net = keras_hep::Network::parse(text);
        net.self_check();
        return "ok";
    } catch (const keras_hep::ParseError& error) {
        return std::string("ParseError ") + error.what();
    } catch (const keras_hep::ShapeError& error) {
        return std::string("ShapeError ") + error.what();
    } catch (const keras_hep::CheckError&) {
        return "ok, but differs";
    }
}

}  // namespace

int main(int, char** argv) {
    std::ifstream file(argv[1], std::ios::binary);
    std::uint32_t size = 0;
    while (file.read(reinterpret_cast<char*>(&size), sizeof size)) {
        std::string text(size, '\0');
        file.read(text.data(), size);
        std::string line = try_to_load(text);
        for (char& c : line) c = c == '\n' ? ' ' : c;
        std::cout << line << "\n";
    }
}
