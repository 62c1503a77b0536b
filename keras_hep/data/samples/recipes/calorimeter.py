"""The sample `calorimeter`: showers of electrons, photons and charged pions in a calorimeter of many cells."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.calorimeters import CALORIMETERS, STACKS, Calorimeter, custom_calorimeter
from keras_hep.data.samples.hadron_showers import Shower, electron_showers, photon_showers, pion_showers
from keras_hep.data.samples.options import choice_option, number_option
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.data.samples.showers import MATERIALS
from keras_hep.data.samples.spots import axes, deposit
from keras_hep.errors import DataError

__all__ = ["SAMPLE", "Showers", "make_shard"]

Array = npt.NDArray[np.float64]

CLASSES = ("electron", "photon", "pion")
GEOMETRIES = (*CALORIMETERS, "custom")
SPECTRA = ("flat", "log")


@dataclass(frozen=True)
class Showers:
    """The card of the sample.

    Attributes:
        step: length of the steps in which energy is shared out along the axis (radiation lengths).
        energy: energies that the parametrisation is good for, roughly (GeV).
        angle_max: largest angle to the normal that can be asked for (rad).
        impact_max: largest distance of the impact point to the middle that can be asked for (mm).
    """

    step: float = 0.5
    energy: tuple[float, float] = (0.5, 1000.0)
    angle_max: float = 1.0
    impact_max: float = 10_000.0


CARD = Showers()

OPTIONS: dict[str, bool | int | float | str] = {
    "geometry": "calogan",
    "energy_min": 0.0,
    "energy_max": 0.0,
    "spectrum": "flat",
    "angle_max": -1.0,
    "impact_max": -1.0,
    "cells": "20x20x30",
    "cell_size": "10x10x10",
    "absorber": "tungsten-silicon",
}


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the showers of one shard.

    Args:
        request: class, number of showers, seed and options.
        checkpoint: called before each batch of showers.

    Returns:
        Records with the branches of the sample, shape (showers,).

    Raises:
        DataError: an option is wrong.
    """
    calorimeter = _calorimeter(request)
    energies = _energies(request, calorimeter)
    spectrum = choice_option(request, "spectrum", SPECTRA)
    angle_max = _or_default(request, "angle_max", CARD.angle_max, calorimeter.angle_max)
    impact_max = _or_default(request, "impact_max", CARD.impact_max, calorimeter.impact_max)
    rng = np.random.default_rng(request.seeds())
    batches: list[dict[str, Any]] = []
    made = 0
    while made < request.entries:
        checkpoint()
        count = min(50, request.entries - made)
        energy = _spectrum(spectrum, energies, rng.random(count))
        theta = angle_max * rng.random(count)
        turn: Any = rng.integers(0, 2, count) if calorimeter.in_plane else rng.uniform(-1, 1, count)
        point = impact_max * rng.uniform(-1, 1, (count, 2))
        batches.append(_batch(CLASSES[request.label], calorimeter, energy, theta, np.pi * turn, point, rng))
        made += count
    columns = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    event = request.first_event() + np.arange(request.entries, dtype=np.int64)
    label = np.full(request.entries, request.label, dtype=np.int32)
    stored = {
        name: ak.from_numpy(values.astype(np.float32, copy=False), regulararray=True)
        for name, values in columns.items()
    }
    return ak.zip({"event": event, "label": label, **stored}, depth_limit=1)


