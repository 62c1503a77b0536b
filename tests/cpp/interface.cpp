// The interface of a network: named calls, arrays, errors, traces, threads: interface VECTOR.json SEQUENCE.json
//
// VECTOR is a tagger of the input `jet` (pt has the default 30, eta has none), SEQUENCE one of the input `tracks` of
// length 4 with the same variables; both have the classes a, b, c.
#include <cmath>
#include <limits>
#include <thread>

#include "expect.hpp"
#include "keras_hep/network.hpp"

using keras_hep::InputError;
using keras_hep::Network;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void test_named_vector(const Network& net) {
    const auto result = net.evaluate({{"jet", {{"pt", 50.0}, {"eta", 1.5}}}});
    EXPECT(result.size() == 3);
    EXPECT(std::abs(result.at("a") + result.at("b") + result.at("c") - 1) < 1e-6);
    const auto with_default = net.evaluate({{"jet", {{"pt", 30.0}, {"eta", 1.5}}}});
    EXPECT(with_default != result);
    EXPECT(net.evaluate({{"jet", {{"pt", nan}, {"eta", 1.5}}}}) == with_default);
    EXPECT(net.evaluate({{"jet", {{"eta", 1.5}}}}) == with_default);
    EXPECT(net.evaluate({{"jet", {{"pt", 1e300}, {"eta", 1.5}}}}) == with_default);
    EXPECT(net.evaluate({{"jet", {{"eta", 1.5}}}}, "probabilities") == with_default);
}

void test_errors(const Network& net, const Network& sequence) {
    EXPECT(throws<InputError>("'eta' of the input 'jet' is missing", [&] { net.evaluate({{"jet", {{"pt", 50.0}}}}); }));
    EXPECT(throws<InputError>("'eta'", [&] { net.evaluate({}); }));
    EXPECT(throws<InputError>("'eta' of the input 'jet' is NaN", [&] { net.evaluate({{"jet", {{"eta", nan}}}}); }));
    EXPECT(throws<InputError>("no variable 'phi'", [&] { net.evaluate({{"jet", {{"eta", 1.0}, {"phi", 1.0}}}}); }));
    EXPECT(throws<InputError>("no input 'jets'", [&] { net.evaluate({{"jets", {{"eta", 1.0}}}}); }));
    EXPECT(throws<InputError>("takes one number", [&] { net.evaluate({{"jet", {{"eta", {1.0, 2.0}}}}}); }));
    EXPECT(throws<InputError>("no output 'x', only 'probabilities'", [&] { net.evaluate({{"jet", {{"eta", 1.0}}}}, "x"); }));
    EXPECT(throws<InputError>("expected 1 arrays", [&] { net.evaluate_arrays({}); }));
    EXPECT(throws<InputError>("no variable is given for the sequence 'tracks'", [&] { sequence.evaluate({}); }));
    EXPECT(throws<InputError>("takes a list", [&] { sequence.evaluate({{"tracks", {{"eta", 1.0}}}}); }));
    EXPECT(throws<InputError>("has 1 values, other variables have 2", [&] {
        sequence.evaluate({{"tracks", {{"eta", {1.0, 2.0}}, {"pt", {1.0}}}}});
    }));
    EXPECT(throws<keras_hep::ParseError>("'nowhere.json': $: cannot be read", [] { Network::load("nowhere.json"); }));
    EXPECT(throws<keras_hep::ParseError>("'/': $: expected a value, found the end", [] { Network::load("/"); }));
}

