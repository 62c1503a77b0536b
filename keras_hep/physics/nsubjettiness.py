"""N-subjettiness, arXiv:1011.2268, with axes from clustering and by minimisation, arXiv:1108.2701."""

from __future__ import annotations

import math
from collections.abc import Sequence

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError, nearest
from keras_hep.physics._axes import assign, exclusive_axes, refine, weighted_sum
from keras_hep.physics._jets import FlatJets, flat_jets, over_jets, sums
from keras_hep.physics._pseudojets import AZIMUTH, PT2, RAPIDITY
from keras_hep.physics._recombination import cluster_rows, jet_rows
from keras_hep.physics.clustering import POWERS, SCHEMES

__all__ = ["AXES", "n_subjettiness"]

Floats = npt.NDArray[np.float64]

AXES: dict[str, str] = {
    "kt": "exclusive kT subjets, E scheme",
    "wta_kt": "exclusive kT subjets, winner takes all (arXiv:1401.2158)",
    "ca": "exclusive Cambridge/Aachen subjets, E scheme",
    "wta_ca": "exclusive Cambridge/Aachen subjets, winner takes all",
    "onepass_kt": "local minimum from the axes kt",
    "onepass_wta_kt": "local minimum from the axes wta_kt",
    "onepass_ca": "local minimum from the axes ca",
    "onepass_wta_ca": "local minimum from the axes wta_ca",
}
"""The kinds of axes."""


def n_subjettiness(
    constituents: ak.Array,
    n_max: int = 6,
    betas: Sequence[float] = (0.5, 1.0, 2.0),
    axes: str = "onepass_wta_kt",
    r0: float = 0.8,
    normalised: bool = True,
    threads: int | None = None,
) -> Floats:
    """Compute tau_1 to tau_N of many jets for several angular exponents at once.

    tau_N = sum_i pT_i min_k DeltaR_ik^beta / sum_i pT_i R0^beta over the constituents i and N axes k, with DeltaR in
    rapidity (not pseudorapidity) and azimuth; without the denominator if not `normalised`. A jet has one clustering for
    all values; those with ``onepass`` are minimised for each N and beta.

    Axes from clustering are those of FastJet contrib's Nsubjettiness; its one-pass axes stop once they move by less
    than 1e-4, these at a local minimum. Where beta >= 1 that is the same minimum, reached more closely. For beta < 1
    every constituent is a local minimum, and the best constituent of each subjet is taken; the values are then lower,
    for beta = 0.5 by a few per cent.

    tau_N is 0 for a jet with no more than N constituents, thus for one without constituents. Constituents without
    transverse momentum, such as padding, do not count.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        n_max: the largest N.
        betas: the positive exponents.
        axes: one of `AXES`.
        r0: R0, the radius of the jets.
        normalised: divide by the sum of pT R0^beta; otherwise the values have the unit GeV.
        threads: number of threads; None for one on each core.

    Returns:
        tau, shape (jets, len(betas), n_max), float64.

    Raises:
        DataError: the constituents are not finite four-vectors, or an argument is out of range or unknown.
    """
    if axes not in AXES:
        raise DataError(f"unknown axes {axes!r}; {nearest(axes, AXES)}")
    if n_max < 1:
        raise DataError(f"n_max must be at least 1; received {n_max}")
    for beta in betas:
        if not 0.0 < beta < math.inf:
            raise DataError(f"the exponents beta must be positive; received {beta}")
    if not r0 > 0.0:
        raise DataError(f"r0 must be positive; received {r0}")
    jets = flat_jets(constituents)
    exponents = np.array(betas, dtype=np.float64)
    tau = np.zeros((len(jets.offsets) - 1, len(exponents), n_max))
    kind = axes.removeprefix("onepass_")
    power, scheme = POWERS[kind.removeprefix("wta_")], SCHEMES["wta" if kind.startswith("wta_") else "E"]
    over_jets(_taus, jets, threads, power, scheme, axes.startswith("onepass_"), exponents, tau)
    if normalised:
        total = sums(np.hypot(jets.px, jets.py), jets.offsets)
        tau /= np.where(total > 0.0, total, 1.0)[:, None, None] * (r0**exponents)[:, None]
    return tau


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _taus(
    first: int, last: int, jets: FlatJets, power: float, scheme: int, minimise: bool, betas: Floats, tau: Floats
) -> None:
    """Write the sums of the jets `first` to `last` into `tau`, shape (jets, betas, n_max)."""
    n_max = tau.shape[2]
    axes = np.empty((2, n_max))
    for jet in range(first, last):
        count = jets.offsets[jet + 1] - jets.offsets[jet]
        rows, links, distance = jet_rows(jets, jet), np.empty((2 * count, 3), np.int64), np.empty(2 * count)
        y, phi, pt = rows[:count, RAPIDITY].copy(), rows[:count, AZIMUTH].copy(), np.sqrt(rows[:count, PT2])
        cluster_rows(rows, links, distance, power, math.inf, scheme, 0.0, 0.0)
        away2, owner = np.empty(count), np.empty(count, np.int64)
        # As many axes as constituents leave nothing: tau stays 0.
        for n in range(1, min(n_max, count - 1) + 1):
            exclusive_axes(rows, links, n, axes)
            assign(y, phi, axes, n, away2, owner)
            for number in range(len(betas)):
                if minimise:
                    exclusive_axes(rows, links, n, axes)
                    tau[jet, number, n - 1] = refine(y, phi, pt, axes, n, betas[number], away2, owner)
                else:
                    tau[jet, number, n - 1] = weighted_sum(pt, away2, betas[number])
