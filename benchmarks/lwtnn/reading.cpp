// How long it takes to read a network of lwtnn, in milliseconds, the least of some times: reading NETWORK TIMES
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <string>

#include "keras_hep/lwtnn.hpp"

int main(int, char** argv) {
    double least = std::numeric_limits<double>::infinity();
    for (int left = std::stoi(argv[2]); left > 0; --left) {
        const auto start = std::chrono::steady_clock::now();
        const auto net = keras_hep::lwtnn::load(argv[1]);
        const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - start;
        least = std::min(least, passed.count());
    }
    std::printf("%.6f\n", least);
}
