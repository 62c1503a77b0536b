// Numbers in registers, and the functions of them, written once for every table of kernels. The file that includes this one sets
//   KERAS_HEP_SIMD      the namespace,
//   KERAS_HEP_BYTES     the size of a register,
//   KERAS_HEP_TARGET    the attribute that lets a function use the instructions,
//   KERAS_HEP_IN_ORDER  whether the bits count: then no product goes into a sum before it is rounded,
//   KERAS_HEP_LARGER, KERAS_HEP_SMALLER  the instructions for these where there are some.
// The functions call nothing of the standard library: what that instantiates would be shared with code for other machines.

namespace keras_hep::simd::KERAS_HEP_SIMD {

#define KERAS_HEP_INLINE [[gnu::always_inline]] KERAS_HEP_TARGET static inline
// A function of the table: not taken into a caller, who may have been compiled for other instructions.
#define KERAS_HEP_ENTRY [[gnu::noinline]] KERAS_HEP_TARGET static
#define KERAS_HEP_UNROLL _Pragma("GCC unroll 16")

inline constexpr std::size_t width = KERAS_HEP_BYTES / sizeof(float);

typedef float Floats __attribute__((vector_size(KERAS_HEP_BYTES)));
typedef std::int32_t Bits __attribute__((vector_size(KERAS_HEP_BYTES)));
typedef float LooseFloats __attribute__((vector_size(KERAS_HEP_BYTES), aligned(4), may_alias));
typedef std::int32_t LooseBits __attribute__((vector_size(KERAS_HEP_BYTES), aligned(4), may_alias));

inline constexpr std::int32_t lanes[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

KERAS_HEP_INLINE Floats load(const float* from) { return *reinterpret_cast<const LooseFloats*>(from); }
KERAS_HEP_INLINE void store(float* to, Floats values) { *reinterpret_cast<LooseFloats*>(to) = values; }
KERAS_HEP_INLINE Floats splat(float value) { return value - Floats{}; }
KERAS_HEP_INLINE Floats choose(Bits mask, Floats yes, Floats no) { return (Floats)((mask & (Bits)yes) | (~mask & (Bits)no)); }
KERAS_HEP_INLINE Floats absolute(Floats x) { return (Floats)((Bits)x & 0x7FFFFFFF); }

// The larger and the smaller of two, the second where one is NaN: one instruction, which GCC 12 does not find by itself.
#if defined(__clang__)
KERAS_HEP_INLINE Floats larger(Floats x, Floats y) { return x > y ? x : y; }
KERAS_HEP_INLINE Floats smaller(Floats x, Floats y) { return x < y ? x : y; }
#elif defined(KERAS_HEP_LARGER)
KERAS_HEP_INLINE Floats larger(Floats x, Floats y) { return (Floats)KERAS_HEP_LARGER(x, y); }
KERAS_HEP_INLINE Floats smaller(Floats x, Floats y) { return (Floats)KERAS_HEP_SMALLER(x, y); }
#else
KERAS_HEP_INLINE Floats larger(Floats x, Floats y) { return choose((Bits)(x > y), x, y); }
KERAS_HEP_INLINE Floats smaller(Floats x, Floats y) { return choose((Bits)(x < y), x, y); }
#endif

// In each of the following NaN stays NaN.
KERAS_HEP_INLINE Floats at_least(Floats x, float least) { return larger(splat(least), x); }
KERAS_HEP_INLINE Floats at_most(Floats x, float most) { return smaller(splat(most), x); }
KERAS_HEP_INLINE Floats positive(Floats x) { return at_least(x, 0.0F); }

// The first `left` values behind `from`, and zeros: what stands behind the last value could raise floating-point exceptions.
KERAS_HEP_INLINE Floats part(const float* from, std::size_t left) {
    const Floats all = load(from);
    if (left >= width) return all;
    return (Floats)((Bits)all & *reinterpret_cast<const LooseBits*>(lanes + 16 - left));
}

// `x`, of which the bits count: rounded before it goes on, so that no compiler makes a fused multiply-add of it.
KERAS_HEP_INLINE Floats settled(Floats x) {
#if KERAS_HEP_IN_ORDER
#if defined(__AVX512F__) && defined(__AVX512VL__)
    asm("" : "+v"(x));
#elif defined(__SSE2__)
    asm("" : "+x"(x));
#elif defined(__aarch64__)
    asm("" : "+w"(x));
#else
    asm("" : "+m"(x));
#endif
#endif
    return x;
}

// x * factor + term
template <class Factor, class Term>
KERAS_HEP_INLINE Floats multiply_add(Floats x, Factor factor, Term term) {
    return settled(x * factor) + term;
}

// exp(x) = 2^n exp(r) with |r| <= ln(2) / 2, for x from -87 to 88.73, and NaN; the coefficients are those of the Cephes library.
KERAS_HEP_INLINE Floats power_of_e(Floats x) {
    const Floats shifted = multiply_add(x, 1.44269504F, 12582912.0F);  // rounded to a whole number in its last bits
    const Floats n = shifted - 12582912.0F;
    Floats r = multiply_add(n, -0.693359375F, x);
    r = multiply_add(n, 2.12194440e-4F, r);
    Floats sum = multiply_add(r, 1.9875691500e-4F, 1.3981999507e-3F);
    sum = multiply_add(sum, r, 8.3334519073e-3F);
    sum = multiply_add(sum, r, 4.1665795894e-2F);
    sum = multiply_add(sum, r, 1.6666665459e-1F);
    sum = multiply_add(sum, r, 5.0000001201e-1F);
    sum = multiply_add(sum, r * r, r) + 1.0F;
    const Bits half = ((Bits)shifted - 0x4B400000 + 126) << 23;  // of 2^n, which itself may be beyond the largest number
    return settled(sum * (Floats)half * 2.0F);
}

KERAS_HEP_INLINE Floats exponential(Floats x) {
    const Floats value = power_of_e(at_least(at_most(x, 88.73F), -87.0F));
    return (Floats)((Bits)choose((Bits)(x > 88.7228394F), splat(__builtin_inff()), value) & ~(Bits)(x < -87.0F));
}

// exp(x) - 1 for x below 0; something finite above.
KERAS_HEP_INLINE Floats below_zero(Floats x) { return power_of_e(at_least(at_most(x, 0.0F), -87.0F)) - 1.0F; }

KERAS_HEP_INLINE Floats sigmoid(Floats x) {
    const Floats value = 1.0F / (1.0F + power_of_e(at_least(at_most(-x, 88.0F), -87.0F)));
    return (Floats)((Bits)value & ~(Bits)(x < -88.0F));
}

// The same for x from -87 to 88, with products that need not wait for each other.
KERAS_HEP_INLINE Floats quick_power_of_e(Floats x) {
    const Floats shifted = multiply_add(x, 1.44269504F, 12582912.0F);
    const Floats n = shifted - 12582912.0F;
    Floats r = multiply_add(n, -0.693359375F, x);
    r = multiply_add(n, 2.12194440e-4F, r);
    const Floats square = r * r;
    const Floats highest = multiply_add(r, 1.9875691500e-4F, 1.3981999507e-3F);
    const Floats high = multiply_add(highest, square, multiply_add(r, 8.3334519073e-3F, 4.1665795894e-2F));
    const Floats low = multiply_add(r, 1.6666665459e-1F, 5.0000001201e-1F);
    const Floats sum = multiply_add(multiply_add(high, square, low), square, r + 1.0F);
    return settled(sum * (Floats)(((Bits)shifted - 0x4B400000 + 127) << 23));
}

// exp(x) with x cut to +-29, where a sigmoid is 0 or 1 and a tanh 1 in single precision: products of three do not overflow.
KERAS_HEP_INLINE Floats bounded_exponential(Floats x) { return quick_power_of_e(at_least(at_most(x, 29.0F), -29.0F)); }

// exp(x) for x up to 0, and NaN.
KERAS_HEP_INLINE Floats exponential_below_zero(Floats x) {
    return (Floats)((Bits)quick_power_of_e(at_least(x, -87.0F)) & ~(Bits)(x < -87.0F));
}

KERAS_HEP_INLINE Floats tanh(Floats x) {
    const Floats size = absolute(x);
    const Floats far = 1.0F - 2.0F / (power_of_e(2.0F * at_most(size, 10.0F)) + 1.0F);
    const Bits is_near = (Bits)(size < 0.625F);
    const Floats near = (Floats)((Bits)x & is_near);
    const Floats square = near * near;
    Floats sum = multiply_add(square, -5.70498872745e-3F, 2.06390887954e-2F);
    sum = multiply_add(sum, square, -5.37397155531e-2F);
    sum = multiply_add(sum, square, 1.33314422036e-1F);
    sum = multiply_add(sum, square, -3.33332819422e-1F);
    const Floats signed_far = (Floats)((Bits)far | ((Bits)x & (Bits)splat(-0.0F)));
    return choose(is_near, multiply_add(sum * square, near, near), signed_far);
}

// A step of an LSTM with sigmoid and tanh: f * cell + i * tanh(g) and o * tanh(cell) with one division each. Returns the hidden state.
KERAS_HEP_INLINE Floats lstm_step(Floats i_gate, Floats f_gate, Floats o_gate, Floats candidate, Floats& cell) {
    const Floats i = bounded_exponential(-i_gate) + 1.0F;
    const Floats f = bounded_exponential(-f_gate) + 1.0F;
    const Floats o = bounded_exponential(-o_gate) + 1.0F;
    const Floats g = bounded_exponential(2.0F * candidate);
    const Floats new_part = i * (g + 1.0F);
    cell = multiply_add(cell, new_part, settled((g - 1.0F) * f)) / (new_part * f);
    const Floats c = bounded_exponential(2.0F * cell);
    return (c - 1.0F) / (o * (c + 1.0F));
}

// r times the candidate's part of the state, with the part of the inputs: its sum where the reset comes after the product.
KERAS_HEP_INLINE Floats gru_sum(Floats r_gate, Floats candidate, Floats inputs) {
    return inputs + candidate / (bounded_exponential(-r_gate) + 1.0F);
}

// z * hidden + (1 - z) * tanh(sum) with one division.
KERAS_HEP_INLINE Floats gru_step(Floats z_gate, Floats sum, Floats hidden) {
    const Floats z = bounded_exponential(-z_gate);
    const Floats c = bounded_exponential(2.0F * sum);
    const Floats kept = settled(hidden * (c + 1.0F));
    return multiply_add(z, c - 1.0F, kept) / ((z + 1.0F) * (c + 1.0F));
}

template <Kind kind>
KERAS_HEP_INLINE Floats value(Floats x, float a, float b) {
    if constexpr (kind == Kind::relu) return positive(x);
    if constexpr (kind == Kind::leaky_relu) return choose((Bits)(x < 0.0F), a * x, x);
    if constexpr (kind == Kind::elu) return choose((Bits)(x < 0.0F), a * below_zero(x), x);
    if constexpr (kind == Kind::selu) return 1.05070098736F * choose((Bits)(x < 0.0F), 1.67326324235F * below_zero(x), x);
    if constexpr (kind == Kind::sigmoid) return sigmoid(x);
    if constexpr (kind == Kind::tanh) return tanh(x);
    if constexpr (kind == Kind::silu) return x * sigmoid(a * x);
    if constexpr (kind == Kind::exponential) return exponential(x);
    if constexpr (kind == Kind::hard_sigmoid) return at_least(at_most(multiply_add(x, a, b), 1.0F), 0.0F);
    return x;
}

}  // namespace keras_hep::simd::KERAS_HEP_SIMD
