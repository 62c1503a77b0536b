// Activations that act on each value alone.
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "layer.hpp"

namespace keras_hep::layers {

template <class T>
class Activation final : public Layer<T> {
public:
    Activation(std::size_t size, Function<T> function) : size_(size), function_(function) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        this->kernels().apply(function_, inputs[0], output, size_ * events);
    }

    std::optional<Function<T>> function() const override { return function_; }

private:
    std::size_t size_;
    Function<T> function_;
};

/// Read a function and its parameters from a node, or from a part of one.
template <class T>
KERAS_HEP_LOADING Function<T> read_function(const Field& node) {
    const Field field = node.at("function");
    const std::string& name = field.text();
    const auto number = [&](const char* key) { return node.at(key).number<T>(); };
    if (name == "relu") {
        const Field limit = node.at("max_value");
        const T most = limit.is_null() ? std::numeric_limits<T>::infinity() : limit.number<T>();
        const T slope = number("negative_slope"), threshold = number("threshold");
        if (slope == 0 && threshold == 0 && limit.is_null()) return {Kind::relu, 0, 0, 0};
        return {Kind::relu_general, slope, threshold, most};
    }
    if (name == "gelu") return {node.at("approximate").boolean() ? Kind::gelu_tanh : Kind::gelu, 0, 0, 0};
    if (name == "hard_sigmoid") {
        // Keras 3; Keras 2 had the slope 0.2.
        return {Kind::hard_sigmoid, T(1) / T(6), T(0.5), 0};
    }
    if (name == "threshold") return {Kind::threshold, number("threshold"), number("default_value"), 0};
    if (name == "ramp") return {Kind::hard_sigmoid, number("slope"), number("offset"), 0};
    struct Known {
        const char* name;
        Kind kind;
        const char* parameter;
    };
    static const Known functions[] = {
        {"absolute", Kind::absolute, nullptr},
        {"celu", Kind::celu, "alpha"},
        {"elu", Kind::elu, "alpha"},
        {"exponential", Kind::exponential, nullptr},
        {"hard_shrink", Kind::hard_shrink, "threshold"},
        {"hard_tanh", Kind::hard_tanh, nullptr},
        {"leaky_relu", Kind::leaky_relu, "negative_slope"},
        {"linear", Kind::linear, nullptr},
        {"log_sigmoid", Kind::log_sigmoid, nullptr},
        {"mish", Kind::mish, nullptr},
        {"selu", Kind::selu, nullptr},
        {"sigmoid", Kind::sigmoid, nullptr},
        {"silu", Kind::silu, nullptr},
        {"soft_shrink", Kind::soft_shrink, "threshold"},
        {"softplus", Kind::softplus, nullptr},
        {"softsign", Kind::softsign, nullptr},
        {"sparse_plus", Kind::sparse_plus, nullptr},
        {"sparse_sigmoid", Kind::sparse_sigmoid, nullptr},
        {"squareplus", Kind::squareplus, "b"},
        {"swish", Kind::silu, "alpha"},
        {"tanh", Kind::tanh, nullptr},
        {"tanh_shrink", Kind::tanh_shrink, nullptr},
    };
    for (const Known& known : functions) {
        if (name == known.name) return {known.kind, known.parameter != nullptr ? number(known.parameter) : T(1), 0, 0};
    }
    field.fail({"unknown activation '", shortened(name), "'"});
}

/// The attributes with a function and its parameters.
KERAS_HEP_LOADING inline std::string_view parameters_of(const Field& node) {
    const std::string& name = node.at("function").text();
    if (name == "relu") return "function negative_slope threshold max_value";
    if (name == "threshold") return "function threshold default_value";
    if (name == "ramp") return "function slope offset";
    if (name == "gelu") return "function approximate";
    if (name == "leaky_relu") return "function negative_slope";
    if (name == "squareplus") return "function b";
    if (name == "hard_shrink" || name == "soft_shrink") return "function threshold";
    if (name == "elu" || name == "celu" || name == "swish") return "function alpha";
    return "function";
}

template <class T>
KERAS_HEP_LOADING std::unique_ptr<Layer<T>> make_activation(const Declaration& declaration) {
    const Function<T> function = read_function<T>(declaration.node);
    declaration.attributes(parameters_of(declaration.node));
    declaration.takes(1);
    declaration.gives(declaration.inputs[0]);
    return Made<T>(new Activation<T>(product(declaration.shape), function));
}

}  // namespace keras_hep::layers
