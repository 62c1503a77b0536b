"""Generalised energy correlation functions of jets, arXiv:1609.07483 (and arXiv:1305.0007 for e2 and e3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.physics.kinematics import azimuth, rapidity, transverse_momentum, wrap_phi

__all__ = ["Correlators", "energy_correlators"]

Floats = npt.NDArray[np.float64]

# A batch holds as many (constituent, constituent) cells as stay in a processor's cache.
CELLS = 32_768


class Correlators(NamedTuple):
    """Energy correlation functions for one angular exponent, each of shape (jets,) and without unit.

    With z the share of a constituent in the scalar sum of pT and R the distance in rapidity and azimuth, the sums run
    over pairs i<j and triples i<j<k of constituents.

    Attributes:
        e2: sum of z_i z_j R_ij^beta.
        v1e3: sum of z_i z_j z_k times the smallest of the three R^beta.
        v2e3: sum of z_i z_j z_k times the product of the two smallest R^beta.
        v3e3: sum of z_i z_j z_k (R_ij R_ik R_jk)^beta.
    """

    e2: Floats
    v1e3: Floats
    v2e3: Floats
    v3e3: Floats


def energy_correlators(constituents: ak.Array, betas: Sequence[float]) -> dict[float, Correlators]:
    """Compute the two- and three-point energy correlation functions of many jets.

    The two-point function is zero with fewer than two constituents, the three-point ones with fewer than three.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged), finite.
        betas: the positive exponents of the angle.

    Returns:
        For each exponent its correlators.
    """
    results = {beta: Correlators(*np.zeros((4, len(constituents)))) for beta in betas}
    for jets, fraction, distance in _batches(constituents):
        constituent_count = fraction.shape[1]
        # Pairs (j, k) in rows of the upper triangle: those with j > i are then one slice at the end, for any i.
        row, column = np.triu_indices(constituent_count, k=1)
        pair_distance = distance[:, row, column]
        pair_weight = fraction[:, row] * fraction[:, column]
        for beta in betas:
            results[beta].e2[jets] = _contract(pair_weight, pair_distance, beta)
        for first in range(constituent_count - 2):
            after = slice(int(np.searchsorted(row, first, side="right")), None)
            between, weight = pair_distance[:, after], pair_weight[:, after]
            to_row, to_column = distance[:, first, row[after]], distance[:, first, column[after]]
            low, high = np.minimum(to_row, to_column), np.maximum(to_row, to_column)
            smallest = np.minimum(low, between)
            two_smallest = smallest * np.maximum(low, np.minimum(high, between))
            product = to_row * to_column * between
            for beta in betas:
                _, v1e3, v2e3, v3e3 = results[beta]
                v1e3[jets] += fraction[:, first] * _contract(weight, smallest, beta)
                v2e3[jets] += fraction[:, first] * _contract(weight, two_smallest, beta)
                v3e3[jets] += fraction[:, first] * _contract(weight, product, beta)
    return results


def _batches(constituents: ak.Array) -> Iterator[tuple[npt.NDArray[np.int64], Floats, Floats]]:
    """Yield jets of similar size: their numbers (b,), pT fractions (b, n) and distances (b, n, n).

    Jets are padded to the largest of the batch with constituents of no weight, which add nothing to any sum.
    """
    counts = ak.to_numpy(ak.num(constituents, axis=1)).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)])
    flat = ak.flatten(constituents, axis=1)
    columns = [ak.to_numpy(column) for column in (transverse_momentum(flat), rapidity(flat), azimuth(flat))]
    order = np.argsort(counts, kind="stable")[::-1]
    order = order[counts[order] >= 2]
    begin = 0
    while begin < len(order):
        widest = int(counts[order[begin]])
        jets = order[begin : begin + max(1, CELLS // widest**2)]
        begin += len(jets)
        slots = np.arange(widest)
        real = slots < counts[jets, None]
        index = np.where(real, starts[jets, None] + slots, 0)
        pt, y, phi = (np.where(real, column[index], 0.0) for column in columns)
        total = pt.sum(axis=1, keepdims=True)
        fraction = np.divide(pt, total, out=np.zeros_like(pt), where=total > 0.0)
        distance = np.hypot(y[:, :, None] - y[:, None, :], wrap_phi(phi[:, :, None] - phi[:, None, :]))
        yield jets, fraction, distance


def _contract(weight: Floats, angles: Floats, beta: float) -> Floats:
    """Sum weight * angles^beta over pairs; without BLAS, whose threads would fight over the cores."""
    contracted: Floats = np.einsum("bp,bp->b", weight, angles if beta == 1.0 else angles**beta)
    return contracted
