// What every kind of node is: something that turns the values of its inputs into its own.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "../field.hpp"
#include "../shape.hpp"

namespace keras_hep::layers {

/// The values of a node's inputs, which stand in the workspace.
class Arguments {
public:
    Arguments(const float* workspace, const std::size_t* offsets) : workspace_(workspace), offsets_(offsets) {}
    const float* operator[](std::size_t i) const { return workspace_ + offsets_[i]; }

private:
    const float* workspace_;
    const std::size_t* offsets_;
};

/// A node, ready to run. Immutable after construction, so that threads can share it.
class Layer {
public:
    virtual ~Layer() = default;
    /// Write the node's values to `output`, which does not overlap the inputs.
    virtual void run(const Arguments& inputs, float* output) const = 0;
};

/// A node as it stands in the file, with the shapes of its inputs.
struct Declaration {
    Field node;
    std::vector<Shape> inputs;
    Shape shape;

    /// Check the attributes (beside name, type, inputs and shape).
    void attributes(std::initializer_list<std::string_view> known) const {
        node.only({"name", "type", "inputs", "shape"}, known);
    }

    /// Check the number of inputs.
    void takes(std::size_t number) const {
        if (inputs.size() != number) {
            node.at("inputs").fail_shape("expected " + std::to_string(number) + " inputs, found " + std::to_string(inputs.size()));
        }
    }

    /// Check the declared shape.
    void gives(const Shape& expected) const {
        if (shape != expected) node.at("shape").fail_shape("expected " + to_string(expected) + ", found " + to_string(shape));
    }

    /// An axis of the first input, counted from 0 without the axis of the events.
    std::size_t axis() const {
        const Field field = node.at("axis");
        const std::size_t value = field.count(max_rank);
        if (value >= inputs[0].size()) field.fail_shape("the input has only " + std::to_string(inputs[0].size()) + " axes");
        return value;
    }
};

}  // namespace keras_hep::layers
