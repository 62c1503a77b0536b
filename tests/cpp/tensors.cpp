// Named calls, arrays and batches of inputs that are not vectors of features: tensors NETWORK.json
//
// NETWORK has the plain tensor `image` (2, 3, 1), the grid `cells` (2, 2) of the features e (default 1) and t (none), and
// the vector `jet` of one plain value.
#include <cmath>

#include "expect.hpp"
#include "keras_hep/network.hpp"

using keras_hep::InputError;
using keras_hep::NamedInputs;
using keras_hep::Network;

int main(int, char** argv) {
    const Network net = Network::load(argv[1]);
    EXPECT(net.test_vectors() > 0 && net.self_check() < 1e-5);
    EXPECT(net.inputs()[0].shape() == (keras_hep::Shape{2, 3, 1}) && net.inputs()[1].rows() == 2);

    const std::vector<double> pixels = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
    const auto call = [&](const NamedInputs& values) { return net.evaluate(values); };
    const auto result = call({{"image", {{"image", pixels}}}, {"cells", {{"e", {1.0, 2.0}}, {"t", {3.0, 4.0}}}}, {"jet", {{"jet_0", 5.0}}}});
    EXPECT(call({{"image", {{"image", pixels}}}, {"cells", {{"e", {NAN, 2.0}}, {"t", {3.0, 4.0}}}}, {"jet", {{"jet_0", 5.0}}}}) == result);
    const auto without = call({{"image", {{"image", pixels}}}, {"cells", {{"t", {3.0, 4.0}}}}, {"jet", {{"jet_0", 5.0}}}});
    EXPECT(without != result);

    const float image[] = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.6F, 0.5F, 0.4F, 0.3F, 0.2F, 0.1F};
    const float cells[] = {1, 3, 2, 4, 1, 3, 2, 4};
    const float jet[] = {5, 5};
    const auto plain = net.evaluate_arrays({{image, 0}, {cells, 0}, {jet, 0}});
    for (std::size_t i = 0; i < plain.size(); ++i) EXPECT(result.at(net.outputs()[0].labels[i]) == static_cast<double>(plain[i]));

    const keras_hep::Batch batch[] = {{image}, {cells}, {jet}};
    std::vector<float> values(2 * plain.size());
    float* const outputs[] = {values.data()};
    keras_hep::Workspace space;
    net.run_batch(batch, 2, outputs, space);
    const auto second = net.evaluate_arrays({{image + 6, 0}, {cells + 4, 0}, {jet + 1, 0}});
    EXPECT(second != plain);
    for (std::size_t i = 0; i < plain.size(); ++i) {
        EXPECT(std::abs(values[i] - plain[i]) < 1e-6F && std::abs(values[plain.size() + i] - second[i]) < 1e-6F);
    }

    const NamedInputs missing = {{"cells", {{"t", {3.0, 4.0}}}}, {"jet", {{"jet_0", 5.0}}}};
    EXPECT(throws<InputError>("'image' of the input 'image' is missing", [&] { call(missing); }));
    EXPECT(throws<InputError>("'image' of the input 'image' has 2 values, expected 6", [&] { call({{"image", {{"image", {1.0, 2.0}}}}}); }));
    EXPECT(throws<InputError>("takes a list of numbers, found one", [&] { call({{"image", {{"image", 1.0}}}}); }));
    EXPECT(throws<InputError>("'e' of the input 'cells' has 3 values, expected 2", [&] {
        call({{"image", {{"image", pixels}}}, {"cells", {{"e", {1.0, 2.0, 3.0}}}}});
    }));
    EXPECT(throws<InputError>("NaN or infinite", [&] { call({{"image", {{"image", {0.1, 0.2, 0.3, 0.4, 0.5, NAN}}}}}); }));
}
