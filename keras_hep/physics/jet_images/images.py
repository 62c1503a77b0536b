"""Jet images from jagged constituents, with the preprocessing of published taggers."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError, nearest
from keras_hep.physics.jet_images.channels import (
    calorimeter_channels,
    colour_channels,
    grayscale_channel,
    to_towers,
)
from keras_hep.physics.jet_images.render import render
from keras_hep.physics.jet_images.subjets import leading_subjets

__all__ = ["PRESETS", "ImagePreset", "jet_images"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ImagePreset:
    """The steps from constituents to an image, in their order; all are done on coordinates, before the pixels.

    Attributes:
        pixels: along each side.
        half_width: half the side of the window in eta and phi.
        towers: size in eta and number around the beam of the calorimeter towers that constituents are moved to first.
        centre: what becomes the origin: the centroid of the pT or the hardest subjet; None for eta and phi that are
            relative to the jet.
        rotate: what becomes vertical: the principal axis, or the line to the second subjet, which points down.
        flip: hardest quadrant to the upper right, or harder half to the right.
        normalise: divide by the sum of the pT in the window or by the root of its squared pixels; multiplicities stay.
        channels: pT; pT of charged and of neutral constituents and the number of charged ones; or electromagnetic and
            hadronic pT.
        subjet_radius: R of the kT subjets.
    """

    pixels: int = 40
    half_width: float = 0.8
    towers: tuple[float, int] | None = None
    centre: Literal["centroid", "subjet"] | None = "centroid"
    rotate: Literal["principal_axis", "subjet"] | None = "principal_axis"
    flip: Literal["quadrant", "right"] | None = "quadrant"
    normalise: Literal["sum", "l2"] | None = "sum"
    channels: Literal["grayscale", "colour", "calorimeter"] = "grayscale"
    subjet_radius: float = 0.3


PRESETS: Mapping[str, ImagePreset] = MappingProxyType(
    {
        "deep_top": ImagePreset(),
        "towers": ImagePreset(half_width=2.0, towers=(0.1, 72), rotate=None, flip=None),
        "colour": ImagePreset(pixels=33, half_width=0.4, rotate=None, flip=None, channels="colour"),
        "subjets": ImagePreset(
            pixels=25, half_width=1.25, centre="subjet", rotate="subjet", flip="right", normalise="l2"
        ),
    }
)
"""``deep_top``: 40 x 40 pixels of jets with R = 0.8, steps of arXiv:1803.00107. ``towers``: 40 x 40 towers of fat jets,
arXiv:1701.08784. ``colour``: 33 x 33 x 3 of jets with R = 0.4, arXiv:1612.01551. ``subjets``: 25 x 25 pixels of jets with
R = 1, arXiv:1407.5675 and 1511.05190."""


def jet_images(
    pt: ak.Array,
    eta: ak.Array,
    phi: ak.Array,
    *,
    preset: str | ImagePreset = "deep_top",
    charge: ak.Array | None = None,
    electromagnetic: ak.Array | None = None,
    threads: int = 1,
) -> npt.NDArray[np.float32]:
    """Make one image of each jet.

    Args:
        pt: transverse momentum of the constituents in GeV, not negative; shape (jets, jagged).
        eta: pseudorapidity or rapidity, same shape.
        phi: azimuth in radians, same shape.
        preset: a name in `PRESETS`, or your own, such as ``dataclasses.replace(PRESETS["colour"], pixels=64)``.
        charge: electric charge, same shape; needed for the channels ``"colour"``.
        electromagnetic: fraction of pT in the electromagnetic calorimeter, same shape; for ``"calorimeter"``.
        threads: number of threads.

    Returns:
        Images of shape (jets, pixels, pixels, channels): rows along phi, columns along eta, channels last.

    Raises:
        DataError: the preset is unknown, a column is missing or has another shape, is not finite or negative.
    """
    if isinstance(preset, str):
        if preset not in PRESETS:
            raise DataError(f"unknown preset of jet images {preset!r}; {nearest(preset, PRESETS)}")
        preset = PRESETS[preset]
    if threads < 1:
        raise DataError(f"the number of threads must be at least 1; received {threads}")
    counts = ak.to_numpy(ak.num(pt, axis=1)).astype(np.int64)
    flat_pt, x, y = (_flat(name, values, counts) for name, values in (("pt", pt), ("eta", eta), ("phi", phi)))
    if (flat_pt < 0.0).any():
        raise DataError(f"pt must not be negative; received {flat_pt.min()} GeV")
    needed = {"colour": ("charge", charge), "calorimeter": ("electromagnetic", electromagnetic)}
    weights, pt_channels = grayscale_channel(flat_pt), 1
    if preset.channels in needed:
        name, values = needed[preset.channels]
        if values is None:
            raise DataError(f"images with the channels '{preset.channels}' need '{name}' of the constituents")
        make = {"colour": colour_channels, "calorimeter": calorimeter_channels}[preset.channels]
        weights, pt_channels = make(flat_pt, _flat(name, values, counts)), 2
    if preset.towers is not None:
        x, y = to_towers(x, y, *preset.towers)
    axes = prongs = None
    if "subjet" in (preset.centre, preset.rotate):
        jagged_pt, jagged_x, jagged_y = (ak.unflatten(column, counts) for column in (flat_pt, x, y))
        first, second = leading_subjets(jagged_pt, jagged_x, jagged_y, preset.subjet_radius, threads)
        # A jet without any constituent has no subjet; its image is empty wherever it is.
        axes = np.nan_to_num(first) if preset.centre == "subjet" else None
        prongs = second if preset.rotate == "subjet" else None
    stops = np.cumsum(counts)
    images = np.empty((len(counts), preset.pixels, preset.pixels, len(weights)), dtype=np.float32)

    def part(rows: slice) -> None:
        render(
            (stops - counts)[rows],
            stops[rows],
            x,
            y,
            weights,
            images[rows],
            half_width=preset.half_width,
            centre=preset.centre is not None,
            rotate=preset.rotate is not None,
            flip=preset.flip or False,
            normalise=preset.normalise or False,
            y_is_angle=True,
            pt=flat_pt,
            axes=None if axes is None else axes[rows],
            prongs=None if prongs is None else prongs[rows],
            normalised_channels=pt_channels,
        )

    edges = np.linspace(0, len(counts), threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, map(slice, edges[:-1], edges[1:])))
    return images


def _flat(name: str, values: ak.Array, counts: npt.NDArray[np.int64]) -> Floats:
    """Return the column of all jets one after the other."""
    if values.ndim != 2 or not np.array_equal(ak.to_numpy(ak.num(values, axis=1)), counts):
        raise DataError(f"'{name}' must have one value for each constituent, as 'pt' has")
    flat = np.ascontiguousarray(ak.to_numpy(ak.flatten(values, axis=1)), dtype=np.float64)
    if not np.isfinite(flat).all():
        jet = int(np.repeat(np.arange(len(counts)), counts)[np.flatnonzero(~np.isfinite(flat))[0]])
        raise DataError(f"'{name}' must be finite; jet {jet} has a NaN or infinite value")
    return flat
