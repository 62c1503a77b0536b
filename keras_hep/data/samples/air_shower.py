"""Air showers seen by an array of water-Cherenkov detectors: depth of the maximum, signals and arrival times.

The signal at 1000 m, its attenuation with zenith angle and its relation to the energy are of the form that the Pierre
Auger Observatory publishes; the signal is the sum of an electromagnetic part, which grows with the depth of the shower
maximum, and of a muonic part, which grows with the mass of the primary and falls more slowly with distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import digamma

__all__ = [
    "Front",
    "Model",
    "Response",
    "Showers",
    "attenuation",
    "curvature",
    "depth_of_maximum",
    "front",
    "lateral",
    "mean_depth",
    "respond",
]

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SPEED_OF_LIGHT = 0.299792458
"""m/ns."""


@dataclass(frozen=True)
class Model:
    """How showers look on the ground, in nature or in a simulation.

    Attributes:
        energy_scale: energy of a shower with one VEM at 1000 m and 38 degrees (EeV).
        energy_index: exponent in energy = scale S38^index.
        attenuation: a, b and c of the attenuation with zenith angle.
        muon_fraction: muonic part of the signal at 1000 m and 38 degrees.
        muon_zenith: growth of that part with sec(theta) - sec(38 degrees).
        muon_scale: the muonic signal is this times what it should be.
        muon_mass: the muonic signal grows as A to this power.
        muon_spread: relative standard deviation of the muonic signal of a shower.
        em_depth: relative growth of the electromagnetic signal with depth of the maximum (cm2/g).
        em_attenuation: extra fall of the electromagnetic signal, as exp(-x (sec(theta) - sec(38 degrees))).
        slope: slope of the lateral distribution of vertical showers, and its change with sec(theta) - 1.
        muon_slope: the muonic part falls less steeply by this.
        signal_spread: standard deviation of a signal over its square root, and its change with sec(theta).
        first_depth: the first particles come from this part of the depth of the maximum.
        time_offset: added to all times (ns).
        time_spread: resolution of the times of large signals (ns).
        front_spread: thickness of the shower front at 1000 m, divided by the square root of the signal (ns).
    """

    energy_scale: float = 0.190
    energy_index: float = 1.025
    attenuation: tuple[float, float, float] = (0.980, -1.68, -1.30)
    muon_fraction: float = 0.45
    muon_zenith: float = 0.6
    muon_scale: float = 1.0
    muon_mass: float = 0.10
    muon_spread: float = 0.12
    em_depth: float = 0.0020
    em_attenuation: float = 0.0
    slope: tuple[float, float] = (-2.55, 0.7)
    muon_slope: float = 0.3
    signal_spread: tuple[float, float] = (0.34, 0.46)
    first_depth: float = 0.4
    time_offset: float = 0.0
    time_spread: float = 15.0
    front_spread: float = 120.0


class Showers(NamedTuple):
    """Showers; every array has shape (showers,), vectors (showers, 3) or (showers, 2).

    Attributes:
        energy: EeV.
        mass: mass number of the primary.
        depth: depth of the shower maximum (g/cm2).
        axis: unit vector to where the shower comes from.
        core: where the axis hits the ground (m).
    """

    energy: Array
    mass: Integers
    depth: Array
    axis: Array
    core: Array


class Front(NamedTuple):
    """What arrives at the stations, without fluctuations; (showers, stations).

    Attributes:
        distance: distance to the axis (m).
        signal: VEM.
        muonic: muonic part of it (VEM).
        time: arrival after the core is hit (ns).
    """

    distance: Array
    signal: Array
    muonic: Array
    time: Array


class Response(NamedTuple):
    """What the stations read; (showers, stations).

    Attributes:
        signal: VEM.
        time: ns after the core is hit.
    """

    signal: Array
    time: Array


# Gumbel parameters for EPOS-LHC, arXiv:1305.2331: rows are powers of log10(E / 10 EeV), columns powers of ln A.
_LOCATION = np.array([[775.457, -10.3991, -1.75261], [58.5306, -0.827668, 0.231144], [-1.40781, 0.225624, -0.10008]])
_SCALE = np.array([[32.2632, 3.94252, -0.864421], [1.27601, -1.81337, 0.231914]])
_SHAPE = np.array([[0.641093, 0.219762, 0.171124], [0.0726131, 0.0353188, -0.0131158]])


def _gumbel(energy: Array, mass: Integers) -> tuple[Array, Array, Array]:
    """Return location and scale (g/cm2) and shape of the distribution of the depth of the maximum."""
    decade, log_mass = np.log10(energy / 10), np.log(mass)
    powers = np.stack([np.ones_like(log_mass), log_mass, log_mass**2])
    location, scale, shape = (
        sum((table[k] @ powers) * decade**k for k in range(len(table))) for table in (_LOCATION, _SCALE, _SHAPE)
    )
    return np.asarray(location), np.asarray(scale), np.asarray(shape)


def depth_of_maximum(energy: Array, mass: Integers, rng: np.random.Generator) -> Array:
    """Draw depths of the shower maximum (g/cm2) from generalised Gumbel distributions, arXiv:1305.2331.

    Args:
        energy: EeV.
        mass: mass number of the primary.
        rng: randomness.
    """
    location, scale, shape = _gumbel(energy, mass)
    return np.asarray(location - scale * np.log(rng.gamma(shape) / shape))


def mean_depth(energy: Array, mass: Integers) -> Array:
    """Return the mean depth of the shower maximum (g/cm2)."""
    location, scale, shape = _gumbel(energy, mass)
    return np.asarray(location + scale * (np.log(shape) - digamma(shape)))


def attenuation(cos: Array, model: Model) -> Array:
    """Return the signal at 1000 m over that at 38 degrees, for the cosine of a zenith angle."""
    x = cos**2 - np.cos(np.radians(38.0)) ** 2
    a, b, c = model.attenuation
    return np.asarray(1 + a * x + b * x**2 + c * x**3)


def lateral(distance: Array, slope: Array) -> Array:
    """Return the lateral distribution over that at 1000 m: a function like that of Nishimura, Kamata and Greisen.

    Args:
        distance: m; nearer than 100 m it is taken as 100 m.
        slope: beta.
    """
    r = np.maximum(distance, 100.0)
    return np.asarray(((r / 1000) * (r + 700) / 1700) ** slope)


def front(showers: Showers, stations: Array, model: Model) -> Front:
    """Return what arrives at stations.

    Args:
        showers: the showers.
        stations: positions on the ground (m), (stations, 2).
        model: how showers look.
    """
    cos = showers.axis[:, 2]
    rise = 1 / cos - 1 / np.cos(np.radians(38.0))
    reference = (showers.energy / model.energy_scale) ** (1 / model.energy_index) * attenuation(cos, model)
    muons = np.clip(model.muon_fraction + model.muon_zenith * rise, 0.05, 0.95)
    # Means over an equal mixture of proton and iron: so the data follow the relation of energy and signal.
    one = np.ones_like(showers.mass)
    middle = (mean_depth(showers.energy, one) + mean_depth(showers.energy, 56 * one)) / 2
    muonic = reference * muons * model.muon_scale * (showers.mass / np.sqrt(56)) ** model.muon_mass
    em = reference * (1 - muons) * np.exp(model.em_depth * (showers.depth - middle) - model.em_attenuation * rise)
    slope = (model.slope[0] + model.slope[1] * (1 / cos - 1))[:, None]
    flat = np.concatenate([stations, np.zeros((len(stations), 1))], axis=1)
    offset = flat[None] - np.pad(showers.core, ((0, 0), (0, 1)))[:, None]
    along = np.einsum("ijk,ik->ij", offset, showers.axis)
    distance = np.sqrt(np.maximum(np.sum(offset**2, axis=2) - along**2, 0))
    muon_part = muonic[:, None] * lateral(distance, slope + model.muon_slope)
    signal = muon_part + em[:, None] * lateral(distance, slope)
    radius = curvature(showers.depth, cos, model)[:, None]
    time = (np.hypot(radius - along, distance) - radius) / SPEED_OF_LIGHT + model.time_offset
    return Front(distance, signal, muon_part, time)


def curvature(depth: Array, cos: Array, model: Model) -> Array:
    """Return the radius of the shower front (m), which is a sphere around where the first particles come from.

    The atmosphere is an exponential of 1030 g/cm2 and 8.4 km; the array lies 1400 m above the sea.

    Args:
        depth: depth of the shower maximum (g/cm2).
        cos: cosine of the zenith angle.
        model: says how much before the maximum the first particles come from.
    """
    return np.asarray((8400 * np.log(1030 / (model.first_depth * depth * cos)) - 1400) / cos)


def respond(arriving: Front, cos: Array, model: Model, rng: np.random.Generator) -> Response:
    """Let signals and times fluctuate.

    Args:
        arriving: what arrives at the stations.
        cos: cosine of the zenith angles, (showers,).
        model: how stations measure.
        rng: randomness.
    """
    shower = np.exp(model.muon_spread * rng.normal(size=(len(cos), 1)) - model.muon_spread**2 / 2)
    mean = arriving.signal + arriving.muonic * (shower - 1)
    factor = (model.signal_spread[0] + model.signal_spread[1] / cos)[:, None] ** 2
    signal = rng.standard_gamma(mean / factor) * factor
    thickness = model.front_spread * arriving.distance / 1000 / np.sqrt(np.maximum(signal, 1.0))
    time = arriving.time + np.hypot(model.time_spread, thickness) * rng.normal(size=mean.shape)
    return Response(signal, time)
