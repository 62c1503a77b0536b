"""Missing transverse momentum and its significance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics.kinematics import azimuth, check_four_vectors, pseudorapidity, transverse_momentum

__all__ = ["MissingMomentum", "missing_momentum", "missing_momentum_significance", "propagate_variation"]

Floats = npt.NDArray[np.float64]
Resolution = float | Callable[[Floats, Floats], Floats | float]


class MissingMomentum(NamedTuple):
    """The missing transverse momentum of many events, each of shape (events,).

    Attributes:
        px: in GeV.
        py: in GeV.
        sum_et: scalar sum of the pT of the objects, in GeV.
    """

    px: Floats
    py: Floats
    sum_et: Floats

    @property
    def pt(self) -> Floats:
        """The magnitude in GeV."""
        return np.hypot(self.px, self.py)

    @property
    def phi(self) -> Floats:
        """The azimuth in radians, in [-pi, pi]; 0 where nothing is missing."""
        return np.arctan2(self.py, self.px)


def missing_momentum(objects: ak.Array) -> MissingMomentum:
    """Compute the missing transverse momentum: what balances the objects of an event.

    Args:
        objects: records (px, py, pz, E) in GeV, shape (events, jagged): all that was measured, each thing once.

    Raises:
        DataError: the objects are not finite four-vectors.
    """
    vectors = check_four_vectors(objects)
    # 0.0 - x, because the negative of an empty sum would be -0.0, which has the azimuth pi.
    return MissingMomentum(
        0.0 - _sum(vectors.px),
        0.0 - _sum(vectors.py),
        _sum(transverse_momentum(vectors)),
    )


def propagate_variation(missing: MissingMomentum, nominal: ak.Array, varied: ak.Array) -> MissingMomentum:
    """Carry a variation of some objects, such as that of the jet energy scale, over to the missing momentum.

    Args:
        missing: the nominal missing momentum, also of objects that are not varied.
        nominal: the objects before the variation, records (px, py, pz, E) in GeV, shape (events, jagged).
        varied: the same objects after it; their number may differ.

    Returns:
        The missing momentum after the variation; where nothing varies, the same bit for bit.

    Raises:
        DataError: the objects are not finite four-vectors, or the numbers of events differ.
    """
    if not len(missing.px) == len(nominal) == len(varied):
        raise DataError(f"the numbers of events differ: {len(missing.px)}, {len(nominal)}, {len(varied)}")
    before, after = missing_momentum(nominal), missing_momentum(varied)
    return MissingMomentum(*(old + (new - was) for old, new, was in zip(missing, after, before, strict=True)))


def missing_momentum_significance(objects: ak.Array, pt_resolution: Resolution, phi_resolution: Resolution) -> Floats:
    """Compute how badly the missing momentum is explained by the resolution of the objects (arXiv:1106.5048).

    S^2 = m^T V^-1 m, with m the missing momentum and V the sum over objects of the covariance of their transverse
    momentum, diagonal along and across the object. Without invisible particles S^2 follows a chi2 distribution with two
    degrees of freedom, whatever the objects are, as long as their resolutions are Gaussian and right.

    Args:
        objects: records (px, py, pz, E) in GeV, shape (events, jagged).
        pt_resolution: relative resolution of pT, a number or a function of (pt, eta).
        phi_resolution: resolution of the azimuth in radians, a number or a function of (pt, eta).

    Returns:
        S, shape (events,); 0 for an event without objects.

    Raises:
        DataError: the objects are not finite four-vectors, or a resolution is not positive (which would leave a direction
            in which the momentum is known exactly).
    """
    vectors = check_four_vectors(objects)
    vectors = vectors[transverse_momentum(vectors) > 0.0]
    counts = ak.num(vectors, axis=1)
    flat = ak.flatten(vectors, axis=1)
    pt, eta, phi = (ak.to_numpy(f(flat)) for f in (transverse_momentum, pseudorapidity, azimuth))
    along = (pt * _evaluate(pt_resolution, pt, eta, "pt_resolution")) ** 2
    across = (pt * _evaluate(phi_resolution, pt, eta, "phi_resolution")) ** 2
    cos, sin = np.cos(phi), np.sin(phi)
    terms = (along * cos**2 + across * sin**2, along * sin**2 + across * cos**2, (along - across) * sin * cos)
    xx, yy, xy = (_sum(ak.unflatten(term, counts)) for term in terms)
    missing = missing_momentum(vectors)
    determinant = xx * yy - xy**2
    squared = yy * missing.px**2 - 2.0 * xy * missing.px * missing.py + xx * missing.py**2
    filled = determinant > 0.0
    return np.sqrt(np.divide(squared, determinant, out=np.zeros_like(squared), where=filled))


def _evaluate(resolution: Resolution, pt: Floats, eta: Floats, name: str) -> Floats:
    values = np.broadcast_to(np.asarray(resolution(pt, eta) if callable(resolution) else resolution, float), pt.shape)
    wrong = ~(np.isfinite(values) & (values > 0.0))
    if wrong.any():
        raise DataError(f"{name} must be positive and finite; received {values[wrong][0]}")
    return values


def _sum(values: ak.Array) -> Floats:
    summed: Floats = ak.to_numpy(ak.sum(values, axis=1)).astype(np.float64)
    return summed
