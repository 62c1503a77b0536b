// The runtime of keras_hep: ours NETWORK.json EVENTS OUTPUTS [reproducible]; the instruction set is that of KERAS_HEP_ISA.
#include <keras_hep/network.hpp>

#include "serve.hpp"

int main(int argc, char** argv) {
    keras_hep::Options options;
    options.reproducible = argc > 4 && std::string(argv[4]) == "reproducible";
    const auto net = keras_hep::Network::load(argv[1], options);
    keras_hep::Workspace space;
    const std::size_t size = keras_hep::product(net.inputs()[0].shape());
    const std::size_t rows = net.inputs()[0].length.value_or(1);
    const std::size_t labels = net.outputs()[0].labels.size();
    serve(argv[2], argv[3], size, labels, [&](const float* events, std::size_t number, float* outputs) {
        if (number == 1) {
            const keras_hep::Array event{events, rows};
            net.run(&event, space);
            std::copy_n(net.values_of(0, space), labels, outputs);
        } else {
            const keras_hep::Batch batch{events};
            net.run_batch(&batch, number, &outputs, space);
        }
    });
}
