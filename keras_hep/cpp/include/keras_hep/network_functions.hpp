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
    return naming_file(path, [&] {
        std::string text = read_file(path);
        const std::size_t bytes = text.size();
        json::Parser parser(text);
        json::Value document = parser.parse();
        simd::release(text);
        return BasicNetwork({&document, "$", false, !parser.refers()}, options, bytes, &document);
    });
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
    for (std::size_t i = 0; i < size_of(chosen, space); ++i) result.emplace(chosen.labels[i], first[i]);
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
        result.insert(result.end(), first, first + size_of(output, space));
    }
    return result;
}

template <class T>
void BasicNetwork<T>::run(const Array* values, Workspace& space) const {
    run_one(values, space);
}

template <class T>
void BasicNetwork<T>::run_batch(const Batch* values, std::size_t events, T* const* outputs, Workspace& space) const {
    for (std::size_t first = 0, here = 0; first < events; first += here) {
        const Graph<T>& graph = plan_of([&](std::size_t i) { return array_of(values[i], inputs_[i], first); }, space);
        const Places<T>& places = graph.many();
        here = std::min(places.events, events - first);
        if (plans_) here = alike(values, first, here, space);
        T* memory = space.values(places.size);
        for (const std::size_t i : graph.inputs()) {
            const Step<T>& step = graph.steps()[i];
            for (std::size_t event = 0; event < here; ++event) {
                const Array array = array_of(values[step.input], inputs_[step.input], first + event);
                fill_input(step, array.values, array.rows, memory + places.nodes[i] + event * step.size);
            }
        }
        graph.run(memory, places, here);
        for (std::size_t i = 0; i < outputs_.size(); ++i) {
            const std::size_t size = graph.steps()[outputs_[i].node].size, most = outputs_[i].labels.size();
            const T* from = memory + places.nodes[outputs_[i].node];
            T* to = outputs[i] + first * most;
            for (std::size_t event = 0; event < here; ++event, from += size, to += most) {
                std::fill(std::copy(from, from + size, to), to + most, std::numeric_limits<T>::quiet_NaN());
            }
        }
    }
}

template <class T>
template <class Get>
const Graph<T>& BasicNetwork<T>::plan_of(const Get& array, Workspace& space) const {
    if (!plans_) return graph_;
    add_sizes(array, space.sizes_);
    space.plan_ = &plans_->of(space.sizes_);
    return *space.plan_;
}

template <class T>
template <class Get>
void BasicNetwork<T>::add_sizes(const Get& array, Shape& sizes) const {
    sizes.clear();
    for (std::size_t i = 0; i < inputs_.size(); ++i) inputs_[i].add_sizes(array(i).rows, array(i).columns, sizes);
}

template <class T>
Array BasicNetwork<T>::array_of(const Batch& batch, const Input& input, std::size_t event) {
    const std::size_t rows = input.is_open() ? input.axes[input.open[0]] : input.length.value_or(1);
    const std::size_t columns = input.open.size() > 1 ? input.axes[input.open[1]] : 1;
    return {batch.values + event * product(input.shape()), batch.rows != nullptr ? batch.rows[event] : rows,
            batch.columns != nullptr ? batch.columns[event] : columns};
}

template <class T>
std::size_t BasicNetwork<T>::alike(const Batch* values, std::size_t first, std::size_t most, Workspace& space) const {
    for (std::size_t number = 1; number < most; ++number) {
        add_sizes([&](std::size_t i) { return array_of(values[i], inputs_[i], first + number); }, space.next_);
        if (space.next_ != space.sizes_) return number;
    }
    return most;
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
    const Graph<T>& graph = last_plan(space);
    for (std::size_t i = 0; i < graph.steps().size(); ++i) {
        const Step<T>& step = graph.steps()[i];
        const T* first = space.data() + graph.one().nodes[i];
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
        for (const Given& given : vector.inputs) arrays.push_back({given.values.data(), given.rows, given.columns});
        try {
            run(arrays.data(), space);
        } catch (const InputError& error) {
            throw CheckError(joined({"test vector ", number, ": ", error.what()}));
        }
        for (std::size_t i = 0; i < outputs_.size(); ++i) {
            if (vector.outputs[i].size() != size_of(i, space)) {
                throw CheckError(joined({"test vector ", number, ", output '", outputs_[i].name, "': has ", size_of(i, space),
                                         " values, not ", vector.outputs[i].size(), " as in the file"}));
            }
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
    std::vector<std::size_t> nodes;
    for (const Output& output : outputs_) nodes.push_back(output.node);
    if (any_open(inputs_)) {
        json::Value document = spent != nullptr ? std::move(*spent) : json::copy(*source.document);
        plans_ = std::make_unique<Plans<T>>(std::move(document), source, bytes, inputs_, std::move(nodes), options);
        return;
    }
    if (spent != nullptr) *spent = {};
    graph_.prepare(nodes, options, kernels_of<T>(options));
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
    const Graph<T>& graph = plan_of([values](std::size_t i) { return values[i]; }, space);
    const Places<T>& places = graph.one();
    T* memory = space.values(places.size);
    for (const std::size_t i : graph.inputs()) {
        const Step<T>& step = graph.steps()[i];
        fill_input(step, values[step.input].values, values[step.input].rows, memory + places.nodes[i]);
    }
    graph.run(memory, places, 1);
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
        const std::size_t rows = count_rows(input, columns);
        space.arrays_.push_back({nullptr, input.is_open() && !input.is_sequence() ? open_rows(input, rows) : rows});
        append_row_major(input, columns, rows, space.given_);
    }
    const T* first = space.given_.data();
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
        space.arrays_[i].values = first;
        first += inputs_[i].is_open() ? inputs_[i].values_of(space.arrays_[i].rows, 1) : space.arrays_[i].rows * inputs_[i].features.size();
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
