"""Rotations: about the beam, under which the detector is symmetric, and about the axis of a jet."""

from __future__ import annotations

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.physics.systematics._constituents import Constituents, Floats, of_each_event, pack, unpack

__all__ = ["rotate_about_beam", "rotate_about_jet"]


def rotate_about_beam(constituents: ak.Array, angle: npt.ArrayLike) -> ak.Array:
    """Rotate each event about the beam.

    Neither beams nor a symmetric detector know an azimuth, so that nothing of physical meaning depends on it; a network that does
    has learned its sample by heart, or a hole in the detector.

    Args:
        constituents: records with fields px, py, pz, E in GeV, shape (events, jagged).
        angle: in radians, by which each azimuth grows; one, or one for each event. 0 changes no bit.

    Returns:
        Records of the same type, with all further fields.

    Raises:
        DataError: the constituents are not finite four-vectors, or an angle is not finite.
    """
    vectors = unpack(constituents)
    angles = of_each_event(angle, len(vectors.counts), "angle")
    axis = np.zeros((len(vectors.counts), 3))
    axis[:, 2] = 1.0
    return _rotated(vectors, axis, angles)


def rotate_about_jet(constituents: ak.Array, angle: npt.ArrayLike) -> ak.Array:
    """Rotate the constituents of each jet about the jet's momentum.

    The plane in which a jet splits is, up to small effects of spin and colour, as likely as any other plane through its axis. The
    rotation is one of space, not of the (eta, phi) plane: the four-momentum of the jet and all invariant masses stay,
    while the transverse momenta of the constituents do not.

    Args:
        constituents: records with fields px, py, pz, E in GeV, shape (jets, jagged).
        angle: in radians, counter-clockwise when the jet comes towards the eye; one, or one for each jet. 0 changes no bit.

    Returns:
        Records of the same type, with all further fields. A jet without momentum has no axis and stays as it is.

    Raises:
        DataError: the constituents are not finite four-vectors, or an angle is not finite.
    """
    vectors = unpack(constituents)
    jets = len(vectors.counts)
    angles = of_each_event(angle, jets, "angle")
    sums = [np.bincount(vectors.event, weights=column, minlength=jets) for column in vectors.momenta[:3]]
    momentum = np.stack(sums, axis=-1)
    norm = np.linalg.norm(momentum, axis=-1)
    axis = momentum / np.where(norm > 0.0, norm, 1.0)[:, None]
    return _rotated(vectors, axis, np.where(norm > 0.0, angles, 0.0))


def _rotated(vectors: Constituents, axis: Floats, angle: Floats) -> ak.Array:
    """Rotate about unit vectors (events, 3), by Rodrigues' formula."""
    x, y, z = axis[vectors.event].T
    cos, sin = np.cos(angle)[vectors.event], np.sin(angle)[vectors.event]
    px, py, pz, energy = vectors.momenta
    along = (x * px + y * py + z * pz) * (1.0 - cos)
    rotated = (
        px * cos + (y * pz - z * py) * sin + x * along,
        py * cos + (z * px - x * pz) * sin + y * along,
        pz * cos + (x * py - y * px) * sin + z * along,
        energy,
    )
    # Adding the zeros of angle 0 would turn -0.0 into 0.0.
    turned = (angle != 0.0)[vectors.event]
    columns = zip(rotated, vectors.momenta, strict=True)
    return pack(vectors, (np.where(turned, after, before) for after, before in columns))
