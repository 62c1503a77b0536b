// The nodes of a network as a plan: in the order of evaluation, each once, each with its place in the workspace.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "errors.hpp"
#include "field.hpp"
#include "input.hpp"
#include "layers/layer.hpp"
#include "loading.hpp"
#include "names.hpp"
#include "options.hpp"
#include "shape.hpp"
#include "simd/tables.hpp"

namespace keras_hep {

/// One node of the plan.
template <class T>
struct Step {
    std::string name;
    Shape shape;
    std::size_t size = 0;                         ///< number of values
    std::vector<std::size_t> sources;             ///< numbers of the nodes that it takes
    std::unique_ptr<layers::Layer<T>> layer = {}; ///< null for a node that holds an input, or that another one does the work of
    std::size_t input = 0;                        ///< of a node that holds one: which input
    bool is_input = false;
    bool is_mask = false;                         ///< of such a node: the mask of the input, not its values
    std::size_t view_of = 0;                      ///< where the values stand: with this node, usually itself
};

/// A layer that is run, and where in the workspace its values stand.
template <class T>
struct Call {
    const layers::Layer<T>* layer;
    std::vector<std::size_t> sources;  ///< where the values of the nodes that it takes begin
    std::size_t output;
};

/// Where the values of the nodes stand in the workspace, for a number of events at once.
template <class T>
struct Places {
    std::size_t events = 1;
    std::vector<std::size_t> nodes;  ///< where the values of each node begin
    std::vector<Call<T>> calls;      ///< in the order of evaluation
    std::size_t scratch = 0;
    std::size_t size = 0;  ///< of the workspace
};

/// The kernels that the options ask for.
template <class T>
KERAS_HEP_LOADING const simd::Kernels<T>& kernels_of(const Options& options) {
    if (options.isa > simd::best_isa()) {
        throw InputError(std::string("Options::isa: this machine has no ") + simd::to_string(options.isa) + ", only " +
                         simd::to_string(simd::best_isa()));
    }
    return options.reproducible ? simd::reproducible_kernels<T>() : simd::best_kernels<T>(options.isa);
}

template <class T>
class Graph {
public:
    /// Read the nodes; they must stand in an order in which they can be evaluated, which rules out cycles. `bytes`: size of the file.
    KERAS_HEP_LOADING Graph(const Field& nodes, const std::vector<Input>& inputs, std::size_t bytes) {
        const std::vector<Field> items = nodes.items();
        is_open_ = any_open(inputs);
        for (std::size_t i = 0; i < items.size(); ++i) declared_.add(items[i].at("name").text(), i);
        steps_.resize(items.size());
        Sharing sharing{items, declared_};
        std::size_t left = bytes * shared_per_byte + shared_always;
        for (std::size_t i = 0; i < items.size(); ++i) {
            sharing.reader = i;
            sharing.taken = 0;
            read_node(items[i].with(sharing), inputs, i);
            const std::size_t needed = sharing.taken * simd::packed_bytes<T>(steps_[i].shape.back());
            if (needed > left) items[i].fail_shape({"the weights that nodes take from others need too much memory for a file of ", bytes, " bytes"});
            left -= needed;
        }
    }

    const std::vector<Step<T>>& steps() const { return steps_; }

    /// The number of the node that `field` names.
    KERAS_HEP_LOADING std::size_t find(const Field& field) const {
        if (const std::size_t* found = ready_.find(field.text())) return *found;
        const std::string_view name = shortened(field.text());
        if (declared_.find(field.text()) != nullptr) {
            field.fail({"the node '", name, "' stands later in the file; nodes stand in the order of evaluation, without cycles"});
        }
        field.fail({"there is no node '", name, "'"});
    }

    /// Make it ready to run: called once, when the nodes that are outputs are known.
    KERAS_HEP_LOADING void prepare(const std::vector<std::size_t>& outputs, const Options& options, const simd::Kernels<T>& kernels) {
        for (std::size_t i = 0; i < steps_.size(); ++i) steps_[i].view_of = i;
        if (!options.keep_nodes) join(outputs, !options.reproducible);
        for (Step<T>& step : steps_) {
            if (step.layer) step.layer->prepare(kernels);
        }
        one_ = places(1);
        // So many events at once that the values of all nodes stay in the cache, and at most a multiple of the rows that kernels take.
        constexpr std::size_t cache = std::size_t{1} << 17;
        many_ = places(std::clamp<std::size_t>(cache / sizeof(T) / std::max<std::size_t>(one_.size, 1), 1, 60));
    }

    const Places<T>& one() const { return one_; }
    const Places<T>& many() const { return many_; }

    /// Numbers of the nodes that hold inputs.
    const std::vector<std::size_t>& inputs() const { return inputs_; }

    /// Evaluate all nodes but the inputs.
    void run(T* space, const Places<T>& places, std::size_t events) const {
        for (const Call<T>& call : places.calls) {
            call.layer->run(layers::Arguments<T>(space, call.sources.data()), space + call.output, events, space + places.scratch);
        }
    }

private:
    // Memory for weights that stand in the file once and serve several nodes, each of which holds a copy.
    static constexpr std::size_t shared_per_byte = 24;
    static constexpr std::size_t shared_always = std::size_t{1} << 15;

