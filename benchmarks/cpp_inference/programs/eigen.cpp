// Dense layers with Eigen, all memory allocated before: eigen LAYERS EVENTS OUTPUTS
//
// A column is an event, or an object of an event: products of matrices where there are several.
#include <Eigen/Core>

#include "weights.hpp"

namespace {

constexpr int most = 64;  // events that are evaluated at once, so that what lies between layers stays in the cache

struct Dense {
    Eigen::MatrixXf weights;  // units x inputs
    Eigen::VectorXf bias;
    Eigen::MatrixXf output;
    bool relu;

    Dense(const Layer& layer, int columns)
        : weights(Eigen::Map<const Eigen::MatrixXf>(layer.weights.data(), layer.units, layer.inputs)),
          bias(Eigen::Map<const Eigen::VectorXf>(layer.bias.data(), layer.units)),
          output(layer.units, columns),
          relu(layer.relu) {}

    auto result(Eigen::Index columns) { return output.leftCols(columns); }

    template <class Input>
    void run(const Input& x) {
        auto y = result(x.cols());
        if (x.cols() == 1) {
            y.col(0).noalias() = weights * x.col(0);
        } else {
            y.noalias() = weights * x;
        }
        y.colwise() += bias;
        if (relu) y = y.cwiseMax(0.0F);
    }
};

}  // namespace

int main(int, char** argv) {
    const Layers net = read_layers(argv[1]);
    const int at_once = net.rows > 1 ? 1 : most;
    std::vector<Dense> layers;
    for (std::size_t i = 0; i < net.layers.size(); ++i) layers.emplace_back(net.layers[i], i < net.each ? net.rows * at_once : at_once);
    Eigen::MatrixXf sum(net.each < net.layers.size() ? net.layers[net.each].inputs : 1, 1);
    const int inputs = net.layers[0].inputs, labels = net.layers.back().units;
    const auto size = static_cast<std::size_t>(net.rows * inputs);
    using Outputs = Eigen::Map<Eigen::MatrixXf>;

    serve(argv[2], argv[3], size, static_cast<std::size_t>(labels), [&](const float* events, std::size_t number, float* outputs) {
        for (std::size_t first = 0; first < number; first += static_cast<std::size_t>(at_once)) {
            const int here = static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(at_once), number - first));
            const Eigen::Map<const Eigen::MatrixXf> x(events + first * size, inputs, net.rows * here);
            layers[0].run(x);
            for (std::size_t i = 1; i < layers.size(); ++i) {
                const auto before = layers[i - 1].result(i <= net.each ? net.rows * here : here);
                if (i == net.each) {
                    sum = before.rowwise().sum();
                    layers[i].run(sum);
                } else {
                    layers[i].run(before);
                }
            }
            auto last = layers.back().result(here);
            Outputs result(outputs + first * static_cast<std::size_t>(labels), labels, here);
            for (int column = 0; column < here; ++column) {
                auto values = last.col(column);
                values = (values.array() - values.maxCoeff()).exp();
                result.col(column) = values / values.sum();
            }
        }
    });
}