void test_sequence(const Network& net) {
    const keras_hep::Column none{std::vector<double>{}};
    const auto empty = net.evaluate({{"tracks", {{"pt", none}, {"eta", none}}}});
    const auto some = net.evaluate({{"tracks", {{"pt", {10.0, 20.0, 40.0}}, {"eta", {0.1, 0.2, 0.3}}}}});
    const auto permuted = net.evaluate({{"tracks", {{"pt", {40.0, 10.0, 20.0}}, {"eta", {0.3, 0.1, 0.2}}}}});
    const auto full = net.evaluate({{"tracks", {{"pt", {1.0, 2.0, 4.0, 8.0}}, {"eta", {0.1, 0.2, 0.3, 0.4}}}}});
    const auto longer = net.evaluate({{"tracks", {{"pt", {1.0, 2.0, 4.0, 8.0, 16.0}}, {"eta", {0.1, 0.2, 0.3, 0.4, 0.5}}}}});
    EXPECT(empty != some);
    EXPECT(full == longer);
    for (const auto& [label, value] : some) EXPECT(std::abs(value - permuted.at(label)) < 1e-6);
    const auto with_default = net.evaluate({{"tracks", {{"pt", {30.0, 20.0}}, {"eta", {0.1, 0.2}}}}});
    EXPECT(net.evaluate({{"tracks", {{"pt", {nan, 20.0}}, {"eta", {0.1, 0.2}}}}}) == with_default);
    EXPECT(throws<InputError>("'eta'", [&] { net.evaluate({{"tracks", {{"pt", {1.0}}, {"eta", {nan}}}}}); }));
}

void test_arrays(const Network& net, const Network& sequence) {
    const float jet[] = {50.0F, 1.5F};
    const auto named = net.evaluate({{"jet", {{"pt", 50.0}, {"eta", 1.5}}}});
    const std::vector<float> plain = net.evaluate_arrays({{jet, 1}});
    EXPECT(plain.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) EXPECT(named.at(net.outputs()[0].labels[i]) == static_cast<double>(plain[i]));
    const float missing[] = {50.0F, static_cast<float>(nan)};
    for (float value : net.evaluate_arrays({{missing, 1}})) EXPECT(std::isnan(value));
    const float tracks[] = {1, 0.1F, 2, 0.2F, 4, 0.3F, 8, 0.4F, 16, 0.5F};
    EXPECT(sequence.evaluate_arrays({{tracks, 5}}) == sequence.evaluate_arrays({{tracks, 4}}));
    EXPECT(sequence.evaluate_arrays({{nullptr, 0}}) != sequence.evaluate_arrays({{tracks, 4}}));
}

void test_trace(const Network& joined, const Network& net) {
    const keras_hep::NamedInputs values = {{"jet", {{"eta", 1.5}}}};
    const auto nodes = net.trace(values);
    EXPECT(nodes.size() == net.nodes().size());
    EXPECT(nodes[0].name == "jet" && nodes[0].values == (std::vector<float>{30.0F, 1.5F}));
    EXPECT(nodes.back().name == "probabilities" && nodes.back().shape == keras_hep::Shape{3});
    EXPECT(static_cast<double>(nodes.back().values[1]) == net.evaluate(values).at("b"));
    EXPECT(throws<InputError>("Options::keep_nodes", [&] { joined.trace(values); }));
    EXPECT(std::abs(joined.evaluate(values).at("b") - net.evaluate(values).at("b")) < 1e-6);
}

void test_threads(const Network& net) {
    constexpr int number = 8;
    std::vector<std::vector<double>> results(number);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < number; ++thread) {
        threads.emplace_back([&net, &result = results[static_cast<std::size_t>(thread)]] {
            for (int i = 0; i < 500; ++i) result.push_back(net.evaluate({{"jet", {{"eta", 0.01 * i}}}}).at("b"));
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& result : results) EXPECT(result == results[0]);
}

void test_instructions(const char* path) {
    for (const auto isa : {keras_hep::simd::Isa::baseline, keras_hep::simd::Isa::avx2, keras_hep::simd::Isa::avx512}) {
        keras_hep::Options options;
        options.isa = isa;
        if (isa <= keras_hep::simd::best_isa()) {
            EXPECT(Network::load(path, options).self_check() < 1e-5);
        } else {
            EXPECT(throws<InputError>("this machine has no " + std::string(to_string(isa)), [&] { Network::load(path, options); }));
        }
    }
}

}  // namespace

int main(int, char** argv) {
    const Network net = Network::load(argv[1]);
    keras_hep::Options apart;
    apart.keep_nodes = true;
    const Network sequence = Network::load(argv[2]);
    EXPECT(net.test_vectors() > 0 && net.self_check() < 1e-5);
    EXPECT(sequence.test_vectors() > 0 && sequence.self_check() < 1e-5);
    test_named_vector(net);
    test_errors(net, sequence);
    test_sequence(sequence);
    test_arrays(net, sequence);
    test_trace(net, Network::load(argv[1], apart));
    test_threads(net);
    test_instructions(argv[1]);
}
