// Dense layers in a file: [rows of an event] [layers before the sum over the rows, or all] [number of layers], then of each
// [inputs] [units] [1 for relu], weights [input][unit] and bias; all of it float32.
#pragma once

#include <string>
#include <vector>

#include "serve.hpp"

struct Layer {
    int inputs;
    int units;
    bool relu;
    std::vector<float> weights;
    std::vector<float> bias;
};

struct Layers {
    int rows;
    std::size_t each;  ///< layers that are applied to each row
    std::vector<Layer> layers;
};

inline Layers read_layers(const std::string& path) {
    const std::vector<float> numbers = read_numbers<float>(path);
    const float* next = numbers.data();
    const auto whole = [&] { return static_cast<int>(*next++); };
    Layers result{whole(), static_cast<std::size_t>(whole()), {}};
    const int number = whole();
    for (int i = 0; i < number; ++i) {
        Layer layer{whole(), whole(), whole() != 0, {}, {}};
        layer.weights.assign(next, next + layer.inputs * layer.units);
        next += layer.inputs * layer.units;
        layer.bias.assign(next, next + layer.units);
        next += layer.units;
        result.layers.push_back(layer);
    }
    return result;
}
