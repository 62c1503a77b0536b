"""Calorimeter hits on grids: boxes with any edges, and the rings and sectors of a cylinder, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError, nearest

__all__ = ["CylindricalBinning", "Overflow", "cylindrical_voxels", "voxelise"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

Overflow = Literal["drop", "clip", "refuse"]
"""Hits outside of the grid are left out, go to the voxel at the edge, or are an error."""


def voxelise(
    coordinates: Sequence[ak.Array],
    energy: ak.Array,
    edges: Sequence[npt.ArrayLike],
    periodic: Sequence[int] = (),
    overflow: Overflow = "drop",
) -> npt.NDArray[np.float32]:
    """Sum the energy of hits in the voxels of a grid, such as (x, y, z) or (eta, phi, layer).

    A voxel takes the hits from its lower edge up to but without its upper edge, along every axis. For an axis of integers
    such as a layer number the edges ``numpy.arange(layers + 1)`` have one voxel for each. With ``"drop"`` the sum over
    the voxels is the energy within the outermost edges, with ``"clip"`` that of all hits.

    Args:
        coordinates: one array for each axis, each of shape (events, jagged).
        energy: of each hit in GeV, shape (events, jagged).
        edges: of each axis, rising; in the unit of the coordinate.
        periodic: numbers of the axes that close upon themselves, such as an azimuth, with the period from the first to
            the last edge; there is no outside.
        overflow: what to do with hits outside of the grid.

    Returns:
        Shape (events, voxels along the first axis, ...), GeV.

    Raises:
        DataError: the shapes do not belong together, edges do not rise, a value is not finite, or a hit is outside and
            that is to be refused.
    """
    _check_overflow(overflow)
    if len(coordinates) != len(edges) or not edges:
        raise DataError(f"each axis needs its edges; received {len(coordinates)} coordinates and {len(edges)} edges")
    counts, flat_energy = _flat("energy", energy, None)
    event = np.repeat(np.arange(len(counts)), counts)
    voxel, inside = event, np.ones(len(event), dtype=bool)
    shape = []
    for axis, (values, axis_edges) in enumerate(zip(coordinates, edges, strict=True)):
        limits = _rising(f"axis {axis}", axis_edges)
        _, position = _flat(f"coordinate {axis}", values, counts)
        if axis in periodic:
            position = limits[0] + (position - limits[0]) % (limits[-1] - limits[0])
        index, within = _bin(position, limits)
        shape.append(len(limits) - 1)
        voxel = voxel * shape[-1] + index
        # A position just below the first edge may be rounded onto the last one; its bin is then the last.
        inside &= within | (axis in periodic)
    kept = _kept(inside, event, overflow)
    return _sums(voxel, flat_energy, kept, (len(counts), *shape))


@dataclass(frozen=True)
class CylindricalBinning:
    """Rings and sectors of each calorimeter layer, as in the data sets of the CaloChallenge (arXiv:2410.21611).

    The voxels of an event are in one row: layer after layer, in a layer sector after sector, in a sector ring after ring
    from the inside. Sectors divide the azimuth alpha from -pi to pi equally.

    Attributes:
        r_edges: radii of the edges of the rings in mm, rising, for each layer; a layer with fewer than two has no voxels.
        n_bin_alpha: number of sectors of each layer.
    """

    r_edges: tuple[tuple[float, ...], ...]
    n_bin_alpha: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.r_edges) != len(self.n_bin_alpha):
            raise DataError(f"{len(self.r_edges)} layers have r_edges and {len(self.n_bin_alpha)} have n_bin_alpha")
        for layer, (edges, sectors) in enumerate(zip(self.r_edges, self.n_bin_alpha, strict=True)):
            if len(edges) > 1 and (_rising(f"layer {layer}", edges)[0] < 0.0 or sectors < 1):
                raise DataError(
                    f"layer {layer} needs radii from 0 and at least one sector; received {edges}, {sectors}"
                )

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Sectors and rings of each layer; (0, 0) for a layer without voxels."""
        pairs = zip(self.n_bin_alpha, self.r_edges, strict=True)
        return tuple((sectors, len(edges) - 1) if len(edges) > 1 else (0, 0) for sectors, edges in pairs)

    @property
    def layer_edges(self) -> Integers:
        """The first voxel of each layer, and the number of all voxels; shape (layers + 1,)."""
        return np.cumsum([0, *(sectors * rings for sectors, rings in self.shapes)]).astype(np.int64)

    def layer(self, voxels: npt.NDArray[np.float32], layer: int) -> npt.NDArray[np.float32]:
        """Return one layer of the voxels of events as shape (events, sectors, rings).

        Args:
            voxels: shape (events, voxels).
            layer: number of the layer.

        Raises:
            DataError: there is no such layer, or the voxels are not those of this binning.
        """
        first = self.layer_edges
        if not 0 <= layer < len(self.shapes) or voxels.ndim != 2 or voxels.shape[1] != first[-1]:
            raise DataError(
                f"expected (events, {first[-1]}) voxels and a layer below {len(self.shapes)}; received {voxels.shape} "
                f"and layer {layer}"
            )
        return voxels[:, first[layer] : first[layer + 1]].reshape(len(voxels), *self.shapes[layer])


