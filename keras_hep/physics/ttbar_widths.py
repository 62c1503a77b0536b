"""The masses and widths of the chi2 assignment of top pairs, measured on rightly assigned jets."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics.ttbar_chi2 import TOP_MASS, W_MASS, TtbarHypothesis

__all__ = ["measured_hypothesis"]

Floats = npt.NDArray[np.float64]

FEWEST = 20
WITHIN = (15.865, 84.135)
"""Percentiles one standard deviation from the middle of a normal distribution."""


def measured_hypothesis(
    hadronic_w: Any, hadronic_top: Any, leptonic_top: Any, w_mass: float = W_MASS, top_mass: float = TOP_MASS
) -> TtbarHypothesis:
    """Return masses and widths for `assign_ttbar` from events whose jets are known.

    A mass is the median and a width half of the interval with the middle 68 % of the events, which far tails, from wrong
    matches or hard radiation, do not move.

    Args:
        hadronic_w: masses in GeV of the two jets of the W, one an event.
        hadronic_top: masses in GeV of the three jets of the top quark.
        leptonic_top: masses in GeV of jet, lepton and neutrino.
        w_mass: mass of the W boson in GeV, with which the neutrino is reconstructed.
        top_mass: mass of the top quark in GeV; it stays in the hypothesis without being used.

    Raises:
        DataError: there are fewer than 20 masses, one is not finite, or they have no width.
    """
    positions, widths = zip(
        *(
            _middle(masses, name)
            for name, masses in (
                ("hadronic_w", hadronic_w),
                ("hadronic_top", hadronic_top),
                ("leptonic_top", leptonic_top),
            )
        ),
        strict=True,
    )
    return TtbarHypothesis(w_mass, top_mass, *widths, *positions)


def _middle(values: Any, name: str) -> tuple[float, float]:
    """Return the median and half of the interval with the middle 68 %."""
    masses = np.asarray(values, np.float64)
    if masses.ndim != 1 or len(masses) < FEWEST or not np.isfinite(masses).all():
        raise DataError(f"{name} must be at least {FEWEST} finite masses; received shape {masses.shape}")
    low, high = np.percentile(masses, WITHIN)
    return float(np.median(masses)), float(0.5 * (high - low))
