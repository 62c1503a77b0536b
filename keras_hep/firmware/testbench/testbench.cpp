// Drives a pipelined design with one event a clock cycle and records its output at every cycle.
//
//   testbench INPUTS OUTPUTS N_IN W_IN N_OUT W_OUT
//
// INPUTS holds little-endian int64, N_IN a cycle; OUTPUTS receives N_OUT sign-extended int64 a cycle: what stands at the
// output port after the rising edge of that cycle. Element i of a port occupies bits [i*W, (i+1)*W).
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <type_traits>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

namespace {

// Verilator holds a port of up to 64 bits as an integer and a wider one as an array of 32-bit words.
template <typename Port>
void put(Port& port, const std::vector<std::uint32_t>& words) {
    if constexpr (std::is_integral<Port>::value) {
        std::uint64_t value = words[0];
        if (words.size() > 1) value |= static_cast<std::uint64_t>(words[1]) << 32;
        port = static_cast<Port>(value);
    } else {
        for (std::size_t i = 0; i < words.size(); ++i) port[i] = words[i];
    }
}

template <typename Port>
void get(const Port& port, std::vector<std::uint32_t>& words) {
    if constexpr (std::is_integral<Port>::value) {
        words[0] = static_cast<std::uint32_t>(port);
        if (words.size() > 1) words[1] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(port) >> 32);
    } else {
        for (std::size_t i = 0; i < words.size(); ++i) words[i] = port[i];
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        std::fprintf(stderr, "usage: testbench INPUTS OUTPUTS N_IN W_IN N_OUT W_OUT\n");
        return 2;
    }
    const std::size_t n_in = std::strtoul(argv[3], nullptr, 10), w_in = std::strtoul(argv[4], nullptr, 10);
    const std::size_t n_out = std::strtoul(argv[5], nullptr, 10), w_out = std::strtoul(argv[6], nullptr, 10);
    std::FILE* inputs = std::fopen(argv[1], "rb");
    std::FILE* outputs = std::fopen(argv[2], "wb");
    if (inputs == nullptr || outputs == nullptr) {
        std::fprintf(stderr, "testbench: cannot open %s or %s\n", argv[1], argv[2]);
        return 2;
    }
    VerilatedContext context;
    Vtop top(&context);
    std::vector<std::int64_t> event(n_in), result(n_out);
    std::vector<std::uint32_t> in_words((n_in * w_in + 31) / 32), out_words((n_out * w_out + 31) / 32);
    while (std::fread(event.data(), sizeof(std::int64_t), n_in, inputs) == n_in) {
        for (auto& word : in_words) word = 0;
        for (std::size_t bit = 0; bit < n_in * w_in; ++bit) {
            const std::uint64_t value = static_cast<std::uint64_t>(event[bit / w_in]);
            if ((value >> (bit % w_in)) & 1U) in_words[bit / 32] |= 1U << (bit % 32);
        }
        put(top.model_inp, in_words);
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
        get(top.model_out, out_words);
        for (std::size_t i = 0; i < n_out; ++i) {
            std::uint64_t value = 0;
            for (std::size_t b = 0; b < w_out; ++b) {
                const std::size_t bit = i * w_out + b;
                value |= static_cast<std::uint64_t>((out_words[bit / 32] >> (bit % 32)) & 1U) << b;
            }
            if (w_out < 64 && ((value >> (w_out - 1)) & 1U)) value |= ~std::uint64_t{0} << w_out;
            result[i] = static_cast<std::int64_t>(value);
        }
        if (std::fwrite(result.data(), sizeof(std::int64_t), n_out, outputs) != n_out) {
            std::fprintf(stderr, "testbench: cannot write %s\n", argv[2]);
            return 2;
        }
    }
    top.final();
    const bool ok = std::fclose(outputs) == 0;
    std::fclose(inputs);
    return ok ? 0 : 2;
}
