"""Soft drop, arXiv:1402.2657."""

from __future__ import annotations

import math
from typing import NamedTuple

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics._jets import FlatJets, check_net_momentum, flat_jets, jagged, over_jets
from keras_hep.physics._pseudojets import ENERGY, PT2, PX, PY, PZ, signed_mass
from keras_hep.physics._recombination import E_SCHEME, cluster_rows, constituents_of, jet_rows

__all__ = ["Groomed", "soft_drop"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Groomed(NamedTuple):
    """Jets after soft drop.

    Attributes:
        constituents: the constituents that remain, records (px, py, pz, E) in GeV, shape (jets, jagged).
        mass: the mass of their sum in GeV, shape (jets,); never negative.
        z_g: the momentum fraction of the softer branch of the declustering that passed, shape (jets,); 0 if none did.
        r_g: the distance of its branches in rapidity and azimuth, likewise.
        dropped: the number of branches that were taken off, shape (jets,).
    """

    constituents: ak.Array
    mass: Floats
    z_g: Floats
    r_g: Floats
    dropped: Integers


def soft_drop(
    constituents: ak.Array, beta: float = 0.0, z_cut: float = 0.1, r0: float = 0.8, threads: int | None = None
) -> Groomed:
    """Groom jets with soft drop.

    Each jet is clustered again with Cambridge/Aachen and declustered along its harder branch until
    ``min(pT1, pT2) / (pT1 + pT2) > z_cut (DeltaR_12 / R0)^beta``. A jet in which no declustering passes is left with
    its hardest branch, a single constituent; a jet without constituents stays empty. Constituents without transverse
    momentum, such as padding, have no direction and are left out first.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        beta: the exponent of the angle; 0 is the modified mass-drop tagger, a larger one grooms less.
        z_cut: the least momentum fraction of the softer branch at R0.
        r0: R0, the radius of the jets.
        threads: number of threads; None for one on each core.

    Returns:
        The remaining constituents, the groomed mass and the splitting that was found, one entry for each jet.

    Raises:
        DataError: the constituents are not finite four-vectors, those of a jet have no transverse momentum in sum, or
            an argument is out of range.
    """
    if not math.isfinite(beta):
        raise DataError(f"beta must be finite; received {beta}")
    if not 0.0 <= z_cut < 1.0:
        raise DataError(f"z_cut must be in [0, 1); received {z_cut}")
    if not r0 > 0.0:
        raise DataError(f"r0 must be positive; received {r0}")
    jets = flat_jets(constituents)
    check_net_momentum(jets)
    count = len(jets.offsets) - 1
    kept, remaining = np.empty(len(jets.px), dtype=np.int64), np.zeros(count, dtype=np.int64)
    splitting, dropped = np.zeros((count, 3)), np.zeros(count, dtype=np.int64)
    over_jets(_groom, jets, threads, float(beta), float(z_cut), float(r0) ** 2, kept, remaining, splitting, dropped)
    return Groomed(
        constituents=jagged(jets, kept, remaining),
        mass=np.maximum(splitting[:, 0], 0.0),
        z_g=splitting[:, 1].copy(),
        r_g=splitting[:, 2].copy(),
        dropped=dropped,
    )


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _groom(
    first: int,
    last: int,
    jets: FlatJets,
    beta: float,
    z_cut: float,
    r0_squared: float,
    kept: Integers,
    remaining: Integers,
    splitting: Floats,
    dropped: Integers,
) -> None:
    """Groom the jets `first` to `last`; `splitting` gets mass, z_g and r_g."""
    for jet in range(first, last):
        begin, count = jets.offsets[jet], jets.offsets[jet + 1] - jets.offsets[jet]
        if count == 0:
            continue
        rows, links, distance = jet_rows(jets, jet), np.empty((2 * count, 3), np.int64), np.empty(2 * count)
        cluster_rows(rows, links, distance, 0.0, math.inf, E_SCHEME, 0.0, 0.0)
        branch = 2 * count - 2
        while branch >= count:
            one, other = links[branch, 0], links[branch, 1]
            pt_one, pt_other = math.sqrt(rows[one, PT2]), math.sqrt(rows[other, PT2])
            fraction = min(pt_one, pt_other) / (pt_one + pt_other)
            # The distance of a Cambridge/Aachen step is the squared angle.
            if fraction > z_cut * (distance[branch] / r0_squared) ** (0.5 * beta):
                splitting[jet, 1], splitting[jet, 2] = fraction, math.sqrt(distance[branch])
                break
            dropped[jet] += 1
            branch = one if pt_one >= pt_other else other
        splitting[jet, 0] = signed_mass(rows[branch, PX], rows[branch, PY], rows[branch, PZ], rows[branch, ENERGY])
        found = kept[begin : begin + count]
        remaining[jet] = constituents_of(links, branch, np.empty(count, np.int64), found)
        for i in range(remaining[jet]):
            found[i] += begin
