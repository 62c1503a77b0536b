// The bits that the reproducible mode gives, to be compared between builds: bits NETWORK.json...
//
// One line for each function, kernel and output of a network, with a sum over the bits of all its values; any NaN counts the same.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "functions.hpp"
#include "keras_hep/network.hpp"

namespace {

using keras_hep::simd::Aligned;

class Random {
public:
    float next() {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<float>(state_ >> 40) / static_cast<float>(1U << 23) - 1;
    }

private:
    std::uint64_t state_ = 7;
};

void print(const std::string& what, const float* values, std::size_t size) {
    std::uint64_t sum = 14695981039346656037U;
    for (std::size_t i = 0; i < size; ++i) {
        std::uint32_t bits = 0x7FC00000;
        if (!std::isnan(values[i])) std::memcpy(&bits, &values[i], sizeof bits);
        sum = (sum ^ bits) * 1099511628211U;
    }
    std::printf("%s %016llx %a\n", what.c_str(), static_cast<unsigned long long>(sum), static_cast<double>(values[size / 2]));
}

void print_functions(const keras_hep::simd::Kernels<float>& kernels) {
    for (const Known& known : known_functions) {
        Aligned<float> x;
        for (std::uint64_t bits = 0; bits <= 0xFFFFFFFFU; bits += 20011) {
            const auto narrow = static_cast<std::uint32_t>(bits);
            float value = 0;
            std::memcpy(&value, &narrow, sizeof value);
            x.push_back(value);
        }
        for (int i = -9000; i <= 9000; ++i) x.push_back(static_cast<float>(i) / 100);
        const std::size_t size = x.size();
        x.resize(size + keras_hep::simd::slack);
        Aligned<float> y(x.size());
        kernels.apply({known.kind, known.a, known.b, known.c}, x.data(), y.data(), size);
        print(known.name, y.data(), size);
    }
}

void print_kernels(const keras_hep::simd::Kernels<float>& kernels) {
    Random random;
    for (const std::size_t rows : {1U, 2U, 7U}) {
        for (const std::size_t units : {1U, 5U, 19U, 64U}) {
            const std::size_t depth = 37;
            std::vector<float> weights(depth * units), bias(units);
            Aligned<float> a(rows * depth + 80), c(rows * units + keras_hep::simd::slack);
            for (auto* values : {&weights, &bias}) {
                for (float& value : *values) value = random.next();
            }
            for (float& value : a) value = random.next();
            const auto product = keras_hep::simd::pack<float>(kernels, {0}, depth, units, weights.data(), bias.data());
            kernels.multiply(product, a.data(), depth, c.data(), rows);
            print("multiply", c.data(), rows * units);
            kernels.accumulate(product, a.data(), depth, a.data() + 3, 0, c.data(), rows);
            print("accumulate", c.data(), rows * units);
            kernels.combine(a.data(), c.data(), c.data(), a.data(), c.data(), units);
            print("combine", c.data(), units);
            kernels.affine(a.data(), c.data(), a.data() + 1, c.data(), units < 19 ? units : 19);
            print("affine", c.data(), units);
            kernels.softmax(c.data(), c.data(), rows * units);
            print("softmax", c.data(), rows * units);
        }
    }
}

void print_lstm(const keras_hep::simd::Kernels<float>& kernels) {
    const std::size_t units = 64;
    Random random;
    Aligned<float> gates(4 * units), cells(units), hidden(units);
    for (int step = 0; step < 50; ++step) {
        for (float& value : gates) value = 9 * random.next();
        kernels.lstm(gates.data(), cells.data(), hidden.data(), units);
    }
    print("lstm", cells.data(), units);
    print("lstm", hidden.data(), units);
}

void print_network(const char* path) {
    for (const bool keep : {false, true}) {
        keras_hep::Options options;
        options.reproducible = true;
        options.keep_nodes = keep;
        const auto net = keras_hep::Network::load(path, options);
        keras_hep::Workspace space;
        Random random;
        std::vector<std::vector<float>> results(net.outputs().size());
        for (int event = 0; event < 200; ++event) {
            std::vector<std::vector<float>> values;
            std::vector<keras_hep::Array> arrays;
            for (const auto& input : net.inputs()) {
                values.emplace_back(keras_hep::product(input.shape()));
                for (float& value : values.back()) value = 4 * random.next();
                arrays.push_back({values.back().data(), input.is_sequence() ? input.shape()[0] : 1});
            }
            net.run(arrays.data(), space);
            for (std::size_t i = 0; i < results.size(); ++i) {
                const float* first = net.values_of(i, space);
                results[i].insert(results[i].end(), first, first + net.outputs()[i].labels.size());
            }
        }
        for (const auto& values : results) print(keep ? "nodes apart" : "network", values.data(), values.size());
    }
}

}  // namespace

int main(int number, char** paths) {
    print_functions(keras_hep::simd::reproducible_kernels<float>());
    print_kernels(keras_hep::simd::reproducible_kernels<float>());
    print_lstm(keras_hep::simd::reproducible_kernels<float>());
    for (int i = 1; i < number; ++i) print_network(paths[i]);
}
