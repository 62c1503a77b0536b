// The activations of lwtnn in the words of our format.
#pragma once

#include <string>

#include "values.hpp"

namespace keras_hep::lwtnn {

inline void set_linear(Maker& node) { node.set("function", "linear"); }

/// Write an activation, a string or an object with `alpha`, into a node or an attribute; returns false for a softmax.
inline bool set_function(const Field& place, Maker& node) {
    const bool is_object = place.value().kind() == json::Kind::object;
    const Field named = is_object ? place.at("function") : place;
    std::string name = named.text();
    constexpr std::string_view legacy = "_legacy";
    if (name.size() > legacy.size() && name.compare(name.size() - legacy.size(), legacy.size(), legacy) == 0) {
        name.resize(name.size() - legacy.size());
    }
    const auto alpha = [&](double otherwise) {
        if (is_object) return number(place.at("alpha"));
        if (otherwise == 0) named.fail({"the activation '", name, "' needs an object with its parameter, 'alpha'"});
        return otherwise;
    };
    if (name == "softmax") return false;
    if (name == "elu") {
        node.set("function", "elu").set("alpha", alpha(1));
    } else if (name == "leakyrelu") {
        node.set("function", "leaky_relu").set("negative_slope", alpha(0));
    } else if (name == "swish") {
        node.set("function", "swish").set("alpha", alpha(0));
    } else if (name == "rectified") {
        node.set("function", "relu").set("negative_slope", 0.0).set("threshold", 0.0).null("max_value");
    } else if (name == "hard_sigmoid") {
        node.set("function", "ramp").set("slope", 0.2).set("offset", 0.5);
    } else if (name == "abs") {
        node.set("function", "absolute");
    } else if (name == "linear" || name == "sigmoid" || name == "tanh") {
        node.set("function", name);
    } else {
        named.fail({"unknown activation '", shortened(name), "'"});
    }
    return true;
}

/// An activation of its own, for layers that hold it as an attribute.
inline json::Value function_object(const Field& place) {
    Maker function;
    if (!set_function(place, function)) place.fail("a softmax is not supported here");
    return function.value();
}

}  // namespace keras_hep::lwtnn
