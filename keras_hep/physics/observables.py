"""The sixteen observables of the hls4ml jet data set, arXiv:1804.06913 section 2 (defined in arXiv:1709.04464)."""

from __future__ import annotations

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.physics.energy_correlators import energy_correlators
from keras_hep.physics.grooming import modified_mass_drop
from keras_hep.physics.kinematics import check_four_vectors, transverse_momentum

__all__ = ["OBSERVABLES", "jet_observables"]

Floats = npt.NDArray[np.float64]

OBSERVABLES: dict[str, str] = {
    "j_zlogz": "sum of z ln z over the constituents, z = pT / sum of pT",
    "j_c1_b0_mmdt": "C1 with beta=0 of the groomed jet",
    "j_c1_b1_mmdt": "C1 with beta=1 of the groomed jet",
    "j_c1_b2_mmdt": "C1 with beta=2 of the groomed jet",
    "j_c2_b1_mmdt": "C2 with beta=1 of the groomed jet",
    "j_c2_b2_mmdt": "C2 with beta=2 of the groomed jet",
    "j_d2_b1_mmdt": "D2 with beta=1 of the groomed jet",
    "j_d2_b2_mmdt": "D2 with beta=2 of the groomed jet",
    "j_d2_a1_b1_mmdt": "D2 with alpha=1, beta=1 of the groomed jet",
    "j_d2_a1_b2_mmdt": "D2 with alpha=1, beta=2 of the groomed jet",
    "j_m2_b1_mmdt": "M2 with beta=1 of the groomed jet",
    "j_m2_b2_mmdt": "M2 with beta=2 of the groomed jet",
    "j_n2_b1_mmdt": "N2 with beta=1 of the groomed jet",
    "j_n2_b2_mmdt": "N2 with beta=2 of the groomed jet",
    "j_mass_mmdt": "mass of the groomed jet (GeV)",
    "j_multiplicity": "number of constituents of the jet before grooming",
}
"""The names, in the order of the data set, and what each one is."""


def jet_observables(constituents: ak.Array) -> dict[str, Floats]:
    """Compute the sixteen observables of many jets.

    ``j_zlogz`` and ``j_multiplicity`` are of the jet as it is; all others are of the jet groomed with the modified
    mass-drop tagger (z_cut = 0.1). With e2 and e3 the energy correlation functions of `energy_correlators`:

    - C1 = e2, C2 = e3 / e2^2 (arXiv:1305.0007); D2 = e3 / e2^3 (arXiv:1409.6298);
    - D2 with alpha and beta = e3(alpha) / e2(beta)^(3 alpha / beta), M2 = 1e3 / e2, N2 = 2e3 / e2^2 (arXiv:1609.07483).

    ``j_d2_a1_b1_mmdt`` equals ``j_d2_b1_mmdt`` by definition; the data set has both names.

    Every jet gets sixteen finite values. Where the groomed jet is too small for an observable, the value is the one
    that its numerator has: with fewer than three groomed constituents C2, D2, M2 and N2 are 0 (no third prong), with
    fewer than two C1 is 0 and the mass is that of the constituent. The ratios are 0 as well where all groomed
    constituents share one direction (e2 = 0). A jet without constituents has sixteen zeros.

    Args:
        constituents: records with fields px, py, pz, E in GeV, shape (jets, jagged).

    Returns:
        For each name of `OBSERVABLES`, in that order, a float64 array of shape (jets,). The mass is in GeV, all others
        are without unit.

    Raises:
        DataError: the constituents are not finite four-vectors, or those of a jet have no transverse momentum in sum.
    """
    jets = check_four_vectors(constituents)
    groomed = modified_mass_drop(jets, z_cut=0.1)
    correlators = energy_correlators(groomed.constituents, betas=(1.0, 2.0))
    one, two = correlators[1.0], correlators[2.0]
    fraction = _momentum_fraction(jets)
    groomed_fraction = _momentum_fraction(groomed.constituents)
    d2_b1 = _ratio(one.v3e3, one.e2**3)
    values = (
        # A constituent without momentum has z ln z = 0, its limit.
        _sum(fraction * np.log(np.where(fraction > 0.0, fraction, 1.0))),
        # With beta = 0 all angles are 1, and the sum over pairs follows from sum z = 1.
        _pairs(groomed_fraction),
        one.e2,
        two.e2,
        _ratio(one.v3e3, one.e2**2),
        _ratio(two.v3e3, two.e2**2),
        d2_b1,
        _ratio(two.v3e3, two.e2**3),
        d2_b1,
        _ratio(one.v3e3, two.e2**1.5),
        _ratio(one.v1e3, one.e2),
        _ratio(two.v1e3, two.e2),
        _ratio(one.v2e3, one.e2**2),
        _ratio(two.v2e3, two.e2**2),
        groomed.mass,
        ak.to_numpy(ak.num(jets, axis=1)).astype(np.float64),
    )
    return dict(zip(OBSERVABLES, values, strict=True))


def _momentum_fraction(jets: ak.Array) -> ak.Array:
    """Return each constituent's share of the scalar sum of pT, 0 where the sum is."""
    pt = transverse_momentum(jets)
    total = ak.sum(pt, axis=1)
    return pt / np.where(total > 0.0, total, 1.0)


def _pairs(fraction: ak.Array) -> Floats:
    """Return the sum of z_i z_j over pairs i<j; exactly 0 with fewer than two constituents."""
    squares = _sum(fraction) ** 2 - _sum(fraction**2)
    return np.where(ak.to_numpy(ak.num(fraction, axis=1)) < 2, 0.0, np.maximum(squares, 0.0) / 2.0)


def _sum(values: ak.Array) -> Floats:
    """Sum over constituents."""
    summed: Floats = ak.to_numpy(ak.sum(values, axis=1)).astype(np.float64)
    return summed


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide, and give 0 where there is nothing to divide by."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > np.finfo(float).tiny)
