"""Sequential recombination of the constituents of a jet: kT, Cambridge/Aachen and anti-kT, with the whole history.

The generalised kT algorithm, arXiv:0802.1189, in the conventions of FastJet, arXiv:1111.6097: of all distances
d_ij = min(pT_i^2p, pT_j^2p) DeltaR_ij^2 / R^2 and d_iB = pT_i^2p the smallest is taken; a pair is recombined, an object
that is nearest to the beam is declared a jet. DeltaR is in rapidity and azimuth.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError, nearest
from keras_hep.physics._jets import FlatJets, flat_jets, over_jets
from keras_hep.physics._pseudojets import AZIMUTH, ENERGY, PX, RAPIDITY
from keras_hep.physics._recombination import BEAM, E_SCHEME, NONE, WINNER_TAKES_ALL, cluster_rows, jet_rows

__all__ = ["BEAM", "NONE", "POWERS", "SCHEMES", "ClusterHistory", "cluster", "exclusive_subjets"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

POWERS = {"kt": 1.0, "ca": 0.0, "antikt": -1.0}
SCHEMES = {"E": E_SCHEME, "wta": WINNER_TAKES_ALL}


class ClusterHistory(NamedTuple):
    """What was recombined with what, for many jets one after the other.

    A jet of n constituents has 2n rows: its constituents in their order, then n steps. A step recombines two earlier
    rows into a new object, or declares an earlier row a jet (second parent `BEAM`). Rows are counted within the jet.
    Without a radius the first n - 1 steps recombine and the last one declares the whole jet, so that row 2n - 2 is the
    root of a binary tree.

    Attributes:
        offsets: shape (jets + 1,); jet j has the rows ``offsets[j]`` to ``offsets[j + 1]`` of all other arrays.
        parents: shape (rows, 2); rows recombined in a step, the earlier one first; `NONE` for constituents.
        child: shape (rows,); the row in which this one is recombined or declared a jet; `NONE` for the last step of
            each line.
        distance: shape (rows,); the distance of the step, in GeV^2p, 0 for constituents; infinite for a declared jet
            where there is no radius.
        momentum: shape (rows, 4); px, py, pz, E in GeV.
        rapidity: shape (rows,).
        azimuth: shape (rows,), in [0, 2 pi).
    """

    offsets: Integers
    parents: Integers
    child: Integers
    distance: Floats
    momentum: Floats
    rapidity: Floats
    azimuth: Floats


def cluster(
    constituents: ak.Array,
    algorithm: Literal["kt", "ca", "antikt"],
    radius: float | None = None,
    recombination: Literal["E", "wta"] = "E",
    threads: int | None = None,
) -> ClusterHistory:
    """Cluster the constituents of each jet.

    Constituents without transverse momentum, such as padding, have no direction and are left out first.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        algorithm: ``"kt"`` (p = 1), ``"ca"`` (Cambridge/Aachen, p = 0) or ``"antikt"`` (p = -1).
        radius: R of the algorithm; None for all constituents of a jet in one tree, with d_ij without the factor 1/R^2.
        recombination: ``"E"`` adds four-vectors; ``"wta"`` (winner takes all, arXiv:1401.2158) adds the pT in the
            direction of the harder one, without a mass.
        threads: number of threads; None for one on each core.

    Returns:
        The history of all jets.

    Raises:
        DataError: the constituents are not finite four-vectors, or an argument is unknown.
    """
    for name, value, known in (("algorithm", algorithm, POWERS), ("recombination", recombination, SCHEMES)):
        if value not in known:
            raise DataError(f"unknown {name} {value!r}; {nearest(str(value), known)}")
    if radius is not None and not radius > 0.0:
        raise DataError(f"the radius must be positive, or None for none; received {radius}")
    jets = flat_jets(constituents)
    count = 2 * len(jets.px)
    history = ClusterHistory(
        offsets=2 * jets.offsets,
        parents=np.empty((count, 2), dtype=np.int64),
        child=np.empty(count, dtype=np.int64),
        distance=np.empty(count),
        momentum=np.empty((count, 4)),
        rapidity=np.empty(count),
        azimuth=np.empty(count),
    )
    radius2 = math.inf if radius is None else float(radius) ** 2
    over_jets(_cluster_jets, jets, threads, POWERS[algorithm], radius2, SCHEMES[recombination], history)
    return history


def exclusive_subjets(history: ClusterHistory, count: int) -> ak.Array:
    """Return the objects that are left when a clustering is stopped at `count` of them.

    Args:
        history: the history of a clustering without a radius.
        count: the number of subjets, at least 1.

    Returns:
        Records px, py, pz, E (GeV), rapidity and azimuth, shape (jets, jagged), in the order of the history. A jet with
        fewer constituents than `count` gives its constituents.

    Raises:
        DataError: `count` is not positive.
    """
    if count < 1:
        raise DataError(f"the number of subjets must be at least 1; received {count}")
    sizes = np.diff(history.offsets)
    row = np.arange(len(history.child)) - np.repeat(history.offsets[:-1], sizes)
    stop = np.repeat(np.maximum(sizes - count, sizes // 2), sizes)
    left = (row < stop) & (history.child >= stop)
    momentum = history.momentum[left]
    records = ak.zip(
        {
            **{field: momentum[:, column] for column, field in enumerate(("px", "py", "pz", "E"))},
            "rapidity": history.rapidity[left],
            "azimuth": history.azimuth[left],
        }
    )
    jet = np.repeat(np.arange(len(sizes)), sizes)[left]
    return ak.unflatten(records, np.bincount(jet, minlength=len(sizes)))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _cluster_jets(
    first: int,
    last: int,
    jets: FlatJets,
    power: float,
    radius2: float,
    scheme: int,
    history: ClusterHistory,
) -> None:
    for jet in range(first, last):
        begin, end = history.offsets[jet], history.offsets[jet + 1]
        rows, links = jet_rows(jets, jet), np.empty((end - begin, 3), dtype=np.int64)
        cluster_rows(rows, links, history.distance[begin:end], power, radius2, scheme, 0.0, 0.0)
        for row in range(end - begin):
            history.parents[begin + row, 0], history.parents[begin + row, 1] = links[row, 0], links[row, 1]
            history.child[begin + row] = links[row, 2]
            for column in range(PX, ENERGY + 1):
                history.momentum[begin + row, column] = rows[row, column]
            history.rapidity[begin + row] = rows[row, RAPIDITY]
            history.azimuth[begin + row] = rows[row, AZIMUTH]
