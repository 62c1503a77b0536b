// Which tables of kernels there are; choose.hpp has them.
#pragma once

#include "isa.hpp"
#include "kernels.hpp"

namespace keras_hep::simd {

/// The table for some instructions.
template <class T>
const Kernels<T>& best_kernels(Isa isa);

/// The table that gives the same bits everywhere.
template <class T>
const Kernels<T>& reproducible_kernels();

}  // namespace keras_hep::simd
