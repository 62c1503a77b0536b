"""The sample `calorimeter`."""

from __future__ import annotations

from typing import Any

import awkward as ak
import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks.samples.calorimeter import (
    ENTRIES,
    depth_profile,
    draw,
    expected_depth_profile,
    quantities,
    response,
    shoot,
    tilt,
)
from keras_hep.data.samples.calorimeters import CALORIMETERS, STACKS, custom_calorimeter
from keras_hep.data.samples.recipes.calorimeter import CLASSES, SAMPLE
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError

CELLS = {
    "calogan": {"layer0": (3, 96), "layer1": (12, 12), "layer2": (12, 6)},
    "clic": {"cells": (51, 51, 25)},
    "calice": {"cells": (24, 24, 38)},
    "custom": {"cells": (8, 6, 10)},
}
SMALL = {"geometry": "custom", "cells": "8x6x10"}
DEEP = {"geometry": "custom", "absorber": "steel-scintillator", "cells": "24x24x60", "cell_size": "100x100x52"}


def steady(energy: float, **options: Any) -> dict[str, Any]:
    """Options for particles of one energy, straight on."""
    return {"energy_min": energy, "energy_max": energy, "angle_max": 0.0, **options}


def total(showers: ak.Array) -> np.ndarray:
    return ak.to_numpy(showers.cells).sum(axis=(1, 2, 3), dtype=np.float64)


@pytest.mark.parametrize("name", CLASSES)
def test_a_shard_is_a_pure_function_of_its_request(name: str) -> None:
    first, again, other = (shoot(name, 60, seed, **SMALL) for seed in (1, 1, 2))
    assert ak.array_equal(first, again)
    assert not np.isin(ak.to_numpy(first.energy), ak.to_numpy(other.energy)).any()
    calls = []
    request = ShardRequest(0, 3, 101, 1, 3, {**SAMPLE.options, **SMALL})
    shard = SAMPLE.make_shard(request, lambda: calls.append(1))
    assert len(calls) == 3
    assert shard.event.tolist() == list(range(9_000_000, 9_000_101))


@pytest.mark.parametrize("geometry", list(CELLS))
def test_branches_are_those_of_the_card(geometry: str) -> None:
    showers = ak.concatenate([shoot(name, 7, geometry=geometry, cells="8x6x10") for name in CLASSES])
    documented = set(SAMPLE.card["branches"]) - set.union(*(set(cells) for cells in CELLS.values()))
    assert set(showers.fields) == documented | set(CELLS[geometry])
    kinds = {name: str(showers[name].type.content) for name in showers.fields}
    for name, shape in CELLS[geometry].items():
        assert kinds.pop(name) == " * ".join(map(str, shape)) + " * float32"
    assert (kinds.pop("event"), kinds.pop("label")) == ("int64", "int32")
    assert set(kinds.values()) == {"float32"}
    assert showers.label.tolist() == [0] * 7 + [1] * 7 + [2] * 7
    assert len(np.unique(ak.to_numpy(showers.event))) == 21
    parts = sum(ak.to_numpy(showers[name]).reshape(21, -1).sum(axis=1, dtype=np.float64) for name in CELLS[geometry])
    assert ak.to_numpy(showers.visible) == pytest.approx(parts, rel=1e-6)


def test_what_is_shot_stays_in_its_ranges() -> None:
    showers = shoot("photon", 300, geometry="clic", energy_max=20.0)
    for name, least, most in (("energy", 2, 20), ("theta", 0, np.pi / 6), ("x", -2.55, 2.55), ("y", -2.55, 2.55)):
        values = ak.to_numpy(showers[name])
        assert least <= values.min() < least + 0.02 * (most - least), name
        assert most >= values.max() > most - 0.02 * (most - least), name
        assert values.mean() == pytest.approx((least + most) / 2, abs=0.05 * (most - least)), name
    angle = np.degrees(ak.to_numpy(showers.angle))
    assert 60 <= angle.min() < 62 and 118 < angle.max() <= 120.0001
    assert np.isin(np.abs(ak.to_numpy(showers.phi)), (0, np.float32(np.pi))).all()
    chosen = shoot(
        "photon", 600, energy_min=10.0, energy_max=1000.0, spectrum="log", angle_max=0.3, impact_max=50.0, **SMALL
    )
    assert np.log10(ak.to_numpy(chosen.energy)).mean() == pytest.approx(2.0, abs=0.06)
    assert 0.28 < ak.max(chosen.theta) <= 0.3 and 48 < ak.max(chosen.x) <= 50
    assert np.histogram(ak.to_numpy(chosen.phi), 4, (-np.pi, np.pi))[0] == pytest.approx(150, abs=50)
    # The angle to the x axis is that of the direction.
    theta, phi = (ak.to_numpy(chosen[name]).astype(float) for name in ("theta", "phi"))
    assert np.cos(ak.to_numpy(chosen.angle)) == pytest.approx(np.sin(theta) * np.cos(phi), abs=1e-6)


