"""A mass peak on a falling background, and sPlot weights from the true model (physics/0402083)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

__all__ = ["MassModel"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MassModel:
    """A Gaussian peak on an exponential, both within limits.

    Attributes:
        peak: mean of the peak (GeV).
        width: its standard deviation (GeV).
        slope: rate of the exponential (1/GeV).
        limits: least and largest mass (GeV).
        fraction: part of signal.
    """

    peak: float = 1.8648
    width: float = 0.008
    slope: float = 5.0
    limits: tuple[float, float] = (1.8248, 1.9048)
    fraction: float = 0.5

    def draw(self, signal: npt.NDArray[np.bool_], rng: np.random.Generator) -> Array:
        """Draw masses (GeV).

        Args:
            signal: which candidates are signal, shape (n,).
            rng: randomness.
        """
        uniform = rng.random(len(signal))
        low, high = self._edges()
        peaking = self.peak + self.width * ndtri(low + uniform * (high - low))
        falling = self.limits[0] - np.log1p(-uniform * self._falling_norm()) / self.slope
        return np.where(signal, peaking, falling)

    def densities(self, mass: Array) -> Array:
        """Return the densities of signal and background (1/GeV), shape (2, n).

        Args:
            mass: GeV, within the limits, shape (n,).
        """
        low, high = self._edges()
        pull = (mass - self.peak) / self.width
        peaking = np.exp(-(pull**2) / 2) / (np.sqrt(2 * np.pi) * self.width * (high - low))
        falling = self.slope * np.exp(-self.slope * (mass - self.limits[0])) / self._falling_norm()
        return np.stack([peaking, falling])

    def signal_weight(self, mass: Array) -> Array:
        """Return the sPlot weights of signal for the true densities and yields.

        Args:
            mass: GeV, shape (n,).
        """
        nodes, weights = np.polynomial.legendre.leggauss(200)
        half = (self.limits[1] - self.limits[0]) / 2
        at_nodes = self.densities(self.limits[0] + half * (nodes + 1))
        yields = np.array([self.fraction, 1 - self.fraction])
        inverse = np.einsum("im,jm,m->ij", at_nodes, at_nodes, half * weights / (yields @ at_nodes))
        covariance = np.linalg.inv(inverse)
        density = self.densities(mass)
        return np.asarray(covariance[0] @ density / (yields @ density))

    def _edges(self) -> tuple[float, float]:
        """Return the cumulative Gaussian at the limits."""
        low, high = (float(ndtr((limit - self.peak) / self.width)) for limit in self.limits)
        return low, high

    def _falling_norm(self) -> float:
        """Return the part of the exponential below the upper limit."""
        return float(-np.expm1(-self.slope * (self.limits[1] - self.limits[0])))
