"""Dichroic ratios of N-subjettiness, arXiv:1612.03917."""

from __future__ import annotations

from collections.abc import Sequence

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics.grooming import modified_mass_drop
from keras_hep.physics.nsubjettiness import n_subjettiness
from keras_hep.physics.soft_drop import soft_drop

__all__ = ["dichroic_ratio"]


def dichroic_ratio(
    constituents: ak.Array,
    n: int = 2,
    betas: Sequence[float] = (1.0, 2.0),
    axes: str = "wta_kt",
    loose: tuple[float, float] | None = (2.0, 0.05),
    tight_z_cut: float = 0.1,
    r0: float = 0.8,
    threads: int | None = None,
) -> npt.NDArray[np.float64]:
    """Compute tau_n of the jet over tau_(n-1) of the jet as the modified mass-drop tagger leaves it.

    The numerator sees the soft radiation at large angles that tells the colour of the prongs; the denominator sees the
    tagged prongs alone. Both are not normalised, so that the ratio is one of sums of pT DeltaR^beta.

    Args:
        constituents: records (px, py, pz, E) in GeV, shape (jets, jagged).
        n: the number of axes of the numerator, at least 2.
        betas: the positive exponents of the angle.
        axes: one of `keras_hep.physics.AXES`.
        loose: beta and z_cut of the soft drop before the numerator; None for the jet as it is.
        tight_z_cut: z_cut of the modified mass-drop tagger before the denominator.
        r0: R0 of the soft drop, the radius of the jets.
        threads: number of threads; None for one on each core.

    Returns:
        The ratios, shape (jets, len(betas)); 0 where the denominator is 0, as in a groomed jet of n - 1 constituents.

    Raises:
        DataError: the constituents are not finite four-vectors, those of a jet have no transverse momentum in sum, or
            an argument is out of range.
    """
    if n < 2:
        raise DataError(f"n must be at least 2, for tau_n over tau_(n-1); received {n}")
    if loose is None:
        large = constituents
    else:
        large = soft_drop(constituents, beta=loose[0], z_cut=loose[1], r0=r0, threads=threads).constituents
    tagged = modified_mass_drop(constituents, z_cut=tight_z_cut, threads=threads).constituents
    above = n_subjettiness(large, n, betas, axes, normalised=False, threads=threads)[:, :, n - 1]
    below = n_subjettiness(tagged, n - 1, betas, axes, normalised=False, threads=threads)[:, :, n - 2]
    return np.divide(above, below, out=np.zeros_like(above), where=below > np.finfo(float).tiny)
