// What recurrent layers have in common: how they stand in the file, and the way through the sequence.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "activation.hpp"
#include "layer.hpp"

namespace keras_hep::layers {

/// The sizes and switches of a recurrent layer.
struct Recurrence {
    std::size_t steps;
    std::size_t inputs;
    std::size_t units;
    bool masked;            ///< the second input is a mask: where it is zero, nothing happens
    bool all_steps;         ///< the output of every step, not of the last one alone
    bool backwards;         ///< from the last step to the first
    bool reverse;           ///< the outputs stand in the reverse of the order in which they were computed
    bool zero_masked;       ///< the output of a masked step is zero, not that of the step before
};

/// Read what all recurrent layers have; `more` are the attributes that this one has beside them.
KERAS_HEP_LOADING inline Recurrence read_recurrence(const Declaration& declaration, const std::string& more) {
    declaration.attributes("units weights recurrent_weights bias activation go_backwards return_sequences zero_output_for_mask reverse_output " +
                           more);
    const Field& node = declaration.node;
    const std::size_t number = declaration.inputs.size();
    if (number != 2) declaration.takes(1);
    declaration.takes_axes(2);
    const Shape& values = declaration.inputs[0];
    if (number == 2 && declaration.inputs[1] != Shape{values[0]}) {
        node.at("inputs").fail_shape({"expected a mask ", Shape{values[0]}, ", found ", declaration.inputs[1]});
    }
    const std::size_t units = node.at("units").count(max_values);
    const bool all_steps = node.at("return_sequences").boolean();
    declaration.gives(all_steps ? Shape{values[0], units} : Shape{units});
    return {values[0], values[1], units, number == 2, all_steps, node.at("go_backwards").boolean(), node.at("reverse_output").boolean(),
            node.at("zero_output_for_mask").boolean()};
}

/// A function that stands in an attribute of its own.
template <class T>
KERAS_HEP_LOADING Function<T> read_inner_function(const Field& field) {
    const Function<T> function = read_function<T>(field);
    field.only(parameters_of(field));
    return function;
}

/// A matrix of gates after one another, [row][gate][unit], as a product whose gates begin at a panel each.
template <class T>
struct Gates {
    std::size_t units;
    std::size_t padded;  ///< units of a gate with its padding, a whole number of panels

    Gates(const Kernels<T>& kernels, std::size_t n) : units(n), padded(n) {
        if (kernels.width != 0) padded = (n + kernels.width - 1) / kernels.width * kernels.width;
    }

    /// `order` names the gates that are wanted; a row of `weights` holds `number` gates, and `bias` is such a row.
    KERAS_HEP_LOADING simd::Product<T> pack(const Kernels<T>& kernels, std::size_t rows, std::size_t number, const std::vector<std::size_t>& order,
                          const std::vector<T>& weights, const T* bias) const {
        const std::size_t size = order.size() * padded;
        simd::Product<T> product = simd::start_product(kernels, {0}, rows, size);
        std::vector<T> wide(size, T(0));  // a row at a time: the padding can be larger than the weights
        for (std::size_t r = 0; r < rows; ++r) {
            spread(weights.data() + r * number * units, order, wide.data());
            simd::set_row(product, r, wide.data());
        }
        simd::share(kernels, product);
        if (bias != nullptr) spread(bias, order, product.bias.data());
        return product;
    }

private:
    void spread(const T* from, const std::vector<std::size_t>& order, T* to) const {
        for (std::size_t g = 0; g < order.size(); ++g) std::copy_n(from + order[g] * units, units, to + g * padded);
    }
};

/// The way through the sequence. The part of the gates that comes from the inputs is computed for many steps of one event at
/// once, or for one step of many events.
template <class T>
class Recurrent : public Layer<T> {
public:
    KERAS_HEP_LOADING std::size_t scratch(std::size_t events) const override {
        const std::size_t together = std::min(events, most_events);  // or fewer in the end, where one takes most
        return std::max(needed(1), needed(together)) + simd::slack;
    }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T* scratch) const override {
        const Recurrence& r = recurrence_;
        for (std::size_t first = 0; first < events; first += most_events) {
            const std::size_t here = std::min(most_events, events - first);
            const T* mask = r.masked ? inputs[1] + first * r.steps : nullptr;
            run_some(inputs[0] + first * r.steps * r.inputs, mask, output + first * (r.all_steps ? r.steps : 1) * r.units, here, scratch);
        }
    }

