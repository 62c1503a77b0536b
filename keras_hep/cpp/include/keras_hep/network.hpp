// keras_hep: evaluate a network that `keras-hep export` wrote. This is the file to include.
//
//     const auto net = keras_hep::Network::load("net.json");
//     const auto result = net.evaluate({{"jet", {{"pt", 120.0}, {"eta", 0.3}}}});   // label -> value
//
// A Network does not change once it is loaded: threads can share it.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "document.hpp"
#include "errors.hpp"
#include "field.hpp"
#include "graph.hpp"
#include "input.hpp"
#include "json.hpp"
#include "named.hpp"
#include "options.hpp"
#include "plans.hpp"
#include "shape.hpp"

namespace keras_hep {

/// Memory in which events are evaluated; one for each thread, reused from event to event, for any number of networks.
template <class T>
class BasicWorkspace {
public:
    /// The first `size` values; memory is allocated only where there was less before.
    T* values(std::size_t size) {
        if (values_.size() < size) values_.resize(size);
        return values_.data();
    }
    const T* data() const { return values_.data(); }

private:
    template <class>
    friend class BasicNetwork;

    simd::Aligned<T> values_;
    std::vector<T> given_;   // of a named call
    std::vector<BasicArray<T>> arrays_;
    const Graph<T>* plan_ = nullptr;  // of the last event, where there are open axes
    Shape sizes_;                     // of its open axes
    Shape next_;
};

/// The values of one node.
template <class T>
struct BasicNodeValues {
    std::string name;
    Shape shape;
    std::vector<T> values;
};

/// One input of many events, those of an event after one another, each with room for as many values as the input's shape has; where
/// an event has fewer, they stand at the beginning.
struct Batch {
    const float* values;
    const std::size_t* rows = nullptr;  ///< of a sequence: the number of real objects of each event; null where all are
    const std::size_t* columns = nullptr;  ///< of open axes `rows` and `columns` are the sizes; null where they are the largest
};

template <class T>
class BasicNetwork {
public:
    using Workspace = BasicWorkspace<T>;
    using NodeValues = BasicNodeValues<T>;

    BasicNetwork(BasicNetwork&&) noexcept;
    BasicNetwork& operator=(BasicNetwork&&) noexcept;
    ~BasicNetwork();

    /// Read a network from a file, or throw ParseError or ShapeError.
    static BasicNetwork load(const std::string& path, const Options& options = {});

    /// Read a network from text, or throw ParseError or ShapeError.
    static BasicNetwork parse(std::string_view text, const Options& options = {});

    /// Make a network of a document that another reader has made. Its numbers are taken as they stand, not as float32.
    static BasicNetwork from_document(const json::Value& document, const Options& options = {});

    const std::vector<Input>& inputs() const { return inputs_; }
    const std::vector<Output>& outputs() const { return outputs_; }

    /// The nodes in the order of evaluation.
    const std::vector<Step<T>>& nodes() const { return graph_.steps(); }

    /// Number of test vectors in the file.
    std::size_t test_vectors() const { return vectors_.size(); }

    /// Evaluate named values and return label -> value of one output (of the only one where `output` is empty).
    std::map<std::string, double> evaluate(const NamedInputs& values, const std::string& output = "") const;

    /// Evaluate arrays, one for each input in the order of `inputs()`, and return all outputs after one another.
    /// Nothing is checked but what must be: a non-finite value becomes its feature's default, or goes through as in Keras.
    std::vector<T> evaluate_arrays(const std::vector<Array>& values) const;

    /// Evaluate arrays, one for each input, in a workspace of the caller, without allocating memory after the first event; with
    /// open axes, after the first event of these sizes. What a layer cannot take, as fewer values than a window has, is an InputError.
    /// `values_of(number of an output, space)` are then its values.
    void run(const Array* values, Workspace& space) const;

    /// The values of an output after `run`.
    const T* values_of(std::size_t output, const Workspace& space) const { return value_of(outputs_[output], space); }

