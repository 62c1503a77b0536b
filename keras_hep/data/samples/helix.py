"""Helices of charged particles in a solenoid, from cylinder to cylinder, with kinks by multiple scattering."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["BENDING", "Helix", "Kink", "highland", "propagate", "scatter"]

Array = npt.NDArray[np.float64]

BENDING = 0.299792458e-3
"""pT = BENDING * field * radius, with GeV, T and mm."""


class Helix(NamedTuple):
    """Points on helices and the directions there; every array has shape (particles,).

    Attributes:
        x: position (mm).
        y: position (mm).
        z: position (mm), along the field.
        phi: azimuth of the momentum (rad).
        pt: transverse momentum (GeV).
        cot: cotangent of the polar angle, pz over pT.
        charge: +1 or -1; in a positive field positive particles turn clockwise, to smaller phi.
    """

    x: Array
    y: Array
    z: Array
    phi: Array
    pt: Array
    cot: Array
    charge: Array


class Kink(NamedTuple):
    """Two projected scattering angles (rad), around the momentum in azimuth and in polar angle; (particles,)."""

    azimuth: Array
    polar: Array


def propagate(helix: Helix, radius: float, field: float) -> Helix:
    """Follow helices outwards to a cylinder around the z axis.

    Args:
        helix: where they are, inside the cylinder.
        radius: radius of the cylinder (mm).
        field: magnetic field along z (T).

    Returns:
        The points on the cylinder; not a number for helices that turn back before they reach it.
    """
    # Signed curvature (1/mm): the direction turns by -curvature times the path in the transverse plane.
    curvature = helix.charge * BENDING * field / helix.pt
    sin, cos = np.sin(helix.phi), np.cos(helix.phi)
    rho2 = helix.x**2 + helix.y**2
    # The angle turned, a, solves A sin a + B (1 - cos a) = C; written for half of it, so that straight tracks are exact.
    along = helix.x * cos + helix.y * sin
    across = helix.x * sin - helix.y * cos
    # With u = 2 tan(a/2) / curvature: u^2 (1 + curvature across - curvature^2 C / 4) + 2 u along - C = 0, C the gap.
    gap = radius**2 - rho2
    quadratic = 1 + curvature * across - curvature**2 * gap / 4
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(along**2 + quadratic * gap)
        u = gap / (along + root)
        turned = 2 * np.arctan(curvature * u / 2)
        path = np.where(curvature == 0, u, turned / np.where(curvature == 0, 1, curvature))
    chord = _chord(turned, path)
    middle = helix.phi - turned / 2
    return Helix(
        helix.x + chord * np.cos(middle),
        helix.y + chord * np.sin(middle),
        helix.z + path * helix.cot,
        helix.phi - turned,
        np.where(np.isnan(turned), np.nan, helix.pt),
        helix.cot,
        helix.charge,
    )


def _chord(turned: Array, path: Array) -> Array:
    """Return the chord of an arc of some length that turns by some angle."""
    return np.asarray(path * np.sinc(turned / (2 * np.pi)))


def highland(momentum: Array, thickness: Array, mass: float) -> Array:
    """Return the width of the projected scattering angle by Highland's formula (rad).

    Args:
        momentum: total momentum (GeV).
        thickness: radiation lengths crossed.
        mass: mass of the particle (GeV).
    """
    beta = momentum / np.hypot(momentum, mass)
    logarithm = np.log(np.maximum(thickness, 1e-12) / beta**2)
    return 0.0136 / (beta * momentum) * np.sqrt(thickness) * np.maximum(1 + 0.038 * logarithm, 0)


def scatter(helix: Helix, kink: Kink) -> Helix:
    """Change the directions by projected angles; the total momentum stays.

    Args:
        helix: where the particles are scattered.
        kink: angles in the plane of the transverse momentum, as seen by the particle, and in the polar angle.
    """
    momentum = helix.pt * np.hypot(1, helix.cot)
    sin = 1 / np.hypot(1, helix.cot)
    polar = np.arctan2(1, helix.cot) + kink.polar
    return helix._replace(phi=helix.phi + kink.azimuth / sin, pt=momentum * np.sin(polar), cot=1 / np.tan(polar))
