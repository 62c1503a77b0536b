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
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "document.hpp"
#include "errors.hpp"
#include "field.hpp"
#include "graph.hpp"
#include "input.hpp"
#include "json.hpp"
#include "shape.hpp"

namespace keras_hep {

/// Memory in which one event is evaluated; one for each thread, reused from event to event.
using Workspace = std::vector<float>;

/// The values of one node.
struct NodeValues {
    std::string name;
    Shape shape;
    std::vector<float> values;
};

class Network {
public:
    /// Read a network from a file, or throw ParseError or ShapeError.
    static Network load(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        if (!file) throw ParseError("$: cannot read '" + path + "'");
        std::ostringstream text;
        text << file.rdbuf();  // unlike an iterator, this does not throw where the path is a folder
        return parse(text.str());
    }

    /// Read a network from text, or throw ParseError or ShapeError.
    static Network parse(std::string_view text) {
        const json::Value value = json::parse(text);
        return Network(Field(value, "$"));
    }

    const std::vector<Input>& inputs() const { return inputs_; }
    const std::vector<Output>& outputs() const { return outputs_; }

    /// The nodes in the order of evaluation.
    const std::vector<Step>& nodes() const { return graph_.steps(); }

    /// Number of test vectors in the file.
    std::size_t test_vectors() const { return vectors_.size(); }

    /// Memory for `run`.
    Workspace workspace() const { return Workspace(graph_.size()); }

    /// Evaluate named values and return label -> value of one output (of the only one where `output` is empty).
    std::map<std::string, double> evaluate(const NamedInputs& values, const std::string& output = "") const {
        const Output& chosen = find_output(output);
        Workspace space = workspace();
        run_named(values, space);
        std::map<std::string, double> result;
        for (std::size_t i = 0; i < chosen.labels.size(); ++i) result.emplace(chosen.labels[i], space[chosen.offset + i]);
        return result;
    }

    /// Evaluate arrays, one for each input in the order of `inputs()`, and return all outputs after one another.
    /// Nothing is checked but what must be: a non-finite value becomes its feature's default, or goes through as in Keras.
    std::vector<float> evaluate_arrays(const std::vector<Array>& values) const {
        if (values.size() != inputs_.size()) {
            throw InputError("expected " + std::to_string(inputs_.size()) + " arrays, one for each input, found " + std::to_string(values.size()));
        }
        Workspace space = workspace();
        run(values.data(), space);
        std::vector<float> result;
        for (const Output& output : outputs_) {
            const float* first = space.data() + output.offset;
            result.insert(result.end(), first, first + output.labels.size());
        }
        return result;
    }

    /// Evaluate arrays in a workspace of the caller, without allocating memory. `space[output.offset + i]` is the value
    /// of label i of an output, and `space[node.offset + i]` value i of a node.
    void run(const Array* values, Workspace& space) const {
        space.resize(graph_.size());
        for (const Step& step : graph_.steps()) {
            float* to = space.data() + step.offset;
            if (step.layer) {
                step.layer->run(layers::Arguments(space.data(), step.sources.data()), to);
            } else {
                fill_input(step, values[step.input], to);
            }
        }
    }

    /// Evaluate named values and return the values of every node.
    std::vector<NodeValues> trace(const NamedInputs& values) const {
        Workspace space = workspace();
        run_named(values, space);
        std::vector<NodeValues> result;
        for (const Step& step : graph_.steps()) {
            const float* first = space.data() + step.offset;
            result.push_back({step.name, step.shape, std::vector<float>(first, first + step.size)});
        }
        return result;
    }

    /// Evaluate the test vectors of the file and return the largest difference, absolute below 1 and relative above;
    /// throw CheckError where it is larger than `tolerance`.
    double self_check(double tolerance = 1e-5) const {
        double worst = 0;
        Workspace space = workspace();
        for (std::size_t number = 0; number < vectors_.size(); ++number) {
            const TestVector& vector = vectors_[number];
            std::vector<Array> arrays;
            for (std::size_t i = 0; i < inputs_.size(); ++i) {
                arrays.push_back({vector.inputs[i].data(), vector.inputs[i].size() / inputs_[i].features.size()});
            }
            run(arrays.data(), space);
            for (std::size_t i = 0; i < outputs_.size(); ++i) {
                const double here = difference(vector.outputs[i], space.data() + outputs_[i].offset);
                if (!(here <= tolerance)) {
                    throw CheckError("test vector " + std::to_string(number) + ", output '" + outputs_[i].name + "': differs by " +
                                     std::to_string(here) + " from the value in the file");
                }
                worst = std::max(worst, here);
            }
        }
        return worst;
    }

private:
    explicit Network(const Field& root)
        : inputs_((check_header(root), read_inputs(root.at("inputs")))),
          graph_(root.at("nodes"), inputs_),
          outputs_(read_outputs(root.at("outputs"), graph_)),
          vectors_(read_test_vectors(root.at("test_vectors"), inputs_, outputs_)) {}

    static double difference(const std::vector<float>& expected, const float* found) {
        double worst = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            if (std::isnan(expected[i]) && std::isnan(found[i])) continue;
            const double here = std::abs(static_cast<double>(expected[i]) - found[i]) / std::max(1.0, std::abs(static_cast<double>(expected[i])));
            if (!(here <= worst)) worst = std::isnan(here) ? std::numeric_limits<double>::infinity() : here;
        }
        return worst;
    }

    const Output& find_output(const std::string& name) const {
        std::string known;
        for (const Output& output : outputs_) {
            if (output.name == name) return output;
            known += (known.empty() ? "'" : ", '") + output.name + "'";
        }
        if (name.empty() && outputs_.size() == 1) return outputs_[0];
        throw InputError(name.empty() ? "the network has several outputs, name one of " + known
                                      : "there is no output '" + name + "', only " + known);
    }

    void run_named(const NamedInputs& values, Workspace& space) const {
        static const Columns nothing;
        for (const auto& [name, columns] : values) {
            bool known = false;
            for (const Input& input : inputs_) known = known || input.name == name;
            if (!known) throw InputError("the network has no input '" + name + "'");
        }
        std::vector<std::vector<float>> rows;
        std::vector<Array> arrays;
        for (const Input& input : inputs_) {
            const auto found = values.find(input.name);
            const Columns& columns = found == values.end() ? nothing : found->second;
            const std::size_t number = count_rows(input, columns);
            rows.push_back(to_row_major(input, columns, number));
            arrays.push_back({rows.back().data(), number});
        }
        run(arrays.data(), space);
    }

    /// Cut or pad to the shape of the node: zeros in padded entries, as in the training; or make the mask.
    void fill_input(const Step& step, const Array& array, float* to) const {
        const std::size_t rows = inputs_[step.input].is_sequence() ? std::min(array.rows, step.shape[0]) : 1;
        const std::size_t filled = step.is_mask ? rows : rows * step.shape.back();
        if (step.is_mask) {
            std::fill(to, to + filled, 1.0F);
        } else {
            std::copy(array.values, array.values + filled, to);
        }
        std::fill(to + filled, to + step.size, 0.0F);
    }

    std::vector<Input> inputs_;
    Graph graph_;
    std::vector<Output> outputs_;
    std::vector<TestVector> vectors_;
};

}  // namespace keras_hep
