"""Energy scale: all constituents of a jet, or its leading one, measured too high or too low together."""

from __future__ import annotations

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics.kinematics import transverse_momentum
from keras_hep.physics.systematics._constituents import Floats, of_each_event, pack, unpack

__all__ = ["rescale", "rescale_leading"]


def rescale(constituents: ak.Array, scale: npt.ArrayLike) -> ak.Array:
    """Multiply every four-vector of an event by one factor.

    This is the uncertainty of the jet energy scale: a calibration that is off by a common factor. Angles and ratios of
    momenta stay, masses and momenta grow with the factor, so that a network is sensitive to it only as far as it looks
    at absolute energies.

    Args:
        constituents: records with fields px, py, pz, E in GeV, shape (events, jagged).
        scale: the factor, or one for each event; positive. 1 changes no bit.

    Returns:
        Records of the same type, with all further fields.

    Raises:
        DataError: the constituents are not finite four-vectors, or a scale is not a positive number.
    """
    vectors = unpack(constituents)
    factor = _factors(scale, len(vectors.counts))[vectors.event]
    return pack(vectors, (factor * column for column in vectors.momenta))


def rescale_leading(constituents: ak.Array, scale: npt.ArrayLike) -> ak.Array:
    """Multiply the four-vector of the leading constituent of each event by a factor.

    A single tower or track carries a large part of a jet's momentum, and its response is less certain than that of the jet:
    high-momentum tracks are straight lines, high-energy showers leak. Unlike `rescale` this changes how the momentum is shared.

    Args:
        constituents: records with fields px, py, pz, E in GeV, shape (events, jagged).
        scale: the factor, or one for each event; positive. 1 changes no bit.

    Returns:
        Records of the same type, with all further fields. The first constituent of the largest pT is the leading one.

    Raises:
        DataError: the constituents are not finite four-vectors, or a scale is not a positive number.
    """
    vectors = unpack(constituents)
    factors = _factors(scale, len(vectors.counts))
    filled = np.flatnonzero(vectors.counts > 0)
    leading = ak.argmax(ak.unflatten(transverse_momentum(vectors.momenta), vectors.counts), axis=1)
    factor = np.ones(len(vectors.momenta.px))
    factor[vectors.starts[filled] + ak.to_numpy(leading[filled]).astype(np.int64)] = factors[filled]
    return pack(vectors, (factor * column for column in vectors.momenta))


def _factors(scale: npt.ArrayLike, events: int) -> Floats:
    factors = of_each_event(scale, events, "scale")
    if not (factors > 0.0).all():
        raise DataError(f"scale must be positive; received {factors[~(factors > 0.0)][0]}")
    return factors
