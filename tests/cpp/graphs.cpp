// Networks with test vectors, each evaluated in every way: graphs NETWORK.json...
//
// Prints for each file the largest differences relative to the largest value of any node: of the joined layers, the nodes apart and
// double precision from Keras; of the instruction sets from each other; of batches from single events.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>

#include "expect.hpp"
#include "keras_hep/network.hpp"

using keras_hep::Network;
using keras_hep::Options;

namespace {

constexpr std::size_t events = 70;

/// Random inputs of many events.
std::vector<std::vector<float>> draw(const Network& net) {
    std::uint64_t state = 3;
    std::vector<std::vector<float>> inputs;
    for (const auto& input : net.inputs()) {
        inputs.emplace_back(events * keras_hep::product(input.shape()));
        for (float& value : inputs.back()) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            value = 2 * (static_cast<float>(state >> 40) / static_cast<float>(1U << 23) - 1);
        }
    }
    return inputs;
}

using Values = std::vector<float>;  // of all outputs, those of an event after one another

/// Evaluate one by one; the largest value of any node is noted where the nodes are apart.
template <class Net>
Values one_by_one(const Net& net, const std::vector<std::vector<float>>& inputs, double* largest = nullptr) {
    typename Net::Workspace space;
    Values result;
    for (std::size_t event = 0; event < events; ++event) {
        std::vector<keras_hep::Array> arrays;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            arrays.push_back({inputs[i].data() + event * inputs[i].size() / events, net.inputs()[i].length.value_or(1)});
        }
        net.run(arrays.data(), space);
        for (std::size_t i = 0; i < net.outputs().size(); ++i) {
            for (std::size_t k = 0; k < net.outputs()[i].labels.size(); ++k) result.push_back(static_cast<float>(net.values_of(i, space)[k]));
        }
        if (largest == nullptr) continue;
        for (const auto& node : net.trace(space)) {
            for (const auto value : node.values) *largest = std::max(*largest, std::abs(static_cast<double>(value)));
        }
    }
    return result;
}

Values in_a_batch(const Network& net, const std::vector<std::vector<float>>& inputs) {
    std::vector<keras_hep::Batch> batches;
    for (const auto& values : inputs) batches.push_back({values.data()});
    std::vector<Values> outputs;
    std::vector<float*> pointers;
    std::size_t total = 0;
    for (const auto& output : net.outputs()) {
        outputs.emplace_back(output.labels.size() * events);
        total += output.labels.size();
    }
    for (auto& values : outputs) pointers.push_back(values.data());
    keras_hep::Workspace space;
    net.run_batch(batches.data(), events, pointers.data(), space);
    Values result;
    for (std::size_t event = 0; event < events; ++event) {
        for (const auto& values : outputs) {
            const auto size = static_cast<std::ptrdiff_t>(values.size() / events);
            const auto first = values.begin() + static_cast<std::ptrdiff_t>(event) * size;
            result.insert(result.end(), first, first + size);
        }
    }
    return result;
}

double difference(const Values& a, const Values& b) {
    EXPECT(a.size() == b.size());
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double here = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
        if (!(here <= worst) && !(std::isnan(a[i]) && std::isnan(b[i]))) worst = std::isnan(here) ? 1e30 : here;
    }
    return worst;
}

void check(const char* path) {
    constexpr double any = 1e300;
    Options apart, exact;
    apart.keep_nodes = true;
    exact.reproducible = true;
    const Network joined = Network::load(path), nodes = Network::load(path, apart), reproducible = Network::load(path, exact);
    const auto twice = keras_hep::DoubleNetwork::load(path);
    const auto inputs = draw(joined);
    double scale = 1;
    const Values reference = one_by_one(nodes, inputs, &scale);
    EXPECT(joined.test_vectors() > 0);
    std::cout << joined.self_check(any) / scale << " " << nodes.self_check(any) / scale << " " << reproducible.self_check(any) / scale << " "
              << twice.self_check(any) / scale << " ";
    double worst = difference(reference, one_by_one(twice, inputs));
    for (const auto isa : {keras_hep::simd::Isa::baseline, keras_hep::simd::Isa::avx2, keras_hep::simd::Isa::avx512}) {
        if (isa > keras_hep::simd::best_isa()) continue;
        Options options;
        options.isa = isa;
        const Network net = Network::load(path, options);
        worst = std::max({worst, difference(reference, one_by_one(net, inputs)), difference(reference, in_a_batch(net, inputs))});
    }
    std::cout << worst / scale << " " << scale << std::endl;
    EXPECT(difference(one_by_one(reproducible, inputs), in_a_batch(reproducible, inputs)) == 0);
}

}  // namespace

int main(int number, char** files) {
    for (int i = 1; i < number; ++i) check(files[i]);
}
