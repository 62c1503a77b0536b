// The code that `keras-hep cpp codegen` writes, in the file HEADER and the namespace generated: generated NETWORK.json EVENTS OUTPUTS
#include HEADER

#include "serve.hpp"

namespace {

constexpr auto input = generated::inputs[0];

// A template, so that only the call that there is is looked at.
template <class Space>
void evaluate(const float* event, float* output, Space& space) {
    if constexpr (input.length != 0) {
        generated::evaluate(event, input.length, output, space);
    } else {
        generated::evaluate(event, output, space);
    }
}

}  // namespace

int main(int, char** argv) {
    constexpr std::size_t labels = generated::outputs[0].values;
    static generated::Workspace space;
    serve(argv[2], argv[3], input.values, labels, [&](const float* events, std::size_t number, float* outputs) {
        for (std::size_t event = 0; event < number; ++event) {
            evaluate(events + event * input.values, outputs + event * labels, space);
        }
    });
}
