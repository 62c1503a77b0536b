// Activations that act on each value alone, with the definitions of Keras 3. NaN stays NaN.
#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include "layer.hpp"

namespace keras_hep::layers {

/// A node that applies one function to each value; the loop is compiled for each function.
template <class Function>
class Elementwise final : public Layer {
public:
    Elementwise(std::size_t size, Function function) : size_(size), function_(function) {}

    void run(const Arguments& inputs, float* output) const override {
        const float* input = inputs[0];
        for (std::size_t i = 0; i < size_; ++i) output[i] = function_(input[i]);
    }

private:
    std::size_t size_;
    Function function_;
};

namespace activations {

inline float sigmoid(float x) { return 1.0F / (1.0F + std::exp(-x)); }

template <class Function>
std::unique_ptr<Layer> elementwise(const Declaration& declaration, Function function) {
    return std::make_unique<Elementwise<Function>>(product(declaration.shape), function);
}

template <float (*function)(float)>
std::unique_ptr<Layer> plain(const Declaration& declaration) {
    declaration.attributes({"function"});
    return elementwise(declaration, [](float x) { return function(x); });
}

inline std::unique_ptr<Layer> relu(const Declaration& declaration) {
    declaration.attributes({"function", "negative_slope", "threshold", "max_value"});
    const float slope = declaration.node.at("negative_slope").real();
    const float threshold = declaration.node.at("threshold").real();
    const Field limit = declaration.node.at("max_value");
    const float most = limit.is_null() ? std::numeric_limits<float>::infinity() : limit.real();
    if (slope == 0 && threshold == 0 && limit.is_null()) {
        return elementwise(declaration, [](float x) { return x < 0 ? 0.0F : x; });
    }
    return elementwise(declaration, [=](float x) {
        if (x <= threshold) return slope == 0 ? 0.0F : slope * (x - threshold);
        return x > most ? most : x;
    });
}

inline std::unique_ptr<Layer> leaky_relu(const Declaration& declaration) {
    declaration.attributes({"function", "negative_slope"});
    const float slope = declaration.node.at("negative_slope").real();
    return elementwise(declaration, [=](float x) { return x < 0 ? slope * x : x; });
}

inline std::unique_ptr<Layer> elu(const Declaration& declaration) {
    declaration.attributes({"function", "alpha"});
    const float alpha = declaration.node.at("alpha").real();
    return elementwise(declaration, [=](float x) { return x > 0 ? x : alpha * std::expm1(x); });
}

inline std::unique_ptr<Layer> gelu(const Declaration& declaration) {
    declaration.attributes({"function", "approximate"});
    if (declaration.node.at("approximate").boolean()) {
        return elementwise(declaration, [](float x) {
            return 0.5F * x * (1.0F + std::tanh(0.7978845608F * (x + 0.044715F * x * x * x)));
        });
    }
    return elementwise(declaration, [](float x) { return 0.5F * x * (1.0F + std::erf(x * 0.7071067812F)); });
}

inline float linear(float x) { return x; }
inline float selu(float x) { return 1.0507009874F * (x > 0 ? x : 1.6732632423F * std::expm1(x)); }
inline float tanh(float x) { return std::tanh(x); }
inline float exponential(float x) { return std::exp(x); }
inline float softplus(float x) { return (x > 0 ? x : 0.0F) + std::log1p(std::exp(-std::abs(x))); }
inline float softsign(float x) { return x / (1.0F + std::abs(x)); }
inline float silu(float x) { return x * sigmoid(x); }

/// Keras 3: x / 6 + 0.5, cut to [0, 1]; Keras 2 had the slope 0.2.
inline float hard_sigmoid(float x) {
    const float value = x / 6.0F + 0.5F;
    return value < 0 ? 0.0F : value > 1 ? 1.0F : value;
}

inline std::unique_ptr<Layer> make(const Declaration& declaration) {
    using Factory = std::unique_ptr<Layer> (*)(const Declaration&);
    static const std::map<std::string, Factory> factories = {
        {"elu", elu},
        {"exponential", plain<exponential>},
        {"gelu", gelu},
        {"hard_sigmoid", plain<hard_sigmoid>},
        {"leaky_relu", leaky_relu},
        {"linear", plain<linear>},
        {"relu", relu},
        {"selu", plain<selu>},
        {"sigmoid", plain<sigmoid>},
        {"silu", plain<silu>},
        {"softplus", plain<softplus>},
        {"softsign", plain<softsign>},
        {"tanh", plain<tanh>},
    };
    declaration.takes(1);
    declaration.gives(declaration.inputs[0]);
    const Field function = declaration.node.at("function");
    const auto found = factories.find(function.text());
    if (found == factories.end()) function.fail("unknown activation '" + function.text().substr(0, 80) + "'");
    return found->second(declaration);
}

}  // namespace activations
}  // namespace keras_hep::layers