    /// The number of these values: that of the labels, or fewer where the output has an open axis.
    std::size_t size_of(std::size_t output, const Workspace& space) const { return size_of(outputs_[output], space); }

    /// Evaluate many events: `outputs[i]` is filled with the values of output i, those of an event after one another, each with as
    /// many values as there are labels; where an output has an open axis, NaN stands behind those that an event has.
    void run_batch(const Batch* values, std::size_t events, T* const* outputs, Workspace& space) const;

    /// Evaluate named values and return the values of every node; for a network loaded with `keep_nodes`.
    std::vector<NodeValues> trace(const NamedInputs& values) const;

    /// The values of every node after `run`; for a network loaded with `keep_nodes`.
    std::vector<NodeValues> trace(const Workspace& space) const;

    /// Evaluate the test vectors of the file and return the largest difference, absolute below 1 and relative above;
    /// throw CheckError where it is larger than `tolerance`.
    double self_check(double tolerance = 1e-5) const;

private:
    /// `bytes`: size of the file. `spent`: the document, if it is not needed any more when the network has been read.
    BasicNetwork(const Source& source, const Options& options, std::size_t bytes, json::Value* spent = nullptr);

    BasicNetwork(const Field& root, const Options& options, std::size_t bytes);

    static Workspace& own_workspace();

    const Graph<T>& last_plan(const Workspace& space) const { return plans_ ? *space.plan_ : graph_; }
    const T* value_of(const Output& output, const Workspace& space) const { return space.data() + last_plan(space).one().nodes[output.node]; }
    std::size_t size_of(const Output& output, const Workspace& space) const { return last_plan(space).steps()[output.node].size; }

    /// The plan for an event of which `array(i)` is input i.
    template <class Get>
    const Graph<T>& plan_of(const Get& array, Workspace& space) const;

    template <class Get>
    void add_sizes(const Get& array, Shape& sizes) const;

    static Array array_of(const Batch& batch, const Input& input, std::size_t event);

    /// How many events from `first` on, at most `most`, have the sizes of the first one.
    std::size_t alike(const Batch* values, std::size_t first, std::size_t most, Workspace& space) const;

    static double difference(const std::vector<float>& expected, const T* found);

    const Output& find_output(const std::string& name) const;

    [[noreturn]] void refuse_output(const std::string& name) const;

    template <class V>
    void run_one(const BasicArray<V>* values, Workspace& space) const;

    void run_named(const NamedInputs& values, Workspace& space) const;

    void refuse_unknown(const NamedInputs& values) const;

    /// Copy the values, of a sequence cut or padded to its length with zeros, as in the training; or make the mask.
    template <class V>
    void fill_input(const Step<T>& step, const V* values, std::size_t rows, T* to) const;

    std::vector<Input> inputs_;
    Graph<T> graph_;  ///< with open axes: of the largest sizes, not ready to run
    std::vector<Output> outputs_;
    std::vector<TestVector> vectors_;
    bool keeps_nodes_;
    std::unique_ptr<Plans<T>> plans_;  ///< of a network with open axes
};

using Network = BasicNetwork<float>;
using Workspace = BasicWorkspace<float>;
using NodeValues = BasicNodeValues<float>;

/// The same in double precision, several times slower.
using DoubleNetwork = BasicNetwork<double>;

#ifdef KERAS_HEP_SEPARATE
extern template class BasicNetwork<float>;
extern template class BasicNetwork<double>;
#endif

}  // namespace keras_hep

// All this takes some seconds to compile. Where many files include this one, define KERAS_HEP_SEPARATE for all of them, and compile
// src/keras_hep.cpp beside them, which has it once (with CMake: link keras_hep::compiled).
#ifndef KERAS_HEP_SEPARATE
#include "layers/registry.hpp"
#include "network_functions.hpp"
#include "simd/choose.hpp"
#endif
