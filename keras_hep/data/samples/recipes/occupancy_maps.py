"""The sample `occupancy-maps`: hits in the cells of a detector, with dead and noisy regions, for data quality."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.options import number_option
from keras_hep.data.samples.sample import Checkpoint, Option, Sample, ShardRequest

__all__ = ["SAMPLE", "OccupancyMaps", "Region", "expected_maps", "make_shard"]

CLASSES = ("good", "dead", "noisy")
OPTIONS: dict[str, Option] = {"occupancy": 50.0}
BATCH = 500

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Region:
    """A kind of region that fails together.

    Attributes:
        rows: least and largest number of cells along eta.
        columns: least and largest number of cells along phi.
        aligned: regions begin at multiples of their size.
        weight: how often the kind is chosen, relative to the others.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    aligned: bool
    weight: float


@dataclass(frozen=True)
class OccupancyMaps:
    """The card of the sample.

    Attributes:
        cells: cells along eta and along phi.
        eta: largest absolute pseudorapidity.
        rise: the density of hits is 1 + rise eta^2.
        module: cells of a module along eta and along phi.
        gap: acceptance of cells at the edge of a module.
        module_spread: relative spread of the gains of modules, the same for all maps.
        cell_spread: relative spread of the gains of cells, the same for all maps.
        gain_seed: seed of these gains.
        level_spread: spread of the logarithm of a map's level.
        tilt: largest amplitude of the wave in phi, from the place of the beam.
        dead: regions that fail.
        noisy: regions that fire too often.
        dead_ratio: least and largest part of the hits that is left; uniform.
        noisy_ratio: least and largest factor of the hits; the logarithm is uniform.
        second: chance of a second region of the same kind of fault and ratio.
    """

    cells: tuple[int, int] = (64, 64)
    eta: float = 3.0
    rise: float = 0.15
    module: tuple[int, int] = (8, 8)
    gap: float = 0.9
    module_spread: float = 0.05
    cell_spread: float = 0.03
    gain_seed: int = 1
    level_spread: float = 0.2
    tilt: float = 0.1
    dead: tuple[Region, ...] = field(
        default=(
            Region((1, 3), (1, 3), False, 0.4),
            Region((4, 4), (8, 8), True, 0.3),
            Region((8, 8), (8, 8), True, 0.2),
            Region((64, 64), (4, 4), True, 0.1),
        )
    )
    noisy: tuple[Region, ...] = field(default=(Region((1, 3), (1, 3), False, 0.7), Region((4, 4), (8, 8), True, 0.3)))
    dead_ratio: tuple[float, float] = (0.0, 0.9)
    noisy_ratio: tuple[float, float] = (1.1, 10.0)
    second: float = 0.2


CARD = OccupancyMaps()


def expected_maps(occupancy: float, level: Array, tilt: Array, tilt_phi: Array) -> Array:
    """Return the expected number of hits in the cells of maps without faults.

    Args:
        occupancy: mean number of hits in a cell, over all maps.
        level: level of each map, one on average, shape (maps,).
        tilt: amplitude of the wave in phi, shape (maps,).
        tilt_phi: azimuth of its maximum (rad), shape (maps,).

    Returns:
        Shape (maps, eta cells, phi cells).
    """
    columns = CARD.cells[1]
    phi = (np.arange(columns) + 0.5) * 2 * np.pi / columns - np.pi
    wave = 1 + tilt[:, None] * np.cos(phi - tilt_phi[:, None])
    return np.asarray(occupancy * level[:, None, None] * wave[:, None, :] * _template())


