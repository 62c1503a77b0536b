"""Boosts: along the beam, and with any velocity."""

from __future__ import annotations

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics.four_vectors import boosted
from keras_hep.physics.systematics._constituents import Constituents, Floats, of_each_event, pack, unpack

__all__ = ["boost_constituents", "boost_constituents_longitudinally"]


def boost_constituents(constituents: ak.Array, beta: npt.ArrayLike) -> ak.Array:
    """Boost each event with a velocity.

    What a network learns about a decay should not depend on the frame, as far as the detector leaves the frame out; boosts of
    jets probe how far that holds. All invariant masses stay.

    Args:
        constituents: records with fields px, py, pz, E in GeV, shape (events, jagged).
        beta: (3,) or (events, 3), the velocity in units of c that a particle at rest gets. 0 changes no bit.

    Returns:
        Records of the same type, with all further fields.

    Raises:
        DataError: the constituents are not finite four-vectors, or a velocity is not below that of light.
    """
    vectors = unpack(constituents)
    velocity = np.asarray(beta, np.float64)
    if velocity.shape not in ((3,), (len(vectors.counts), 3)):
        raise DataError(f"beta must have the shape (3,) or ({len(vectors.counts)}, 3); received {velocity.shape}")
    velocity = np.broadcast_to(velocity, (len(vectors.counts), 3))
    squared = np.sum(velocity**2, axis=-1)
    if not (squared < 1.0).all():
        raise DataError(f"a boost needs |beta| < 1; received |beta|^2 = {squared[~(squared < 1.0)][0]}")
    gamma = 1.0 / np.sqrt(1.0 - squared)
    return _boosted(vectors, gamma, gamma[:, None] * velocity)


def boost_constituents_longitudinally(constituents: ak.Array, rapidity: npt.ArrayLike) -> ak.Array:
    """Boost each event along the beam.

    The two partons that collide carry different fractions of the momenta of the protons, so that the frame of the hard collision
    moves along the beam with a rapidity that differs from event to event. Transverse momenta, azimuths and differences of
    rapidities do not depend on it.

    Args:
        constituents: records with fields px, py, pz, E in GeV, shape (events, jagged).
        rapidity: by which each rapidity grows; one number, or one for each event. 0 changes no bit.

    Returns:
        Records of the same type, with all further fields.

    Raises:
        DataError: the constituents are not finite four-vectors, or a rapidity is not finite.
    """
    vectors = unpack(constituents)
    shift = of_each_event(rapidity, len(vectors.counts), "rapidity")
    sinh = np.sinh(shift)
    return _boosted(vectors, np.cosh(shift), np.stack([np.zeros_like(sinh), np.zeros_like(sinh), sinh], axis=-1))


def _boosted(vectors: Constituents, gamma: Floats, u: Floats) -> ak.Array:
    event = vectors.event
    new = boosted(vectors.momenta, gamma[event], u[event].T)
    # Adding the zeros of no boost would turn -0.0 into 0.0.
    moved = (u != 0.0).any(axis=-1)[event]
    columns = zip(new, vectors.momenta, strict=True)
    return pack(vectors, (np.where(moved, after, before) for after, before in columns))
