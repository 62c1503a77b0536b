// A file of lwtnn as a document of our format.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../shape.hpp"
#include "document.hpp"
#include "layers.hpp"
#include "values.hpp"

namespace keras_hep::lwtnn {

class Translation {
public:
    /// `length`: padded length of the sequences; `budget`: bytes of memory that may be needed.
    Translation(const Document& document, std::size_t length, std::size_t budget)
        : document_(document), length_(length), nodes_(budget), done_(document.nodes.size()), scanned_(document.nodes.size(), false), below_(document.nodes.size(), false) {
        for (const Node& node : document.nodes) {
            const bool scans = node.kind == NodeKind::time_distributed || node.kind == NodeKind::sequence || node.kind == NodeKind::sum;
            if (scans) scanned_[node.sources[0]] = true;
        }
        for (const Entry& entry : document.inputs) vectors_.push_back(add_input(entry, false));
        for (const Entry& entry : document.sequences) sequences_.push_back(add_input(entry, true));
        for (const OutputEntry& output : document.outputs) add_output(output);
    }

    json::Value document() {
        Maker result;
        result.set("format", "keras_hep").set("version", 1.0).set("provenance", json::Value{json::Object{}});
        result.set("inputs", json::Value{std::move(inputs_)}).set("nodes", nodes_.value());
        result.set("outputs", json::Value{std::move(outputs_)}).set("test_vectors", json::Value{json::Array{}});
        return result.value();
    }

private:
    /// A vector and a sequence may have the same name; then the sequence is called NAME_sequence.
    Translated add_input(const Entry& entry, bool is_sequence) {
        std::string name = entry.name;
        for (const Entry& other : document_.inputs) {
            if (is_sequence && other.name == entry.name) name = entry.name + "_sequence";
        }
        if (!names_.insert(name).second) entry.place.fail({"the input '", name, "' stands twice"});
        json::Array features, scaling;
        for (const Field& variable : entry.variables) {
            Maker feature, scale;
            const std::string& called = variable.at("name").text();
            feature.set("name", called).set("unit", "");
            const std::optional<double> otherwise = default_of(entry, variable, called);
            otherwise ? feature.set("default", *otherwise) : feature.null("default");
            otherwise ? scale.set("default", *otherwise) : scale.null("default");
            scale.null("clip").set("transform", "none").set("offset", number(variable.at("offset"))).set("scale", number(variable.at("scale")));
            features.push_back(feature.value());
            scaling.push_back(scale.value());
        }
        Maker input;
        input.set("name", name);
        is_sequence ? input.set("length", static_cast<double>(length_)) : input.null("length");
        inputs_.push_back(input.set("features", json::Value{std::move(features)}).value());
        Translated result{"scaled:" + name, entry.variables.size(), is_sequence ? length_ : 0, is_sequence ? "mask:" + name : ""};
        const Shape shape = result.shape(result.size);
        nodes_.add(std::move(nodes_.start("input", "input:" + name, {}, shape).set("input", name).set("part", "values")));
        if (is_sequence) nodes_.add(std::move(nodes_.start("input", result.mask, {}, {length_}).set("input", name).set("part", "mask")));
        nodes_.add(std::move(nodes_.start("preprocessing", result.node, {"input:" + name}, shape).set("features", json::Value{std::move(scaling)})));
        return result;
    }

    static std::optional<double> default_of(const Entry& entry, const Field& variable, const std::string& name) {
        if (entry.defaults == nullptr) {
            if (find(variable, "default") == nullptr) return std::nullopt;
            return number(variable.at("default"));
        }
        const Source source{entry.defaults, entry.place.path() + " (defaults)"};
        const Field defaults(source);
        if (find(defaults, name) == nullptr) return std::nullopt;
        return number(defaults.at(name));
    }

    void add_output(const OutputEntry& output) {
        evaluate(output.node);
        const Translated value = output_of(output.node);
        if (output.labels.size() != value.size) {
            output.place.fail_shape({"expected ", value.size, " labels, found ", output.labels.size()});
        }
        std::vector<std::string> labels = output.labels;
        if (value.is_sequence()) {
            for (const std::string& label : output.labels) nodes_.count_label(output.place, label, value.steps);
            labels.clear();
            for (std::size_t step = 0; step < value.steps; ++step) {
                for (const std::string& label : output.labels) labels.push_back(label + "[" + std::to_string(step) + "]");
            }
        }
        Maker result;
        outputs_.push_back(result.set("name", output.name).set("node", value.node).set("labels", labels).value());
    }

    /// The values of a node that is an output: a sequence where the node can be nothing else, with zeros in padded entries.
    Translated output_of(std::size_t index) {
        const Translated& value = *done_[index];
        if (!value.is_sequence() || document_.nodes[index].kind == NodeKind::sequence) return vector_of(index);
        const std::string name = "objects_" + std::to_string(index);
        if (objects_.insert(index).second) nodes_.add(nodes_.start("masked_values", name, {value.node, value.mask}, value.shape(value.size)));
        return {name, value.size, value.steps, value.mask};
    }

