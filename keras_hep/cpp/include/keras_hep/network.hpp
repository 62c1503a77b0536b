// keras_hep: evaluate a network that `keras-hep export` wrote. This is the file to include.
//
//     const auto net = keras_hep::Network::load("net.json");
//     const auto result = net.evaluate({{"jet", {{"pt", 120.0}, {"eta", 0.3}}}});   // label -> value
//
// A Network does not change once it is loaded: threads can share it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
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

/// The bytes of a file, or throw ParseError.
inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) throw ParseError(joined({"$: cannot read '", path, "'"}));
    const auto end = static_cast<std::streamoff>(file.tellg());  // not of pipes and folders
    const bool known = end > 0 && end <= static_cast<std::streamoff>(json::Parser::max_bytes);
    std::size_t step = known ? static_cast<std::size_t>(end) + 1 : std::size_t{1} << 20;
    file.clear();
    if (known) file.seekg(0);
    std::string text;
    while (file && text.size() <= json::Parser::max_bytes) {
        const std::size_t before = text.size();
        text.resize(before + step);
        file.read(text.data() + before, static_cast<std::streamsize>(step));
        text.resize(before + static_cast<std::size_t>(file.gcount()));
    }
    return text;
}

template <class T>
class BasicNetwork {
public:
    using Workspace = BasicWorkspace<T>;
    using NodeValues = BasicNodeValues<T>;

    /// Read a network from a file, or throw ParseError or ShapeError.
    static BasicNetwork load(const std::string& path, const Options& options = {}) {
        json::Value document = json::parse(read_file(path));  // the text is gone when the network is made
        return BasicNetwork({&document}, options, &document);
    }

    /// Read a network from text, or throw ParseError or ShapeError.
    static BasicNetwork parse(std::string_view text, const Options& options = {}) {
        json::Value document = json::parse(text);
        return BasicNetwork({&document}, options, &document);
    }

    /// Make a network of a document that another reader has made. Its numbers are taken as they stand, not as float32.
    static BasicNetwork from_document(const json::Value& document, const Options& options = {}) {
        return BasicNetwork({&document, "$", true}, options);
    }

    const std::vector<Input>& inputs() const { return inputs_; }
    const std::vector<Output>& outputs() const { return outputs_; }

    /// The nodes in the order of evaluation.
    const std::vector<Step<T>>& nodes() const { return graph_.steps(); }

    /// Number of test vectors in the file.
    std::size_t test_vectors() const { return vectors_.size(); }

    /// Evaluate named values and return label -> value of one output (of the only one where `output` is empty).
    std::map<std::string, double> evaluate(const NamedInputs& values, const std::string& output = "") const {
        const Output& chosen = find_output(output);
        Workspace& space = own_workspace();
        run_named(values, space);
        const T* first = value_of(chosen, space);
        std::map<std::string, double> result;
        for (std::size_t i = 0; i < chosen.labels.size(); ++i) result.emplace(chosen.labels[i], first[i]);
        return result;
    }

    /// Evaluate arrays, one for each input in the order of `inputs()`, and return all outputs after one another.
    /// Nothing is checked but what must be: a non-finite value becomes its feature's default, or goes through as in Keras.
    std::vector<T> evaluate_arrays(const std::vector<Array>& values) const {
        if (values.size() != inputs_.size()) {
            refuse_call({"expected ", inputs_.size(), " arrays, one for each input, found ", values.size()});
        }
        Workspace& space = own_workspace();
        run(values.data(), space);
        std::vector<T> result;
        for (const Output& output : outputs_) {
            const T* first = value_of(output, space);
            result.insert(result.end(), first, first + output.labels.size());
        }
        return result;
    }

    /// Evaluate arrays, one for each input, in a workspace of the caller, without allocating memory after the first event.
    /// `values_of(number of an output, space)` are then its values.
    void run(const Array* values, Workspace& space) const { run_one(values, space); }

    /// The values of an output after `run`.
    const T* values_of(std::size_t output, const Workspace& space) const { return value_of(outputs_[output], space); }

