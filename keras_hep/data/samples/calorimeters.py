"""Calorimeters that showers are made in: media, cells, and what is shot at them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from keras_hep.data.samples.hadron_showers import Hadronic
from keras_hep.data.samples.showers import MATERIALS, Medium, homogeneous, sandwich
from keras_hep.data.samples.spots import Section
from keras_hep.errors import DataError

__all__ = ["CALORIMETERS", "STACKS", "Calorimeter", "Stack", "custom_calorimeter"]

MOST_CELLS = 500_000


class Stack(NamedTuple):
    """A way to build a calorimeter.

    Attributes:
        medium: what a shower sees.
        pitch: thickness of a sampling layer (mm); of a homogeneous medium, one centimetre.
        resolution: sampling term of the energy resolution for electrons (sqrt(GeV)).
        hadronic: parameters of hadronic showers.
    """

    medium: Medium
    pitch: float
    resolution: float
    hadronic: Hadronic


def _stack(
    passive: str, active: str, thickness: tuple[float, float, float], resolution: float, hadronic: Hadronic
) -> Stack:
    """Return a sandwich of named materials; thickness of absorber, active layer and pitch in mm."""
    medium = sandwich(MATERIALS[passive], MATERIALS[active], *thickness)
    return Stack(medium, thickness[2], resolution, hadronic)


STACKS = {
    # 25 layers with 79.2 mm of tungsten in 159 mm, the mean of the two thicknesses of the CLIC design.
    "tungsten-silicon": _stack("tungsten", "silicon", (3.168, 0.5, 6.36), 0.17, Hadronic(response=0.70, threshold=1.3)),
    "lead-argon": _stack("lead", "argon", (2.0, 4.0, 6.0), 0.10, Hadronic(response=1 / 1.74, threshold=1.3)),
    "steel-scintillator": _stack("steel", "scintillator", (18.2, 3.0, 26.0), 0.22, Hadronic(response=0.83)),
    "lead-tungstate": Stack(
        homogeneous(MATERIALS["lead tungstate"]), 10.0, 0.028, Hadronic(response=0.50, threshold=1.3)
    ),
}
"""Ways to build a calorimeter. Sampling terms of tungsten-silicon after arXiv:0811.2354, steel-scintillator after
arXiv:1012.4343, lead-argon as in ATLAS, lead tungstate as in CMS; h/e of lead-argon after hep-ex/0005029."""


@dataclass(frozen=True)
class Calorimeter:
    """A segmented calorimeter and the particles that are shot at it.

    Attributes:
        stack: name of its `Stack`.
        sections: its cells; one with one section gives the branch `cells`, others `layer0`, `layer1` ...
        energy: least and largest energy (GeV).
        angle_max: largest angle to the normal of the front face (rad).
        in_plane: particles tilt in the x-z plane only.
        impact_max: largest distance of the impact point to the middle, in x and in y (mm).
    """

    stack: str
    sections: tuple[Section, ...]
    energy: tuple[float, float]
    angle_max: float = 0.0
    in_plane: bool = False
    impact_max: float = 0.0
    built: Stack = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "built", STACKS[self.stack])

    @property
    def depth(self) -> float:
        """Depth (mm)."""
        return max(section.far for section in self.sections)

    @property
    def threshold(self) -> float:
        """Visible energy below which a cell is read as zero (GeV): half of what a MIP leaves in a sampling layer."""
        medium = self.built.medium
        return 0.5 * medium.loss * self.built.pitch * medium.mip_fraction

    def branches(self) -> dict[str, tuple[int, ...]]:
        """Return the branches of the cells and their shapes; a section of one layer is a plane."""
        if len(self.sections) == 1:
            return {"cells": self.sections[0].cells}
        return {f"layer{i}": section.cells[:2] for i, section in enumerate(self.sections)}


CALORIMETERS = {
    "calogan": Calorimeter(
        stack="lead-argon",
        sections=(
            Section(0.0, 90.0, (3, 96, 1), (160.0, 5.0)),
            Section(90.0, 437.0, (12, 12, 1), (40.0, 40.0)),
            Section(437.0, 480.0, (12, 6, 1), (40.0, 80.0)),
        ),
        energy=(1.0, 100.0),
    ),
    "clic": Calorimeter(
        stack="tungsten-silicon",
        sections=(Section(0.0, 159.0, (51, 51, 25), (5.1, 5.1)),),
        energy=(2.0, 500.0),
        angle_max=0.5235987755982988,
        in_plane=True,
        impact_max=2.55,
    ),
    "calice": Calorimeter(
        stack="steel-scintillator",
        sections=(Section(0.0, 988.0, (24, 24, 38), (30.0, 30.0)),),
        energy=(5.0, 100.0),
        impact_max=15.0,
    ),
}
"""The calorimeters with a name: of CaloGAN (arXiv:1705.02355), of 3DGAN (the CLIC design) and of CALICE's hadronic
calorimeter with scintillator tiles."""


def custom_calorimeter(stack: str, cells: str, cell_size: str) -> Calorimeter:
    """Return a calorimeter of equal cells.

    Args:
        stack: name of a `Stack`.
        cells: number of cells in x, y and z, such as ``20x20x30``.
        cell_size: their size in mm, such as ``10x10x10``.

    Raises:
        DataError: a text is not of that form, or there are too many cells.
    """
    numbers = re.fullmatch(r"(\d+)x(\d+)x(\d+)", cells)
    if not numbers or not 1 <= math.prod(int(n) for n in numbers.groups()) <= MOST_CELLS:
        raise DataError(
            f"the option cells must be three numbers of cells such as 20x20x30, together at most {MOST_CELLS}; "
            f"received {cells!r}"
        )
    sizes = re.fullmatch(r"(\d+\.?\d*)x(\d+\.?\d*)x(\d+\.?\d*)", cell_size)
    if not sizes or math.prod(float(n) for n in sizes.groups()) <= 0:
        raise DataError(f"the option cell_size must be three lengths in mm such as 10x10x10; received {cell_size!r}")
    nx, ny, nz = (int(n) for n in numbers.groups())
    x, y, z = (float(n) for n in sizes.groups())
    return Calorimeter(
        stack=stack,
        sections=(Section(0.0, z * nz, (nx, ny, nz), (x, y)),),
        energy=(1.0, 100.0),
        impact_max=min(x, y) / 2,
    )