def _template() -> Array:
    """Return the shape that all maps have in common, one on average."""
    rows, columns = CARD.cells
    eta = ((np.arange(rows) + 0.5) / rows * 2 - 1) * CARD.eta
    rng = np.random.default_rng(CARD.gain_seed)
    modules = 1 + CARD.module_spread * rng.standard_normal((rows // CARD.module[0], columns // CARD.module[1]))
    gains = np.kron(modules, np.ones(CARD.module)) * (1 + CARD.cell_spread * rng.standard_normal(CARD.cells))
    edge = [np.isin(np.arange(n) % size, (0, size - 1)) for n, size in zip(CARD.cells, CARD.module, strict=True)]
    gaps = np.where(edge[0][:, None] | edge[1], CARD.gap, 1.0)
    shape = (1 + CARD.rise * eta[:, None] ** 2) * gaps * gains
    return np.asarray(shape / shape.mean())


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the maps of one shard.

    Args:
        request: class, number of maps, seed and options.
        checkpoint: called before each batch of maps.

    Returns:
        Records with the branches of the sample, shape (maps,).

    Raises:
        DataError: an option is out of range.
    """
    occupancy = number_option(request, "occupancy", 1.0, 100_000.0)
    rng = np.random.default_rng(request.seeds())
    batches: list[ak.Array] = []
    for first in range(0, request.entries, BATCH):
        checkpoint()
        batches.append(_maps(min(BATCH, request.entries - first), CLASSES[request.label], occupancy, rng))
    made = ak.concatenate(batches)
    number = request.first_event() + np.arange(request.entries, dtype=np.int64)
    label = np.full(request.entries, request.label, dtype=np.int32)
    return ak.zip({"event": number, "label": label, **{name: made[name] for name in made.fields}}, depth_limit=1)


def _maps(count: int, name: str, occupancy: float, rng: np.random.Generator) -> ak.Array:
    """Draw maps of a class."""
    spread = CARD.level_spread
    level = np.exp(spread * rng.standard_normal(count) - spread**2 / 2)
    tilt, tilt_phi = CARD.tilt * rng.random(count), rng.uniform(-np.pi, np.pi, count)
    expected = expected_maps(occupancy, level, tilt, tilt_phi)
    fault, ratio = np.zeros((count, *CARD.cells), dtype=np.int8), np.ones(count)
    if name == "dead":
        ratio = rng.uniform(*CARD.dead_ratio, count)
        _plant(fault, 1, CARD.dead, rng)
    elif name == "noisy":
        least, largest = CARD.noisy_ratio
        ratio = least * (largest / least) ** rng.random(count)
        _plant(fault, 2, CARD.noisy, rng)
    changed = expected * np.where(fault > 0, ratio[:, None, None], 1.0)
    # The mean of twice the logarithm of the likelihood ratio, were the fault known: how far it can be seen at all.
    logarithm = np.log(np.maximum(ratio, 1e-300))[:, None, None]
    evidence = 2 * np.where(fault > 0, changed * logarithm - changed + expected, 0.0).sum(axis=(1, 2))
    columns = {
        "level": level,
        "tilt": tilt,
        "tilt_phi": tilt_phi,
        "ratio": ratio,
        "severity": 1 - np.minimum(ratio, 1 / np.maximum(ratio, 1e-300)),
        "changed": np.abs(changed - expected).sum(axis=(1, 2)) / expected.sum(axis=(1, 2)),
        "significance": np.sqrt(np.maximum(evidence, 0.0)),
    }
    return ak.zip(
        {
            **{key: values.astype(np.float32) for key, values in columns.items()},
            "cells": (fault > 0).sum(axis=(1, 2)).astype(np.int32),
            "map": ak.from_numpy(rng.poisson(changed).astype(np.float32), regulararray=True),
            "fault": ak.from_numpy(fault, regulararray=True),
        },
        depth_limit=1,
    )


def _plant(fault: npt.NDArray[np.int8], kind: int, regions: tuple[Region, ...], rng: np.random.Generator) -> None:
    """Mark one region of each map, in some a second one."""
    count = len(fault)
    weights = np.array([region.weight for region in regions])
    limits = np.array([(*region.rows, *region.columns) for region in regions])
    aligned = np.array([region.aligned for region in regions])
    for round_ in range(2):
        chosen = rng.choice(len(regions), count, p=weights / weights.sum())
        inside = np.ones(fault.shape, dtype=bool)
        for axis in (0, 1):
            size = rng.integers(limits[chosen, 2 * axis], limits[chosen, 2 * axis + 1] + 1)
            first = rng.integers(0, CARD.cells[axis] - size + 1)
            first = np.where(aligned[chosen], first - first % size, first)
            place = np.arange(CARD.cells[axis])
            within = (place >= first[:, None]) & (place < (first + size)[:, None])
            inside &= within[:, :, None] if axis == 0 else within[:, None, :]
        if round_ == 1:
            inside &= (rng.random(count) < CARD.second)[:, None, None]
        fault[inside] = kind


BRANCHES = {
    "event": "identity of the map, unique in the sample; every map is drawn independently",
    "label": "class: 0 good, 1 dead, 2 noisy",
    "map": "number of hits in cells of eta (-3 to 3) and phi (-pi to pi), shape (64, 64)",
    "fault": "true fault of each cell: 0 none, 1 dead, 2 noisy, shape (64, 64)",
    "level": "true level of the map, one on average",
    "tilt": "true amplitude of the wave in phi",
    "tilt_phi": "true azimuth of its maximum (rad)",
    "ratio": "true factor of the hits in faulty cells; 1 in good maps",
    "severity": "1 less the smaller of ratio and 1/ratio: 0 without a fault, 1 for cells that are quite dead",
    "changed": "part of the expected hits that the fault takes away or adds, of all hits",
    "significance": "expected significance of the fault, in standard deviations, to one who knows where to look",
    "cells": "number of faulty cells",
}

SAMPLE = Sample(
    name="occupancy-maps",
    description="occupancy maps of a detector with planted dead and noisy regions",
    tree="maps",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the maps.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Hits in 64 x 64 cells of pseudorapidity and azimuth, Poisson about an expectation: a smooth rise with "
            "|eta|, modules of 8 x 8 cells with less acceptance at their edges, and gains of modules and cells "
            "the same in all maps; a level that varies from map to map, and a wave in phi as from a beam off centre. "
            "In dead maps a region (up to 3 x 3 channels, a board of 4 x 8, a module, or a sector along all eta) keeps "
            "a part of its hits between 0 and 0.9; in noisy ones channels or a board have 1.1 to 10 times as many. In "
            "one map of five there are two such regions. Faults range from invisible to glaring; the significance that "
            "an ideal observer would see is stored. The option occupancy is the mean number of hits in a cell, 1 to "
            "100,000."
        ),
        "leaves_out": (
            "Maps are independent: no run history, no slow change, no trips that come and go, no correlated noise, no "
            "cells that are known to be dead, and a map never has dead and noisy regions at once. Hits do not cluster."
        ),
        "cite": ["arXiv:1808.00911 (networks on the occupancy of muon chambers)"],
        "branches": BRANCHES,
        "option_meanings": {
            "occupancy": "mean number of hits in a cell, from 1 to 100000",
        },
    },
    packages=("numpy", "awkward"),
    shard_entries=2_000,
    entry="maps",
    options=OPTIONS,
    default_entries=12_000,
)
