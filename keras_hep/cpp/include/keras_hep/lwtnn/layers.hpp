// The layers of lwtnn as nodes of our format.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "../shape.hpp"
#include "../simd/kernels.hpp"
#include "functions.hpp"
#include "values.hpp"

namespace keras_hep::lwtnn {

/// What a node of the file has become: the name of our node with its values, and of a sequence the node with its mask.
struct Translated {
    std::string node;
    std::size_t size;      ///< on the last axis
    std::size_t steps = 0; ///< of a sequence
    std::string mask = {};

    bool is_sequence() const { return !mask.empty(); }
    Shape shape(std::size_t last) const { return is_sequence() ? Shape{steps, last} : Shape{last}; }
};

/// The weights [unit][input] of a file as ours, [input][unit]; `to` and `width` say where a gate stands among several.
inline void transpose(const Doubles& from, std::size_t inputs, std::size_t units, Doubles& result, std::size_t to, std::size_t width) {
    for (std::size_t i = 0; i < inputs; ++i) {
        for (std::size_t u = 0; u < units; ++u) result[i * width + to + u] = from[u * inputs + i];
    }
}

/// Our nodes while they are made.
class Nodes {
public:
    /// `budget`: bytes of memory that may be needed; a layer of the file can serve many nodes.
    explicit Nodes(std::size_t budget) : budget_(budget) {}

    json::Value value() { return {std::move(nodes_)}; }

    /// Refuse the node of the file with which more memory is needed than there may be.
    void check(const Field& node) const {
        if (spent_ > budget_) node.fail_shape("the nodes use the layers so often that the network is too large for its file");
    }

    Maker start(const char* type, const std::string& name, const std::vector<std::string>& inputs, const Shape& shape) const {
        Maker node;
        node.set("name", name).set("type", type).set("inputs", inputs).set("shape", shape);
        return node;
    }

    void add(Maker node) {
        spent_ += node_bytes;
        nodes_.push_back(node.value());
    }

    /// Count the memory of a label of an output, once for each object, before it is taken.
    void count_label(const Field& output, const std::string& label, std::size_t objects) {
        spent_ += objects * (label_bytes + 8 * label.size());
        if (spent_ > budget_) output.fail_shape("the labels of all objects are too many for a network of this file's size");
    }

    /// A layer for each value or object by itself.
    Translated apply(const Field& layer, const Translated& given, const std::string& name) {
        const Field architecture = layer.at("architecture");
        const std::string& kind = architecture.text();
        if (kind == "dense") return dense(layer, given, name);
        if (kind == "normalization") return normalization(layer, given, name);
        if (kind == "maxout") return maxout(layer, given, name);
        if (kind == "highway") return highway(layer, given, name);
        architecture.fail({"the architecture '", shortened(kind), "' is unknown, or does not go with the type of the node"});
    }

    /// A layer that runs over a sequence; `all_steps`: a recurrent one returns the output of every step, else of the last.
    Translated scan(const Field& layer, const Translated& given, const std::string& name, bool all_steps) {
        const Field architecture = layer.at("architecture");
        const std::string& kind = architecture.text();
        if (kind == "lstm") return recurrent(layer, given, name, all_steps, "lstm", {"i", "f", "c", "o"});
        if (kind == "gru") return recurrent(layer, given, name, all_steps, "gru", {"z", "r", "h"});
        if (kind == "simplernn") return recurrent(layer, given, name, all_steps, "simple_rnn", {"h"});
        if (kind == "conv1d") return convolution(layer, given, name);
        if (kind == "embedding") return embeddings(layer, given, name);
        architecture.fail({"the architecture '", shortened(kind), "' is unknown, or does not go with the type of the node"});
    }

    /// The last real object of a sequence.
    Translated last(const Translated& given, const std::string& name) {
        if (!given.is_sequence()) return given;
        add(start("masked_last", name, {given.node, given.mask}, {given.size}));
        return {name, given.size};
    }

private:
    /// The node of a linear layer, whose function is another one behind it.
    Translated with_function(const Field& layer, Maker node, const Translated& result, const std::string& inner) {
        add(std::move(node));
        if (find(layer, "activation") == nullptr) return {inner, result.size, result.steps, result.mask};
        const Shape shape = result.shape(result.size);
        Maker function = start("activation", result.node, {inner}, shape);
        if (set_function(layer.at("activation"), function)) {
            add(std::move(function));
        } else {
            Maker softmax = start("softmax", result.node, {inner}, shape);
            add(std::move(softmax.set("axis", static_cast<double>(shape.size() - 1))));
        }
        return result;
    }

    /// Count the memory of weights, once as they stand in our document and once packed, before it is taken.
    void count(const Field& layer, std::size_t weights, std::size_t units) {
        spent_ += weights * (sizeof(double) + std::max(sizeof(double), simd::packed_bytes<float>(units)));
        check(layer);
    }