    /// Evaluate many events: `outputs[i]` is filled with the values of output i, those of an event after one another.
    void run_batch(const Batch* values, std::size_t events, T* const* outputs, Workspace& space) const {
        const Places<T>& places = graph_.many();
        T* memory = space.values(places.size);
        for (std::size_t first = 0; first < events; first += places.events) {
            const std::size_t here = std::min(places.events, events - first);
            for (const std::size_t i : graph_.inputs()) {
                const Step<T>& step = graph_.steps()[i];
                const Input& input = inputs_[step.input];
                const std::size_t size = product(input.shape());
                for (std::size_t event = 0; event < here; ++event) {
                    const std::size_t number = first + event;
                    const std::size_t* rows = values[step.input].rows;
                    fill_input(step, values[step.input].values + number * size, rows != nullptr ? rows[number] : input.length.value_or(1),
                               memory + places.nodes[i] + event * step.size);
                }
            }
            graph_.run(memory, places, here);
            for (std::size_t i = 0; i < outputs_.size(); ++i) {
                const std::size_t size = outputs_[i].labels.size();
                const T* from = memory + places.nodes[outputs_[i].node];
                std::copy(from, from + here * size, outputs[i] + first * size);
            }
        }
    }

    /// Evaluate named values and return the values of every node; for a network loaded with `keep_nodes`.
    std::vector<NodeValues> trace(const NamedInputs& values) const {
        Workspace space;
        run_named(values, space);
        return trace(space);
    }

    /// The values of every node after `run`; for a network loaded with `keep_nodes`.
    std::vector<NodeValues> trace(const Workspace& space) const {
        if (!keeps_nodes_) refuse_call({"the nodes were joined; load the network with Options::keep_nodes to see each of them"});
        std::vector<NodeValues> result;
        for (std::size_t i = 0; i < graph_.steps().size(); ++i) {
            const Step<T>& step = graph_.steps()[i];
            const T* first = space.data() + graph_.one().nodes[i];
            result.push_back({step.name, step.shape, std::vector<T>(first, first + step.size)});
        }
        return result;
    }

    /// Evaluate the test vectors of the file and return the largest difference, absolute below 1 and relative above;
    /// throw CheckError where it is larger than `tolerance`.
    double self_check(double tolerance = 1e-5) const {
        double worst = 0;
        Workspace space;
        for (std::size_t number = 0; number < vectors_.size(); ++number) {
            const TestVector& vector = vectors_[number];
            std::vector<Array> arrays;
            for (std::size_t i = 0; i < inputs_.size(); ++i) {
                arrays.push_back({vector.inputs[i].data(), vector.inputs[i].size() / inputs_[i].features.size()});
            }
            run(arrays.data(), space);
            for (std::size_t i = 0; i < outputs_.size(); ++i) {
                const double here = difference(vector.outputs[i], values_of(i, space));
                if (!(here <= tolerance)) {
                    throw CheckError(joined({"test vector ", number, ", output '", outputs_[i].name, "': differs by ", std::to_string(here),
                                             " from the value in the file"}));
                }
                worst = std::max(worst, here);
            }
        }
        return worst;
    }

private:
    /// `spent`: the document, if it is not needed any more when the network has been read.
    BasicNetwork(const Source& source, const Options& options, json::Value* spent = nullptr)
        : BasicNetwork(Field(source), options) {
        if (spent != nullptr) *spent = {};
        std::vector<std::size_t> nodes;
        for (const Output& output : outputs_) nodes.push_back(output.node);
        graph_.prepare(nodes, options);
    }

    BasicNetwork(const Field& root, const Options& options)
        : inputs_((check_header(root), read_inputs(root.at("inputs")))),
          graph_(root.at("nodes"), inputs_),
          outputs_(read_outputs(root.at("outputs"), graph_)),
          vectors_(read_test_vectors(root.at("test_vectors"), inputs_, outputs_)),
          keeps_nodes_(options.keep_nodes) {}

