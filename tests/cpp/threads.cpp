// Eight threads that share networks which do not change, each with a workspace of its own: threads NETWORK.json...
//
// Every thread gets the same bits as one alone: from single events, batches, named calls and self-checks, of joined layers, nodes
// apart, the reproducible mode, each instruction set and double precision. Built with sanitisers.
#include <cstring>
#include <thread>

#include "expect.hpp"
#include "keras_hep/network.hpp"

namespace {

constexpr std::size_t threads = 8;
constexpr std::size_t events = 37;

template <class T>
using Values = std::vector<T>;

template <class Net, class T>
Values<T> evaluate(const Net& net, T) {
    std::vector<std::vector<float>> inputs;
    std::vector<std::vector<std::size_t>> rows;
    std::vector<keras_hep::Batch> batches;
    for (const auto& input : net.inputs()) {
        inputs.emplace_back(events * keras_hep::product(input.shape()));
        for (std::size_t i = 0; i < inputs.back().size(); ++i) inputs.back()[i] = static_cast<float>(i * 37 % 101) / 25 - 2;
        rows.emplace_back(events);
        for (std::size_t event = 0; event < events; ++event) rows.back()[event] = event % (input.length.value_or(1) + 2);
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) batches.push_back({inputs[i].data(), rows[i].data()});
    Values<T> result;
    typename Net::Workspace space;
    std::vector<Values<T>> outputs;
    std::vector<T*> pointers;
    for (const auto& output : net.outputs()) outputs.emplace_back(events * output.labels.size());
    for (auto& values : outputs) pointers.push_back(values.data());
    for (const std::size_t number : {events, std::size_t{1}, std::size_t{0}}) {
        net.run_batch(batches.data(), number, pointers.data(), space);
        for (const auto& values : outputs) result.insert(result.end(), values.begin(), values.end());
    }
    for (std::size_t event = 0; event < events; ++event) {
        std::vector<keras_hep::Array> arrays;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            arrays.push_back({inputs[i].data() + event * inputs[i].size() / events, rows[i][event]});
        }
        net.run(arrays.data(), space);
        for (std::size_t i = 0; i < net.outputs().size(); ++i) {
            const T* first = net.values_of(i, space);
            result.insert(result.end(), first, first + net.outputs()[i].labels.size());
        }
        const auto again = net.evaluate_arrays(arrays);
        result.insert(result.end(), again.begin(), again.end());
    }
    result.push_back(static_cast<T>(net.self_check()));
    return result;
}

template <class Net, class T>
void test(const char* path, const keras_hep::Options& options, T zero) {
    const Net net = Net::load(path, options);
    const Values<T> alone = evaluate(net, zero);
    std::vector<Values<T>> results(threads);
    std::vector<std::thread> running;
    for (std::size_t thread = 0; thread < threads; ++thread) {
        running.emplace_back([&net, &result = results[thread], zero] { result = evaluate(net, zero); });
    }
    for (std::thread& thread : running) thread.join();
    for (const auto& result : results) {
        EXPECT(result.size() == alone.size());
        EXPECT(std::memcmp(result.data(), alone.data(), alone.size() * sizeof(T)) == 0);
    }
}

}  // namespace

int main(int number, char** paths) {
    for (int i = 1; i < number; ++i) {
        keras_hep::Options plain, apart, exact;
        apart.keep_nodes = true;
        exact.reproducible = true;
        for (const auto& options : {plain, apart, exact}) test<keras_hep::Network>(paths[i], options, 0.0F);
        for (const auto isa : {keras_hep::simd::Isa::baseline, keras_hep::simd::Isa::avx2}) {
            if (isa > keras_hep::simd::best_isa()) continue;
            plain.isa = isa;
            test<keras_hep::Network>(paths[i], plain, 0.0F);
        }
        test<keras_hep::DoubleNetwork>(paths[i], plain, 0.0);
        test<keras_hep::DoubleNetwork>(paths[i], apart, 0.0);
    }
}
