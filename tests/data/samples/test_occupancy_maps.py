import sys
from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import stats

from benchmarks.samples.occupancy_maps import draw, expectations, measured_ratio, pulls, quantities
from keras_hep.data.samples.recipes.occupancy_maps import CARD, SAMPLE, Region, expected_maps
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError


def make(label: int, entries: int, seed: int = 1, **options: object) -> ak.Array:
    request = ShardRequest(label, 0, entries, seed, 3, {**SAMPLE.options, **options})
    return SAMPLE.make_shard(request, lambda: None)


@pytest.fixture(scope="module")
def maps() -> ak.Array:
    return ak.concatenate([make(label, 400) for label in range(3)])


def test_a_shard_is_a_pure_function_of_its_request() -> None:
    for label in range(3):
        first, again, other = (make(label, 10, seed=seed) for seed in (1, 1, 2))
        assert ak.array_equal(first, again)
        assert not np.isin(ak.to_numpy(other.level), ak.to_numpy(first.level)).any()


def test_branches_are_those_of_the_card(maps: ak.Array) -> None:
    assert set(maps.fields) == set(SAMPLE.card["branches"])
    special = {"event": "int64", "label": "int32", "cells": "int32"}
    special |= {"map": "64 * 64 * float32", "fault": "64 * 64 * int8"}
    kinds = {name: str(maps[name].type.content) for name in maps.fields}
    assert kinds == {name: special.get(name, "float32") for name in kinds}
    assert len(np.unique(ak.to_numpy(maps.event))) == len(maps)


@pytest.mark.parametrize("value", [0.5, 1e6, "many"])
def test_wrong_options_are_refused(value: object) -> None:
    with pytest.raises(DataError, match="occupancy must"):
        make(0, 2, occupancy=value)


def test_healthy_cells_are_poisson_about_the_expectation(maps: ak.Array) -> None:
    for label in range(3):
        pull = pulls(maps[maps.label == label])
        error = 1 / np.sqrt(len(pull))
        assert pull.mean() == pytest.approx(0, abs=4 * error)
        # The variance of the square of a pull is 2 + 1 / expectation.
        assert pull.var() == pytest.approx(1, abs=4 * error * np.sqrt(2.1))
        # Skewness of a Poisson number: 1 / sqrt(expectation).
        healthy = expectations(maps[maps.label == label])[ak.to_numpy(maps[maps.label == label].fault) == 0]
        assert (pull**3).mean() == pytest.approx((healthy**-0.5).mean(), abs=0.02)


def test_the_option_is_the_mean_number_of_hits() -> None:
    for occupancy in (2.0, 300.0):
        made = make(0, 300, occupancy=occupancy)
        level = ak.to_numpy(made.level).astype(np.float64)
        hits = ak.to_numpy(made.map).mean(axis=(1, 2), dtype=np.float64)
        assert (hits / level).mean() == pytest.approx(occupancy, rel=0.01)
        assert ak.to_numpy(made.map).mean() == pytest.approx(occupancy, rel=0.06)


def test_the_expectation_has_the_shape_of_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = replace(CARD, module_spread=0.0, cell_spread=0.0)
    monkeypatch.setattr(sys.modules["keras_hep.data.samples.recipes.occupancy_maps"], "CARD", flat)
    level, tilt, phase = np.array([1.0, 2.0]), np.array([0.0, 0.1]), np.array([0.0, 0.5])
    plain, tilted = expected_maps(10.0, level, tilt, phase)
    assert plain.mean() == pytest.approx(10.0)
    eta = ((np.arange(64) + 0.5) / 64 * 2 - 1) * 3
    inner = plain[1:-1:8]  # second cells of modules, away from the edges along eta
    assert plain[:, 3] / plain[33, 3] * (1 + 0.15 * eta[33] ** 2) == pytest.approx(
        (1 + 0.15 * eta**2) * np.where(np.isin(np.arange(64) % 8, (0, 7)), 0.9, 1.0)
    )
    assert inner[0, 8] / inner[0, 9] == pytest.approx(0.9)
    phi = (np.arange(64) + 0.5) * 2 * np.pi / 64 - np.pi
    assert tilted / plain == pytest.approx(np.broadcast_to(2 * (1 + 0.1 * np.cos(phi - 0.5)), (64, 64)))


def test_gains_are_the_same_in_all_maps() -> None:
    one = np.array([1.0])
    first, again = (expected_maps(1.0, one, 0 * one, 0 * one) for _ in range(2))
    assert (first == again).all()
    flat_cells = first[0].reshape(8, 8, 8, 8)[:, 2:6, :, 2:6]
    rise = 1 + 0.15 * (((np.arange(64) + 0.5) / 64 * 2 - 1) * 3).reshape(8, 8)[:, 2:6, None, None] ** 2
    gains = flat_cells / rise
    modules = gains.mean(axis=(1, 3))
    assert modules.std() / modules.mean() == pytest.approx(CARD.module_spread, rel=0.35)
    assert (gains / modules[:, None, :, None]).std() == pytest.approx(CARD.cell_spread, rel=0.1)


