// The plain recurrent layer: h = activation(x * weights + h * recurrent weights + bias).
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "recurrent.hpp"

namespace keras_hep::layers {

template <class T>
class SimpleRnn final : public Recurrent<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        const Recurrence recurrence = read_recurrence(declaration, "");
        const std::size_t units = recurrence.units;
        const Field& node = declaration.node;
        return Made<T>(new SimpleRnn(recurrence, node.at("weights").numbers_of_size<T>(recurrence.inputs * units),
                                     node.at("recurrent_weights").numbers_of_size<T>(units * units),
                                     declaration.numbers_or<T>("bias", units, T(0)), read_inner_function<T>(node.at("activation"))));
    }

    SimpleRnn(Recurrence recurrence, std::vector<T> weights, std::vector<T> recurrent, std::vector<T> bias, Function<T> activation)
        : Recurrent<T>(recurrence, std::move(weights), std::move(bias)), recurrent_(std::move(recurrent)), activation_(activation) {}

    KERAS_HEP_LOADING void prepare(const Kernels<T>& kernels) override {
        Layer<T>::prepare(kernels);
        this->prepare_inputs(kernels, 1, {0});
        states_ = Gates<T>(kernels, this->units()).pack(kernels, this->units(), 1, {0}, recurrent_, nullptr);
        states_.function = activation_;
        simd::release(recurrent_);
    }

private:
    using Rows = typename Recurrent<T>::Rows;

    std::size_t own_values() const override { return this->padded(); }

    void compute(const Rows& rows) const override {
        this->kernels().accumulate(states_, rows.hidden, this->padded(), rows.begin, rows.stride, rows.own, rows.events);
    }

    void update(const Rows& rows, std::size_t event) const override {
        const T* next = rows.own + event * this->padded();
        std::copy(next, next + this->padded(), rows.hidden + event * this->padded());
    }

    std::vector<T> recurrent_;
    Function<T> activation_;
    simd::Product<T> states_;
};

}  // namespace keras_hep::layers
