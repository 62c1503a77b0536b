"""Where the two hardest subjets of a jet are, for images centred on one and turned by the other (arXiv:1407.5675)."""

from __future__ import annotations

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.physics.clustering import BEAM, cluster

__all__ = ["leading_subjets"]

Floats = npt.NDArray[np.float64]


def leading_subjets(
    pt: ak.Array, eta: ak.Array, phi: ak.Array, radius: float = 0.3, threads: int | None = None
) -> tuple[Floats, Floats]:
    """Cluster the constituents of each jet with kT and return the directions of the two hardest subjets.

    Args:
        pt: transverse momentum of the constituents in GeV, shape (jets, jagged); they are taken as massless.
        eta: pseudorapidity, same shape.
        phi: azimuth in radians, same shape.
        radius: of the subjets.
        threads: number of threads; None for one on each core.

    Returns:
        Rapidity and azimuth (in [0, 2 pi)) of the first and of the second subjet, each of shape (jets, 2); NaN where
        there is none.

    Raises:
        DataError: a value is not finite, or the radius is not positive.
    """
    momenta = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)}
    history = cluster(ak.zip(momenta), "kt", radius=radius, threads=threads)
    jets = len(history.offsets) - 1
    declared = np.flatnonzero(history.parents[:, 1] == BEAM)
    jet = np.searchsorted(history.offsets, declared, side="right") - 1
    transverse = np.hypot(history.momentum[declared, 0], history.momentum[declared, 1])
    order = np.lexsort((-transverse, jet))
    declared, jet = declared[order], jet[order]
    first = np.searchsorted(jet, np.arange(jets))
    count = np.bincount(jet, minlength=jets)
    found = []
    for rank in range(2):
        direction = np.full((jets, 2), np.nan)
        has = count > rank
        row = declared[first[has] + rank]
        direction[has] = np.stack([history.rapidity[row], history.azimuth[row]], axis=1)
        found.append(direction)
    return found[0], found[1]
