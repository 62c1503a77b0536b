"""Cherenkov light of muons and showers in ice or water: how much of it reaches a sensor, and when.

The arrival times of scattered light follow Pandel's gamma distribution with the values found for the ice of the AMANDA
detector (astro-ph/0407044); the light of showers and its angular distribution follow arXiv:1210.5140. Lengths are in
metres, times in nanoseconds, energies in GeV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["SPEED_OF_LIGHT", "Light", "Optics", "cascade_light", "scattering_delay", "track_light"]

Array = npt.NDArray[np.float64]

SPEED_OF_LIGHT = 0.299792458
"""Of the vacuum, in m/ns."""


@dataclass(frozen=True)
class Optics:
    """The medium, the light yield and the sensor.

    Attributes:
        phase_index: refractive index that decides the Cherenkov angle.
        group_index: refractive index that decides the speed of light pulses.
        absorption: absorption length (m).
        scattering: Pandel's lambda (m): the mean delay grows by `delay` in so many metres, without absorption.
        delay: Pandel's tau (ns).
        photons: photons per metre of track in the sensitive band.
        shower_length: length of all tracks of an electromagnetic shower (m/GeV).
        area: sensitive area of a sensor for light from any direction, times its efficiency (m2).
        least_distance: distances are not taken to be smaller than this (m).
        shape: a, b, c, d of the angular distribution of shower light, a exp(b |x - 1/n|^c) + d with x the cosine of the
            angle to the shower.
    """

    phase_index: float = 1.33
    group_index: float = 1.36
    absorption: float = 98.0
    scattering: float = 33.3
    delay: float = 557.0
    photons: float = 2450.0
    shower_length: float = 5.3
    area: float = 0.06
    least_distance: float = 0.5
    shape: tuple[float, float, float, float] = (4.27033, -6.02527, 0.29887, -0.00103)

    @property
    def angle(self) -> float:
        """Cherenkov angle (rad)."""
        return float(np.arccos(1 / self.phase_index))

    @property
    def delay_rate(self) -> float:
        """Rate of the gamma distribution of delays (1/ns): absorption takes the late light away."""
        return 1 / self.delay + SPEED_OF_LIGHT / self.group_index / self.absorption

    @property
    def attenuation(self) -> float:
        """Length in which the light that arrives at all falls to 1/e (m): the normalisation of Pandel's function."""
        return float(1 / (1 / self.absorption + np.log(self.delay * self.delay_rate) / self.scattering))


class Light(NamedTuple):
    """Light at sensors, each of shape (sources, sensors).

    Attributes:
        mean: expected number of photoelectrons.
        path: length of the straight path of the light (m).
        time: arrival of unscattered light, since the source's start (ns).
    """

    mean: Array
    path: Array
    time: Array


def track_light(start: Array, direction: Array, length: Array, sensors: Array, optics: Optics) -> tuple[Light, Array]:
    """Return the direct Cherenkov light of straight tracks at the speed of light, for their bare Cherenkov yield.

    Args:
        start: where the tracks begin at time zero (m), shape (tracks, 3).
        direction: unit vectors, shape (tracks, 3).
        length: length of the tracks (m), shape (tracks,).
        sensors: positions (m), shape (sensors, 3).
        optics: the medium.

    Returns:
        The light, and how far along the track it was emitted (m), shape (tracks, sensors).
    """
    along, distance = _along_and_across(start, direction, sensors)
    across = np.maximum(distance, optics.least_distance)
    sine, tangent = np.sin(optics.angle), np.tan(optics.angle)
    emitted, path = along - across / tangent, across / sine
    time = (emitted + path * optics.group_index) / SPEED_OF_LIGHT
    # The light of a metre of track crosses a cone whose area is 2 pi d sin(theta) for each metre.
    mean = optics.photons * optics.area / (2 * np.pi * across * sine) * np.exp(-path / optics.attenuation)
    return Light(np.where((emitted >= 0) & (emitted <= length[:, None]), mean, 0.0), path, time), emitted


def cascade_light(vertex: Array, direction: Array, energy: Array, sensors: Array, optics: Optics) -> Light:
    """Return the light of showers, which are taken to be points.

    The nearer the sensor, the more of the light still has the angular distribution of the shower: a part
    exp(-path / scattering). The rest is isotropic.

    Args:
        vertex: positions (m), shape (showers, 3).
        direction: unit vectors, shape (showers, 3).
        energy: energies (GeV), shape (showers,).
        sensors: positions (m), shape (sensors, 3).
        optics: the medium.
    """
    along, across = _along_and_across(vertex, direction, sensors)
    path = np.maximum(np.hypot(along, across), optics.least_distance)
    direct = np.exp(-path / optics.scattering)
    shape = 1 + direct * (_shower_shape(along / path, optics) - 1)
    photons = optics.photons * optics.shower_length * energy[:, None]
    mean = photons * optics.area / (4 * np.pi * path**2) * shape * np.exp(-path / optics.attenuation)
    return Light(mean, path, path * optics.group_index / SPEED_OF_LIGHT)


def scattering_delay(path: Array, optics: Optics, rng: np.random.Generator) -> Array:
    """Draw by how much scattered light comes late (ns).

    Args:
        path: length of the straight path (m), any shape.
        optics: the medium.
        rng: randomness.
    """
    return np.asarray(rng.standard_gamma(path / optics.scattering) / optics.delay_rate)


def _along_and_across(origin: Array, direction: Array, sensors: Array) -> tuple[Array, Array]:
    """Return the sensors' coordinates along lines and their distances from them, shape (lines, sensors)."""
    offset = sensors - origin[:, None, :]
    along = np.einsum("lsi,li->ls", offset, direction)
    square = np.einsum("lsi,lsi->ls", offset, offset) - along**2
    return along, np.sqrt(np.maximum(square, 0.0))


def _shower_shape(cosine: Array, optics: Optics) -> Array:
    """Return the angular distribution of shower light over an isotropic one."""
    a, b, c, d = optics.shape

    def shape(x: Array) -> Array:
        return np.asarray(a * np.exp(b * np.abs(x - 1 / optics.phase_index) ** c) + d)

    # Midpoints: the cusp at the Cherenkov angle is integrable and far narrower than what it contributes.
    middles = (np.arange(20_000) + 0.5) / 10_000 - 1
    return np.asarray(shape(cosine) / shape(middles).mean())
