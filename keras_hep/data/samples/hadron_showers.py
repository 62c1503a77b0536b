"""Showers of photons, electrons and charged pions as components that are thrown into cells.

A photon converts to a pair of electrons, each of which showers as in `keras_hep.data.samples.showers`. A pion is a
track until it interacts. Part of its energy goes into neutral pions, whose photons shower where they are produced; the
rest, of which less is visible, follows the hadronic part of the profile of Bock et al., Nucl. Instrum. Meth. 186 (1981)
533, in depth and an exponential in radius. The electromagnetic part follows arXiv:physics/0605164.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc

from keras_hep.data.samples.showers import Medium, longitudinal, radial, spot_number
from keras_hep.data.samples.spots import CORE_AND_TAIL, EXPONENTIAL, Components

__all__ = [
    "Hadronic",
    "Shower",
    "bock_profile",
    "electron_showers",
    "mean_em_fraction",
    "photon_showers",
    "pion_showers",
]

Array = npt.NDArray[np.float64]

CONVERSION = 9 / 7
"""Mean free path of a photon against pair production (radiation lengths)."""


@dataclass(frozen=True)
class Hadronic:
    """Parameters of hadronic showers.

    Attributes:
        response: visible energy of the hadronic part over that of an electron of the same energy, h/e.
        resolution: fluctuations of the hadronic part (sqrt(GeV)).
        threshold: energy E0 in the mean electromagnetic fraction 1 - (E/E0)^(k-1) (GeV).
        exponent: k in it.
        fraction_width: standard deviation of the electromagnetic fraction at 10 GeV; it falls as E^-0.1.
        depth_width: standard deviation of the logarithm of the scale of the hadronic profile.
        radius: slope of the exponential in radius (interaction lengths).
        pions: neutral pions beyond the first, per unit of ln(E/GeV).
        spots: spots of the hadronic part (1/GeV).
    """

    response: float
    resolution: float = 0.65
    threshold: float = 1.0
    exponent: float = 0.82
    fraction_width: float = 0.17
    depth_width: float = 0.25
    radius: float = 0.36
    pions: float = 0.3
    spots: float = 30.0


class Shower(NamedTuple):
    """Components of showers, and what is true of each shower, of shape (showers,).

    Attributes:
        components: what is thrown into the cells.
        start: path along the axis to the first interaction (mm); of a photon, to its conversion.
        em_fraction: part of the energy that showers electromagnetically.
    """

    components: Components
    start: Array
    em_fraction: Array


def mean_em_fraction(energy: Array, hadronic: Hadronic) -> Array:
    """Return the mean electromagnetic fraction of pions of some energy (GeV)."""
    return np.maximum(1 - (energy / hadronic.threshold) ** (hadronic.exponent - 1), 0.02)


def bock_profile(energy: Array) -> tuple[Array, Array]:
    """Return shape and rate (per interaction length) of the gamma distribution of the hadronic part in depth."""
    log_e = np.log(energy)
    return np.maximum(0.6165 + 0.3183 * log_e, 0.5), 0.9099 - 0.0237 * log_e


def electron_showers(
    energy: Array, medium: Medium, resolution: float, edges: Array, rng: np.random.Generator
) -> Shower:
    """Return showers of electrons, which start at the front face.

    Args:
        energy: their energy (GeV), shape (showers,).
        medium: the calorimeter.
        resolution: sampling term of the energy resolution for electrons (sqrt(GeV)).
        edges: limits of the steps along the axis (mm), shape (steps + 1,).
        rng: randomness.
    """
    count = len(energy)
    zero = np.zeros(count)
    parts = _electrons(np.arange(count), zero, np.zeros((count, 2)), energy, medium, resolution, edges, rng)
    return Shower(parts, zero, np.ones(count))


def photon_showers(energy: Array, medium: Medium, resolution: float, edges: Array, rng: np.random.Generator) -> Shower:
    """Return showers of photons; the arguments are those of `electron_showers`."""
    count = len(energy)
    start = rng.exponential(CONVERSION * medium.radiation_mm, size=count)
    parts = _photons(np.arange(count), start, np.zeros((count, 2)), energy, medium, resolution, edges, rng)
    return Shower(parts, start, np.ones(count))


def pion_showers(
    energy: Array, medium: Medium, resolution: float, hadronic: Hadronic, edges: Array, rng: np.random.Generator
) -> Shower:
    """Return showers of charged pions.

    Args:
        energy: their energy (GeV), shape (showers,).
        medium: the calorimeter.
        resolution: sampling term of the energy resolution for electrons (sqrt(GeV)).
        hadronic: parameters of the hadronic part.
        edges: limits of the steps along the axis (mm), shape (steps + 1,).
        rng: randomness.
    """
    count = len(energy)
    owner = np.arange(count)
    start = rng.exponential(medium.pion_interaction_mm, size=count)
    left = np.maximum(energy - medium.loss * start, 0.02 * energy)
    mean = mean_em_fraction(energy, hadronic)
    width = np.minimum(hadronic.fraction_width * (energy / 10) ** -0.1, 0.7 * np.sqrt(mean * (1 - mean)))
    concentration = mean * (1 - mean) / width**2 - 1
    fraction = rng.beta(mean * concentration, (1 - mean) * concentration)
    parts = [
        _track(owner, start, energy, medium, edges, rng),
        _hadrons(owner, start, (1 - fraction) * left, energy, medium, hadronic, edges, rng),
        _neutral_pions(owner, start, fraction * left, energy, medium, resolution, hadronic, edges, rng),
    ]
    return Shower(_join(parts), start, fraction)


def _electrons(
    owner: npt.NDArray[np.int64],
    start: Array,
    offset: Array,
    energy: Array,
    medium: Medium,
    resolution: float,
    edges: Array,
    rng: np.random.Generator,
) -> Components:
    """Return one component for each electron."""
    profile = longitudinal(energy, medium, rng)
    depth = np.maximum(edges[None, :] - start[:, None], 0) / medium.radiation_mm
    shares = np.diff(gammainc(profile.alpha[:, None], profile.beta[:, None] * depth), axis=1)
    spots = np.diff(gammainc(profile.spot_alpha[:, None], profile.spot_beta[:, None] * depth), axis=1)
    visible = _fluctuate(shares * energy[:, None], resolution, rng) * medium.electron_fraction
    number = rng.poisson(spots * spot_number(energy, medium, resolution)[:, None])
    tau = (depth[:, :-1] + depth[:, 1:]) / 2 / profile.mean_depth[:, None]
    core, tail, weight = radial(tau, energy[:, None], medium)
    scale = medium.moliere_mm
    shape = np.full(len(owner), CORE_AND_TAIL)
    return Components(
        owner, shape, offset, visible, np.maximum(number, visible > 0), core * scale, tail * scale, weight
    )


def _photons(
    owner: npt.NDArray[np.int64],
    start: Array,
    offset: Array,
    energy: Array,
    medium: Medium,
    resolution: float,
    edges: Array,
    rng: np.random.Generator,
) -> Components:
    """Return two electrons for each photon, from where it converts."""
    share = _pair_share(len(owner), rng)
    return _electrons(
        np.repeat(owner, 2),
        np.repeat(start, 2),
        np.repeat(offset, 2, axis=0),
        np.stack([share * energy, (1 - share) * energy], axis=1).ravel(),
        medium,
        resolution,
        edges,
        rng,
    )


def _pair_share(count: int, rng: np.random.Generator) -> Array:
    """Draw the part of a photon's energy that one electron gets: 1 - 4/3 x (1 - x), complete screening."""
    # The cumulative distribution (9 x - 6 x^2 + 4 x^3) / 7 grows strictly, so its inverse is interpolated.
    x = np.linspace(0, 1, 513)
    share = np.interp(rng.random(count), (9 * x - 6 * x**2 + 4 * x**3) / 7, x)
    return np.clip(share, 0.002, 0.998)


