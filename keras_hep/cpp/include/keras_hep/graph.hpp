// The nodes of a network as a plan: in the order of evaluation, each once, each with its place in the workspace.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "errors.hpp"
#include "field.hpp"
#include "input.hpp"
#include "layers/registry.hpp"
#include "shape.hpp"

namespace keras_hep {

/// One node of the plan.
struct Step {
    std::string name;
    Shape shape;
    std::size_t size;                            ///< number of values
    std::size_t offset;                          ///< where its values begin in the workspace
    std::vector<std::size_t> sources;            ///< where the values of its inputs begin
    std::shared_ptr<const layers::Layer> layer;  ///< null for a node that holds an input
    std::size_t input;                           ///< of such a node: which input
    bool is_mask;                                ///< of such a node: the mask of the input, not its values
};

class Graph {
public:
    /// Read the nodes; they must stand in an order in which they can be evaluated, which rules out cycles.
    Graph(const Field& nodes, const std::vector<Input>& inputs) {
        const std::vector<Field> items = nodes.items();
        for (std::size_t i = 0; i < items.size(); ++i) declared_.emplace(items[i].at("name").text(), i);
        for (const Field& item : items) add(item, inputs);
    }

    const std::vector<Step>& steps() const { return steps_; }

    /// Number of values of all nodes together.
    std::size_t size() const { return size_; }

    /// The node that `field` names.
    const Step& find(const Field& field) const {
        const auto found = ready_.find(field.text());
        if (found != ready_.end()) return steps_[found->second];
        const std::string name = "'" + field.text().substr(0, 80) + "'";
        if (declared_.count(field.text()) != 0) {
            field.fail("the node " + name + " stands later in the file; nodes stand in the order of evaluation, without cycles");
        }
        field.fail("there is no node " + name);
    }

private:
    void add(const Field& item, const std::vector<Input>& inputs) {
        const Field name = item.at("name");
        Step step{name.text(), item.at("shape").shape(), 0, size_, {}, nullptr, 0, false};
        if (ready_.count(step.name) != 0) name.fail("the node '" + step.name.substr(0, 80) + "' stands twice");
        step.size = product(step.shape);
        if (step.size > max_values - size_) item.at("shape").fail_shape("the network is larger than 2**26 values");
        if (item.at("type").text() == "input") {
            read_input_node(item, inputs, step);
        } else {
            read_layer(item, step);
        }
        size_ += step.size;
        ready_.emplace(step.name, steps_.size());
        steps_.push_back(std::move(step));
    }

    static void read_input_node(const Field& item, const std::vector<Input>& inputs, Step& step) {
        item.only({"name", "type", "inputs", "shape", "input", "part"});
        if (!item.at("inputs").items().empty()) item.at("inputs").fail_shape("expected no inputs of an input node");
        const Field name = item.at("input");
        const auto found = std::find_if(inputs.begin(), inputs.end(), [&](const Input& i) { return i.name == name.text(); });
        if (found == inputs.end()) name.fail("there is no input '" + name.text().substr(0, 80) + "'");
        const Field part = item.at("part");
        step.input = static_cast<std::size_t>(found - inputs.begin());
        step.is_mask = part.text() == "mask";
        if (!step.is_mask && part.text() != "values") part.fail("expected 'values' or 'mask', found '" + part.text().substr(0, 80) + "'");
        if (step.is_mask && !found->is_sequence()) part.fail("the input '" + found->name + "' is not a sequence and has no mask");
        const Shape expected = step.is_mask ? Shape{*found->length} : found->shape();
        if (step.shape != expected) item.at("shape").fail_shape("expected " + to_string(expected) + ", found " + to_string(step.shape));
    }

    void read_layer(const Field& item, Step& step) const {
        layers::Declaration declaration{item, {}, step.shape};
        for (const Field& source : item.at("inputs").items()) {
            const Step& node = find(source);
            declaration.inputs.push_back(node.shape);
            step.sources.push_back(node.offset);
        }
        if (declaration.inputs.empty()) item.at("inputs").fail_shape("expected at least one input, found none");
        step.layer = layers::make(declaration);
    }

    std::vector<Step> steps_;
    std::size_t size_ = 0;
    std::map<std::string, std::size_t> declared_;
    std::map<std::string, std::size_t> ready_;
};

}  // namespace keras_hep