    /// Translate a node, and before it those that it reads, each once.
    void evaluate(std::size_t last) {
        std::vector<std::size_t> waiting{last};
        while (!waiting.empty()) {
            const std::size_t index = waiting.back();
            const Node& node = document_.nodes[index];
            const std::size_t before = waiting.size();
            if (!done_[index] && !node.is_input()) {
                for (const std::size_t source : node.sources) {
                    if (!done_[source]) waiting.push_back(source);
                }
            }
            if (waiting.size() > before) {
                if (below_[index]) node.place.fail("the node reads itself, through those that it reads");
                below_[index] = true;
                continue;
            }
            if (!done_[index]) done_[index] = translate(index, node);
            nodes_.check(node.place);
            waiting.pop_back();
            below_[index] = false;
        }
    }

    Translated translate(std::size_t index, const Node& node) {
        const std::string name = "node_" + std::to_string(index);
        switch (node.kind) {
            case NodeKind::input: return take_input(node, vectors_);
            case NodeKind::input_sequence: return take_input(node, sequences_);
            case NodeKind::feed_forward: return nodes_.apply(document_.layers[node.layer], vector_of(node.sources[0]), name);
            case NodeKind::time_distributed: return nodes_.apply(document_.layers[node.layer], sequence_of(node), name);
            case NodeKind::sequence: return nodes_.scan(document_.layers[node.layer], sequence_of(node), name, scanned_[index]);
            case NodeKind::sum: return sum(sequence_of(node), name);
            case NodeKind::concatenate:
            case NodeKind::add: break;
        }
        return merge(node, name);
    }

    static Translated take_input(const Node& node, const std::vector<Translated>& group) {
        if (node.sources[0] >= group.size()) {
            node.place.at("sources").fail({"there is no input ", node.sources[0], " of its kind, only ", group.size()});
        }
        const Translated& input = group[node.sources[0]];
        if (node.size != input.size) {
            node.place.at("size").fail_shape({"expected ", input.size, ", the number of variables, found ", node.size});
        }
        return input;
    }

    Translated sum(const Translated& given, const std::string& name) {
        Maker node = nodes_.start("masked_sum", name, {given.node, given.mask}, {given.size});
        nodes_.add(std::move(node.set("scale", 1.0)));
        return {name, given.size};
    }

    Translated merge(const Node& node, const std::string& name) {
        std::vector<std::string> sources;
        std::size_t total = 0;
        const std::size_t first = vector_of(node.sources[0]).size;
        for (const std::size_t source : node.sources) {
            const Translated part = vector_of(source);
            if (node.kind == NodeKind::add && part.size != first) {
                node.place.at("sources").fail_shape({"expected sources of one size, found ", first, " and ", part.size});
            }
            total += part.size;
            sources.push_back(part.node);
        }
        if (sources.size() == 1) return {sources[0], first};
        if (node.kind == NodeKind::add) {
            nodes_.add(nodes_.start("add", name, sources, {first}));
            return {name, first};
        }
        nodes_.add(std::move(nodes_.start("concatenate", name, sources, {total}).set("axis", 0.0)));
        return {name, total};
    }

    /// The values of a node; of a sequence its last object, as lwtnn has it for what a recurrent layer or a convolution gives.
    Translated vector_of(std::size_t index) {
        const Translated& value = *done_[index];
        if (!value.is_sequence()) return value;
        const Node& node = document_.nodes[index];
        if (node.kind != NodeKind::sequence) {
            node.place.fail("the node is a sequence, of which lwtnn gives no vector; reduce it with a sum or a recurrent layer");
        }
        const std::string name = "last_" + std::to_string(index);
        if (!last_.insert(index).second) return {name, value.size};
        return nodes_.last(value, name);
    }

    Translated sequence_of(const Node& node) const {
        const Translated& value = *done_[node.sources[0]];
        if (!value.is_sequence()) node.place.at("sources").fail({"expected a sequence, but node ", node.sources[0], " is a vector"});
        return value;
    }

    const Document& document_;
    std::size_t length_;
    Nodes nodes_;
    std::vector<std::optional<Translated>> done_;
    std::vector<bool> scanned_;  ///< whether another node reads it as a sequence
    std::vector<bool> below_;    ///< whether it waits for those that it reads
    std::set<std::size_t> last_;
    std::set<std::size_t> objects_;
    std::set<std::string> names_;
    std::vector<Translated> vectors_;
    std::vector<Translated> sequences_;
    json::Array inputs_;
    json::Array outputs_;
};

}  // namespace keras_hep::lwtnn
