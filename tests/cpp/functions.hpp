// All functions of one number with parameters that matter.
#pragma once

#include "keras_hep/simd/function.hpp"

struct Known {
    keras_hep::simd::Kind kind;
    const char* name;
    float a = 1, b = 0, c = 0;
    float floor = 0;        ///< errors are relative to the result, or to this where the result is smaller
    float tiny = 1e-44F;    ///< differences that do not count: of results that underflow
    float largest = 3e38F;  ///< beyond, float32 cannot hold what lies between x and the result
};

inline const Known known_functions[] = {
    {keras_hep::simd::Kind::linear, "linear"},
    {keras_hep::simd::Kind::relu, "relu"},
    {keras_hep::simd::Kind::relu_general, "relu_general", 0.25F, 0.5F, 4},
    {keras_hep::simd::Kind::leaky_relu, "leaky_relu", 0.2F, 0, 0, 1.2e-38F},
    {keras_hep::simd::Kind::elu, "elu", 0.7F, 0, 0, 1},
    {keras_hep::simd::Kind::selu, "selu", 1, 0, 0, 1},
    {keras_hep::simd::Kind::sigmoid, "sigmoid", 1, 0, 0, 0, 1.3e-38F},
    {keras_hep::simd::Kind::tanh, "tanh"},
    {keras_hep::simd::Kind::silu, "silu", 1, 0, 0, 0, 1.2e-36F},
    {keras_hep::simd::Kind::exponential, "exponential", 1, 0, 0, 0, 1.7e-38F},
    {keras_hep::simd::Kind::softplus, "softplus"},
    {keras_hep::simd::Kind::softsign, "softsign"},
    {keras_hep::simd::Kind::hard_sigmoid, "hard_sigmoid", 1.0F / 6, 0.5F, 0, 1},
    {keras_hep::simd::Kind::hard_tanh, "hard_tanh"},
    {keras_hep::simd::Kind::gelu, "gelu", 1, 0, 0, 1},
    {keras_hep::simd::Kind::gelu_tanh, "gelu_tanh", 1, 0, 0, 1, 0, 1e12F},
    {keras_hep::simd::Kind::mish, "mish", 1, 0, 0, 0, 1.2e-36F},
    {keras_hep::simd::Kind::log_sigmoid, "log_sigmoid"},
    {keras_hep::simd::Kind::tanh_shrink, "tanh_shrink", 1, 0, 0, 1},
    {keras_hep::simd::Kind::hard_shrink, "hard_shrink", 0.5F},
    {keras_hep::simd::Kind::soft_shrink, "soft_shrink", 0.5F},
    {keras_hep::simd::Kind::threshold, "threshold", 0.3F, -2},
    {keras_hep::simd::Kind::celu, "celu", 0.5F, 0, 0, 0, 1e-44F, 1e38F},
    {keras_hep::simd::Kind::sparse_plus, "sparse_plus"},
    {keras_hep::simd::Kind::sparse_sigmoid, "sparse_sigmoid"},
    {keras_hep::simd::Kind::squareplus, "squareplus", 4, 0, 0, 128, 0, 100},  // the sum of x and a root of its square
    {keras_hep::simd::Kind::absolute, "absolute"},
};
