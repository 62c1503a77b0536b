"""Spots of energy thrown into the cells of a calorimeter, by a compiled kernel with a random generator of its own.

The generator is SplitMix64: a counter that grows by a constant, and a function that mixes its bits. Each component of
a shower counts from a seed of its own, so a shower does not depend on which others are made with it, nor on threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["Axes", "Components", "Section", "axes", "deposit"]

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CORE_AND_TAIL, EXPONENTIAL = 0, 1
"""Radial shapes: 2 r R^2 / (r^2 + R^2)^2 with two values of R, and r exp(-r/R) / R^2."""


@dataclass(frozen=True)
class Section:
    """A box of equal cells.

    Attributes:
        near: depth of its front (mm).
        far: depth of its back (mm).
        cells: number of cells in x, y and z.
        size: size of a cell in x and y (mm); x and y are centred on 0.
    """

    near: float
    far: float
    cells: tuple[int, int, int]
    size: tuple[float, float]

    @property
    def count(self) -> int:
        """Number of cells."""
        return math.prod(self.cells)


class Axes(NamedTuple):
    """Straight axes of showers.

    Attributes:
        point: where they enter the front face, (showers, 2) in mm.
        direction: unit vectors, (showers, 3).
        first: unit vectors perpendicular to the direction, (showers, 3).
        second: unit vectors perpendicular to both, (showers, 3).
    """

    point: Array
    direction: Array
    first: Array
    second: Array


def axes(point: Array, theta: Array, phi: Array) -> Axes:
    """Return axes from impact points (showers, 2) in mm and directions: theta to the depth axis z, azimuth phi (rad)."""
    sin, cos, along, across = np.sin(theta), np.cos(theta), np.cos(phi), np.sin(phi)
    zero = np.zeros_like(theta)
    return Axes(
        point,
        np.stack([sin * along, sin * across, cos], axis=1),
        np.stack([cos * along, cos * across, -sin], axis=1),
        np.stack([-across, along, zero], axis=1),
    )


class Components(NamedTuple):
    """Parts of showers; a part gives each step along the axis some energy, in some spots around the axis.

    Attributes:
        owner: which shower, (components,).
        shape: CORE_AND_TAIL or EXPONENTIAL, (components,).
        offset: where the middle lies beside the shower axis, (components, 2) in mm.
        energy: visible energy (GeV), (components, steps).
        spots: number of spots, (components, steps).
        core: R of the core, or of the exponential (mm), (components, steps).
        tail: R of the tail (mm), (components, steps).
        weight: weight of the core, (components, steps).
    """

    owner: Integers
    shape: Integers
    offset: Array
    energy: Array
    spots: Integers
    core: Array
    tail: Array
    weight: Array


def deposit(
    components: Components, shower_axes: Axes, edges: Array, sections: Sequence[Section], rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Throw the spots of all components into cells; what misses the sections is lost.

    Args:
        components: parts of the showers.
        shower_axes: their axes.
        edges: limits of the steps along the axis from the front face (mm), (steps + 1,).
        sections: the cells.
        rng: gives each component its seed.

    Returns:
        Visible energy (GeV), shape (showers, cells); the cells of a section in the order x, y, z, section by section.
    """
    cells = np.zeros((len(shower_axes.point), sum(section.count for section in sections)), dtype=np.float32)
    boxes = np.array([[s.near, s.far, *s.cells, *s.size] for s in sections], dtype=np.float64)
    seeds = rng.integers(0, 2**64, size=len(components.owner), dtype=np.uint64)
    _throw(cells, *components, *shower_axes, edges, boxes, seeds)
    return cells


@numba.njit(cache=True, nogil=True)
def _uniform(seed: np.uint64, counter: int) -> float:  # pragma: no cover - compiled
    """Return number `counter` of the sequence of `seed`, in [0, 1)."""
    bits = seed + np.uint64(counter + 1) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits = bits ^ (bits >> np.uint64(31))
    return float(bits >> np.uint64(11)) * 2.0**-53


@numba.njit(cache=True, nogil=True)
def _cell(x: float, y: float, z: float, boxes: Array) -> int:  # pragma: no cover - compiled
    """Return the number of the cell at a point, or -1."""
    first = 0
    for box in range(len(boxes)):
        near, far, nx, ny, nz, size_x, size_y = boxes[box]
        if near <= z < far:
            i = math.floor(x / size_x + nx / 2)
            j = math.floor(y / size_y + ny / 2)
            k = math.floor((z - near) / (far - near) * nz)
            if 0 <= i < nx and 0 <= j < ny:
                return int(first + (i * ny + j) * nz + k)
            return -1
        first += int(nx * ny * nz)
    return -1


@numba.njit(cache=True, nogil=True)
def _throw(
    cells: npt.NDArray[np.float32],
    owner: Integers,
    shape: Integers,
    offset: Array,
    energy: Array,
    spots: Integers,
    core: Array,
    tail: Array,
    weight: Array,
    point: Array,
    direction: Array,
    first: Array,
    second: Array,
    edges: Array,
    boxes: Array,
    seeds: npt.NDArray[np.uint64],
) -> None:  # pragma: no cover - compiled
    for c in range(len(owner)):
        shower, seed, counter = owner[c], seeds[c], 0
        for step in range(energy.shape[1]):
            if spots[c, step] == 0:
                continue
            share = energy[c, step] / spots[c, step]
            for _ in range(spots[c, step]):
                s = edges[step] + (edges[step + 1] - edges[step]) * _uniform(seed, counter)
                u, v = _uniform(seed, counter + 1), _uniform(seed, counter + 2)
                angle = 2 * math.pi * _uniform(seed, counter + 3)
                counter += 4
                if shape[c] == EXPONENTIAL:
                    r = -core[c, step] * math.log((1 - u) * (1 - v))
                else:
                    r = (core[c, step] if v < weight[c, step] else tail[c, step]) * math.sqrt(u / (1 - u))
                a, b = offset[c, 0] + r * math.cos(angle), offset[c, 1] + r * math.sin(angle)
                x = point[shower, 0] + s * direction[shower, 0] + a * first[shower, 0] + b * second[shower, 0]
                y = point[shower, 1] + s * direction[shower, 1] + a * first[shower, 1] + b * second[shower, 1]
                z = s * direction[shower, 2] + a * first[shower, 2] + b * second[shower, 2]
                cell = _cell(x, y, z, boxes)
                if cell >= 0:
                    cells[shower, cell] += share
