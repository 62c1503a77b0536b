"""Cherenkov rings of tracks in a gas radiator, and the likelihood of each mass hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from math import erf

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["Radiator", "cherenkov_angle", "ring_likelihoods"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Radiator:
    """A ring-imaging Cherenkov detector.

    Attributes:
        index: refractive index.
        photons: mean number of photons detected of a particle at the speed of light.
        resolution: of the angle of a photon (rad).
        window: photons are looked for at angles from zero to this one (rad).
        acceptance: least and largest angle of a track to the beam (rad).
        background: mean number of background photons in the window for each track of the collision.
    """

    index: float
    photons: float
    resolution: float
    window: float
    acceptance: tuple[float, float]
    background: float


def cherenkov_angle(momentum: Array, mass: float, index: float) -> Array:
    """Return the Cherenkov angle, zero below threshold (rad).

    Args:
        momentum: GeV, shape (n,).
        mass: GeV.
        index: refractive index.
    """
    cosine = np.hypot(momentum, mass) / (momentum * index)
    return np.arccos(np.minimum(cosine, 1.0))


def ring_likelihoods(
    momentum: Array,
    angle: Array,
    tracks: Array,
    species: npt.NDArray[np.int64],
    masses: Array,
    radiator: Radiator,
    rng: np.random.Generator,
) -> Array:
    """Draw the photons of tracks and return the logarithms of the likelihoods, up to a constant.

    The photons are a Poisson process: of the particle, mu sin^2 theta / sin^2 theta_max of them around theta, and of
    the background, uniform in the window.

    Args:
        momentum: GeV, shape (n,).
        angle: to the beam (rad), shape (n,).
        tracks: number of tracks in the collision, shape (n,).
        species: which of `masses` each track has, shape (n,).
        masses: of the hypotheses (GeV), shape (h,).
        radiator: the detector.
        rng: randomness.

    Returns:
        Shape (n, h + 1), the last without any light of the particle; zero for tracks outside the acceptance.
    """
    theta = np.zeros((len(momentum), len(masses) + 1))
    for h, mass in enumerate(masses):
        theta[:, h] = cherenkov_angle(momentum, float(mass), radiator.index)
    mean = radiator.photons * np.sin(theta) ** 2 / (1 - 1 / radiator.index**2)
    inside = (angle > radiator.acceptance[0]) & (angle < radiator.acceptance[1])
    result = np.zeros(theta.shape)
    _fill(theta, mean, radiator.background * tracks, inside, species, radiator.resolution, radiator.window, result, rng)
    return result


@numba.njit(cache=True, nogil=True)
def _fill(
    theta: Array,
    mean: Array,
    background: Array,
    inside: npt.NDArray[np.bool_],
    species: npt.NDArray[np.int64],
    resolution: float,
    window: float,
    result: Array,
    rng: np.random.Generator,
) -> None:
    """Fill the likelihoods of `ring_likelihoods`."""
    hypotheses = theta.shape[1]
    for i in range(len(theta)):
        if not inside[i]:
            continue
        density = background[i] / window
        for h in range(hypotheses):
            # The part of the Gaussian within the window.
            upper, lower = (window - theta[i, h]) / resolution, -theta[i, h] / resolution
            part = 0.5 * (erf(upper / np.sqrt(2.0)) - erf(lower / np.sqrt(2.0)))
            result[i, h] = -mean[i, h] * part
        signal = rng.poisson(mean[i, species[i]])
        for k in range(signal + rng.poisson(background[i])):
            if k < signal:
                seen = theta[i, species[i]] + resolution * rng.standard_normal()
                if seen < 0 or seen > window:
                    continue
            else:
                seen = window * rng.random()
            for h in range(hypotheses):
                pull = (seen - theta[i, h]) / resolution
                shape = np.exp(-0.5 * pull * pull) / (np.sqrt(2 * np.pi) * resolution)
                result[i, h] += np.log(density + mean[i, h] * shape)