    KERAS_HEP_LOADING bool absorb_before(const Affine<T>& map) override {
        const std::size_t gates = weights_.size() / recurrence_.inputs;
        for (std::size_t i = 0; i < recurrence_.inputs; ++i) {
            for (std::size_t k = 0; k < gates; ++k) {
                bias_[k] += simd::rounded(map.offset[i] * weights_[i * gates + k]);
                weights_[i * gates + k] *= map.factor[i];
            }
        }
        return true;
    }

protected:
    /// A step of several events.
    struct Rows {
        std::size_t events;
        const T* begin;      ///< the part of the gates that comes from the inputs and the bias, for each event
        std::size_t stride;  ///< between the rows of `begin`
        T* hidden;           ///< the state that the next step sees, padded; it is the output too
        T* own;              ///< `own_values` for each of `events`, zero before the first step
    };

    /// Weights are [input][gate], the bias is [gate], with all units of a gate together.
    Recurrent(Recurrence recurrence, std::vector<T> weights, std::vector<T> bias)
        : weights_(std::move(weights)), bias_(std::move(bias)), recurrence_(recurrence) {}

    /// Compute what all events can compute together.
    virtual void compute(const Rows& rows) const = 0;

    /// Change the state of one event; not called where the step is masked.
    virtual void update(const Rows& rows, std::size_t event) const = 0;

    /// Values of memory that the layer needs for each event, beside the hidden state.
    virtual std::size_t own_values() const = 0;

    /// The inputs' part of the gates in this order, of `number` that stand in the file.
    KERAS_HEP_LOADING void prepare_inputs(const Kernels<T>& kernels, std::size_t number, const std::vector<std::size_t>& order) {
        const Gates<T> gates(kernels, recurrence_.units);
        padded_ = gates.padded;
        inputs_ = gates.pack(kernels, recurrence_.inputs, number, order, weights_, bias_.data());
        simd::release(weights_);
        simd::release(bias_);
    }

    std::size_t units() const { return recurrence_.units; }
    std::size_t padded() const { return padded_; }

    std::vector<T> weights_;
    std::vector<T> bias_;

private:
    static constexpr std::size_t most_events = 12;                  ///< together, so that their memory stays in the cache
    static constexpr std::size_t most_values = std::size_t{1} << 15;  ///< of the gates of many steps

    std::size_t steps_at_once(std::size_t events) const {
        return events > 1 ? 1 : std::clamp<std::size_t>(most_values / inputs_.units, 1, recurrence_.steps);
    }

    std::size_t needed(std::size_t events) const { return events * (steps_at_once(events) * inputs_.units + per_event()); }
    std::size_t per_event() const { return padded_ + own_values(); }

    void run_some(const T* values, const T* mask, T* output, std::size_t events, T* scratch) const {
        const Recurrence& r = recurrence_;
        const std::size_t many = steps_at_once(events), width = inputs_.units;
        T* gates = scratch + events * per_event();
        std::fill(scratch, gates, T(0));
        for (std::size_t first = 0; first < r.steps; first += many) {
            const std::size_t here = std::min(many, r.steps - first);
            const std::size_t low = r.backwards ? r.steps - first - here : first;
            const T* from = values + low * r.inputs;
            if (events == 1) {
                this->kernels().multiply(inputs_, from, r.inputs, gates, here);
            } else {
                this->kernels().multiply(inputs_, from, r.steps * r.inputs, gates, events);
            }
            for (std::size_t i = 0; i < here; ++i) {
                const std::size_t row = r.backwards ? here - 1 - i : i;
                step({events, gates + row * width, width, scratch, scratch + events * padded_}, mask, first + i, output);
            }
        }
    }

    /// Step number `number` in the order of evaluation.
    void step(const Rows& rows, const T* mask, std::size_t number, T* output) const {
        const Recurrence& r = recurrence_;
        const std::size_t time = r.backwards ? r.steps - 1 - number : number;
        const bool last = number + 1 == r.steps;
        const auto is_real = [&](std::size_t event) { return mask == nullptr || mask[event * r.steps + time] != T(0); };
        if (rows.events > 1 || is_real(0)) compute(rows);
        for (std::size_t e = 0; e < rows.events; ++e) {
            const bool real = is_real(e);
            if (real) update(rows, e);
            if (!r.all_steps && !last) continue;
            const std::size_t place = r.all_steps ? e * r.steps + (r.reverse ? r.steps - 1 - number : number) : e;
            T* to = output + place * r.units;
            const T* hidden = rows.hidden + e * padded_;
            if (real || !r.zero_masked) {
                std::copy(hidden, hidden + r.units, to);
            } else {
                std::fill(to, to + r.units, T(0));
            }
        }
    }

    Recurrence recurrence_;
    std::size_t padded_ = 0;
    simd::Product<T> inputs_;
};

}  // namespace keras_hep::layers
