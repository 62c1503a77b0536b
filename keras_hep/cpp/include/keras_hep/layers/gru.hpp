// Gated recurrent unit: h = z * h + (1 - z) * candidate, in both forms.
#pragma once

#include <memory>
#include <utility>

#include "recurrent.hpp"

namespace keras_hep::layers {

template <class T>
class Gru final : public Recurrent<T> {
public:
    /// The gates stand in the file in the order z (update), r (reset), h (candidate).
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        const Recurrence recurrence = read_recurrence(declaration, "recurrent_activation recurrent_bias reset_after");
        const std::size_t gates = 3 * recurrence.units;
        const Field& node = declaration.node;
        const bool reset_after = node.at("reset_after").boolean();
        const Field recurrent_bias = node.at("recurrent_bias");
        if (!reset_after && !recurrent_bias.is_null()) recurrent_bias.fail("expected null where reset_after is false");
        return Made<T>(new Gru(recurrence, node.at("weights").numbers_of_size<T>(recurrence.inputs * gates),
                               node.at("recurrent_weights").numbers_of_size<T>(recurrence.units * gates),
                               declaration.numbers_or<T>("bias", gates, T(0)), declaration.numbers_or<T>("recurrent_bias", gates, T(0)),
                               reset_after, read_inner_function<T>(node.at("activation")),
                               read_inner_function<T>(node.at("recurrent_activation"))));
    }

    Gru(Recurrence recurrence, std::vector<T> weights, std::vector<T> recurrent, std::vector<T> bias, std::vector<T> recurrent_bias,
        bool reset_after, Function<T> activation, Function<T> gate)
        : Recurrent<T>(recurrence, std::move(weights), std::move(bias)),
          recurrent_(std::move(recurrent)),
          recurrent_bias_(std::move(recurrent_bias)),
          reset_after_(reset_after),
          activation_(activation),
          gate_(gate) {}

    KERAS_HEP_LOADING void prepare(const Kernels<T>& kernels) override {
        Layer<T>::prepare(kernels);
        const std::size_t units = this->units();
        for (std::size_t k = 0; k < 2 * units; ++k) this->bias_[k] += recurrent_bias_[k];
        this->prepare_inputs(kernels, 3, {0, 1, 2});
        const Gates<T> gates(kernels, units);
        switches_ = gates.pack(kernels, units, 3, {0, 1}, recurrent_, nullptr);
        candidate_ = gates.pack(kernels, units, 3, {2}, recurrent_, recurrent_bias_.data());
        simd::release(recurrent_);
        simd::release(recurrent_bias_);
        one_.assign(gates.padded, T(1));
        minus_one_.assign(gates.padded, T(-1));
        is_usual_ = activation_.kind == Kind::tanh && gate_.kind == Kind::sigmoid;
    }

private:
    using Rows = typename Recurrent<T>::Rows;

    /// For all events z and r, then for all events the candidate, then what goes into it.
    std::size_t own_values() const override { return 4 * this->padded(); }
    T* switches(const Rows& rows, std::size_t event) const { return rows.own + event * 2 * this->padded(); }
    T* candidate(const Rows& rows, std::size_t event) const { return rows.own + (2 * rows.events + event) * this->padded(); }
    T* reset(const Rows& rows, std::size_t event) const { return rows.own + (3 * rows.events + event) * this->padded(); }

    void compute(const Rows& rows) const override {
        const Kernels<T>& k = this->kernels();
        const std::size_t n = this->padded();
        k.accumulate(switches_, rows.hidden, n, rows.begin, rows.stride, switches(rows, 0), rows.events);
        if (reset_after_) {
            if (!is_usual_) k.apply(gate_, switches(rows, 0), switches(rows, 0), rows.events * 2 * n);
            k.multiply(candidate_, rows.hidden, n, candidate(rows, 0), rows.events);
            return;
        }
        for (std::size_t e = 0; e < rows.events; ++e) {
            T* z = switches(rows, e);
            T* r = z + n;
            is_usual_ ? k.apply(gate_, r, r, n) : k.apply(gate_, z, z, 2 * n);  // the kernel has z itself
            k.times(r, rows.hidden + e * n, reset(rows, e), n);
        }
        k.accumulate(candidate_, reset(rows, 0), n, rows.begin + 2 * n, rows.stride, candidate(rows, 0), rows.events);
    }

    void update(const Rows& rows, std::size_t event) const override {
        const Kernels<T>& k = this->kernels();
        const std::size_t n = this->padded();
        const T* z = switches(rows, event);
        T* hidden = rows.hidden + event * n;
        T* c = candidate(rows, event);
        T* rest = reset(rows, event);
        const T* inputs = rows.begin + event * rows.stride + 2 * n;
        if (is_usual_) return k.gru(z, c, reset_after_ ? inputs : nullptr, hidden, n);
        if (reset_after_) k.affine(c, z + n, inputs, c, n);
        k.apply(activation_, c, c, n);
        k.affine(z, minus_one_.data(), one_.data(), rest, n);
        k.combine(z, hidden, rest, c, hidden, n);
    }

    std::vector<T> recurrent_;
    std::vector<T> recurrent_bias_;
    bool reset_after_;
    Function<T> activation_;
    Function<T> gate_;
    bool is_usual_ = false;  ///< sigmoid and tanh, for which there is a kernel
    simd::Aligned<T> one_;
    simd::Aligned<T> minus_one_;
    simd::Product<T> switches_;
    simd::Product<T> candidate_;
};

}  // namespace keras_hep::layers
