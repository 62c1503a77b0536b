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

/// The values of an input, and the sizes of its open axes.
struct Given {
    std::vector<float> values;  ///< those of a sequence object after object
    std::size_t rows = 1;
    std::size_t columns = 1;
};

/// Inputs and the outputs that belong to them, NaN where the file says null.
struct TestVector {
    std::vector<Given> inputs;
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
    std::vector<Input> inputs;  // grows with what has been read: much larger than the text of something that is none
    Names names;
    for (const Field& item : items) {
        Input& input = inputs.emplace_back();
        read_input(item, input);
        if (!names.add(input.name)) item.at("name").fail({"the input '", input.name, "' stands twice"});
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

/// The values of a plain tensor with open axes, with their shape.
KERAS_HEP_LOADING inline Given read_open(const Field& field, const Input& input) {
    field.only("shape values");
    const Shape shape = field.at("shape").shape();
    Shape expected = input.axes;
    for (const std::size_t axis : input.open) {
        if (axis < shape.size() && shape[axis] < expected[axis]) expected[axis] = shape[axis];
    }
    if (shape != expected) field.at("shape").fail_shape({"expected at most ", input.axes, ", found ", shape});
    Given result;
    result.values = read_values(field.at("values"), product(shape));
    result.rows = shape[input.open[0]];
    if (input.open.size() > 1) result.columns = shape[input.open[1]];
    return result;
}

KERAS_HEP_LOADING inline Given read_given(const Field& field, const Input& input) {
    if (!input.is_sequence() && input.is_open()) return read_open(field, input);
    Given result;
    if (!input.is_sequence()) {
        result.values = read_values(field, product(input.shape()));
        return result;
    }
    const std::vector<Field> rows = field.items();
    for (const Field& row : rows) {
        const std::vector<float> values = read_values(row, input.features.size());
        result.values.insert(result.values.end(), values.begin(), values.end());
    }
    result.rows = rows.size();
    return result;
}

/// The values of an output; those of one with an open axis may be fewer than its labels.
KERAS_HEP_LOADING inline std::vector<float> read_result(const Field& field, const Output& output, bool is_open) {
    if (!is_open) return read_values(field, output.labels.size());
    std::vector<float> values = field.numbers<float>(true);
    if (values.size() > output.labels.size()) {
        field.fail_shape({"expected at most ", output.labels.size(), " values, found ", values.size()});
    }
    return values;
}

KERAS_HEP_LOADING inline std::vector<TestVector> read_test_vectors(const Field& field, const std::vector<Input>& inputs,
                                                                  const std::vector<Output>& outputs) {
    const std::vector<Field> items = field.items();
    std::vector<TestVector> vectors(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        items[i].only("inputs outputs");
        for (const Input& input : inputs) vectors[i].inputs.push_back(read_given(items[i].at("inputs").at(input.name), input));
        for (const Output& output : outputs) {
            vectors[i].outputs.push_back(read_result(items[i].at("outputs").at(output.name), output, any_open(inputs)));
        }
    }
    return vectors;
}

}  // namespace keras_hep