@pytest.mark.parametrize("energy", [5.0, 50.0])
def test_electrons_have_the_mean_profile(energy: float) -> None:
    clic = CALORIMETERS["clic"]
    profile = depth_profile(shoot("electron", 300, geometry="clic", **steady(energy)))
    profile /= energy * clic.built.medium.electron_fraction
    expected = expected_depth_profile(energy, clic)
    assert profile.sum() == pytest.approx(1.0, abs=0.02)
    assert np.abs(profile - expected).max() < 0.09 * expected.max()
    layers = np.arange(25) + 0.5
    assert layers @ profile / profile.sum() == pytest.approx(layers @ expected / expected.sum(), abs=0.35)


def test_visible_energy_is_linear_and_its_resolution_that_of_sampling() -> None:
    calogan = CALORIMETERS["calogan"]
    means = []
    for energy in (5.0, 20.0, 80.0):
        seen = response(shoot("electron", 600, geometry="calogan", **steady(energy)), calogan)
        means.append(seen.mean())
        assert seen.std() / seen.mean() * np.sqrt(energy) == pytest.approx(0.10, rel=0.15)
    assert means == pytest.approx([0.995] * 3, abs=0.01)
    medium = calogan.built.medium
    # LAr's part of the energy loss of a MIP, times e/mip.
    assert medium.electron_fraction == pytest.approx(1 / (1 + 0.2 * 11.35 * 1.122 / (0.4 * 1.396 * 1.508)) / 1.448)


def test_layers_of_calogan_share_the_energy_as_the_profile_says() -> None:
    entries = ak.concatenate([shoot(name, 800) for name in CLASSES])
    found = {q.name: q for q in quantities(entries)}
    for index in range(2):
        quantity = found[f"calogan: electrons' share in layer {index}"]
        assert quantity.measured == pytest.approx(float(quantity.expected), abs=0.02)
    assert found["clic: photons deeper than electrons, X0"].measured == pytest.approx(0.8, abs=0.25)
    slope = found["clic: dx/dz of showers over that of the axis"]
    assert slope.measured == pytest.approx(float(slope.expected), abs=0.05)
    figure = plt.figure()
    draw(entries, figure)
    assert len(figure.axes) == 7 and all(axis.get_xlabel() or axis.get_ylabel() for axis in figure.axes)
    plt.close(figure)
    assert ENTRIES % 3 == 0


def test_nine_tenths_lie_within_one_moliere_radius() -> None:
    # Cells of a tenth of a radius around the axis; a strip of full width 2 R_M holds more than the circle.
    medium = STACKS["tungsten-silicon"].medium
    size = medium.moliere_mm / 10
    wide = {"geometry": "custom", "cells": "100x100x1", "cell_size": f"{size:.4f}x{size:.4f}x250", "impact_max": 0.0}
    image = ak.to_numpy(shoot("electron", 300, **wide, **steady(20.0)).cells)[..., 0].sum(axis=0, dtype=np.float64)
    centre = (np.arange(100) - 49.5) / 10
    radius = np.hypot(centre[:, None], centre[None, :])
    seen = 20.0 * 300 * medium.electron_fraction
    assert image[radius < 1].sum() / seen == pytest.approx(0.90, abs=0.04)
    assert image[radius < 3.5].sum() / seen == pytest.approx(0.98, abs=0.02)


def test_the_axis_goes_where_the_particle_does() -> None:
    clic = CALORIMETERS["clic"]
    tilted = shoot("electron", 150, geometry="clic", energy_min=50.0, energy_max=200.0)
    true = np.tan(ak.to_numpy(tilted.theta)) * np.cos(ak.to_numpy(tilted.phi))
    slope, at_zero = np.polyfit(true, tilt(tilted, clic), 1)
    assert 0.8 < slope < 1.0 and abs(at_zero) < 0.02
    moved = shoot("electron", 100, geometry="calice", impact_max=200.0, **steady(50.0))
    cells = ak.to_numpy(moved.cells).sum(axis=3, dtype=np.float64)
    middle = (np.arange(24) - 11.5) * 30
    for axis, name in ((2, "x"), (1, "y")):
        mean = cells.sum(axis=axis) @ middle / cells.sum(axis=(1, 2))
        assert np.polyfit(ak.to_numpy(moved[name]), mean, 1) == pytest.approx([1.0, 0.0], abs=1.0)
        assert np.corrcoef(ak.to_numpy(moved[name]), mean)[0, 1] > 0.99


def test_pions_are_seen_less_than_electrons_and_more_so_at_low_energy() -> None:
    calorimeter = custom_calorimeter("steel-scintillator", "24x24x60", "100x100x52")
    ratio = []
    for energy in (8.0, 80.0):
        electron, pion = (
            response(shoot(name, 150, **DEEP, **steady(energy)), calorimeter) for name in ("electron", "pion")
        )
        assert electron.mean() == pytest.approx(1.0, abs=0.02)
        ratio.append(pion.mean())
        # 1 - (1 - f) (1 - h/e), less one or two percent in cells below threshold.
        fraction = 1 - energy**-0.18
        assert pion.mean() == pytest.approx(1 - (1 - fraction) * 0.17, abs=0.05)
        assert 0.40 < pion.std() / pion.mean() * np.sqrt(energy) < 0.70
        assert electron.std() * np.sqrt(energy) == pytest.approx(0.22, rel=0.2)
    assert ratio[0] < ratio[1] - 0.02 < 0.95


