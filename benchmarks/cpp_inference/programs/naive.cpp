// Dense layers as plain loops: naive LAYERS EVENTS OUTPUTS
#include <cmath>

#include "weights.hpp"

namespace {

void dense(const Layer& layer, const float* x, float* y) {
    const int units = layer.units;
    for (int u = 0; u < units; ++u) y[u] = layer.bias[static_cast<std::size_t>(u)];
    for (int k = 0; k < layer.inputs; ++k) {
        const float* weights = layer.weights.data() + k * units;
        for (int u = 0; u < units; ++u) y[u] += x[k] * weights[u];
    }
    if (layer.relu) {
        for (int u = 0; u < units; ++u) y[u] = y[u] > 0 ? y[u] : 0;
    }
}

void softmax(const float* x, float* y, int n) {
    const float most = *std::max_element(x, x + n);
    float sum = 0;
    for (int i = 0; i < n; ++i) sum += y[i] = std::exp(x[i] - most);
    for (int i = 0; i < n; ++i) y[i] /= sum;
}

}  // namespace

int main(int, char** argv) {
    const Layers net = read_layers(argv[1]);
    int widest = net.layers[0].inputs;
    for (const Layer& layer : net.layers) widest = std::max(widest, layer.units);
    const auto width = static_cast<std::size_t>(widest);
    std::vector<float> one(width), two(width), sum(width);
    float* buffers[] = {one.data(), two.data()};
    const int inputs = net.layers[0].inputs, labels = net.layers.back().units;
    const auto size = static_cast<std::size_t>(net.rows * inputs);

    serve(argv[2], argv[3], size, static_cast<std::size_t>(labels), [&](const float* events, std::size_t number, float* outputs) {
        for (std::size_t event = 0; event < number; ++event) {
            std::fill(sum.begin(), sum.end(), 0.0F);
            const float* x = nullptr;
            for (int row = 0; row < net.rows; ++row) {
                x = events + event * size + static_cast<std::size_t>(row * inputs);
                for (std::size_t i = 0; i < net.each; ++i) {
                    dense(net.layers[i], x, buffers[i % 2]);
                    x = buffers[i % 2];
                }
                if (net.each < net.layers.size()) {
                    for (int u = 0; u < net.layers[net.each].inputs; ++u) sum[static_cast<std::size_t>(u)] += x[u];
                }
            }
            if (net.each < net.layers.size()) x = sum.data();
            for (std::size_t i = net.each; i < net.layers.size(); ++i) {
                dense(net.layers[i], x, buffers[i % 2]);
                x = buffers[i % 2];
            }
            softmax(x, outputs + event * static_cast<std::size_t>(labels), labels);
        }
    });
}
