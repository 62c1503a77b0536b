// Long short-term memory: c = f * c + i * g, h = o * activation(c).
#pragma once

#include <memory>
#include <utility>

#include "recurrent.hpp"

namespace keras_hep::layers {

template <class T>
class Lstm final : public Recurrent<T> {
public:
    /// The gates stand in the file in the order i, f, c (here: g), o.
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        const Recurrence recurrence = read_recurrence(declaration, "recurrent_activation");
        const std::size_t gates = 4 * recurrence.units;
        const Field& node = declaration.node;
        return Made<T>(new Lstm(recurrence, node.at("weights").numbers_of_size<T>(recurrence.inputs * gates),
                                node.at("recurrent_weights").numbers_of_size<T>(recurrence.units * gates),
                                declaration.numbers_or<T>("bias", gates, T(0)), read_inner_function<T>(node.at("activation")),
                                read_inner_function<T>(node.at("recurrent_activation"))));
    }

    Lstm(Recurrence recurrence, std::vector<T> weights, std::vector<T> recurrent, std::vector<T> bias, Function<T> activation,
         Function<T> gate)
        : Recurrent<T>(recurrence, std::move(weights), std::move(bias)), recurrent_(std::move(recurrent)), activation_(activation), gate_(gate) {}

    KERAS_HEP_LOADING void prepare(const Kernels<T>& kernels) override {
        Layer<T>::prepare(kernels);
        const std::vector<std::size_t> order = {0, 1, 3, 2};  // those with the same function together
        this->prepare_inputs(kernels, 4, order);
        states_ = Gates<T>(kernels, this->units()).pack(kernels, this->units(), 4, order, recurrent_, nullptr);
        simd::release(recurrent_);
        is_usual_ = activation_.kind == Kind::tanh && gate_.kind == Kind::sigmoid;
    }

private:
    /// For each event the cells, and for each event the gates.
    std::size_t own_values() const override { return 5 * this->padded(); }

    using Rows = typename Recurrent<T>::Rows;

    void compute(const Rows& rows) const override {
        this->kernels().accumulate(states_, rows.hidden, this->padded(), rows.begin, rows.stride, rows.own + rows.events * this->padded(), rows.events);
    }

    void update(const Rows& rows, std::size_t event) const override {
        const Kernels<T>& k = this->kernels();
        const std::size_t n = this->padded();
        T* cell = rows.own + event * n;
        T* hidden = rows.hidden + event * n;
        T* i = rows.own + rows.events * n + event * 4 * n;
        if (is_usual_) return k.lstm(i, cell, hidden, n);
        T *f = i + n, *o = f + n, *g = o + n;
        k.apply(gate_, i, i, 3 * n);
        k.apply(activation_, g, g, n);
        k.combine(f, cell, i, g, cell, n);
        k.apply(activation_, cell, g, n);
        k.times(o, g, hidden, n);
    }

    std::vector<T> recurrent_;
    Function<T> activation_;
    Function<T> gate_;
    bool is_usual_ = false;  ///< sigmoid and tanh, for which there is a kernel
    simd::Product<T> states_;
};

}  // namespace keras_hep::layers
