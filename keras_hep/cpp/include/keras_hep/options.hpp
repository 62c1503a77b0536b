// How a network is evaluated.
#pragma once

#include "simd/isa.hpp"

namespace keras_hep {

struct Options {
    /// The same bits on every machine, at some cost in time: no fused multiply-add, sums in the order of the weights, and these as
    /// they stand in the file. For single precision; docs/cpp.md says what depends on the C library. `keras-hep cpp codegen` writes
    /// code that gives these bits too.
    bool reproducible = false;

    /// Keep each node of the file apart, so that `Network::trace` can show its values. Otherwise layers are joined where that is
    /// faster: an activation with the layer before it, a normalisation with its neighbours (not where `reproducible`).
    bool keep_nodes = false;

    /// Instructions to use; by default the best that this machine has, or less where the environment variable KERAS_HEP_ISA
    /// says so. What this machine does not have is refused with an InputError.
    simd::Isa isa = simd::usable_isa();
};

}  // namespace keras_hep