def test_pions_go_deeper_and_are_wider() -> None:
    showers = {name: shoot(name, 200, geometry="calice", impact_max=0.0, **steady(40.0)) for name in CLASSES}
    depth, width = {}, {}
    middle = (np.arange(24) - 11.5) * 30
    for name, shower in showers.items():
        cells = ak.to_numpy(shower.cells).sum(axis=0, dtype=np.float64)
        depth[name] = float((np.arange(38) + 0.5) @ cells.sum(axis=(0, 1)) / cells.sum() * 26)
        width[name] = float(np.sqrt(middle**2 @ cells.sum(axis=(1, 2)) / cells.sum()))
    assert depth["pion"] > 1.5 * depth["electron"]
    assert depth["photon"] > depth["electron"] + 10
    assert width["pion"] > 2 * width["electron"]
    start = ak.to_numpy(showers["pion"].start)
    assert start.mean() == pytest.approx(STACKS["steel-scintillator"].medium.pion_interaction_mm, rel=0.25)


def test_a_pion_that_does_not_interact_is_a_minimum_ionising_particle() -> None:
    pions = shoot("pion", 300, geometry="clic", impact_max=0.0, **steady(40.0))
    late = pions[pions.start > 159]
    # Half of a pion interaction length: exp(-159 / 221) of them cross it.
    assert len(late) / 300 == pytest.approx(np.exp(-159 / 220.8), abs=0.08)
    # 0.5 mm of silicon in each of 25 layers: 0.05 cm x 2.329 g/cm3 x 1.664 MeV cm2/g, on one line of cells.
    assert ak.mean(late.visible) == pytest.approx(25 * 0.1938e-3, rel=0.04)
    cells = ak.to_numpy(late.cells)
    assert (cells > 0).sum(axis=(1, 2, 3)).mean() / 25 == pytest.approx(0.9, abs=0.06)
    assert cells[:, 25, 25].sum() == pytest.approx(cells.sum())


def test_em_fraction_is_what_makes_the_response_of_pions_fluctuate() -> None:
    pions = shoot("pion", 300, **DEEP, **steady(50.0))
    contained = pions[pions.start < 1000]
    correlation = np.corrcoef(ak.to_numpy(contained.em_fraction), total(contained))[0, 1]
    assert correlation > 0.25
    assert (ak.to_numpy(shoot("photon", 20, **SMALL).em_fraction) == 1).all()


@pytest.mark.parametrize("geometry", list(CALORIMETERS))
def test_cells_below_threshold_are_zero(geometry: str) -> None:
    showers = shoot("pion", 60, geometry=geometry)
    threshold = CALORIMETERS[geometry].threshold
    assert SAMPLE.card["threshold_gev"][geometry] == threshold
    values = np.concatenate([ak.to_numpy(showers[name]).ravel() for name in CELLS[geometry]])
    assert values.min() == 0
    assert threshold <= values[values > 0].min() < 1.3 * threshold


def test_a_homogeneous_calorimeter_sees_everything() -> None:
    crystal = {"geometry": "custom", "absorber": "lead-tungstate", "cells": "25x25x1", "cell_size": "22x22x250"}
    seen = total(shoot("electron", 300, **crystal, impact_max=0.0, **steady(16.0)))
    assert seen.mean() == pytest.approx(16.0, rel=0.03)
    assert seen.std() / seen.mean() == pytest.approx(0.028 / 4, abs=0.004)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"geometry": "atlas"}, "geometry must be one of calogan, clic, calice, custom; received 'atlas'"),
        ({"energy_min": 0.1}, "energy_min must lie between 0.5 and 1000; received 0.1"),
        ({"energy_max": 2000.0}, "energy_max must lie between 0 and 1000; received 2000"),
        ({"energy_min": 50.0, "energy_max": 20.0}, "energy_min must not be above energy_max; received 50 and 20 GeV"),
        ({"spectrum": "steep"}, "spectrum must be one of flat, log; received 'steep'"),
        ({"angle_max": 1.5}, "angle_max must lie between -1 and 1; received 1.5"),
        ({"impact_max": 1e6}, "impact_max must lie between -1 and 10000; received 1000000"),
        ({"geometry": "custom", "cells": "20x20"}, "three numbers of cells such as 20x20x30.*received '20x20'"),
        ({"geometry": "custom", "cells": "0x20x20"}, "received '0x20x20'"),
        ({"geometry": "custom", "cells": "999x999x999"}, "together at most 500000; received '999x999x999'"),
        ({"geometry": "custom", "cell_size": "1x-1x1"}, "three lengths in mm such as 10x10x10; received '1x-1x1'"),
        ({"geometry": "custom", "cell_size": "1x0x1"}, "received '1x0x1'"),
        ({"geometry": "custom", "absorber": "wood"}, "absorber must be one of tungsten-silicon, .*; received 'wood'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        shoot("electron", 1, **options)