def _track(
    owner: npt.NDArray[np.int64], start: Array, energy: Array, medium: Medium, edges: Array, rng: np.random.Generator
) -> Components:
    """Return the ionisation of the pion before it interacts, or until it has lost its energy."""
    length = np.diff(np.minimum(edges[None, :], np.minimum(start, 0.98 * energy / medium.loss)[:, None]), axis=1)
    lost = medium.loss * length
    # Energy loss in one layer of about a centimetre fluctuates by some 30 %; its variance grows with the thickness.
    straggling = 0.3 * np.sqrt(medium.loss * 10)
    visible = _fluctuate(lost, straggling, rng) * medium.mip_fraction
    zero = np.zeros_like(visible)
    number = (visible > 0).astype(np.int64) * 2
    return Components(
        owner, np.full(len(owner), CORE_AND_TAIL), np.zeros((len(owner), 2)), visible, number, zero, zero, zero
    )


def _hadrons(
    owner: npt.NDArray[np.int64],
    start: Array,
    energy: Array,
    incident: Array,
    medium: Medium,
    hadronic: Hadronic,
    edges: Array,
    rng: np.random.Generator,
) -> Components:
    """Return the hadronic part of each shower."""
    shape, rate = bock_profile(incident)
    rate = rate * np.exp(hadronic.depth_width * rng.normal(size=len(owner)))
    depth = np.maximum(edges[None, :] - start[:, None], 0) / medium.interaction_mm
    shares = np.diff(gammainc(shape[:, None], rate[:, None] * depth), axis=1)
    deposited = shares * energy[:, None]
    visible = _fluctuate(deposited, hadronic.resolution, rng) * (medium.electron_fraction * hadronic.response)
    number = rng.poisson(hadronic.spots * deposited)
    radius = np.full_like(visible, hadronic.radius * medium.interaction_mm)
    return Components(
        owner,
        np.full(len(owner), EXPONENTIAL),
        np.zeros((len(owner), 2)),
        visible,
        np.maximum(number, visible > 0),
        radius,
        radius,
        np.ones_like(visible),
    )


