// A file of lwtnn as a graph, whichever of its two dialects it is written in.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "../field.hpp"
#include "../shape.hpp"
#include "values.hpp"

namespace keras_hep::lwtnn {

inline constexpr std::size_t none = static_cast<std::size_t>(-1);

enum class NodeKind { input, input_sequence, feed_forward, time_distributed, sequence, concatenate, add, sum };

struct Node {
    Field place;
    NodeKind kind;
    std::vector<std::size_t> sources;  ///< numbers of nodes; of an input, its number among those of its kind
    std::size_t layer = none;
    std::size_t size = 0;              ///< of an input: number of variables

    bool is_input() const { return kind == NodeKind::input || kind == NodeKind::input_sequence; }
};

/// The variables of an input; where `defaults` is given, those that stand with the variables do not count.
struct Entry {
    Field place;
    std::string name;
    std::vector<Field> variables;
    const json::Value* defaults;
};

struct OutputEntry {
    Field place;
    std::string name;
    std::size_t node;
    std::vector<std::string> labels;
};

struct Document {
    std::vector<Entry> inputs;
    std::vector<Entry> sequences;
    std::vector<Field> layers;
    std::vector<Node> nodes;
    std::vector<OutputEntry> outputs;
};

/// Layers that take a sequence.
inline bool is_recurrent(const std::string& architecture) {
    return architecture == "lstm" || architecture == "gru" || architecture == "simplernn" || architecture == "conv1d" ||
           architecture == "embedding";
}

inline Entry read_entry(const Field& place, std::string name, const Field& variables, const Field& owner) {
    Entry entry{place, std::move(name), variables.items(), find(owner, "defaults")};
    if (entry.variables.empty()) variables.fail_shape("expected at least one variable, found none");
    return entry;
}

inline Node read_node(const Field& place, std::size_t nodes, std::size_t layers) {
    static const char* const names[] = {"input", "input_sequence", "feed_forward", "time_distributed", "sequence", "concatenate", "add", "sum"};
    const Field type = place.at("type");
    std::size_t kind = 0;
    while (kind < 8 && type.text() != names[kind]) ++kind;
    if (kind == 8) type.fail({"unknown type of node '", shortened(type.text()), "'"});
    Node node{place, static_cast<NodeKind>(kind), {}};
    const Field sources = place.at("sources");
    node.sources = counts(sources, node.is_input() ? max_values : nodes - 1);
    const bool several = node.kind == NodeKind::concatenate || node.kind == NodeKind::add;
    if (node.sources.empty() || (!several && node.sources.size() > 1)) {
        sources.fail_shape({"expected ", several ? "sources" : "one source", ", found ", node.sources.size()});
    }
    if (node.is_input()) {
        node.size = count(place.at("size"), max_values);
    } else if (!several && node.kind != NodeKind::sum) {
        if (layers == 0) place.at("layer_index").fail("there are no layers");
        node.layer = count(place.at("layer_index"), layers - 1);
    }
    return node;
}

inline std::vector<std::string> read_labels(const Field& field) {
    std::vector<std::string> labels;
    for (const Field& label : field.items()) labels.push_back(label.text());
    return labels;
}

inline Document read_graph(const Field& root) {
    Document document;
    const Field outputs = root.at("outputs");
    for (const Field& item : root.at("inputs").items()) {
        document.inputs.push_back(read_entry(item, item.at("name").text(), item.at("variables"), item));
    }
    for (const Field& item : root.at("input_sequences").items()) {
        document.sequences.push_back(read_entry(item, item.at("name").text(), item.at("variables"), item));
    }
    document.layers = root.at("layers").items();
    const std::vector<Field> nodes = root.at("nodes").items();
    for (const Field& item : nodes) document.nodes.push_back(read_node(item, nodes.size(), document.layers.size()));
    for (const json::Member& member : *outputs.value().get<json::Object>()) {
        const Field place = outputs.at(member.key);
        if (nodes.empty()) place.fail("there are no nodes");
        document.outputs.push_back({place, member.key, count(place.at("node_index"), nodes.size() - 1), read_labels(place.at("labels"))});
    }
    if (document.outputs.empty()) outputs.fail_shape("expected at least one output, found none");
    return document;
}

/// The layers of a sequential file become nodes after one another; it has one input and one output, which we name.
inline Document read_sequential(const Field& root) {
    Document document;
    document.layers = root.at("layers").items();
    if (document.layers.empty()) root.at("layers").fail_shape("expected at least one layer, found none");
    const Field inputs = root.at("inputs");
    const bool is_sequence = is_recurrent(document.layers[0].at("architecture").text());
    Entry entry = read_entry(inputs, "inputs", inputs, root);
    document.nodes.push_back({inputs, is_sequence ? NodeKind::input_sequence : NodeKind::input, {0}, none, entry.variables.size()});
    (is_sequence ? document.sequences : document.inputs).push_back(std::move(entry));
    bool reduced = !is_sequence;
    for (std::size_t i = 0; i < document.layers.size(); ++i) {
        const Field& layer = document.layers[i];
        const bool recurrent = is_recurrent(layer.at("architecture").text());
        if (recurrent && reduced) layer.fail("a layer for sequences stands behind one that has reduced the sequence");
        reduced = !recurrent;
        document.nodes.push_back({layer, recurrent ? NodeKind::sequence : NodeKind::feed_forward, {i}, i});
    }
    document.outputs.push_back({root.at("outputs"), "outputs", document.layers.size(), read_labels(root.at("outputs"))});
    return document;
}

/// Sequential files with a stray `nodes` exist, so that the kind of `outputs` decides.
inline Document read_document(const Field& root) {
    return root.at("outputs").value().kind() == json::Kind::object ? read_graph(root) : read_sequential(root);
}

}  // namespace keras_hep::lwtnn
