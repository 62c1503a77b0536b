"""Where the two hardest subjets of a jet are, for images centred on one and turned by the other (arXiv:1407.5675)."""

from __future__ import annotations

import math

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics._jets import FlatJets, flat_jets, over_jets
from keras_hep.physics._pseudojets import AZIMUTH, PX, PY, RAPIDITY
from keras_hep.physics._recombination import BEAM, E_SCHEME, cluster_rows, jet_rows

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
    if not radius > 0.0:
        raise DataError(f"the radius of the subjets must be positive; received {radius}")
    momenta = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)}
    jets = flat_jets(ak.zip(momenta))
    found = np.full((2, len(jets.offsets) - 1, 2), np.nan)
    over_jets(_find_subjets, jets, threads, float(radius) ** 2, found)
    return found[0], found[1]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _find_subjets(first: int, last: int, jets: FlatJets, radius2: float, found: Floats) -> None:
    for jet in range(first, last):
        rows = jet_rows(jets, jet)
        links, distance = np.empty((len(rows), 3), dtype=np.int64), np.empty(len(rows))
        cluster_rows(rows, links, distance, 1.0, radius2, E_SCHEME, 0.0, 0.0)
        hardest = second = -1.0
        for row in range(len(rows) // 2, len(rows)):
            if links[row, 1] != BEAM:
                continue
            transverse = math.hypot(rows[row, PX], rows[row, PY])
            if transverse > hardest:
                hardest, second = transverse, hardest
                found[1, jet, 0], found[1, jet, 1] = found[0, jet, 0], found[0, jet, 1]
                found[0, jet, 0], found[0, jet, 1] = rows[row, RAPIDITY], rows[row, AZIMUTH]
            elif transverse > second:
                second = transverse
                found[1, jet, 0], found[1, jet, 1] = rows[row, RAPIDITY], rows[row, AZIMUTH]
