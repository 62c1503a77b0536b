// The parts of the file beside the nodes: header, outputs, test vectors.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "errors.hpp"
#include "field.hpp"
#include "graph.hpp"
#include "input.hpp"

namespace keras_hep {

inline constexpr std::size_t newest_version = 1;

/// One output: the labels of the values of a node.
struct Output {
    std::string name;
    std::size_t node;  ///< its number
    std::vector<std::string> labels;
};

/// Inputs and the outputs that belong to them, NaN where the file says null.
struct TestVector {
    std::vector<std::vector<float>> inputs;   ///< for each input, objects after one another
    std::vector<std::vector<float>> outputs;  ///< for each output
};

KERAS_HEP_LOADING inline void check_header(const Field& root) {
    root.only({"format", "version", "provenance", "inputs", "nodes", "outputs", "test_vectors"});
    const Field format = root.at("format");
    if (format.text() != "keras_hep") format.fail({"expected 'keras_hep', found '", shortened(format.text()), "'"});
    const Field version = root.at("version");
    const std::size_t number = version.count(1000000);
    if (number == 0 || number > newest_version) {
        version.fail({"this keras_hep reads versions 1 to ", newest_version, ", found ", number});
    }
}

KERAS_HEP_LOADING inline std::vector<Input> read_inputs(const Field& field) {
    std::vector<Input> inputs;
    for (const Field& item : field.items()) {
        inputs.push_back(read_input(item));
        for (std::size_t i = 0; i + 1 < inputs.size(); ++i) {
            if (inputs[i].name == inputs.back().name) item.at("name").fail({"the input '", inputs[i].name, "' stands twice"});
        }
    }
    if (inputs.empty()) field.fail_shape("expected at least one input, found none");
    return inputs;
}

template <class T>
std::vector<Output> read_outputs(const Field& field, const Graph<T>& graph) {
    std::vector<Output> outputs;
    std::set<std::string> names;
    for (const Field& item : field.items()) {
        item.only({"name", "node", "labels"});
        const std::size_t node = graph.find(item.at("node"));
        const std::size_t size = graph.steps()[node].size;
        Output output{item.at("name").text(), node, {}};
        std::set<std::string> labels;
        for (const Field& label : item.at("labels").items()) {
            output.labels.push_back(label.text());
            if (!labels.insert(label.text()).second) label.fail({"the label '", label.text(), "' stands twice"});
        }
        if (output.labels.size() != size) {
            item.at("labels").fail_shape({"expected ", size, " labels, found ", output.labels.size()});
        }
        if (!names.insert(output.name).second) item.at("name").fail({"the output '", output.name, "' stands twice"});
        outputs.push_back(std::move(output));
    }
    if (outputs.empty()) field.fail_shape("expected at least one output, found none");
    return outputs;
}

KERAS_HEP_LOADING inline std::vector<float> read_given(const Field& field, const Input& input) {
    const auto read = [](const Field& place, std::size_t expected) {
        std::vector<float> values = place.numbers<float>(true);
        if (values.size() != expected) {
            place.fail_shape({"expected ", expected, " values, found ", values.size()});
        }
        return values;
    };
    if (!input.is_sequence()) return read(field, product(input.shape()));
    std::vector<float> result;
    for (const Field& row : field.items()) {
        const std::vector<float> values = read(row, input.features.size());
        result.insert(result.end(), values.begin(), values.end());
    }
    return result;
}

KERAS_HEP_LOADING inline std::vector<TestVector> read_test_vectors(const Field& field, const std::vector<Input>& inputs,
                                                                  const std::vector<Output>& outputs) {
    std::vector<TestVector> vectors;
    for (const Field& item : field.items()) {
        item.only({"inputs", "outputs"});
        TestVector vector;
        for (const Input& input : inputs) vector.inputs.push_back(read_given(item.at("inputs").at(input.name), input));
        for (const Output& output : outputs) {
            const Field values = item.at("outputs").at(output.name);
            vector.outputs.push_back(values.numbers<float>(true));
            if (vector.outputs.back().size() != output.labels.size()) {
                values.fail_shape({"expected ", output.labels.size(), " values, found ", vector.outputs.back().size()});
            }
        }
        vectors.push_back(std::move(vector));
    }
    return vectors;
}

}  // namespace keras_hep
