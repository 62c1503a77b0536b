// Activation functions of one number, with the definitions of Keras 3, for NaN too: it mostly stays NaN.
#pragma once

#include <cmath>

#include "function.hpp"
#include "rounded.hpp"

namespace keras_hep::simd {

template <class T>
T scalar_sigmoid(T x) {
    const T small = std::exp(-std::abs(x));  // never beyond the largest number
    return (x < 0 ? small : T(1)) / (T(1) + small);
}

template <class T>
T softplus(T x) {
    return (x > 0 ? x : T(0)) + std::log1p(std::exp(-std::abs(x)));
}

template <class T>
T scalar(const Function<T>& f, T x) {
    switch (f.kind) {
        case Kind::linear: return x;
        case Kind::relu: return x < 0 ? T(0) : x;
        case Kind::relu_general:
            if (x <= f.b) return f.a == 0 ? T(0) : f.a * (x - f.b);
            return x > f.c ? f.c : x;
        case Kind::leaky_relu: return x < 0 ? f.a * x : x;
        case Kind::elu: return x > 0 ? x : f.a * std::expm1(x);
        case Kind::selu: return T(1.0507009873554804934193349852946) * (x > 0 ? x : T(1.6732632423543772848170429916717) * std::expm1(x));
        case Kind::sigmoid: return scalar_sigmoid(x);
        case Kind::tanh: return std::tanh(x);
        case Kind::silu: return x * scalar_sigmoid(f.a * x);
        case Kind::exponential: return std::exp(x);
        case Kind::softplus: return softplus(x);
        case Kind::softsign: return x / (T(1) + std::abs(x));
        case Kind::hard_sigmoid: {
            const T value = rounded(f.a * x) + f.b;
            return value < 0 ? T(0) : value > 1 ? T(1) : value;
        }
        case Kind::hard_tanh: return x < -1 ? T(-1) : x > 1 ? T(1) : x;
        case Kind::gelu: return T(0.5) * x * (T(1) + std::erf(x * T(0.70710678118654752440)));
        case Kind::gelu_tanh: return T(0.5) * x * (T(1) + std::tanh(T(0.79788456080286535588) * (x + rounded(T(0.044715) * x * x * x))));
        case Kind::mish: return x * std::tanh(softplus(x));
        case Kind::log_sigmoid: return -softplus(-x);
        case Kind::tanh_shrink: return x - std::tanh(x);
        case Kind::hard_shrink: return std::abs(x) > f.a ? x : T(0);
        case Kind::soft_shrink: return x > f.a ? x - f.a : x < -f.a ? x + f.a : T(0);
        case Kind::threshold: return x > f.a ? x : f.b;
        case Kind::celu: return x > 0 ? x : f.a * std::expm1(x / f.a);
        case Kind::sparse_plus: return x <= -1 ? T(0) : x < 1 ? T(0.25) * (x + 1) * (x + 1) : x;
        case Kind::sparse_sigmoid: return x <= -1 ? T(0) : x < 1 ? T(0.5) * (x + 1) : std::isnan(x) ? x : T(1);
        case Kind::squareplus: return (x + std::sqrt(rounded(x * x) + f.a)) / T(2);
        case Kind::absolute: return std::abs(x);
    }
    return x;
}

}  // namespace keras_hep::simd