    static Workspace& own_workspace() {
        static thread_local Workspace space;
        return space;
    }

    const T* value_of(const Output& output, const Workspace& space) const { return space.data() + graph_.one().nodes[output.node]; }

    static double difference(const std::vector<float>& expected, const T* found) {
        double worst = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            if (std::isnan(expected[i]) && std::isnan(found[i])) continue;
            const double value = static_cast<double>(expected[i]);
            const double here = std::abs(value - static_cast<double>(found[i])) / std::max(1.0, std::abs(value));
            if (!(here <= worst)) worst = std::isnan(here) ? std::numeric_limits<double>::infinity() : here;
        }
        return worst;
    }

    const Output& find_output(const std::string& name) const {
        if (name.empty() && outputs_.size() == 1) return outputs_[0];
        for (const Output& output : outputs_) {
            if (output.name == name) return output;
        }
        refuse_output(name);
    }

    [[noreturn]] KERAS_HEP_LOADING void refuse_output(const std::string& name) const {
        std::string known;
        for (const Output& output : outputs_) known += joined({known.empty() ? "'" : ", '", output.name, "'"});
        if (name.empty()) refuse_call({"the network has several outputs, name one of ", known});
        refuse_call({"there is no output '", name, "', only ", known});
    }

    template <class V>
    void run_one(const BasicArray<V>* values, Workspace& space) const {
        const Places<T>& places = graph_.one();
        T* memory = space.values(places.size);
        for (const std::size_t i : graph_.inputs()) {
            const Step<T>& step = graph_.steps()[i];
            fill_input(step, values[step.input].values, values[step.input].rows, memory + places.nodes[i]);
        }
        graph_.run(memory, places, 1);
    }

    void run_named(const NamedInputs& values, Workspace& space) const {
        static const Columns nothing;
        std::size_t known = 0;
        for (const Input& input : inputs_) known += values.count(input.name);
        if (known < values.size()) refuse_unknown(values);
        space.given_.clear();
        space.arrays_.clear();
        for (const Input& input : inputs_) {
            const auto found = values.find(input.name);
            const Columns& columns = found == values.end() ? nothing : found->second;
            space.arrays_.push_back({nullptr, count_rows(input, columns)});
            append_row_major(input, columns, space.arrays_.back().rows, space.given_);
        }
        const T* first = space.given_.data();
        for (std::size_t i = 0; i < inputs_.size(); ++i) {
            space.arrays_[i].values = first;
            first += space.arrays_[i].rows * inputs_[i].features.size();
        }
        run_one(space.arrays_.data(), space);
    }

    [[gnu::cold]] void refuse_unknown(const NamedInputs& values) const {
        for (const auto& [name, columns] : values) {
            bool known = false;
            for (const Input& input : inputs_) known = known || input.name == name;
            if (!known) refuse_call({"the network has no input '", name, "'"});
        }
    }

    /// Copy the values, of a sequence cut or padded to its length with zeros, as in the training; or make the mask.
    template <class V>
    void fill_input(const Step<T>& step, const V* values, std::size_t rows, T* to) const {
        const std::size_t most = step.shape[0];
        const std::size_t filled = (inputs_[step.input].is_sequence() ? std::min(rows, most) : most) * (step.size / most);
        if (step.is_mask) {
            std::fill(to, to + filled, T(1));
        } else if constexpr (std::is_same_v<V, T>) {
            std::copy(values, values + filled, to);
        } else {
            std::transform(values, values + filled, to, [](V value) { return static_cast<T>(value); });
        }
        std::fill(to + filled, to + step.size, T(0));
    }

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

// The layers and kernels take some seconds to compile. Where many files include this one, define KERAS_HEP_SEPARATE for all of them,
// and compile src/keras_hep.cpp beside them, which has everything once (with CMake: link keras_hep::compiled).
#ifndef KERAS_HEP_SEPARATE
#include "layers/registry.hpp"
#include "simd/choose.hpp"
#endif
