// A call with named values beside one with an array: named NETWORK.json; each line SECONDS on standard input is answered with
// the nanoseconds of a named call, of one whose map is made anew each time, and of the array.
#include <keras_hep/network.hpp>

#include <chrono>
#include <iostream>

namespace {

volatile double sink;

template <class Call>
double time(double seconds, Call call) {
    using Clock = std::chrono::steady_clock;
    std::size_t done = 0;
    double elapsed = 0;
    const auto begin = Clock::now();
    do {
        for (int i = 0; i < 64; ++i) sink = call();
        done += 64;
        elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
    } while (elapsed < seconds);
    return elapsed * 1e9 / static_cast<double>(done);
}

}  // namespace

int main(int, char** argv) {
    const auto net = keras_hep::Network::load(argv[1]);
    const keras_hep::Input& input = net.inputs()[0];
    const std::string label = net.outputs()[0].labels[0];
    const std::vector<float> values(input.features.size(), 0.5F);
    const auto named = [&] {
        keras_hep::NamedInputs result;
        for (const auto& feature : input.features) result[input.name].emplace(feature.name, 0.5);
        return result;
    };
    const keras_hep::NamedInputs once = named();
    double seconds = 0;
    while (std::cin >> seconds) {
        std::cout << time(seconds, [&] { return net.evaluate(once).at(label); }) << " "
                  << time(seconds, [&] { return net.evaluate(named()).at(label); }) << " "
                  << time(seconds, [&] { return static_cast<double>(net.evaluate_arrays({{values.data(), 1}})[0]); }) << std::endl;
    }
}