def cylindrical_voxels(
    r: ak.Array,
    alpha: ak.Array,
    layer: ak.Array,
    energy: ak.Array,
    binning: CylindricalBinning,
    overflow: Overflow = "drop",
) -> npt.NDArray[np.float32]:
    """Sum the energy of hits in the voxels of a cylinder around the axis of a shower.

    A ring takes the hits from its inner edge up to but without its outer edge, a sector likewise. Hits in a layer without
    voxels are left out, whatever the overflow: there is no voxel near them.

    Args:
        r: distance from the axis in mm, shape (events, jagged).
        alpha: azimuth around the axis in radians, taken modulo 2 pi; same shape.
        layer: number of the layer, integer; same shape.
        energy: of each hit in GeV; same shape.
        binning: the voxels.
        overflow: what to do with hits outside of the rings; ``"clip"`` puts them into the nearest one.

    Returns:
        Shape (events, voxels), GeV, in the order of `CylindricalBinning`.

    Raises:
        DataError: the shapes do not belong together, a value is not finite, a layer does not exist, or a hit is outside
            and that is to be refused.
    """
    _check_overflow(overflow)
    counts, flat_energy = _flat("energy", energy, None)
    _, radius = _flat("r", r, counts)
    _, turn = _flat("alpha", alpha, counts)
    _, number = _flat("layer", layer, counts)
    layers = len(binning.shapes)
    wrong = (number != np.floor(number)) | (number < 0) | (number >= layers)
    if wrong.any():
        raise DataError(f"layers are the integers from 0 to {layers - 1}; received {number[wrong][0]:g}")
    event = np.repeat(np.arange(len(counts)), counts)
    first = binning.layer_edges
    voxel, inside, exists = np.zeros(len(event), dtype=np.int64), np.ones(len(event), bool), np.zeros(len(event), bool)
    for index, ((sectors, rings), r_edges) in enumerate(zip(binning.shapes, binning.r_edges, strict=True)):
        hits = np.flatnonzero(number == index)
        if not sectors or not len(hits):
            continue
        ring, inside[hits] = _bin(radius[hits], np.asarray(r_edges, dtype=np.float64))
        share = (turn[hits] + math.pi) % (2.0 * math.pi) / (2.0 * math.pi)
        # The remainder of a tiny negative angle is 2 pi itself, the first sector again.
        sector = np.floor(share * sectors).astype(np.int64) % sectors
        voxel[hits] = first[index] + sector * rings + ring
        exists[hits] = True
    kept = _kept(inside, event, overflow) & exists
    return _sums(event * int(first[-1]) + voxel, flat_energy, kept, (len(counts), int(first[-1])))


def _check_overflow(overflow: str) -> None:
    if overflow not in get_args(Overflow):
        raise DataError(f"unknown overflow {overflow!r}; {nearest(str(overflow), get_args(Overflow))}")


def _rising(what: str, edges: npt.ArrayLike) -> Floats:
    values = np.asarray(edges, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2 or not (np.diff(values) > 0.0).all() or not np.isfinite(values).all():
        raise DataError(f"the edges of {what} must be two or more finite numbers that rise; received {values.tolist()}")
    return values


def _flat(name: str, values: ak.Array, counts: Integers | None) -> tuple[Integers, Floats]:
    """Return the hits of each event, and the values of all hits one after the other."""
    if values.ndim != 2:
        raise DataError(f"'{name}' must have the shape (events, hits); received {values.ndim} axes")
    own = ak.to_numpy(ak.num(values, axis=1)).astype(np.int64)
    if counts is not None and not np.array_equal(own, counts):
        raise DataError(f"'{name}' must have one value for each hit, as 'energy' has")
    flat = np.ascontiguousarray(ak.to_numpy(ak.flatten(values, axis=1)), dtype=np.float64)
    if not np.isfinite(flat).all():
        event = int(np.repeat(np.arange(len(own)), own)[np.flatnonzero(~np.isfinite(flat))[0]])
        raise DataError(f"'{name}' must be finite; event {event} has a NaN or infinite value")
    return own, flat


def _bin(position: Floats, edges: Floats) -> tuple[Integers, Flags]:
    """Return the bin of each position, the nearest one for those outside, and which are inside."""
    index = np.searchsorted(edges, position, side="right") - 1
    return np.clip(index, 0, len(edges) - 2), (index >= 0) & (index < len(edges) - 1)


def _kept(inside: Flags, event: Integers, overflow: str) -> Flags:
    if overflow == "refuse" and not inside.all():
        raise DataError(f"{(~inside).sum()} hits are outside of the grid, the first in event {event[~inside][0]}")
    return np.ones_like(inside) if overflow == "clip" else inside


def _sums(voxel: Integers, energy: Floats, kept: Flags, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Add up in double precision."""
    totals = np.bincount(voxel[kept], weights=energy[kept], minlength=math.prod(shape))
    return totals.astype(np.float32).reshape(shape)
