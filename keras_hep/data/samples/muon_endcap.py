"""Muons through an endcap: a solenoid, a calorimeter, magnetised steel, and the stations where they are seen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.helix import BENDING, highland

__all__ = ["Endcap", "Muons", "Slab", "start", "traverse"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Slab:
    """A stretch of space between two values of z.

    Attributes:
        near: where it begins (mm).
        far: where it ends (mm).
        axial: field along z (T).
        radial: field away from the z axis (T).
        radiation: radiation length of what fills it (mm); 0 for nothing.
        loss: mean energy loss of a muon in it (GeV/mm).
    """

    near: float
    far: float
    axial: float = 0.0
    radial: float = 0.0
    radiation: float = 0.0
    loss: float = 0.0


@dataclass(frozen=True)
class Endcap:
    """The card of the sample.

    Attributes:
        slabs: what a muon crosses, in order of z, without gaps.
        stations: z of the muon stations (mm).
        sigma_phi: resolution in azimuth (rad).
        sigma_theta: resolution in polar angle (rad).
        sigma_bend: resolution of the bending angle (rad).
        theta: least and largest polar angle that a station covers (rad).
        efficiency: probability of a stub in a station.
        least_stubs: muons with fewer stubs are dropped.
        eta: least and largest pseudorapidity; flat.
        straggling: relative standard deviation of the energy loss in a slab.
        steps: steps in a slab.
        mass: mass of the muon (GeV).
    """

    slabs: tuple[Slab, ...] = (
        Slab(0.0, 3900.0, axial=3.8),
        Slab(3900.0, 5500.0, axial=3.6, radiation=14.9, loss=1.35e-3),
        Slab(5500.0, 6200.0, axial=2.0),
        Slab(6200.0, 6800.0, radial=1.5, radiation=17.57, loss=1.30e-3),
        Slab(6800.0, 7500.0),
        Slab(7500.0, 8100.0, radial=1.5, radiation=17.57, loss=1.30e-3),
        Slab(8100.0, 8700.0),
        Slab(8700.0, 9000.0, radial=1.0, radiation=17.57, loss=1.30e-3),
        Slab(9000.0, 9700.0),
        Slab(9700.0, 9800.0, radiation=17.57, loss=1.30e-3),
        Slab(9800.0, 10400.0),
    )
    stations: tuple[float, float, float, float] = (7000.0, 8300.0, 9350.0, 10250.0)
    sigma_phi: float = 0.0005
    sigma_theta: float = 0.0015
    sigma_bend: float = 0.008
    theta: tuple[float, float] = (0.16, 0.76)
    efficiency: float = 0.95
    least_stubs: int = 2
    eta: tuple[float, float] = (1.2, 2.4)
    straggling: float = 0.08
    steps: int = 8
    mass: float = 0.10566


class Muons(NamedTuple):
    """Muons on their way, all at one z; every array has shape (muons,).

    Attributes:
        x: position (mm).
        y: position (mm).
        px: momentum (GeV).
        py: momentum (GeV).
        pz: momentum (GeV); a muon that has stopped has none, and is not a number from then on.
        charge: +1 or -1.
    """

    x: Array
    y: Array
    px: Array
    py: Array
    pz: Array
    charge: Array

    @property
    def momentum(self) -> Array:
        """Total momentum (GeV)."""
        return np.sqrt(self.px**2 + self.py**2 + self.pz**2)


def start(pt: Array, eta: Array, phi: Array, charge: Array) -> Muons:
    """Return muons at the collision point."""
    zero = np.zeros_like(pt)
    return Muons(zero, zero, pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), charge)


def traverse(muons: Muons, card: Endcap, rng: np.random.Generator | None) -> list[Muons]:
    """Follow muons through all slabs.

    Args:
        muons: at the collision point.
        card: what they cross.
        rng: randomness of scattering and energy loss; None for no scattering and the mean energy loss.

    Returns:
        The muons at each station.
    """
    seen = []
    for slab in card.slabs:
        inside = [z for z in card.stations if slab.near <= z < slab.far]
        limits = [slab.near, *inside, slab.far]
        for near, far in pairwise(limits):
            muons = _cross(muons, slab, far - near, card, rng)
            if far in inside:
                seen.append(muons)
    return seen


def _cross(muons: Muons, slab: Slab, depth: float, card: Endcap, rng: np.random.Generator | None) -> Muons:
    """Follow muons through some depth (mm) of a slab."""
    path = depth / card.steps
    count = len(muons.x)
    noise = np.zeros((2 * card.steps + 1, count)) if rng is None else rng.normal(size=(2 * card.steps + 1, count))
    loss = slab.loss * path * (1 + card.straggling * noise[-1])
    for step in range(card.steps):
        # Half of the bending before the step and half behind it: exact to second order.
        muons = _bend(muons, slab, path / 2)
        muons = muons._replace(x=muons.x + path * muons.px / muons.pz, y=muons.y + path * muons.py / muons.pz)
        muons = _bend(muons, slab, path / 2)
        if slab.radiation:
            muons = _slow(muons, loss, card.mass)
            muons = _scatter(muons, slab, depth, card, noise[2 * step], noise[2 * step + 1])
    return muons


def _bend(muons: Muons, slab: Slab, path: float) -> Muons:
    """Turn the momenta by the field over some depth (mm): dp/dz = 0.3 q (p x B) / pz."""
    if slab.axial:
        angle = -muons.charge * BENDING * slab.axial * path / muons.pz
        sin, cos = np.sin(angle), np.cos(angle)
        muons = muons._replace(px=muons.px * cos - muons.py * sin, py=muons.px * sin + muons.py * cos)
    if slab.radial:
        radius = np.hypot(muons.x, muons.y)
        kick = muons.charge * BENDING * slab.radial * path / radius
        # Along z x r, the azimuth; what pz gains or loses keeps the momentum.
        px, py = muons.px - kick * muons.y, muons.py + kick * muons.x
        muons = muons._replace(px=px, py=py, pz=_real_root(muons.momentum**2 - px**2 - py**2))
    return muons


def _slow(muons: Muons, loss: Array, mass: float) -> Muons:
    """Take energy away over one step; `loss` is for a step along z."""
    momentum = muons.momentum
    energy = np.hypot(momentum, mass) - loss * momentum / muons.pz
    left = _real_root(np.where(energy > 0, energy**2 - mass**2, -1.0)) / momentum
    return muons._replace(px=muons.px * left, py=muons.py * left, pz=muons.pz * left)


def _scatter(muons: Muons, slab: Slab, depth: float, card: Endcap, first: Array, second: Array) -> Muons:
    """Scatter the muons as one of the steps through some depth (mm)."""
    momentum = muons.momentum
    slant = momentum / muons.pz
    width = highland(momentum, depth * slant / slab.radiation, card.mass) / np.sqrt(card.steps)
    pt = np.hypot(muons.px, muons.py)
    # Around the momentum: along the azimuth, and in the plane of momentum and z.
    along, up = momentum * np.tan(width * first), momentum * np.tan(width * second)
    px = muons.px - along * muons.py / pt + up * muons.px / pt / slant
    py = muons.py + along * muons.px / pt + up * muons.py / pt / slant
    pz = muons.pz - up * pt / momentum
    scale = momentum / np.sqrt(px**2 + py**2 + pz**2)
    return muons._replace(px=px * scale, py=py * scale, pz=np.where(pz > 0, pz * scale, np.nan))


def _real_root(square: Array) -> Array:
    """Return square roots, not a number for what is not positive."""
    return np.sqrt(np.where(square > 0, square, np.nan))