def _batch(
    name: str, calorimeter: Calorimeter, energy: Array, theta: Array, phi: Array, point: Array, rng: np.random.Generator
) -> dict[str, Any]:
    """Return the branches of some showers."""
    edges = _edges(calorimeter, float(theta.max()))
    shower = _showers(name, calorimeter, energy, edges, rng)
    shower_axes = axes(point, theta, phi)
    cells = deposit(shower.components, shower_axes, edges, calorimeter.sections, rng)
    cells[cells < calorimeter.threshold] = 0.0
    columns: dict[str, Any] = {
        "energy": energy,
        "theta": theta,
        "phi": phi,
        "angle": np.arccos(shower_axes.direction[:, 0]),
        "x": point[:, 0],
        "y": point[:, 1],
        "start": shower.start,
        "em_fraction": shower.em_fraction,
        "visible": cells.sum(axis=1, dtype=np.float64),
    }
    first = 0
    for section, (branch, shape) in zip(calorimeter.sections, calorimeter.branches().items(), strict=True):
        columns[branch] = cells[:, first : first + section.count].reshape(len(cells), *shape)
        first += section.count
    return columns


def _showers(name: str, calorimeter: Calorimeter, energy: Array, edges: Array, rng: np.random.Generator) -> Shower:
    """Return showers of one class."""
    stack = calorimeter.built
    if name == "electron":
        return electron_showers(energy, stack.medium, stack.resolution, edges, rng)
    if name == "photon":
        return photon_showers(energy, stack.medium, stack.resolution, edges, rng)
    return pion_showers(energy, stack.medium, stack.resolution, stack.hadronic, edges, rng)


def _edges(calorimeter: Calorimeter, theta: float) -> Array:
    """Return the steps along the axis: as far as an axis with the largest angle, and its tail, reach."""
    medium = calorimeter.built.medium
    length = calorimeter.depth / np.cos(theta) + 4 * medium.moliere_mm * np.tan(theta)
    return np.linspace(0.0, length, int(np.ceil(length / (CARD.step * medium.radiation_mm))) + 1)


def _calorimeter(request: ShardRequest) -> Calorimeter:
    """Return the calorimeter that the options describe."""
    geometry = choice_option(request, "geometry", GEOMETRIES)
    if geometry in CALORIMETERS:
        return CALORIMETERS[geometry]
    absorber = choice_option(request, "absorber", STACKS)
    return custom_calorimeter(absorber, str(request.options["cells"]), str(request.options["cell_size"]))


def _energies(request: ShardRequest, calorimeter: Calorimeter) -> tuple[float, float]:
    """Return the range of energies; 0 stands for the calorimeter's own limit."""
    least, largest = (
        own if number_option(request, name, 0.0, CARD.energy[1]) == 0 else number_option(request, name, *CARD.energy)
        for name, own in zip(("energy_min", "energy_max"), calorimeter.energy, strict=True)
    )
    if least > largest:
        raise DataError(f"the option energy_min must not be above energy_max; received {least:g} and {largest:g} GeV")
    return least, largest


def _or_default(request: ShardRequest, name: str, largest: float, own: float) -> float:
    """Return an option for which a negative number stands for the calorimeter's own value."""
    value = number_option(request, name, -1.0, largest)
    return own if value < 0 else value


def _spectrum(name: str, limits: tuple[float, float], uniform: Array) -> Array:
    """Turn uniform numbers into energies."""
    least, largest = limits
    if name == "log":
        return np.asarray(least * (largest / least) ** uniform)
    return least + (largest - least) * uniform


BRANCHES = {
    "event": "identity of the shower, unique in the sample",
    "label": "class: 0 electron, 1 photon, 2 pion",
    "energy": "energy of the particle (GeV)",
    "theta": "angle between its direction and the normal of the front face, z (rad)",
    "phi": "azimuth of its direction in the x-y plane (rad); geometry clic: 0 or pi",
    "angle": "angle between its direction and the x axis (rad); geometry clic: 60 to 120 degrees",
    "x": "where it enters the front face (mm); the middle is 0",
    "y": "where it enters the front face (mm); the middle is 0",
    "start": "path to the first interaction (mm): 0 for an electron, to the conversion for a photon; it may lie behind "
    "the calorimeter",
    "em_fraction": "part of the energy that showers electromagnetically; 1 for electrons and photons",
    "visible": "sum of the cells (GeV)",
    "layer0": "geometry calogan: visible energy in the first layer (GeV), 3 cells of 160 mm in x, 96 of 5 mm in y",
    "layer1": "geometry calogan: visible energy in the second layer (GeV), 12 x 12 cells of 40 mm x 40 mm",
    "layer2": "geometry calogan: visible energy in the third layer (GeV), 12 cells of 40 mm in x, 6 of 80 mm in y",
    "cells": "all other geometries: visible energy of the cells (GeV), (nx, ny, nz), z the depth",
}