    /// Number of units of a matrix with so many inputs.
    std::size_t units_of(const Field& part, const Doubles& weights, std::size_t inputs) {
        if (weights.empty() || weights.size() % inputs != 0) {
            part.at("weights").fail_shape({"expected a multiple of ", inputs, " numbers (its inputs), found ", weights.size()});
        }
        count(part, weights.size(), weights.size() / inputs);
        return weights.size() / inputs;
    }

    /// The bias of so many units; where the file has none, zeros.
    static Doubles bias_of(const Field& part, std::size_t units) {
        const bool has_bias = !numbers(part.at("bias")).empty();
        return has_bias ? numbers(part.at("bias"), units, "one for each unit") : Doubles(units, 0.0);
    }

    Maker linear(const Field& part, const Translated& given, const std::string& name, std::size_t* units) {
        const Doubles weights = numbers(part.at("weights"));
        *units = units_of(part, weights, given.size);
        const bool has_bias = !numbers(part.at("bias")).empty();
        Doubles ours(weights.size());
        transpose(weights, given.size, *units, ours, 0, *units);
        Maker node = start("dense", name, {given.node}, given.shape(*units));
        node.set("units", static_cast<double>(*units)).set("weights", std::move(ours));
        if (has_bias) {
            node.set("bias", numbers(part.at("bias"), *units, "one for each unit"));
        } else {
            node.null("bias");
        }
        return node;
    }

    Translated dense(const Field& layer, const Translated& given, const std::string& name) {
        if (numbers(layer.at("weights")).empty()) {
            numbers(layer.at("bias"), 0, "as there are no weights");
            Maker nothing = start("activation", name + "/linear", {given.node}, given.shape(given.size));
            return with_function(layer, std::move(nothing.set("function", "linear")), {name, given.size, given.steps, given.mask}, name + "/linear");
        }
        std::size_t units = 0;
        Maker node = linear(layer, given, name + "/dense", &units);
        return with_function(layer, std::move(node), {name, units, given.steps, given.mask}, name + "/dense");
    }

    Translated normalization(const Field& layer, const Translated& given, const std::string& name) {
        const char* const what = "one for each value that the layer receives";
        Doubles weights = numbers(layer.at("weights"), given.size, what), mean = numbers(layer.at("bias"), given.size, what);
        count(layer, 4 * given.size, given.size);
        for (double& value : mean) value = -value;
        const Shape shape = given.shape(given.size);
        Maker node = start("batch_normalization", name, {given.node}, shape);
        node.set("axis", static_cast<double>(shape.size() - 1)).set("epsilon", 0.0).set("gamma", std::move(weights)).null("beta");
        node.set("mean", std::move(mean)).set("variance", Doubles(given.size, 1.0));
        add(std::move(node));
        return {name, given.size, given.steps, given.mask};
    }

    /// One dense node whose units are those of the sublayers, one sublayer after another, and the largest of them.
    Translated maxout(const Field& layer, const Translated& given, const std::string& name) {
        const std::vector<Field> parts = layer.at("sublayers").items();
        if (parts.empty()) layer.at("sublayers").fail_shape("expected at least one sublayer, found none");
        std::vector<Doubles> matrices;
        Doubles bias;
        std::size_t units = 0;
        for (const Field& part : parts) {
            matrices.push_back(numbers(part.at("weights")));
            const std::size_t here = units_of(part, matrices.back(), given.size);
            if (matrices.size() > 1 && here != units) {
                part.fail_shape({"expected ", units, " units, as the first sublayer has, found ", here});
            }
            units = here;
            const Doubles own = bias_of(part, units);
            bias.insert(bias.end(), own.begin(), own.end());
        }
        const std::size_t width = parts.size() * units;
        Doubles weights(given.size * width);
        for (std::size_t p = 0; p < parts.size(); ++p) transpose(matrices[p], given.size, units, weights, p * units, width);
        Maker node = start("dense", name + "/dense", {given.node}, given.shape(width));
        add(std::move(node.set("units", static_cast<double>(width)).set("weights", std::move(weights)).set("bias", std::move(bias))));
        Maker largest = start("maxout", name, {name + "/dense"}, given.shape(units));
        add(std::move(largest.set("pieces", static_cast<double>(parts.size()))));
        return {name, units, given.steps, given.mask};
    }

