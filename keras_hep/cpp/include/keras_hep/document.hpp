// The parts of the file beside the nodes: header, outputs, test vectors.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "errors.hpp"
#include "field.hpp"
#include "graph.hpp"
#include "input.hpp"
#include "names.hpp"

namespace keras_hep {

inline constexpr std::size_t newest_version = 1;

/// One output: the labels of the values of a node.
struct Output {
    std::string name;
    std::size_t node = 0;  ///< its number
    std::vector<std::string> labels;
};

/// Inputs and the outputs that belong to them, NaN where the file says null.
struct TestVector {
    std::vector<std::vector<float>> inputs;   ///< for each input, objects after one another
    std::vector<std::vector<float>> outputs;  ///< for each output
};

KERAS_HEP_LOADING inline void check_header(const Field& root) {
    root.only("format version provenance inputs nodes outputs test_vectors");
    const Field format = root.at("format");
    if (format.text() != "keras_hep") format.fail({"expected 'keras_hep', found '", shortened(format.text()), "'"});
    const Field version = root.at("version");
    const std::size_t number = version.count(1000000);
    if (number == 0 || number > newest_version) {
        version.fail({"this keras_hep reads versions 1 to ", newest_version, ", found ", number});
    }
}

KERAS_HEP_LOADING inline std::vector<Input> read_inputs(const Field& field) {
    const std::vector<Field> items = field.items();
    std::vector<Input> inputs(items.size());
    Names names;
    for (std::size_t i = 0; i < items.size(); ++i) {
        read_input(items[i], inputs[i]);
        if (!names.add(inputs[i].name)) items[i].at("name").fail({"the input '", inputs[i].name, "' stands twice"});
    }
    if (inputs.empty()) field.fail_shape("expected at least one input, found none");
    return inputs;
}

/// The labels of an output, which has `size` values.
KERAS_HEP_LOADING inline std::vector<std::string> read_labels(const Field& field, std::size_t size) {
    std::vector<std::string> result;
    Names labels;
    for (const Field& label : field.items()) {
        result.push_back(label.text());
        if (!labels.add(label.text())) label.fail({"the label '", label.text(), "' stands twice"});
    }
    if (result.size() != size) field.fail_shape({"expected ", size, " labels, found ", result.size()});
    return result;
}

template <class T>
KERAS_HEP_LOADING std::vector<Output> read_outputs(const Field& field, const Graph<T>& graph) {
    const std::vector<Field> items = field.items();
    std::vector<Output> outputs(items.size());
    Names names;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const Field& item = items[i];
        Output& output = outputs[i];
        item.only("name node labels");
        output.node = graph.find(item.at("node"));
        output.name = item.at("name").text();
        output.labels = read_labels(item.at("labels"), graph.steps()[output.node].size);
        if (!names.add(output.name)) item.at("name").fail({"the output '", output.name, "' stands twice"});
    }
    if (outputs.empty()) field.fail_shape("expected at least one output, found none");
    return outputs;
}

/// So many numbers, NaN where the file says null.
KERAS_HEP_LOADING inline std::vector<float> read_values(const Field& field, std::size_t expected) {
    std::vector<float> values = field.numbers<float>(true);
    if (values.size() != expected) field.fail_shape({"expected ", expected, " values, found ", values.size()});
    return values;
}

KERAS_HEP_LOADING inline std::vector<float> read_given(const Field& field, const Input& input) {
    if (!input.is_sequence()) return read_values(field, product(input.shape()));
    std::vector<float> result;
    for (const Field& row : field.items()) {
        const std::vector<float> values = read_values(row, input.features.size());
        result.insert(result.end(), values.begin(), values.end());
    }
    return result;
}

KERAS_HEP_LOADING inline std::vector<TestVector> read_test_vectors(const Field& field, const std::vector<Input>& inputs,
                                                                  const std::vector<Output>& outputs) {
    const std::vector<Field> items = field.items();
    std::vector<TestVector> vectors(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        items[i].only("inputs outputs");
        for (const Input& input : inputs) vectors[i].inputs.push_back(read_given(items[i].at("inputs").at(input.name), input));
        for (const Output& output : outputs) {
            vectors[i].outputs.push_back(read_values(items[i].at("outputs").at(output.name), output.labels.size()));
        }
    }
    return vectors;
}

}  // namespace keras_hep
