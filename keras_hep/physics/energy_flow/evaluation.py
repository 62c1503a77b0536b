"""The kernel that runs a program of `contraction` on each jet, without padding."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.physics._jets import FlatJets, over_jets
from keras_hep.physics.energy_flow.contraction import Operation, Program
from keras_hep.physics.kinematics import azimuth, rapidity

__all__ = ["evaluate"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SUM, MULTIPLY_VECTORS, PASS, MULTIPLY_MATRICES, TRANSPOSE, JOIN, HELD_ROW, HELD_PAIR = (int(op) for op in Operation)


def evaluate(program: Program, jets: FlatJets, energy: Floats, beta: float, threads: int | None = None) -> Floats:
    """Run a program on jets.

    Args:
        program: what to compute.
        jets: their constituents.
        energy: what stands for the energy of each constituent, shape (constituents,).
        beta: the exponent of the distance in rapidity and azimuth.
        threads: number of threads; None for one on each core.

    Returns:
        The values, shape (jets, outputs of the program).
    """
    values = np.zeros((len(jets.offsets) - 1, len(program.outputs)))
    instructions = np.array(program.instructions, dtype=np.int64)
    sizes = (program.held, program.powers, program.vectors, program.matrices)
    over_jets(_run, jets, threads, instructions, sizes, energy, rapidity(jets), azimuth(jets), float(beta), values)
    return values


# Multiplications and additions may be fused, which rounds once instead of twice; nothing else is reordered.
@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _run(
    first: int,
    last: int,
    jets: FlatJets,
    instructions: Integers,
    sizes: tuple[int, int, int, int],
    energy: Floats,
    y: Floats,
    phi: Floats,
    beta: float,
    values: Floats,
) -> None:
    held_count, powers, vector_count, matrix_count = sizes
    largest = 0
    for jet in range(first, last):
        largest = max(largest, jets.offsets[jet + 1] - jets.offsets[jet])
    vector_memory = np.empty(vector_count * largest)
    matrix_memory = np.empty(matrix_count * largest * largest)
    product = np.empty(values.shape[1])
    held = np.zeros(held_count, dtype=np.int64)
    for jet in range(first, last):
        start, stop = jets.offsets[jet], jets.offsets[jet + 1]
        size = stop - start
        # Registers of this jet lie side by side, so that those of a small jet fit into the processor's cache.
        vectors = vector_memory[: vector_count * size].reshape(vector_count, size)
        matrices = matrix_memory[: matrix_count * size * size].reshape(matrix_count, size, size)
        vectors[0] = energy[start:stop]
        _angles(y[start:stop], phi[start:stop], beta, powers, matrices)
        for choice in range(size**held_count):
            rest, held_energy = choice, 1.0
            for index in range(held_count):
                held[index] = rest % size
                rest //= size
                held_energy *= vectors[0, held[index]]
            product[:] = held_energy
            for step in range(len(instructions)):
                _execute(instructions[step], vectors, matrices, held, product)
            values[jet] += product


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _angles(y: Floats, phi: Floats, beta: float, powers: int, matrices: Floats) -> None:
    """Fill the first `powers` matrices with the angle to the power beta, 2 beta, ..."""
    size = len(y)
    if powers == 0:
        return
    for i in range(size):
        matrices[0, i, i] = 0.0
        for j in range(i):
            turn = abs(phi[i] - phi[j]) % (2.0 * np.pi)
            turn = min(turn, 2.0 * np.pi - turn)
            squared = (y[i] - y[j]) ** 2 + turn**2
            if beta == 2.0:
                angle = squared
            elif beta == 1.0:
                angle = np.sqrt(squared)
            else:
                angle = squared ** (0.5 * beta)
            matrices[0, i, j] = angle
            matrices[0, j, i] = angle
    for power in range(1, powers):
        for i in range(size):
            for j in range(size):
                matrices[power, i, j] = matrices[power - 1, i, j] * matrices[0, i, j]


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _execute(instruction: Integers, vectors: Floats, matrices: Floats, held: Integers, product: Floats) -> None:
    operation, out, a, b, c = instruction[0], instruction[1], instruction[2], instruction[3], instruction[4]
    size = vectors.shape[1]
    if operation == SUM:
        product[out] *= np.sum(vectors[a])
    elif operation == MULTIPLY_VECTORS:
        for i in range(size):
            vectors[out, i] = vectors[a, i] * vectors[b, i]
    elif operation == PASS:
        target = vectors[out]
        target[:] = 0.0
        for i in range(size):
            factor, row = vectors[b, i], matrices[a, i]
            for j in range(size):
                target[j] += factor * row[j]
    elif operation == MULTIPLY_MATRICES:
        for i in range(size):
            for j in range(size):
                matrices[out, i, j] = matrices[a, i, j] * matrices[b, i, j]
    elif operation == TRANSPOSE:
        for i in range(size):
            for j in range(size):
                matrices[out, i, j] = matrices[a, j, i]
    elif operation == JOIN:
        _join(matrices[a], vectors[b], matrices[c], matrices[out])
    elif operation == HELD_ROW:
        vectors[out, :] = matrices[a, held[b]]
    elif operation == HELD_PAIR:
        product[out] *= matrices[a, held[b], held[c]]


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _join(left: Floats, weight: Floats, right: Floats, out: Floats) -> None:
    """Multiply left, the diagonal matrix of weight, and right; four rows at a time, which saves memory accesses."""
    size = len(weight)
    blocks = size - size % 4
    for i in range(size):
        target = out[i]
        target[:] = 0.0
        for k in range(0, blocks, 4):
            w0, w1 = left[i, k] * weight[k], left[i, k + 1] * weight[k + 1]
            w2, w3 = left[i, k + 2] * weight[k + 2], left[i, k + 3] * weight[k + 3]
            for j in range(size):
                target[j] += w0 * right[k, j] + w1 * right[k + 1, j] + w2 * right[k + 2, j] + w3 * right[k + 3, j]
        for k in range(blocks, size):
            w0 = left[i, k] * weight[k]
            for j in range(size):
                target[j] += w0 * right[k, j]
