"""Pions from a blast wave: thermal emission from a cylinder that expands, nucl-th/9307020 and hep-ph/0101136.

At the radius r (a fraction of the outer one) and the azimuth phi_s the fluid moves outwards with the rapidity

    rho(r, phi_s) = r (rho_0 + rho_2 cos 2(phi_s - psi_2) + rho_3 cos 3(phi_s - psi_3)).

Freeze-out happens everywhere at the same longitudinal proper time, so that a cell emits p.n exp(-p.u / T) d3p/E with n
along that time.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from scipy import special

__all__ = ["PION_MASS", "BlastWave", "anisotropy", "pt_density", "sample_spectra"]

Array = npt.NDArray[np.float64]

PION_MASS = 0.13957


class BlastWave(NamedTuple):
    """Freeze-out of some collisions, each of shape (collisions,).

    Attributes:
        temperature: GeV.
        flow: rho_0, transverse rapidity at the surface.
        flow2: its elliptic modulation rho_2.
        flow3: its triangular modulation rho_3.
        psi2: angle of the elliptic flow (rad).
        psi3: angle of the triangular flow (rad).
    """

    temperature: Array
    flow: Array
    flow2: Array
    flow3: Array
    psi2: Array
    psi3: Array


def sample_spectra(
    waves: BlastWave, pions: npt.NDArray[np.int64], bins: tuple[int, int], pt_max: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Draw pions and count them in bins of pT and azimuth.

    Args:
        waves: the collisions.
        pions: how many pions each emits, shape (collisions,).
        bins: number of bins in pT, from zero to `pt_max`, and in azimuth, from -pi to pi.
        pt_max: end of the bins (GeV); pions of larger pT are not counted.
        rng: randomness.

    Returns:
        Numbers of pions, shape (collisions, *bins).
    """
    counts = np.zeros((len(pions), *bins), dtype=np.float32)
    _fill(*waves, pions, pt_max, counts, rng)
    return counts


@numba.njit(cache=True, nogil=True)
def _fill(
    temperature: Array,
    flow: Array,
    flow2: Array,
    flow3: Array,
    psi2: Array,
    psi3: Array,
    pions: npt.NDArray[np.int64],
    pt_max: float,
    counts: npt.NDArray[np.float32],
    rng: np.random.Generator,
) -> None:
    """Fill the spectra of `sample_spectra`."""
    pt_bins, phi_bins = counts.shape[1], counts.shape[2]
    for i in range(len(pions)):
        largest = np.exp(flow[i] + abs(flow2[i]) + abs(flow3[i]))
        made = 0
        while made < pions[i]:
            # Maxwell and Juettner, p^2 exp(-E/T), from p^2 exp(-p/T).
            p = temperature[i] * rng.standard_gamma(3.0)
            energy = np.sqrt(p * p + PION_MASS * PION_MASS)
            if rng.random() >= np.exp((p - energy) / temperature[i]):
                continue
            radius, phi = np.sqrt(rng.random()), 2 * np.pi * (rng.random() - 0.5)
            rho = radius * (flow[i] + flow2[i] * np.cos(2 * (phi - psi2[i])) + flow3[i] * np.cos(3 * (phi - psi3[i])))
            cosine = 2 * rng.random() - 1
            turn = 2 * np.pi * rng.random()
            outward = p * np.sqrt(1 - cosine * cosine) * np.cos(turn)
            sideward = p * np.sqrt(1 - cosine * cosine) * np.sin(turn)
            # A moving cell emits in proportion to the energy that a pion has in the frame of the collision.
            boosted = np.cosh(rho) * energy + np.sinh(rho) * outward
            if rng.random() * energy * largest >= boosted:
                continue
            made += 1
            outward = np.cosh(rho) * outward + np.sinh(rho) * energy
            row = int(np.hypot(outward, sideward) / pt_max * pt_bins)
            if row < pt_bins:
                angle = phi + np.arctan2(sideward, outward)
                turns = (angle + np.pi) / (2 * np.pi)
                column = int((turns - np.floor(turns)) * phi_bins)
                counts[i, row, min(column, phi_bins - 1)] += 1


def _cells(flow: float, flow2: float) -> tuple[Array, Array, Array]:
    """Return rapidity, azimuth and weight of the cells of a quadrature, for a modulation along the axis."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    radius = (nodes + 1) / 2
    # A quarter of the circle: an elliptic modulation is the same in all four.
    phi = (np.arange(8) + 0.5) * np.pi / 16
    rho = radius[:, None] * (flow + flow2 * np.cos(2 * phi))
    return rho, np.broadcast_to(phi, rho.shape), np.broadcast_to((weights * radius)[:, None], rho.shape)


def pt_density(pt: Array, temperature: float, flow: float, flow2: float = 0.0) -> Array:
    """Return dN/dpT up to a factor: pT mT times the integral of I0(pT sinh rho / T) K1(mT cosh rho / T).

    Args:
        pt: GeV, shape (n,).
        temperature: GeV.
        flow: rho_0.
        flow2: rho_2.
    """
    rho, _, weight = _cells(flow, flow2)
    along, emitted = _emitted(pt, rho, weight, temperature)
    return np.asarray(pt * np.hypot(pt, PION_MASS) * (emitted * special.i0(along)).sum(axis=(1, 2)))


def anisotropy(pt: Array, temperature: float, flow: float, flow2: float) -> Array:
    """Return v2(pT): the mean of cos 2(phi - psi_2), I2 in place of I0 and times cos 2 phi_s.

    Args:
        pt: GeV, above zero, shape (n,).
        temperature: GeV.
        flow: rho_0.
        flow2: rho_2.
    """
    rho, phi, weight = _cells(flow, flow2)
    along, emitted = _emitted(pt, rho, weight, temperature)
    zeroth = special.i0(along)
    second = zeroth - 2 * special.i1(along) / along
    even = (emitted * zeroth).sum(axis=(1, 2))
    return np.asarray((emitted * second * np.cos(2 * phi)).sum(axis=(1, 2)) / even)


def _emitted(pt: Array, rho: Array, weight: Array, temperature: float) -> tuple[Array, Array]:
    """Return the argument of the Bessel functions I and the weighted K1 of the cells, shape (n, *cells)."""
    mt = np.hypot(pt, PION_MASS)
    along = pt[:, None, None] * np.sinh(rho) / temperature
    return along, weight * special.k1(mt[:, None, None] * np.cosh(rho) / temperature)
