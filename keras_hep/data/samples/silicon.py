"""Charge in a thin silicon sensor: Landau fluctuations along the path, diffusion, pixels, threshold and converter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Crossings", "Pixels", "Sensor", "digitise", "landau", "most_probable_loss"]

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LANDAU_MODE = -0.22278
"""Where the Landau density has its maximum."""
XI_KEV_PER_UM = 0.017825
"""Landau's xi in silicon for a relativistic particle (keV/um): K/2 Z/A times the density."""
ELECTRON_KEV, PLASMA_KEV, PAIR_KEV = 511.0, 0.03105, 0.00365
"""Electron mass, plasma energy of silicon, and energy of an electron-hole pair (keV)."""


@dataclass(frozen=True)
class Sensor:
    """A sensor of rectangular pixels.

    Attributes:
        rows: pixels across, in u.
        columns: pixels along, in v.
        pitch_u: mm.
        pitch_v: mm.
        thickness: mm.
        segment: length of the pieces in which a path deposits charge (mm).
        diffusion: width of the charge cloud (mm).
        largest_loss: knock-on electrons of more than this (keV) leave a part of it, evenly spread, and escape.
        electrons_per_adu: charge of one step of the converter.
        noise: noise of a pixel (ADU).
        threshold: smallest charge that is read out (ADU).
        largest: largest charge that can be read out (ADU).
    """

    rows: int = 250
    columns: int = 768
    pitch_u: float = 0.050
    pitch_v: float = 0.060
    thickness: float = 0.075
    segment: float = 0.003
    diffusion: float = 0.006
    largest_loss: float = 60.0
    electrons_per_adu: float = 130.0
    noise: float = 1.0
    threshold: int = 7
    largest: int = 255


class Crossings(NamedTuple):
    """Straight paths through the sensor, or single charges; every array has shape (crossings,).

    Attributes:
        frame: number of the frame.
        u: middle of the path, from the sensor's edge (mm).
        v: likewise along the columns (mm).
        slope_u: change of u over depth.
        slope_v: change of v over depth.
        energy: energy of a photon that is absorbed in one place (keV); 0 for a charged particle.
    """

    frame: Integers
    u: Array
    v: Array
    slope_u: Array
    slope_v: Array
    energy: Array


class Pixels(NamedTuple):
    """Pixels that are read out, in the order of frame, row and column; every array has shape (pixels,).

    Attributes:
        frame: number of the frame.
        row: 0 to rows - 1.
        column: 0 to columns - 1.
        charge: ADU.
    """

    frame: Integers
    row: Integers
    column: Integers
    charge: Integers


def landau(size: int, rng: np.random.Generator) -> Array:
    """Draw from the Landau distribution, the stable distribution of index 1, by the way of Chambers, Mallows and Stuck."""
    angle = rng.uniform(-np.pi / 2, np.pi / 2, size=size)
    right = np.pi / 2 + angle
    return np.asarray(right * np.tan(angle) - np.log(rng.exponential(size=size) * np.cos(angle) / right))


def most_probable_loss(length: Array) -> Array:
    """Return the most probable energy loss of a relativistic particle (keV) in some length of silicon (mm).

    With the density effect at its limit: xi (ln(2 m xi / (plasma energy)^2) + 0.2).
    """
    xi = XI_KEV_PER_UM * 1000 * length
    return np.asarray(xi * (np.log(2 * ELECTRON_KEV * xi / PLASMA_KEV**2) + 0.2))


def digitise(crossings: Crossings, sensor: Sensor, rng: np.random.Generator) -> Pixels:
    """Turn paths into the pixels that are read out.

    Landau distributions add up: pieces of a path that fluctuate by themselves make the fluctuation of the whole.

    Args:
        crossings: paths and absorbed photons.
        sensor: the sensor.
        rng: randomness.
    """
    factor = np.sqrt(1 + crossings.slope_u**2 + crossings.slope_v**2)
    length = sensor.thickness * factor
    charged = crossings.energy == 0
    pieces = np.where(charged, np.ceil(length / sensor.segment), 1).astype(np.int64)
    of = np.repeat(np.arange(len(pieces)), pieces)
    number = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    depth = ((number + 0.5) / pieces[of] - 0.5) * sensor.thickness * charged[of]
    piece = length[of] / pieces[of]
    xi = XI_KEV_PER_UM * 1000 * piece
    loss = most_probable_loss(piece) + xi * (landau(len(of), rng) - LANDAU_MODE)
    escaped = sensor.largest_loss * rng.random(len(of))
    loss = np.where(loss > sensor.largest_loss, escaped, np.maximum(loss, 0.0))
    loss = np.where(charged[of], loss, crossings.energy[of])
    blur_u, blur_v = sensor.diffusion * rng.normal(size=(2, len(of)))
    row = np.floor((crossings.u[of] + depth * crossings.slope_u[of] + blur_u) / sensor.pitch_u).astype(np.int64)
    column = np.floor((crossings.v[of] + depth * crossings.slope_v[of] + blur_v) / sensor.pitch_v).astype(np.int64)
    inside = (row >= 0) & (row < sensor.rows) & (column >= 0) & (column < sensor.columns)
    key = ((crossings.frame[of] * sensor.rows + row) * sensor.columns + column)[inside]
    return _read(key, loss[inside] / PAIR_KEV / sensor.electrons_per_adu, sensor, rng)


def _read(key: Integers, charge: Array, sensor: Sensor, rng: np.random.Generator) -> Pixels:
    """Add charges up in each pixel, add noise and apply threshold and converter."""
    pixel, place = np.unique(key, return_inverse=True)
    total = np.bincount(place, weights=charge, minlength=len(pixel))
    adu = np.floor(total + sensor.noise * rng.normal(size=len(pixel))).astype(np.int64)
    kept = adu >= sensor.threshold
    pixel, adu = pixel[kept], np.minimum(adu[kept], sensor.largest)
    cells = sensor.rows * sensor.columns
    return Pixels(pixel // cells, pixel % cells // sensor.columns, pixel % sensor.columns, adu)
