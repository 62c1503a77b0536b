// Evaluates a jet tagger of three observables, after checking that it gives what Keras gave.
#include <iostream>
#include <keras_hep/network.hpp>

int main(int argc, char** argv) {
    const auto net = keras_hep::Network::load(argc > 1 ? argv[1] : "net.json");
    std::cout << "largest difference from Keras: " << net.self_check() << "\n";
    const auto result = net.evaluate({{"jet", {{"pt", 450.0}, {"eta", 0.7}, {"mass", 82.0}}}});
    for (const auto& [label, value] : result) std::cout << label << ": " << value << "\n";
}
