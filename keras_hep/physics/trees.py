"""Binary clustering trees of jets in a form that recursive networks can work on level by level (arXiv:1702.00748)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics.clustering import cluster
from keras_hep.physics.declustering import constituent_numbers, harder_first

__all__ = ["BinaryTrees", "binary_trees"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class BinaryTrees(NamedTuple):
    """Binary trees of many jets, padded to one number of nodes.

    A jet of n constituents has 2n - 1 nodes. Node 0 is the root, the whole jet; nodes are sorted by their level, the
    number of recombinations between them and the root, so that the children of a node always come after it. A network
    that goes from the highest level to level 0 has the embeddings of both children ready for every node; all nodes of
    a level, in all jets, are independent of each other. Numbers that do not exist are -1: children and constituent where
    there are none, and everything in padded nodes.

    Attributes:
        left: node of the child with the larger pT, shape (jets, nodes), int32; -1 for leaves.
        right: node of the other child, likewise.
        level: 0 for the root, shape (jets, nodes), int32.
        constituent: number of the constituent that a leaf is, shape (jets, nodes), int32; -1 for inner nodes.
        momentum: px, py, pz, E in GeV of each node, shape (jets, nodes, 4); 0 in padded nodes.
    """

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    level: npt.NDArray[np.int32]
    constituent: npt.NDArray[np.int32]
    momentum: Floats


def binary_trees(
    constituents: ak.Array,
    algorithm: Literal["kt", "ca", "antikt"] = "kt",
    nodes: int | None = None,
    threads: int | None = None,
) -> BinaryTrees:
    """Cluster the constituents of each jet into one binary tree.

    Constituents without transverse momentum, such as padding, are left out; a jet without any other has no node.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        algorithm: ``"kt"``, ``"ca"`` (Cambridge/Aachen) or ``"antikt"``.
        nodes: nodes to pad to, at least 2n - 1; None for as many as the largest jet has.
        threads: number of threads of the clustering; None for one on each core.

    Raises:
        DataError: the constituents are not finite four-vectors, the algorithm is unknown, or a jet has more nodes.
    """
    history = cluster(constituents, algorithm, threads=threads)
    counts = np.diff(history.offsets) // 2
    largest = max(0, 2 * int(counts.max(initial=0)) - 1)
    nodes = largest if nodes is None else nodes
    if nodes < largest:
        raise DataError(
            f"jet {int(counts.argmax())} has {counts.max()} constituents and {largest} nodes, more than {nodes}; "
            f"keep its hardest {(nodes + 1) // 2} constituents or allow more nodes"
        )
    numbers = ak.to_numpy(ak.flatten(constituent_numbers(constituents), axis=1)).astype(np.int64)
    links = np.full((4, len(counts), nodes), -1, dtype=np.int32)
    momentum = np.zeros((len(counts), nodes, 4))
    _by_level(history.offsets, history.parents, history.momentum, numbers, links, momentum)
    return BinaryTrees(links[0], links[1], links[2], links[3], momentum)


@numba.njit(cache=True, nogil=True)
def _by_level(
    offsets: Integers,
    parents: Integers,
    momentum: Floats,
    numbers: Integers,
    links: npt.NDArray[np.int32],
    node_momentum: Floats,
) -> None:
    """Number the rows of each history breadth first, from the root."""
    left, right, level, constituent = links[0], links[1], links[2], links[3]
    rows = np.empty(links.shape[2], dtype=np.int64)
    for jet in range(len(offsets) - 1):
        start, count = offsets[jet], (offsets[jet + 1] - offsets[jet]) // 2
        if count == 0:
            continue
        rows[0], known = 2 * count - 2, 1
        level[jet, 0] = 0
        for node in range(2 * count - 1):
            row = rows[node]
            node_momentum[jet, node] = momentum[start + row]
            if row < count:
                constituent[jet, node] = numbers[start // 2 + row]
                continue
            rows[known], rows[known + 1] = harder_first(parents, momentum, start, row)
            left[jet, node], right[jet, node] = known, known + 1
            level[jet, known] = level[jet, known + 1] = level[jet, node] + 1
            known += 2