    /// c * t + (1 - c) * x, with t the activation of one matrix and c the sigmoid of another.
    Translated highway(const Field& layer, const Translated& given, const std::string& name) {
        const Field components = layer.at("components");
        const Shape shape = given.shape(given.size);
        for (const char* key : {"t", "carry"}) {
            std::size_t units = 0;
            add(linear(components.at(key), given, name + "/" + key, &units));
            if (units != given.size) components.at(key).at("weights").fail_shape({"expected as many units as inputs, ", given.size});
        }
        Maker function = start("activation", name + "/function", {name + "/t"}, shape), gate = start("activation", name + "/gate", {name + "/carry"}, shape);
        if (!set_function(layer.at("activation"), function)) layer.at("activation").fail("a softmax is not supported here");
        add(std::move(function));
        add(std::move(gate.set("function", "sigmoid")));
        add(start("blend", name, {name + "/gate", name + "/function", given.node}, shape));
        return {name, given.size, given.steps, given.mask};
    }

    Translated recurrent(const Field& layer, const Translated& given, const std::string& name, bool all_steps, const char* type,
                         const std::vector<const char*>& gates) {
        const Field components = layer.at("components");
        const std::size_t units = numbers(components.at(gates[0]).at("bias")).size(), width = gates.size() * units;
        if (units == 0) components.at(gates[0]).at("bias").fail_shape("expected at least one number, found none");
        // The numbers of the matrices are checked before memory is taken for them.
        std::vector<Doubles> matrices, recurrents;
        Doubles bias;
        for (const char* gate : gates) {
            const Field part = components.at(gate);
            matrices.push_back(numbers(part.at("weights"), given.size * units, "inputs times units"));
            recurrents.push_back(numbers(part.at("U"), units * units, "units squared"));
            const Doubles here = numbers(part.at("bias"), units, "one for each unit");
            bias.insert(bias.end(), here.begin(), here.end());
        }
        count(layer, (given.size + units + 1) * width, units);
        Doubles weights(given.size * width), recurrent(units * width);
        for (std::size_t g = 0; g < gates.size(); ++g) {
            transpose(matrices[g], given.size, units, weights, g * units, width);
            transpose(recurrents[g], units, units, recurrent, g * units, width);
        }
        Translated result = all_steps ? Translated{name, units, given.steps, given.mask} : Translated{name, units};
        Maker node = start(type, name, {given.node, given.mask}, result.shape(units));
        node.set("units", static_cast<double>(units)).set("weights", std::move(weights)).set("recurrent_weights", std::move(recurrent));
        node.set("bias", std::move(bias)).set("activation", function_object(layer.at("activation")));
        if (gates.size() > 1) node.set("recurrent_activation", function_object(layer.at("inner_activation")));
        if (gates.size() == 3) node.set("reset_after", false).null("recurrent_bias");
        node.set("return_sequences", all_steps).set("go_backwards", false).set("reverse_output", false).set("zero_output_for_mask", false);
        add(std::move(node));
        return result;
    }

    /// Embeddings of single features, one after another: each is a row of the transposed values, and is put back as several.
    Translated embeddings(const Field& layer, const Translated& given, const std::string& name) {
        const std::vector<Field> parts = layer.at("sublayers").items();
        if (parts.empty()) layer.at("sublayers").fail_shape("expected at least one sublayer, found none");
        Translated result{name + "/masked", given.size, given.steps, given.mask};
        // What stands in padded entries need not be a category.
        add(start("masked_values", result.node, {given.node, given.mask}, given.shape(given.size)));
        for (std::size_t i = 0; i < parts.size(); ++i) result = embedding(parts[i], result, i + 1 < parts.size() ? name + "/" + std::to_string(i) : name);
        return result;
    }

    Translated embedding(const Field& part, const Translated& given, const std::string& name) {
        const std::size_t index = lwtnn::count(part.at("index"), given.size - 1), units = lwtnn::count(part.at("n_out"), max_values);
        const Doubles weights = numbers(part.at("weights"));
        if (units == 0 || weights.empty() || weights.size() % units != 0) {
            part.at("weights").fail_shape({"expected a multiple of ", units, " numbers (its outputs), found ", weights.size()});
        }
        count(part, weights.size(), units);
        const std::size_t categories = weights.size() / units, behind = given.size - index - 1;
        Doubles ours(weights.size());
        transpose(weights, categories, units, ours, 0, units);
        Maker transposed = start("permute", name + "/transposed", {given.node}, {given.size, given.steps});
        add(std::move(transposed.set("axes", Shape{1, 0})));
        rows(name + "/category_row", name + "/transposed", index, 1, given);
        add(start("reshape", name + "/category", {name + "/category_row"}, {given.steps}));
        Maker node = start("embedding", name + "/vectors", {name + "/category"}, {given.steps, units});
        node.set("categories", static_cast<double>(categories)).set("units", static_cast<double>(units)).set("weights", std::move(ours));
        add(std::move(node));
        std::vector<std::string> joined;
        if (index > 0) joined.push_back(columns(name + "/before", name + "/transposed", 0, index, given));
        joined.push_back(name + "/vectors");
        if (behind > 0) joined.push_back(columns(name + "/behind", name + "/transposed", index + 1, behind, given));
        const std::size_t size = given.size - 1 + units;
        if (joined.size() == 1) {
            add(start("reshape", name, joined, {given.steps, size}));
        } else {
            add(std::move(start("concatenate", name, joined, {given.steps, size}).set("axis", 1.0)));
        }
        return {name, size, given.steps, given.mask};
    }

