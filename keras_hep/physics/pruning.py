"""Jet pruning, arXiv:0912.0033."""

from __future__ import annotations

import math
from typing import NamedTuple

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics._jets import FlatJets, check_net_momentum, flat_jets, jagged, over_jets
from keras_hep.physics._pseudojets import ENERGY, PX, PY, PZ, signed_mass
from keras_hep.physics._recombination import DROPPED, PRUNED, cluster_rows, constituents_of, jet_rows

__all__ = ["Pruned", "prune", "prune_rows"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Pruned(NamedTuple):
    """Jets after pruning.

    Attributes:
        constituents: the constituents that remain, records (px, py, pz, E) in GeV, shape (jets, jagged).
        mass: the mass of their sum in GeV, shape (jets,); never negative.
        dropped: the number of branches that were pruned, shape (jets,).
    """

    constituents: ak.Array
    mass: Floats
    dropped: Integers


def prune(constituents: ak.Array, z_cut: float = 0.1, r_cut_factor: float = 0.5, threads: int | None = None) -> Pruned:
    """Prune jets.

    Each jet is clustered again with Cambridge/Aachen. Where two objects are further apart than
    ``r_cut_factor * 2 m / pT`` of the jet and the softer one has less than `z_cut` of the pT of their sum, it is
    dropped instead of recombined. A jet without constituents stays empty. Constituents without transverse momentum,
    such as padding, have no direction and are left out first.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        z_cut: the least momentum fraction of the softer object.
        r_cut_factor: the angle within which nothing is dropped, in units of 2 m / pT.
        threads: number of threads; None for one on each core.

    Returns:
        The remaining constituents and the pruned mass, one entry for each jet.

    Raises:
        DataError: the constituents are not finite four-vectors, those of a jet have no transverse momentum in sum, or
            an argument is out of range.
    """
    if not 0.0 <= z_cut < 1.0:
        raise DataError(f"z_cut must be in [0, 1); received {z_cut}")
    if not r_cut_factor >= 0.0:
        raise DataError(f"r_cut_factor must not be negative; received {r_cut_factor}")
    jets = flat_jets(constituents)
    check_net_momentum(jets)
    count = len(jets.offsets) - 1
    kept, remaining = np.empty(len(jets.px), dtype=np.int64), np.zeros(count, dtype=np.int64)
    mass, dropped = np.zeros(count), np.zeros(count, dtype=np.int64)
    over_jets(_prune_jets, jets, threads, float(z_cut), float(r_cut_factor), kept, remaining, mass, dropped)
    return Pruned(jagged(jets, kept, remaining), np.maximum(mass, 0.0), dropped)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _prune_jets(
    first: int,
    last: int,
    jets: FlatJets,
    z_cut: float,
    r_cut_factor: float,
    kept: Integers,
    remaining: Integers,
    mass: Floats,
    dropped: Integers,
) -> None:
    for jet in range(first, last):
        begin, count = jets.offsets[jet], jets.offsets[jet + 1] - jets.offsets[jet]
        if count == 0:
            continue
        rows, links = jet_rows(jets, jet), np.empty((2 * count, 3), np.int64)
        mass[jet] = prune_rows(rows, links, z_cut, r_cut_factor)
        for row in range(count, 2 * count - 1):
            dropped[jet] += links[row, 1] == DROPPED
        found = kept[begin : begin + count]
        remaining[jet] = constituents_of(links, 2 * count - 2, np.empty(count, np.int64), found)
        for i in range(remaining[jet]):
            found[i] += begin


@numba.njit(cache=True, nogil=True, error_model="numpy")
def prune_rows(rows: Floats, links: Integers, z_cut: float, r_cut_factor: float) -> float:
    """Prune one jet and return its signed mass in GeV; the pruned jet is row ``2n - 2``.

    Args:
        rows: shape (2n, COLUMNS), n >= 1 constituents in the first half; the second half is written.
        links: shape (2n, 3), written.
        z_cut: as in `prune`.
        r_cut_factor: as in `prune`.
    """
    count = len(rows) // 2
    px = py = pz = energy = 0.0
    for row in range(count):
        px += rows[row, PX]
        py += rows[row, PY]
        pz += rows[row, PZ]
        energy += rows[row, ENERGY]
    r_cut = r_cut_factor * 2.0 * signed_mass(px, py, pz, energy) / math.hypot(px, py)
    cluster_rows(rows, links, np.empty(2 * count), 0.0, math.inf, PRUNED, z_cut, r_cut * r_cut)
    top = 2 * count - 2
    return float(signed_mass(rows[top, PX], rows[top, PY], rows[top, PZ], rows[top, ENERGY]))
