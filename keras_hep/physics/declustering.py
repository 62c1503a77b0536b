"""Orders of the constituents of a jet for recurrent networks: by pT, by subjet, along the clustering tree.

The orders of arXiv:1711.09059: a network that reads constituents one after the other learns more from neighbours in the
sequence that are neighbours in the jet.
"""

from __future__ import annotations

from typing import Literal, get_args

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError, nearest
from keras_hep.physics.clustering import BEAM, ClusterHistory, cluster
from keras_hep.physics.kinematics import check_four_vectors, transverse_momentum

__all__ = ["Order", "constituent_numbers", "constituent_order", "harder_first"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

Order = Literal["pt", "kt", "ca", "antikt", "subjet"]


def constituent_order(
    constituents: ak.Array,
    order: Order,
    subjet_algorithm: Literal["kt", "ca", "antikt"] = "antikt",
    subjet_radius: float = 0.2,
    threads: int | None = None,
) -> ak.Array:
    """Return the order in which to read the constituents of each jet.

    - ``"pt"``: decreasing pT.
    - ``"kt"``, ``"ca"``, ``"antikt"``: the jet is clustered into one tree and declustered again, from the last
      recombination on and at each one along the branch with the larger pT first.
    - ``"subjet"``: the jet is clustered into subjets; subjets with decreasing pT, within them constituents with
      decreasing pT.

    Constituents without transverse momentum, such as padding, come last.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        order: one of the above.
        subjet_algorithm: how subjets are clustered.
        subjet_radius: their radius.
        threads: number of threads of the clustering; None for one on each core.

    Returns:
        Numbers of constituents, shape (jets, jagged): ``constituents[constituent_order(constituents, "pt")]``.

    Raises:
        DataError: the constituents are not finite four-vectors, or an argument is unknown.
    """
    if order not in get_args(Order):
        raise DataError(f"unknown order of constituents {order!r}; {nearest(str(order), get_args(Order))}")
    jets = check_four_vectors(constituents)
    pt = transverse_momentum(jets)
    if order == "pt":
        return ak.argsort(pt, axis=1, ascending=False, stable=True)
    numbers = constituent_numbers(jets)
    if order == "subjet":
        history = cluster(jets, subjet_algorithm, radius=subjet_radius, threads=threads)
        sequence = _by_subjet(history)
    else:
        history = cluster(jets, order, threads=threads)
        sequence = np.empty(len(history.child) // 2, dtype=np.int64)
        _leaves(history.offsets, history.parents, history.momentum, sequence)
    first = np.repeat(history.offsets[:-1] // 2, np.diff(history.offsets) // 2)
    read = ak.unflatten(ak.to_numpy(ak.flatten(numbers, axis=1))[first + sequence], ak.num(numbers, axis=1))
    return ak.concatenate([read, ak.local_index(pt, axis=1)[~(pt > 0.0)]], axis=1)


def constituent_numbers(constituents: ak.Array) -> ak.Array:
    """Return the numbers of the constituents that clustering uses, in the order of its rows.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).

    Returns:
        Shape (jets, jagged); constituents without transverse momentum are missing.
    """
    pt = transverse_momentum(constituents)
    return ak.local_index(pt, axis=1)[pt > 0.0]


def _by_subjet(history: ClusterHistory) -> Integers:
    """Return the rows of the constituents, jet after jet, by the pT of their subjet and then by their own."""
    rows = np.arange(len(history.child))
    jet = np.repeat(np.arange(len(history.offsets) - 1), np.diff(history.offsets))
    start = history.offsets[jet]
    subjet = rows.copy()
    _declared_in(history.offsets, history.parents, history.child, subjet)
    pt = np.hypot(history.momentum[:, 0], history.momentum[:, 1])
    constituents = np.flatnonzero(rows - start < (history.offsets[jet + 1] - start) // 2)
    order = np.lexsort((-pt[constituents], subjet[constituents], -pt[subjet[constituents]], jet[constituents]))
    chosen = constituents[order]
    in_order: Integers = chosen - start[chosen]
    return in_order


@numba.njit(cache=True, nogil=True)
def _declared_in(offsets: Integers, parents: Integers, child: Integers, subjet: Integers) -> None:
    """Write for each row the row of the step that declares its subjet; later rows are known when they are needed."""
    for jet in range(len(offsets) - 1):
        start = offsets[jet]
        for row in range(offsets[jet + 1] - 1, start - 1, -1):
            if parents[row, 1] != BEAM:
                subjet[row] = subjet[start + child[row]]


@numba.njit(cache=True, nogil=True)
def _leaves(offsets: Integers, parents: Integers, momentum: Floats, sequence: Integers) -> None:
    """Write the constituents of each tree, the harder branch before the softer one."""
    longest = 0
    for jet in range(len(offsets) - 1):
        longest = max(longest, offsets[jet + 1] - offsets[jet])
    waiting = np.empty(longest, dtype=np.int64)
    for jet in range(len(offsets) - 1):
        start, count = offsets[jet], (offsets[jet + 1] - offsets[jet]) // 2
        if count == 0:
            continue
        waiting[0], left, written = 2 * count - 2, 1, start // 2
        while left > 0:
            left -= 1
            row = waiting[left]
            if row < count:
                sequence[written] = row
                written += 1
            else:
                harder, softer = harder_first(parents, momentum, start, row)
                waiting[left], waiting[left + 1] = softer, harder
                left += 2


@numba.njit(cache=True, nogil=True)
def harder_first(parents: Integers, momentum: Floats, start: int, row: int) -> tuple[int, int]:
    """Return the two rows recombined in a row of the jet that starts at `start`, the one with the larger pT first."""
    one, other = parents[start + row, 0], parents[start + row, 1]
    one_pt2 = momentum[start + one, 0] ** 2 + momentum[start + one, 1] ** 2
    other_pt2 = momentum[start + other, 0] ** 2 + momentum[start + other, 1] ** 2
    return (one, other) if one_pt2 >= other_pt2 else (other, one)
