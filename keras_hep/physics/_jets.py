"""Jagged constituents as flat arrays for compiled loops, and the jets of a batch shared among threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep._cores import usable_cores
from keras_hep.errors import DataError
from keras_hep.physics.kinematics import FIELDS, check_four_vectors, transverse_momentum

__all__ = ["FlatJets", "check_net_momentum", "flat_jets", "jagged", "over_jets", "sums"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Starting threads for fewer constituents takes longer than the work.
CONSTITUENTS_PER_TASK = 2_000
TASKS_PER_THREAD = 4


class FlatJets(NamedTuple):
    """Constituents of many jets one after the other.

    Attributes:
        px: GeV, shape (constituents,).
        py: likewise.
        pz: likewise.
        E: likewise.
        offsets: shape (jets + 1,); jet j has the constituents ``offsets[j]`` to ``offsets[j + 1]``.
    """

    px: Floats
    py: Floats
    pz: Floats
    E: Floats
    offsets: Integers


def flat_jets(constituents: ak.Array) -> FlatJets:
    """Return the constituents that have a direction in the transverse plane.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).

    Raises:
        DataError: they are not finite four-vectors.
    """
    jets = check_four_vectors(constituents)
    jets = jets[transverse_momentum(jets) > 0.0]
    offsets = np.concatenate([[0], np.cumsum(ak.to_numpy(ak.num(jets, axis=1)))]).astype(np.int64)
    flat = ak.flatten(jets, axis=1)
    px, py, pz, energy = (np.ascontiguousarray(ak.to_numpy(flat[field])) for field in FIELDS)
    return FlatJets(px, py, pz, energy, offsets)


def jagged(jets: FlatJets, kept: Integers, remaining: Integers) -> ak.Array:
    """Return some of the constituents as records.

    Args:
        jets: all constituents.
        kept: shape (constituents,); from ``offsets[j]`` on, the numbers of the constituents that remain in jet j.
        remaining: shape (jets,); how many those are.
    """
    sizes = np.diff(jets.offsets)
    place = np.arange(len(kept)) - np.repeat(jets.offsets[:-1], sizes)
    chosen = kept[place < np.repeat(remaining, sizes)]
    columns = {field: getattr(jets, field)[chosen] for field in FIELDS}
    return ak.unflatten(ak.zip(columns, with_name="Momentum4D"), remaining)


def check_net_momentum(jets: FlatJets) -> None:
    """Refuse jets whose constituents balance: a jet without a direction cannot be declustered.

    Raises:
        DataError: the constituents of a jet have no transverse momentum in sum.
    """
    scalar, px, py = (sums(values, jets.offsets) for values in (np.hypot(jets.px, jets.py), jets.px, jets.py))
    balanced = np.flatnonzero((scalar > 0.0) & (np.hypot(px, py) <= 1e-9 * scalar))
    if len(balanced):
        raise DataError(
            f"the constituents of jet {balanced[0]} balance to no transverse momentum; a jet must have some"
        )


def over_jets(kernel: Callable[..., None], jets: FlatJets, threads: int | None, *arguments: Any) -> None:
    """Call ``kernel(first, last, jets, *arguments)`` for all jets, in several threads.

    Each jet is computed by itself, so that the number of threads does not change a result.

    Args:
        kernel: a compiled loop over the jets ``first`` to ``last`` that releases the interpreter's lock and writes
            into places of its own for each jet.
        jets: the constituents.
        threads: number of threads; None for one on each core.
        arguments: what else the kernel takes.

    Raises:
        DataError: the number of threads is not positive.
    """
    if threads is not None and threads < 1:
        raise DataError(f"the number of threads must be at least 1, or None for one on each core; received {threads}")
    workers = threads if threads is not None else usable_cores()
    tasks = min(workers * TASKS_PER_THREAD, len(jets.px) // CONSTITUENTS_PER_TASK)
    if workers == 1 or tasks <= 1:
        kernel(0, len(jets.offsets) - 1, jets, *arguments)
        return
    shares = np.linspace(0, len(jets.px), tasks + 1)
    edges = np.unique(np.searchsorted(jets.offsets, shares, side="left"))
    edges[0], edges[-1] = 0, len(jets.offsets) - 1
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for done in [pool.submit(kernel, int(first), int(last), jets, *arguments) for first, last in pairwise(edges)]:
            done.result()


def sums(values: Floats, offsets: Integers) -> Floats:
    """Sum over the constituents of each jet, 0 where there are none."""
    jet = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return np.asarray(np.bincount(jet, weights=values, minlength=len(offsets) - 1), dtype=np.float64)
