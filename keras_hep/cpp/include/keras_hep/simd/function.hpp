// Activation functions as data: which one, and its parameters.
#pragma once

namespace keras_hep::simd {

enum class Kind {
    linear,
    relu,            // 0 below 0
    relu_general,    // a: slope below the threshold b, at most c
    leaky_relu,      // a: slope below 0
    elu,             // a: alpha
    selu,
    sigmoid,
    tanh,
    silu,            // x * sigmoid(a x)
    exponential,
    softplus,
    softsign,
    hard_sigmoid,    // a x + b, cut to [0, 1]
    hard_tanh,       // cut to [-1, 1]
    gelu,            // with erf
    gelu_tanh,
    mish,
    log_sigmoid,
    tanh_shrink,
    hard_shrink,     // a: threshold
    soft_shrink,     // a: threshold
    threshold,       // a: threshold, b: value at or below it
    celu,            // a: alpha
    sparse_plus,
    sparse_sigmoid,
    squareplus,      // a
    absolute,
};

/// One function of one number.
template <class T>
struct Function {
    Kind kind = Kind::linear;
    T a = 0;
    T b = 0;
    T c = 0;
};

}  // namespace keras_hep::simd
