// What the functions of a network do.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
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
#include "json.hpp"
#include "loading.hpp"
#include "message.hpp"
#include "named.hpp"
#include "network.hpp"
#include "read_file.hpp"

namespace keras_hep {

template <class T>
BasicNetwork<T>::BasicNetwork(BasicNetwork&&) noexcept = default;

template <class T>
BasicNetwork<T>& BasicNetwork<T>::operator=(BasicNetwork&&) noexcept = default;

template <class T>
BasicNetwork<T>::~BasicNetwork() = default;

template <class T>
KERAS_HEP_LOADING BasicNetwork<T> BasicNetwork<T>::load(const std::string& path, const Options& options) {
    std::string text = read_file(path);
    const std::size_t bytes = text.size();
    json::Parser parser(text);
    json::Value document = parser.parse();
    simd::release(text);
    return BasicNetwork({&document, "$", false, !parser.refers()}, options, bytes, &document);
}

template <class T>
KERAS_HEP_LOADING BasicNetwork<T> BasicNetwork<T>::parse(std::string_view text, const Options& options) {
    json::Value document = json::parse(text);
    return BasicNetwork({&document}, options, text.size(), &document);
}

template <class T>
KERAS_HEP_LOADING BasicNetwork<T> BasicNetwork<T>::from_document(const json::Value& document, const Options& options) {
    return BasicNetwork({&document, "$", true}, options, 0);
}

template <class T>
std::map<std::string, double> BasicNetwork<T>::evaluate(const NamedInputs& values, const std::string& output) const {
    const Output& chosen = find_output(output);
    Workspace& space = own_workspace();
    run_named(values, space);
    const T* first = value_of(chosen, space);
    std::map<std::string, double> result;
    for (std::size_t i = 0; i < chosen.labels.size(); ++i) result.emplace(chosen.labels[i], first[i]);
    return result;
}

template <class T>
std::vector<T> BasicNetwork<T>::evaluate_arrays(const std::vector<Array>& values) const {
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

template <class T>
void BasicNetwork<T>::run(const Array* values, Workspace& space) const {
    run_one(values, space);
}

template <class T>
void BasicNetwork<T>::run_batch(const Batch* values, std::size_t events, T* const* outputs, Workspace& space) const {
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

template <class T>
std::vector<BasicNodeValues<T>> BasicNetwork<T>::trace(const NamedInputs& values) const {
    Workspace space;
    run_named(values, space);
    return trace(space);
}

template <class T>
std::vector<BasicNodeValues<T>> BasicNetwork<T>::trace(const Workspace& space) const {
    if (!keeps_nodes_) refuse_call({"the nodes were joined; load the network with Options::keep_nodes to see each of them"});
    std::vector<NodeValues> result;
    for (std::size_t i = 0; i < graph_.steps().size(); ++i) {
        const Step<T>& step = graph_.steps()[i];
        const T* first = space.data() + graph_.one().nodes[i];
        result.push_back({step.name, step.shape, std::vector<T>(first, first + step.size)});
    }
    return result;
}

template <class T>
KERAS_HEP_LOADING double BasicNetwork<T>::self_check(double tolerance) const {
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

template <class T>
KERAS_HEP_LOADING BasicNetwork<T>::BasicNetwork(const Source& source, const Options& options, std::size_t bytes, json::Value* spent)
    : BasicNetwork(Field(source), options, bytes) {
    if (spent != nullptr) *spent = {};
    std::vector<std::size_t> nodes;
    for (const Output& output : outputs_) nodes.push_back(output.node);
    graph_.prepare(nodes, options);
}

template <class T>
KERAS_HEP_LOADING BasicNetwork<T>::BasicNetwork(const Field& root, const Options& options, std::size_t bytes)
    : inputs_((check_header(root), read_inputs(root.at("inputs")))),
      graph_(root.at("nodes"), inputs_, bytes),
      outputs_(read_outputs(root.at("outputs"), graph_)),
      vectors_(read_test_vectors(root.at("test_vectors"), inputs_, outputs_)),
      keeps_nodes_(options.keep_nodes) {}

template <class T>
BasicWorkspace<T>& BasicNetwork<T>::own_workspace() {
    static thread_local Workspace space;
    return space;
}

template <class T>
KERAS_HEP_LOADING double BasicNetwork<T>::difference(const std::vector<float>& expected, const T* found) {
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (std::isnan(expected[i]) && std::isnan(found[i])) continue;
        const double value = static_cast<double>(expected[i]);
        const double here = std::abs(value - static_cast<double>(found[i])) / std::max(1.0, std::abs(value));
        if (!(here <= worst)) worst = std::isnan(here) ? std::numeric_limits<double>::infinity() : here;
    }
    return worst;
}

template <class T>
const Output& BasicNetwork<T>::find_output(const std::string& name) const {
    if (name.empty() && outputs_.size() == 1) return outputs_[0];
    for (const Output& output : outputs_) {
        if (output.name == name) return output;
    }
    refuse_output(name);
}

template <class T>
KERAS_HEP_LOADING void BasicNetwork<T>::refuse_output(const std::string& name) const {
    std::string known;
    for (const Output& output : outputs_) known += joined({known.empty() ? "'" : ", '", output.name, "'"});
    if (name.empty()) refuse_call({"the network has several outputs, name one of ", known});
    refuse_call({"there is no output '", name, "', only ", known});
}

template <class T>
template <class V>
void BasicNetwork<T>::run_one(const BasicArray<V>* values, Workspace& space) const {
    const Places<T>& places = graph_.one();
    T* memory = space.values(places.size);
    for (const std::size_t i : graph_.inputs()) {
        const Step<T>& step = graph_.steps()[i];
        fill_input(step, values[step.input].values, values[step.input].rows, memory + places.nodes[i]);
    }
    graph_.run(memory, places, 1);
}

template <class T>
void BasicNetwork<T>::run_named(const NamedInputs& values, Workspace& space) const {
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

template <class T>
KERAS_HEP_LOADING void BasicNetwork<T>::refuse_unknown(const NamedInputs& values) const {
    for (const auto& [name, columns] : values) {
        bool known = false;
        for (const Input& input : inputs_) known = known || input.name == name;
        if (!known) refuse_call({"the network has no input '", name, "'"});
    }
}

template <class T>
template <class V>
void BasicNetwork<T>::fill_input(const Step<T>& step, const V* values, std::size_t rows, T* to) const {
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

}  // namespace keras_hep