SAMPLE = Sample(
    name="calorimeter",
    description="electromagnetic and hadronic showers in a segmented calorimeter, with energy and angle",
    tree="showers",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the showers.
    configuration={
        "revision": 1,
        **asdict(CARD),
        "materials": {name: asdict(material) for name, material in MATERIALS.items()},
        "stacks": {
            name: {
                "medium": asdict(stack.medium),
                "pitch": stack.pitch,
                "resolution": stack.resolution,
                "hadronic": asdict(stack.hadronic),
            }
            for name, stack in STACKS.items()
        },
        "calorimeters": {
            name: {
                "stack": calorimeter.stack,
                "sections": [asdict(section) for section in calorimeter.sections],
                "energy": calorimeter.energy,
                "angle_max": calorimeter.angle_max,
                "impact_max": calorimeter.impact_max,
            }
            for name, calorimeter in CALORIMETERS.items()
        },
    },
    card={
        "physics": (
            "Electromagnetic showers after Grindhammer and Peters: gamma distributions in depth whose maximum and shape "
            "fluctuate together, a radial profile of core and tail that widens with depth, spots of energy whose number "
            "sets the fluctuations, corrections for sampling calorimeters, and Gamma fluctuations of the visible energy. "
            "A photon converts after 9/7 radiation lengths on average into two electrons that share its energy as in "
            "pair production. A charged pion is a track until it interacts; a fluctuating part of its energy becomes "
            "neutral pions, one at the first interaction and others along the cascade, which shower as photons; the "
            "rest, with a response h/e below one, follows the hadronic part of Bock's profile in depth and an "
            "exponential in radius. Energies are what is visible in the active layers, not calibrated: divide by "
            "electron_fraction for the energy of an electron. A cell below half of what a minimum ionising particle "
            "leaves in one sampling layer is zero. Options: geometry (calogan, clic, calice, custom), energy_min and "
            "energy_max (GeV, 0 for the geometry's own), spectrum (flat, log), angle_max (rad, -1 for the geometry's "
            "own), impact_max (mm, likewise); custom has cells of cell_size (mm) and an absorber."
        ),
        "leaves_out": (
            "Material in front of the calorimeter, a magnetic field, gaps between cells, electronics noise, saturation "
            "and time; albedo, neutrons and late energy; showers of low-energy particles are kept at parameters where "
            "the fits make sense. Of a stack only mean properties enter, so that all layers are alike (the CLIC design "
            "has two thicknesses). The numbers of the hadronic part (widths of fluctuations, numbers of neutral pions, "
            "radius, h/e of tungsten-silicon and lead tungstate) are set by hand to be typical, not fitted to data."
        ),
        "cite": [
            "arXiv:hep-ex/0001020 (electromagnetic showers)",
            "Nucl. Instrum. Meth. 186 (1981) 533 (hadronic profile)",
            "arXiv:physics/0605164 (electromagnetic fraction)",
            "arXiv:1705.02355 (geometry calogan)",
            "arXiv:1602.08578 (showers in the CALICE calorimeter)",
        ],
        "electron_fraction": {name: round(stack.medium.electron_fraction, 6) for name, stack in STACKS.items()},
        "threshold_gev": {name: calorimeter.threshold for name, calorimeter in CALORIMETERS.items()},
        "branches": BRANCHES,
    },
    packages=("numpy", "scipy", "numba", "awkward"),
    shard_entries=400,
    entry="showers",
    options=OPTIONS,
)