def _neutral_pions(
    owner: npt.NDArray[np.int64],
    start: Array,
    energy: Array,
    incident: Array,
    medium: Medium,
    resolution: float,
    hadronic: Hadronic,
    edges: Array,
    rng: np.random.Generator,
) -> Components:
    """Return the photons of neutral pions: one from the first interaction, the others from along the cascade."""
    number = 1 + rng.poisson(hadronic.pions * np.log(np.maximum(incident, 1.0)))
    of = np.repeat(owner, number)
    share = rng.exponential(size=len(of))
    share /= np.bincount(of, weights=share, minlength=len(owner))[of]
    later = np.concatenate([[False], of[1:] == of[:-1]])
    shape, rate = bock_profile(incident[of])
    produced = start[of] + later * rng.gamma(shape, 1 / rate) * medium.interaction_mm
    converted = produced + rng.exponential(CONVERSION * medium.radiation_mm, size=len(of))
    # Those produced later come from hadrons that have left the axis, but less far than the slow ones at the end.
    radius = later * rng.gamma(2.0, 0.4 * hadronic.radius * medium.interaction_mm, size=len(of))
    angle = rng.uniform(-np.pi, np.pi, size=len(of))
    offset = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    amount = np.maximum(share * energy[of], 1e-3)
    return _photons(of, converted, offset, amount, medium, resolution, edges, rng)


def _fluctuate(energy: Array, resolution: float, rng: np.random.Generator) -> Array:
    """Let energies (GeV) fluctuate with standard deviation resolution * sqrt(E), whatever the steps they come in."""
    variance = resolution**2
    return rng.standard_gamma(energy / variance) * variance


def _join(parts: list[Components]) -> Components:
    """Put components one after the other."""
    return Components(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
