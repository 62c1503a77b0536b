"""The densities of the sample `toys` in closed form, and its card."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

__all__ = ["CARD", "Choices", "Toys", "log_density"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Toys:
    """The card of the sample; lengths have no unit, masses are in GeV.

    Attributes:
        moon: centre of the second moon; the first one lies around the origin.
        weights: the linear Gaussian is `weights` z + `offset` + noise with a standard normal z.
        offset: see there.
        spread: standard deviation of that noise in each coordinate.
        mass_range: least and largest mass of the falling spectrum.
        scale: the spectrum falls by a factor e in so many GeV.
        width: relative width of the resonance.
    """

    moon: tuple[float, float] = (1.0, 0.5)
    weights: tuple[float, float] = (2.0, 1.0)
    offset: tuple[float, float] = (0.5, -0.5)
    spread: float = 0.5
    mass_range: tuple[float, float] = (1500.0, 6500.0)
    scale: float = 800.0
    width: float = 0.03


CARD = Toys()
LOG_TWO_PI = math.log(2.0 * math.pi)


class Choices(NamedTuple):
    """The options of the sample, ``Choices(**SAMPLE.options)``; ``SAMPLE.card["option_meanings"]`` explains them."""

    noise: float
    rings: int
    spots: int
    signal: float
    mass: float
    separation: float


def log_density(name: str, x: Floats, mass: Floats, choices: Choices) -> Floats:
    """Return the logarithm of the density of a class, normalised over the plane (for the bump, plane and mass in GeV).

    With N the normal density, r and t the polar coordinates of x, s the noise:

    - moons: half of N(r; 1, s) / (pi r) around each centre, in the half plane of the moon;
    - rings: the mean of N(r; k, s) / (2 pi r) over the rings k, or of two-dimensional normal densities over the spots;
    - linear Gaussian: N(x; offset, W W^T + spread^2);
    - bump: (1 - f) exp(-m / scale) / Z N(x; 0, 1) + f N(m; M, width M) N(x; (separation, 0), 1).

    The radius of a moon or ring is taken as never negative, which holds but for 3e-7 of the points at the largest noise.

    Args:
        name: one of the classes.
        x: coordinates, shape (points, 2).
        mass: in GeV, shape (points,); the bump alone uses it.
        choices: the options of the sample.

    Returns:
        Shape (points,); minus infinity where the density vanishes.
    """
    if name == "moons":
        return _log_moons(x, choices)
    if name == "rings":
        return _log_rings(x, choices)
    if name == "linear-gaussian":
        covariance = np.outer(CARD.weights, CARD.weights) + CARD.spread**2 * np.eye(2)
        shifted = x - CARD.offset
        distance: Floats = np.einsum("ni,ij,nj->n", shifted, np.linalg.inv(covariance), shifted)
        return -0.5 * (distance + float(np.linalg.slogdet(covariance)[1])) - LOG_TWO_PI
    return _log_bump(x, mass, choices)


def _log_normal(values: Floats, mean: float, deviation: float) -> Floats:
    """Return the logarithm of a normal density."""
    return -0.5 * ((values - mean) / deviation) ** 2 - math.log(deviation) - 0.5 * LOG_TWO_PI


def _radius(x: Floats) -> Floats:
    """Return the distance from the origin, where it has a logarithm."""
    radius: Floats = np.maximum(np.hypot(x[:, 0], x[:, 1]), 1e-12)
    return radius


def _log_moons(x: Floats, choices: Choices) -> Floats:
    parts = []
    for centre, sign in (((0.0, 0.0), 1.0), (CARD.moon, -1.0)):
        shifted = x - centre
        radius = _radius(shifted)
        inside = np.where(sign * shifted[:, 1] >= 0.0, 0.0, -np.inf)
        parts.append(inside + _log_normal(radius, 1.0, choices.noise) - np.log(2.0 * np.pi * radius))
    mixed: Floats = np.logaddexp(*parts)
    return mixed


def _log_rings(x: Floats, choices: Choices) -> Floats:
    if choices.spots:
        angles = 2.0 * np.pi * np.arange(choices.spots) / choices.spots
        parts = [
            _log_normal(x[:, 0], (1 + ring) * math.cos(angle), choices.noise)
            + _log_normal(x[:, 1], (1 + ring) * math.sin(angle), choices.noise)
            for ring in range(choices.rings)
            for angle in angles
        ]
    else:
        radius = _radius(x)
        parts = [
            _log_normal(radius, 1.0 + ring, choices.noise) - np.log(2.0 * np.pi * radius)
            for ring in range(choices.rings)
        ]
    mixed: Floats = logsumexp(parts, axis=0)
    return mixed - math.log(len(parts))


def _log_bump(x: Floats, mass: Floats, choices: Choices) -> Floats:
    low, high = CARD.mass_range
    spectrum = -(mass - low) / CARD.scale - np.log(-CARD.scale * np.expm1(-(high - low) / CARD.scale))
    background = np.where((mass >= low) & (mass <= high), spectrum, -np.inf) + _log_normal(x[:, 0], 0.0, 1.0)
    signal = _log_normal(mass, choices.mass, CARD.width * choices.mass) + _log_normal(x[:, 0], choices.separation, 1.0)
    with np.errstate(divide="ignore"):  # a fraction of 0 or 1 leaves one of the two out
        mixed: Floats = np.logaddexp(np.log1p(-choices.signal) + background, np.log(choices.signal) + signal)
    return mixed + _log_normal(x[:, 1], 0.0, 1.0)
