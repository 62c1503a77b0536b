// Loads networks with every table of kernels, with and without joined layers, and in double precision: layers NETWORK.json...
//
// Each must give the test vectors of its file, and batches what single events give; finite values raise no floating-point exceptions.
#include <cfenv>
#include <cmath>

#include "expect.hpp"
#include "keras_hep/network.hpp"

namespace {

template <class T>
void test(const std::string& path, const keras_hep::Options& options) {
    const auto net = keras_hep::BasicNetwork<T>::load(path, options);
    EXPECT(net.test_vectors() > 0 && net.self_check(2e-5) <= 2e-5);
    constexpr std::size_t events = 70;  // more than are evaluated at once
    std::vector<std::vector<float>> values;
    std::vector<keras_hep::Batch> batches;
    std::size_t size = 0;
    for (const keras_hep::Input& input : net.inputs()) {
        std::vector<float> all(events * keras_hep::product(input.shape()));
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = std::sin(static_cast<float>(i));
        values.push_back(std::move(all));
    }
    for (const auto& all : values) batches.push_back({all.data()});
    for (const keras_hep::Output& output : net.outputs()) size += output.labels.size();
    std::vector<T> result(events * size);
    T* const outputs[] = {result.data()};
    typename keras_hep::BasicNetwork<T>::Workspace space;
    EXPECT(net.outputs().size() == 1);
    std::feclearexcept(FE_ALL_EXCEPT);
    net.run_batch(batches.data(), events, outputs, space);
    for (const std::size_t event : {std::size_t{0}, std::size_t{1}, events - 1}) {
        std::vector<keras_hep::Array> arrays;
        for (const auto& all : values) arrays.push_back({all.data() + event * (all.size() / events), 0});
        const std::vector<T> single = net.evaluate_arrays(arrays);
        EXPECT(std::fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) == 0);
        for (std::size_t i = 0; i < size; ++i) {
            const double value = static_cast<double>(single[i]), other = static_cast<double>(result[event * size + i]);
            EXPECT((std::isnan(value) && std::isnan(other)) || std::abs(value - other) <= 1e-5 * std::max(1.0, std::abs(value)));
        }
    }
}

}  // namespace

int main(int number, char** paths) {
    for (int i = 1; i < number; ++i) {
        std::cerr << paths[i] << "\n";  // shown where a check fails
        for (const bool keep_nodes : {false, true}) {
            keras_hep::Options options;
            options.keep_nodes = keep_nodes;
            for (const keras_hep::simd::Isa isa : {keras_hep::simd::Isa::baseline, keras_hep::simd::Isa::avx2, keras_hep::simd::Isa::avx512}) {
                if (isa > keras_hep::simd::best_isa()) continue;
                options.isa = isa;
                test<float>(paths[i], options);
            }
            options.reproducible = true;
            test<float>(paths[i], options);
            test<double>(paths[i], options);
        }
    }
}
