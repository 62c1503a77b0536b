// What every kind of node is: something that turns the values of its inputs into its own.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../field.hpp"
#include "../loading.hpp"
#include "../shape.hpp"
#include "../simd/kernels.hpp"
#include "../simd/rounded.hpp"

namespace keras_hep::layers {

using simd::Function;
using simd::Kernels;
using simd::Kind;

/// The values of a node's inputs, which stand in the workspace, those of several events after one another.
template <class T>
class Arguments {
public:
    Arguments(const T* workspace, const std::size_t* offsets) : workspace_(workspace), offsets_(offsets) {}
    const T* operator[](std::size_t i) const { return workspace_ + offsets_[i]; }

private:
    const T* workspace_;
    const std::size_t* offsets_;
};

/// y = x * factor + offset, with one factor and offset for each place on the last axis.
template <class T>
struct Affine {
    std::vector<T> factor;
    std::vector<T> offset;
};

/// A node, ready to run. Immutable after `prepare`, so that threads can share it.
///
/// Behind the values of each node, inputs and scratch memory too, `simd::slack` more may be read and written.
template <class T>
class Layer {
public:
    virtual ~Layer() = default;

    /// Write the values of so many events to `output`, which does not overlap the inputs.
    virtual void run(const Arguments<T>& inputs, T* output, std::size_t events, T* scratch) const = 0;

    /// Values of scratch memory that `run` needs.
    virtual std::size_t scratch(std::size_t /*events*/) const { return 0; }

    /// Called once, after everything was absorbed and before the first `run`.
    virtual void prepare(const Kernels<T>& kernels) { kernels_ = &kernels; }

    // What lets a layer do the work of the one behind or before it. The functions that absorb return false where they cannot,
    // and change nothing then.

    /// The function that this layer applies to each value, if that is all it does.
    virtual std::optional<Function<T>> function() const { return std::nullopt; }

    /// The affine map along the last axis that this layer is, if that is all it does.
    virtual const Affine<T>* affine() const { return nullptr; }

    /// Whether the output is the input, seen with another shape.
    virtual bool is_view() const { return false; }

    /// Apply a function to each value of the output.
    virtual bool absorb(const Function<T>&) { return false; }

    /// Map the output along its last axis.
    virtual bool absorb_after(const Affine<T>&) { return false; }

    /// Map the input along its last axis.
    virtual bool absorb_before(const Affine<T>&) { return false; }

protected:
    const Kernels<T>& kernels() const { return *kernels_; }

private:
    const Kernels<T>* kernels_ = nullptr;
};

/// A new layer is given away as this, and not as a pointer to its own class, which would be one more class to compile for each.
template <class T>
using Made = std::unique_ptr<Layer<T>>;

/// A node as it stands in the file, with the shapes of its inputs.
struct Declaration {
    Field node;
    std::vector<Shape> inputs;
    mutable Shape shape;  ///< `gives` fills in the open sizes

    /// Check the attributes (beside name, type, inputs and shape): `known` names them, with blanks between them.
    KERAS_HEP_LOADING void attributes(std::string_view known) const {
        node.only("name type inputs shape", known);
    }

    /// Check the number of inputs.
    KERAS_HEP_LOADING void takes(std::size_t number) const {
        if (inputs.size() != number) {
            node.at("inputs").fail_shape({"expected ", number, " inputs, found ", inputs.size()});
        }
    }

    /// Check the number of axes of the first input.
    KERAS_HEP_LOADING void takes_axes(std::size_t number) const {
        if (inputs[0].size() != number) {
            node.at("inputs").fail_shape({"expected an input of ", number, " axes, found ", inputs[0]});
        }
    }

    /// Check the declared shape, open sizes aside, which are then known.
    KERAS_HEP_LOADING void gives(const Shape& expected) const {
        if (!fits(shape, expected)) node.at("shape").fail_shape({"expected ", expected, ", found ", shape});
        if (is_known(shape)) return;
        shape = expected;  // a product of two numbers that are at most 2**26
        if (product(shape) > max_values) node.at("shape").fail_shape({"the shape is larger than 2**26 values: ", shape});
    }

    /// An axis of the first input, counted from 0 without the axis of the events.
    KERAS_HEP_LOADING std::size_t axis() const {
        const Field field = node.at("axis");
        const std::size_t value = field.count(max_rank);
        if (value >= inputs[0].size()) field.fail_shape({"the input has only ", inputs[0].size(), " axes"});
        return value;
    }

    /// Numbers of an attribute, or so many times `otherwise` where it is null.
    template <class T>
    KERAS_HEP_LOADING std::vector<T> numbers_or(const char* key, std::size_t size, T otherwise) const {
        const Field field = node.at(key);
        return field.is_null() ? std::vector<T>(size, otherwise) : field.numbers_of_size<T>(size);
    }
};

/// Make the layer of a node, or throw what is wrong with the node; registry.hpp knows them all.
template <class T>
KERAS_HEP_LOADING std::unique_ptr<Layer<T>> make(const Declaration& declaration);

}  // namespace keras_hep::layers