    KERAS_HEP_LOADING void read_node(const Field& item, const std::vector<Input>& inputs, std::size_t number) {
        const Field name = item.at("name");
        Step<T>& step = steps_[number];
        step.name = name.text();
        step.shape = is_open_ ? item.at("shape").open_shape() : item.at("shape").shape();
        if (ready_.find(step.name) != nullptr) name.fail({"the node '", shortened(step.name), "' stands twice"});
        if (is_known(step.shape)) check_size(item, step);  // before a layer is made
        if (item.at("type").text() == "input") {
            read_input_node(item, inputs, step);
            inputs_.push_back(number);
        } else {
            read_layer(item, step);
        }
        if (!is_known(step.shape)) item.at("shape").fail_shape({"a size of null that follows from no input: ", step.shape});
        step.size = product(step.shape);
        check_size(item, step);
        size_ += step.size;
        ready_.add(step.name, number);
    }

    KERAS_HEP_LOADING void check_size(const Field& item, const Step<T>& step) const {
        if (product(step.shape) > max_values - size_) item.at("shape").fail_shape("the network is larger than 2**26 values");
    }

    KERAS_HEP_LOADING static void read_input_node(const Field& item, const std::vector<Input>& inputs, Step<T>& step) {
        item.only("name type inputs shape input part");
        if (!item.at("inputs").items().empty()) item.at("inputs").fail_shape("expected no inputs of an input node");
        const Field name = item.at("input");
        const auto found = std::find_if(inputs.begin(), inputs.end(), [&](const Input& i) { return i.name == name.text(); });
        if (found == inputs.end()) name.fail({"there is no input '", shortened(name.text()), "'"});
        const Field part = item.at("part");
        step.input = static_cast<std::size_t>(found - inputs.begin());
        step.is_input = true;
        step.is_mask = part.text() == "mask";
        if (!step.is_mask && part.text() != "values") part.fail({"expected 'values' or 'mask', found '", shortened(part.text()), "'"});
        if (step.is_mask && !found->is_sequence()) part.fail({"the input '", found->name, "' is not a sequence and has no mask"});
        const Shape expected = step.is_mask ? Shape{*found->length} : found->shape();
        if (!fits(step.shape, expected)) item.at("shape").fail_shape({"expected ", expected, ", found ", step.shape});
        step.shape = expected;
    }

    KERAS_HEP_LOADING void read_layer(const Field& item, Step<T>& step) const {
        layers::Declaration declaration{item, {}, step.shape};
        for (const Field& source : item.at("inputs").items()) {
            step.sources.push_back(find(source));
            declaration.inputs.push_back(steps_[step.sources.back()].shape);
        }
        if (declaration.inputs.empty()) item.at("inputs").fail_shape("expected at least one input, found none");
        step.layer = layers::make<T>(declaration);
        step.shape = declaration.shape;
    }

    /// Let layers do the work of their neighbours, and views stand where their input does; `fold`: also where that changes the bits.
    KERAS_HEP_LOADING void join(const std::vector<std::size_t>& outputs, bool fold) {
        std::vector<std::size_t> readers(steps_.size(), 0);
        for (const Step<T>& step : steps_) {
            for (const std::size_t source : step.sources) ++readers[source];
        }
        for (const std::size_t output : outputs) readers[output] += 2;
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            Step<T>& step = steps_[i];
            if (!step.layer || step.sources.size() != 1) continue;
            Step<T>& before = steps_[step.sources[0]];
            if (before.layer && readers[step.sources[0]] == 1) {
                const auto function = step.layer->function();
                const auto* map = fold ? step.layer->affine() : nullptr;
                if ((function && before.layer->absorb(*function)) || (map != nullptr && before.layer->absorb_after(*map))) {
                    step.layer = std::move(before.layer);
                    step.sources = before.sources;
                    continue;
                }
                const auto* earlier = fold ? before.layer->affine() : nullptr;
                if (earlier != nullptr && is_gentle(*earlier) && step.layer->absorb_before(*earlier)) {
                    before.layer.reset();
                    step.sources = before.sources;
                }
            }
            if (step.layer->is_view()) {
                step.view_of = steps_[step.sources[0]].view_of;
                step.layer.reset();
            }
        }
    }

    /// Whether the map can be taken into a sum behind it: large offsets would be lost in it.
    static bool is_gentle(const layers::Affine<T>& map) {
        return std::all_of(map.offset.begin(), map.offset.end(), [](T offset) { return std::abs(offset) <= T(8); });
    }

    KERAS_HEP_LOADING Places<T> places(std::size_t events) const {
        Places<T> result;
        result.events = events;
        result.nodes.resize(steps_.size());
        std::size_t scratch = 0;
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            const Step<T>& step = steps_[i];
            if (step.view_of != i) {
                result.nodes[i] = result.nodes[step.view_of];
            } else {
                result.nodes[i] = result.size;
                if (step.layer || step.is_input) result.size += simd::padded(step.size * events);
            }
            if (!step.layer) continue;
            Call<T> call{step.layer.get(), {}, result.nodes[i]};
            for (const std::size_t source : step.sources) call.sources.push_back(result.nodes[source]);
            result.calls.push_back(std::move(call));
            scratch = std::max(scratch, step.layer->scratch(events));
        }
        result.scratch = result.size;
        result.size += simd::padded(scratch);
        return result;
    }

    std::vector<Step<T>> steps_;
    std::size_t size_ = 0;
    bool is_open_ = false;  ///< whether sizes may be null
    Names declared_;
    Names ready_;
    std::vector<std::size_t> inputs_;
    Places<T> one_;
    Places<T> many_;
};

}  // namespace keras_hep