    /// Rows of the transposed values, [feature][object].
    void rows(const std::string& name, const std::string& source, std::size_t first, std::size_t number, const Translated& given) {
        Maker node = start("cropping", name, {source}, {number, given.steps});
        add(std::move(node.set("cropping", Shape{first, given.size - first - number})));
    }

    /// The same, with the objects first again.
    std::string columns(const std::string& name, const std::string& source, std::size_t first, std::size_t number, const Translated& given) {
        rows(name + "_row", source, first, number, given);
        Maker node = start("permute", name, {name + "_row"}, {given.steps, number});
        add(std::move(node.set("axes", Shape{1, 0})));
        return name;
    }

    Translated convolution(const Field& layer, const Translated& given, const std::string& name) {
        Doubles bias = numbers(layer.at("bias"));
        const std::size_t units = bias.size();
        const Doubles weights = numbers(layer.at("weights"));
        if (units == 0 || weights.empty() || weights.size() % (units * given.size) != 0) {
            layer.at("weights").fail_shape({"expected a multiple of ", units, " * ", given.size, " numbers (outputs times inputs), found ", weights.size()});
        }
        count(layer, weights.size(), units);
        const std::size_t window = weights.size() / (units * given.size);
        const std::size_t dilation = lwtnn::count(layer.at("dilation_rate"), max_values);
        if (dilation == 0) layer.at("dilation_rate").fail_shape("expected a positive number, found 0");
        const std::size_t reach = (window - 1) * dilation;
        const std::string& padding = layer.at("padding").text();
        if (padding != "valid" && padding != "same" && padding != "causal") layer.at("padding").fail("expected 'valid', 'same' or 'causal'");
        // Where the padding is odd, lwtnn puts the odd zero before the sequence.
        const std::size_t before = padding == "valid" ? 0 : padding == "same" ? (reach + 1) / 2 : reach;
        const std::size_t after = padding == "same" ? reach - before : 0;
        Translated source = given;
        if (after > 0) {  // what stands behind the last real object must be zero
            source.node = name + "/masked";
            add(start("masked_values", source.node, {given.node, given.mask}, given.shape(given.size)));
        }
        Translated result{name, units, given.steps, given.mask};
        if (padding == "valid" && reach > 0) cut(layer, given, name, reach, result);
        Doubles ours(weights.size());
        for (std::size_t u = 0; u < units; ++u) {
            for (std::size_t i = 0; i < given.size; ++i) {
                for (std::size_t k = 0; k < window; ++k) ours[(k * given.size + i) * units + u] = weights[(u * given.size + i) * window + k];
            }
        }
        Maker node = windows(name + "/convolution", source.node, result.shape(units), units, window, dilation, before, after);
        node.set("weights", std::move(ours)).set("bias", std::move(bias));
        if (find(layer, "activation") != nullptr) function_object(layer.at("activation"));  // a softmax would run over the objects
        return with_function(layer, std::move(node), result, name + "/convolution");
    }

    Maker windows(const std::string& name, const std::string& source, const Shape& shape, std::size_t units, std::size_t window,
                  std::size_t dilation, std::size_t before, std::size_t after) const {
        Maker node = start("convolution", name, {source}, shape);
        node.set("filters", static_cast<double>(units)).set("window", Shape{window}).set("strides", Shape{1}).set("dilation", Shape{dilation});
        node.set("spread", Shape{1}).set("padding", Shape{before, after}).set("groups", 1.0);
        return node;
    }

    /// The mask of a sequence that has lost its first `reach` steps: a convolution that takes the value at its end.
    void cut(const Field& layer, const Translated& given, const std::string& name, std::size_t reach, Translated& result) {
        if (reach >= given.steps) {
            layer.fail_shape({"the kernel spans ", reach + 1, " objects, and the sequences have ", given.steps});
        }
        result.steps = given.steps - reach;
        add(start("reshape", name + "/column", {given.mask}, {given.steps, 1}));
        Maker node = windows(name + "/cut", name + "/column", {result.steps, 1}, 1, 2, reach, 0, 0);
        add(std::move(node.set("weights", Doubles{0, 1}).set("bias", Doubles{0})));
        result.mask = name + "/mask";
        add(start("reshape", result.mask, {name + "/cut"}, {result.steps}));
    }

    json::Array nodes_;
    static constexpr std::size_t node_bytes = 1500;  // of a node of ours, in the document and in the network
    static constexpr std::size_t label_bytes = 300;  // likewise

    std::size_t budget_;
    std::size_t spent_ = 0;
};

}  // namespace keras_hep::lwtnn
