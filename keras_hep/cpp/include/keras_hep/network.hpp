// keras_hep: evaluate a network that `keras-hep export` wrote. This is the file to include.
//
//     const auto net = keras_hep::Network::load("net.json");
//     const auto result = net.evaluate({{"jet", {{"pt", 120.0}, {"eta", 0.3}}}});   // label -> value
//
// A Network does not change once it is loaded: threads can share it.
#pragma once

#include <cstddef>
#include <map>
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
};

/// The values of one node.
template <class T>
struct BasicNodeValues {
    std::string name;
    Shape shape;
    std::vector<T> values;
};

/// One input of many events, those of an event after one another, each with as many values as the input's shape has.
struct Batch {
    const float* values;
    const std::size_t* rows = nullptr;  ///< of a sequence: the number of real objects of each event; null where all are
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

    /// Evaluate arrays, one for each input, in a workspace of the caller, without allocating memory after the first event.
    /// `values_of(number of an output, space)` are then its values.
    void run(const Array* values, Workspace& space) const;

    /// The values of an output after `run`.
    const T* values_of(std::size_t output, const Workspace& space) const { return value_of(outputs_[output], space); }

    /// Evaluate many events: `outputs[i]` is filled with the values of output i, those of an event after one another.
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

    const T* value_of(const Output& output, const Workspace& space) const { return space.data() + graph_.one().nodes[output.node]; }

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
    Graph<T> graph_;
    std::vector<Output> outputs_;
    std::vector<TestVector> vectors_;
    bool keeps_nodes_;
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
