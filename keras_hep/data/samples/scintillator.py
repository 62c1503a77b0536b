"""Particles in a block of liquid scintillator cells: energy loss, scattering, showers and nuclear interactions.

Charged particles lose energy as the Bethe formula says, with knock-on electrons above a cut drawn one by one: the long
tail of thin layers. Showers of electrons are gamma distributions in depth with the parameters of the Particle Data
Group's review, and 2 r R^2 / (r^2 + R^2)^2 in radius. Lengths in mm, energies in GeV.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["Block", "Images", "bethe", "deposit_showers", "deposit_tracks"]

Array = npt.NDArray[np.float64]
Images = npt.NDArray[np.float32]

ELECTRON_MASS = 0.000511
# Polyvinyltoluene: mean excitation energy (GeV) and the density effect of Sternheimer, Berger and Seltzer.
EXCITATION = 64.7e-9
DENSITY_EFFECT = (3.1997, 0.1464, 2.4855, 0.16101, 3.2393)


@dataclass(frozen=True)
class Block:
    """The detector: planes across z whose cells measure x (even planes) and y (odd planes) in turn.

    Attributes:
        planes: planes of one view.
        cells: cells of a plane.
        depth: distance of neighbouring planes (mm).
        width: width of a cell (mm).
        density: g/cm3.
        electrons: atomic number over atomic mass (mol/g).
        radiation: radiation length (mm).
        moliere: Moliere radius (mm), in which nine tenths of a shower lie.
        critical: critical energy (GeV).
        interaction: interaction length of hadrons (mm).
        step: length of a step (mm).
        cut: knock-on electrons above this energy are drawn one by one (GeV).
        spot: energy of the spots of showers (GeV).
        depth_spread: standard deviation of the depth of a shower's maximum (radiation lengths).
        visible: part of a hadron's kinetic energy that is seen where it interacts.
        blob: standard deviation of the place where it is seen (mm).
    """

    planes: int = 80
    cells: int = 100
    depth: float = 66.0
    width: float = 39.0
    density: float = 0.95
    electrons: float = 0.5414
    radiation: float = 400.0
    moliere: float = 110.0
    critical: float = 0.077
    interaction: float = 1_000.0
    step: float = 10.0
    cut: float = 0.0005
    spot: float = 0.001
    depth_spread: float = 0.3
    visible: float = 0.3
    blob: float = 60.0

    @property
    def ionisation(self) -> float:
        """The factor K Z/A rho of the Bethe formula (GeV/mm)."""
        return 0.307075e-4 * self.electrons * self.density


@numba.njit(cache=True, nogil=True)
def bethe(kinetic: float, mass: float, ionisation: float) -> float:
    """Return the mean energy loss of a particle of unit charge (GeV/mm).

    Args:
        kinetic: kinetic energy (GeV).
        mass: GeV.
        ionisation: see `Block.ionisation`.
    """
    gamma = 1 + kinetic / mass
    square = gamma * gamma - 1
    beta2 = square / (gamma * gamma)
    largest = _largest_transfer(gamma, mass)
    logarithm = 0.5 * np.log(2 * ELECTRON_MASS * square * largest / (EXCITATION * EXCITATION))
    c, low, high, a, power = DENSITY_EFFECT
    x = 0.5 * np.log10(square)
    correction = 0.0
    if x > low:
        correction = 2 * np.log(10.0) * x - c
        if x < high:
            correction += a * (high - x) ** power
    return float(ionisation / beta2 * max(logarithm - beta2 - correction / 2, 0.5))


@numba.njit(cache=True, nogil=True)
def _largest_transfer(gamma: float, mass: float) -> float:
    """Return the largest energy that a collision gives to an electron (GeV)."""
    ratio = ELECTRON_MASS / mass
    return 2 * ELECTRON_MASS * (gamma * gamma - 1) / (1 + 2 * gamma * ratio + ratio * ratio)


@numba.njit(cache=True, nogil=True)
def _deposit(
    images: Images, event: int, x: float, y: float, z: float, energy: float, depth: float, width: float
) -> None:
    """Add energy to the cell of a point, if there is one."""
    plane = int(np.floor(z / depth))
    view = plane % 2
    place = (y if view else x) / width + images.shape[3] / 2
    cell = int(np.floor(place))
    if 0 <= plane < 2 * images.shape[2] and 0 <= cell < images.shape[3]:
        images[event, view, plane // 2, cell] += energy


def deposit_tracks(
    images: Images,
    event: npt.NDArray[np.int64],
    mass: Array,
    hadron: npt.NDArray[np.bool_],
    kinetic: Array,
    start: Array,
    direction: Array,
    block: Block,
    rng: np.random.Generator,
) -> Array:
    """Follow charged particles until they stop, interact or leave, and add what they lose to the images.

    Args:
        images: energies (GeV), shape (events, 2, planes, cells), changed in place.
        event: number of the event of each particle, shape (n,).
        mass: GeV, shape (n,).
        hadron: which particles interact with nuclei, shape (n,).
        kinetic: kinetic energies (GeV), shape (n,).
        start: mm, shape (n, 3).
        direction: unit vectors, shape (n, 3).
        block: the detector.
        rng: randomness.

    Returns:
        The lengths of the tracks (mm), shape (n,).
    """
    numbers = (block.depth, block.width, block.ionisation, block.radiation, block.interaction, block.step, block.cut,
               block.visible, block.blob, block.spot)  # fmt: skip
    length = np.zeros(len(event))
    _tracks(images, event, mass, hadron, kinetic, start, direction, numbers, length, rng)
    return length


@numba.njit(cache=True, nogil=True)
def _tracks(
    images: Images,
    events: npt.NDArray[np.int64],
    masses: Array,
    hadrons: npt.NDArray[np.bool_],
    kinetics: Array,
    starts: Array,
    directions: Array,
    numbers: tuple[float, float, float, float, float, float, float, float, float, float],
    length: Array,
    rng: np.random.Generator,
) -> None:
    """Follow the particles of `deposit_tracks`."""
    depth, width, ionisation, radiation, interaction, step, cut, visible, blob, spot = numbers
    for i in range(len(events)):
        event, mass, kinetic = events[i], masses[i], kinetics[i]
        x, y, z = starts[i]
        u, v, w = directions[i]
        while kinetic > 0:
            gamma = 1 + kinetic / mass
            beta2 = 1 - 1 / (gamma * gamma)
            largest = _largest_transfer(gamma, mass)
            mean = bethe(kinetic, mass, ionisation)
            half = ionisation / (2 * beta2)
            # A slow particle stops within a step: the step shrinks with its range. The loss is that of its middle.
            pace = min(step, 0.1 * kinetic / mean + 0.1)
            lost = bethe(max(kinetic - mean * pace / 2, kinetic / 2), mass, ionisation) * pace
            if largest > cut:
                # Landau's spectrum xi / T^2 of knock-on electrons, cut off at the largest transfer.
                lost -= half * pace * np.log(largest / cut)
                for _ in range(rng.poisson(half * pace * (1 / cut - 1 / largest))):
                    lost += 1 / (1 / cut - rng.random() * (1 / cut - 1 / largest))
            lost += np.sqrt(half * pace * min(cut, largest)) * rng.standard_normal()
            lost = min(max(lost, 0.0), kinetic)
            if lost == kinetic:
                pace *= min(1.0, kinetic / (mean * pace))
            _deposit(images, event, x + 0.5 * pace * u, y + 0.5 * pace * v, z + 0.5 * pace * w, lost, depth, width)
            x, y, z, length[i] = x + pace * u, y + pace * v, z + pace * w, length[i] + pace
            kinetic -= lost
            if not 0 <= z < 2 * images.shape[2] * depth or max(abs(x), abs(y)) > images.shape[3] * width / 2:
                break
            angle = 0.0136 / (beta2 * gamma * mass) * np.sqrt(pace / radiation)
            u, v, w = _turn(u, v, w, angle * rng.standard_normal(), angle * rng.standard_normal())
            if hadrons[i] and kinetic > 0 and rng.random() * interaction < pace:
                for _ in range(int(visible * kinetic / spot)):
                    _deposit(images, event, x + blob * rng.standard_normal(), y + blob * rng.standard_normal(),
                             z + blob * rng.standard_normal(), spot, depth, width)  # fmt: skip
                break


@numba.njit(cache=True, nogil=True)
def _frame(u: float, v: float, w: float) -> tuple[float, float, float, float, float, float]:
    """Return two unit vectors across a unit vector and each other."""
    if abs(w) < 0.9:
        norm = np.sqrt(u * u + v * v)
        a, b, c = v / norm, -u / norm, 0.0
    else:
        norm = np.sqrt(v * v + w * w)
        a, b, c = 0.0, w / norm, -v / norm
    return a, b, c, v * c - w * b, w * a - u * c, u * b - v * a


@numba.njit(cache=True, nogil=True)
def _turn(u: float, v: float, w: float, first: float, second: float) -> tuple[float, float, float]:
    """Turn a unit vector by two small angles across it."""
    a, b, c, d, e, f = _frame(u, v, w)
    u, v, w = u + first * a + second * d, v + first * b + second * e, w + first * c + second * f
    norm = np.sqrt(u * u + v * v + w * w)
    return u / norm, v / norm, w / norm


def deposit_showers(
    images: Images,
    event: npt.NDArray[np.int64],
    energy: Array,
    start: Array,
    direction: Array,
    block: Block,
    rng: np.random.Generator,
) -> None:
    """Add the showers of electrons to the images.

    Args:
        images: energies (GeV), shape (events, 2, planes, cells), changed in place.
        event: number of the event of each electron, shape (n,).
        energy: GeV, shape (n,).
        start: where the electrons start (mm), shape (n, 3).
        direction: unit vectors, shape (n, 3).
        block: the detector.
        rng: randomness.
    """
    maximum = np.log(energy / block.critical) - 0.5 + block.depth_spread * rng.standard_normal(len(energy))
    shape = 1 + 0.5 * np.maximum(maximum, 0.2)
    numbers = block.depth, block.width, block.radiation, block.moliere, block.spot
    _showers(images, event, energy, shape, start, direction, numbers, rng)


@numba.njit(cache=True, nogil=True)
def _showers(
    images: Images,
    events: npt.NDArray[np.int64],
    energies: Array,
    shapes: Array,
    starts: Array,
    directions: Array,
    numbers: tuple[float, float, float, float, float],
    rng: np.random.Generator,
) -> None:
    """Draw the spots of `deposit_showers`: the depth has the shape alpha = 1 + t_max / 2 and the rate 1/2."""
    depth, width, radiation, moliere, spot = numbers
    for i in range(len(events)):
        u, v, w = directions[i]
        a, b, c, d, e, f = _frame(u, v, w)
        count = int(np.ceil(energies[i] / spot))
        for _ in range(count):
            along = 2 * radiation * rng.standard_gamma(shapes[i])
            part = rng.random()
            # Half of r^2 / (r^2 + R^2) = part; R is a third of the Moliere radius, so nine tenths lie within that.
            across = moliere / 3 * np.sqrt(part / (1 - part))
            turn = 2 * np.pi * rng.random()
            first, second = across * np.cos(turn), across * np.sin(turn)
            _deposit(
                images,
                events[i],
                starts[i, 0] + along * u + first * a + second * d,
                starts[i, 1] + along * v + first * b + second * e,
                starts[i, 2] + along * w + first * c + second * f,
                energies[i] / count,
                depth,
                width,
            )