def test_levels_and_waves_vary_from_map_to_map(maps: ak.Array) -> None:
    level = np.log(ak.to_numpy(maps.level))
    assert stats.kstest((level + CARD.level_spread**2 / 2) / CARD.level_spread, "norm").pvalue > 1e-3
    assert stats.kstest(ak.to_numpy(maps.tilt) / CARD.tilt, "uniform").pvalue > 1e-3
    assert stats.kstest((ak.to_numpy(maps.tilt_phi) + np.pi) / (2 * np.pi), "uniform").pvalue > 1e-3


def test_faults_are_those_of_the_class(maps: ak.Array) -> None:
    fault, label = ak.to_numpy(maps.fault), ak.to_numpy(maps.label)
    for kind in range(3):
        assert set(np.unique(fault[label == kind])) == ({0} if kind == 0 else {0, kind})
    assert (ak.to_numpy(maps.cells) == (fault > 0).sum(axis=(1, 2))).all()
    assert (ak.to_numpy(maps.cells)[label > 0] > 0).all()
    good = maps[label == 0]
    assert ak.all(good.ratio == 1) and ak.all(good.severity == 0) and ak.all(good.significance == 0)
    dead, noisy = (ak.to_numpy(maps.ratio)[label == kind] for kind in (1, 2))
    assert stats.kstest(dead / 0.9, "uniform").pvalue > 1e-3
    assert stats.kstest(np.log(noisy / 1.1) / np.log(10 / 1.1), "uniform").pvalue > 1e-3
    assert ak.to_numpy(maps.severity)[label == 1] == pytest.approx(1 - dead, abs=1e-6)
    assert ak.to_numpy(maps.severity)[label == 2] == pytest.approx(1 - 1 / noisy, abs=1e-6)


def test_regions_have_the_sizes_and_places_of_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["keras_hep.data.samples.recipes.occupancy_maps"]
    for region in (*CARD.dead[:3], CARD.dead[3]):
        monkeypatch.setattr(module, "CARD", replace(CARD, dead=(region,), second=0.0))
        fault = ak.to_numpy(make(1, 300).fault) > 0
        rows, columns = fault.any(axis=2), fault.any(axis=1)
        for lines, (least, largest), size in ((rows, region.rows, 0), (columns, region.columns, 1)):
            count, first = lines.sum(axis=1), lines.argmax(axis=1)
            assert (count.min(), count.max()) == (least, largest)
            last = lines.shape[1] - 1 - lines[:, ::-1].argmax(axis=1)
            assert (last - first + 1 == count).all()
            if region.aligned:
                assert (first % count == 0).all()
            # Every place is possible.
            assert len(np.unique(first)) >= min(0.9 * 64 / (least if region.aligned else 1), 60), size
        assert (fault.sum(axis=(1, 2)) == rows.sum(axis=1) * columns.sum(axis=1)).all()


def test_a_second_region_appears_as_often_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["keras_hep.data.samples.recipes.occupancy_maps"]
    monkeypatch.setattr(module, "CARD", replace(CARD, dead=(Region((1, 1), (1, 1), False, 1.0),)))
    assert np.mean(ak.to_numpy(make(1, 2000).cells) == 2) == pytest.approx(CARD.second, abs=0.035)


def test_faulty_cells_have_the_planted_ratio(maps: ak.Array) -> None:
    for label in (1, 2):
        mine = maps[maps.label == label]
        hits = np.where(ak.to_numpy(mine.fault) > 0, expectations(mine), 0).sum(axis=(1, 2))
        ratio = ak.to_numpy(mine.ratio).astype(np.float64)
        pull = (measured_ratio(mine) - ratio) / np.sqrt(ratio / hits)
        assert pull.mean() == pytest.approx(0, abs=0.25)
        assert pull.std() == pytest.approx(1, abs=0.15)


def test_significance_is_what_an_ideal_observer_finds(maps: ak.Array) -> None:
    # The log-likelihood ratio of the true fault against none, on the hits themselves.
    for label in (1, 2):
        mine = maps[maps.label == label]
        faulty = ak.to_numpy(mine.fault) > 0
        hits = np.where(faulty, ak.to_numpy(mine.map), 0).sum(axis=(1, 2), dtype=np.float64)
        expected = np.where(faulty, expectations(mine), 0).sum(axis=(1, 2))
        ratio = ak.to_numpy(mine.ratio).astype(np.float64)
        found = 2 * (hits * np.log(ratio) - (ratio - 1) * expected)
        mean = ak.to_numpy(mine.significance).astype(np.float64) ** 2
        spread = 2 * np.abs(np.log(ratio)) * np.sqrt(expected * ratio)
        assert ((found - mean) / spread).mean() == pytest.approx(0, abs=0.25)
        changed = np.abs(ratio - 1) * expected / expectations(mine).sum(axis=(1, 2))
        assert ak.to_numpy(mine.changed) == pytest.approx(changed, rel=1e-3)
        seen = np.mean(ak.to_numpy(mine.significance) > 5)
        assert 0.6 < seen < 0.97


def test_the_look_finds_its_expectations_and_draws(maps: ak.Array) -> None:
    found = {quantity.name: quantity.measured for quantity in quantities(maps)}
    assert found["good: variance of the pulls"] == pytest.approx(1, abs=0.01)
    assert found["dead: measured over true ratio, >= 32 cells"] == pytest.approx(1, abs=0.02)
    figure = Figure()
    draw(maps, figure)
    assert len(figure.axes) == 9
