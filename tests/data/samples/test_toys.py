"""The sample `toys`: the points follow the densities that stand beside them, and these are normalised."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from keras_hep.data.samples import generate
from keras_hep.data.samples.recipes.toys import CLASSES, SAMPLE, make_shard
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.data.samples.toy_densities import CARD, Choices, log_density
from keras_hep.errors import DataError

Floats = npt.NDArray[np.float64]
POINTS = 20_000


def points(name: str, seed: int = 1, index: int = 0, entries: int = POINTS, **options: Any) -> ak.Array:
    request = ShardRequest(CLASSES.index(name), index, entries, seed, len(CLASSES), {**SAMPLE.options, **options})
    return make_shard(request, lambda: None)


def density(name: str, x: Floats, mass: Floats | None = None, **options: Any) -> Floats:
    choices = Choices(**{**SAMPLE.options, **options})
    return np.exp(log_density(name, x, np.zeros(len(x)) if mass is None else mass, choices))


def grid(reach: float, cells: int) -> tuple[Floats, float]:
    """Return the centres of the cells of a square around the origin, and the area of a cell."""
    edge = (np.arange(cells) + 0.5) / cells * 2 * reach - reach
    return np.stack(np.meshgrid(edge, edge), axis=-1).reshape(-1, 2), (2 * reach / cells) ** 2


CASES: list[tuple[str, dict[str, Any]]] = [
    ("moons", {}), ("moons", {"noise": 0.2}), ("rings", {}), ("rings", {"rings": 1, "noise": 0.05}),
    ("rings", {"rings": 1, "spots": 8}), ("rings", {"rings": 2, "spots": 5}), ("linear-gaussian", {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), CASES)
def test_densities_are_normalised_and_the_points_follow_them(name: str, options: dict[str, Any]) -> None:
    centres, area = grid(9.0, 900)
    values = density(name, centres, **options)
    assert values.sum() * area == pytest.approx(1.0, abs=2e-3)
    found = points(name, **options)
    # Entropy, a figure of the density alone, from the points' own densities and from the grid.
    surprise = -ak.to_numpy(found.log_density).astype(np.float64)
    entropy = -area * np.sum(values * np.log(np.where(values > 0, values, 1.0)))
    assert surprise.mean() == pytest.approx(entropy, abs=4 * surprise.std() / np.sqrt(POINTS) + 2e-3)
    # Numbers of points in coarse cells against the density there.
    x = ak.to_numpy(found.x)
    cells = 30
    counts, _, _ = np.histogram2d(x[:, 1], x[:, 0], bins=cells, range=[[-9, 9], [-9, 9]])
    expected = POINTS * area * values.reshape(cells, 30, cells, 30).sum(axis=(1, 3))
    filled = expected > 10
    chi2 = ((counts - expected)[filled] ** 2 / expected[filled]).sum()
    assert stats.chi2.sf(chi2, filled.sum()) > 1e-3
    assert counts[~filled].sum() == pytest.approx(expected[~filled].sum(), abs=5 * np.sqrt(expected[~filled].sum() + 1))


@pytest.mark.parametrize("options", [{}, {"signal": 0.3, "mass": 4000.0, "separation": 1.0}, {"signal": 0.0}])
def test_the_bump_follows_its_density(options: dict[str, Any]) -> None:
    chosen = Choices(**{**SAMPLE.options, **options})
    found = points("bump", **options)
    mass, signal = ak.to_numpy(found.mass).astype(np.float64), ak.to_numpy(found.signal) == 1
    x = ak.to_numpy(found.x).astype(np.float64)
    assert signal.mean() == pytest.approx(chosen.signal, abs=4 * np.sqrt(chosen.signal / POINTS))
    low, high = CARD.mass_range
    falling = stats.truncexpon((high - low) / CARD.scale, loc=low, scale=CARD.scale)
    assert stats.kstest(mass[~signal], falling.cdf).pvalue > 1e-3
    normal = stats.multivariate_normal
    expected = (1 - chosen.signal) * falling.pdf(mass) * normal([0, 0]).pdf(x)
    if chosen.signal:
        resonance = stats.norm(chosen.mass, CARD.width * chosen.mass)
        assert stats.kstest(mass[signal], resonance.cdf).pvalue > 1e-3
        assert x[signal].mean(axis=0) == pytest.approx([chosen.separation, 0], abs=4 / np.sqrt(signal.sum()))
        expected += chosen.signal * resonance.pdf(mass) * normal([chosen.separation, 0]).pdf(x)
    np.testing.assert_allclose(ak.to_numpy(found.log_density), np.log(expected), rtol=1e-4, atol=1e-4)
    assert abs(np.corrcoef(mass[~signal], x[~signal, 0])[0, 1]) < 4 / np.sqrt(POINTS)
    assert x[~signal].std(axis=0) == pytest.approx([1, 1], abs=0.03)


def test_the_linear_gaussian_has_its_moments_and_its_latent_variable() -> None:
    found = points("linear-gaussian")
    x, latent = ak.to_numpy(found.x).astype(np.float64), ak.to_numpy(found.latent).astype(np.float64)
    weights = np.array(CARD.weights)
    covariance = np.outer(weights, weights) + CARD.spread**2 * np.eye(2)
    assert x.mean(axis=0) == pytest.approx(CARD.offset, abs=0.06)
    np.testing.assert_allclose(np.cov(x.T), covariance, atol=0.15)
    expected = stats.multivariate_normal(CARD.offset, covariance).logpdf(x)
    np.testing.assert_allclose(ak.to_numpy(found.log_density), expected, rtol=1e-4, atol=1e-5)
    # What is known of z once x is: mean W^T C^-1 (x - b), variance 1 - W^T C^-1 W.
    gain = weights @ np.linalg.inv(covariance)
    residual = latent - (x - CARD.offset) @ gain
    assert residual.mean() == pytest.approx(0, abs=0.01)
    assert residual.std() == pytest.approx(np.sqrt(1 - gain @ weights), rel=0.03)


def test_components_say_where_a_point_comes_from() -> None:
    moons = points("moons", noise=0.01)
    x, moon = ak.to_numpy(moons.x), ak.to_numpy(moons.component)
    assert 0.48 < moon.mean() < 0.52
    radius = np.hypot(*(x - np.outer(moon, CARD.moon)).T)
    assert np.abs(radius - 1).max() < 0.06
    assert np.array_equal(np.sign(x[:, 1] - 0.5 * moon) > 0, moon == 0)
    rings = points("rings", noise=0.01, rings=3)
    assert np.round(np.hypot(*ak.to_numpy(rings.x).T)).astype(int).tolist() == (rings.component + 1).tolist()
    angle = np.arctan2(*ak.to_numpy(rings.x).T[::-1])
    assert np.abs(np.cos(angle - ak.to_numpy(rings.latent)) - 1).max() < 1e-6
    spots = points("rings", noise=0.01, rings=2, spots=8)
    x, component = ak.to_numpy(spots.x), ak.to_numpy(spots.component)
    assert set(component.tolist()) == set(range(16))
    turn = 2 * np.pi * (component % 8) / 8
    centre = (1 + component // 8)[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    assert np.abs(x - centre).max() < 0.06


def test_shards_are_pure_functions_of_the_request() -> None:
    for name in CLASSES:
        first = points(name, entries=50)
        assert first.tolist() == points(name, entries=50).tolist()
        assert not np.isin(ak.to_numpy(first.x), ak.to_numpy(points(name, seed=2, entries=50).x)).any()
        assert not np.isin(ak.to_numpy(first.x), ak.to_numpy(points(name, index=1, entries=50).x)).any()
        assert set(first.label.tolist()) == {CLASSES.index(name)}
        assert np.isfinite(ak.to_numpy(first.log_density)).all()
    shards = [points(name, index=index, entries=50) for name in CLASSES for index in (0, 1)]
    assert len(set(ak.concatenate(shards).event.tolist())) == 8 * 50


def test_branches_are_the_documented_ones() -> None:
    found = points("bump", entries=5)
    assert set(found.fields) == set(SAMPLE.card["branches"])
    assert str(found.type) == (
        "5 * {event: int64, label: int32, x: 2 * float32, component: int32, latent: float32, mass: float32, "
        "signal: int8, log_density: float32}"
    )
    assert set(SAMPLE.card["option_meanings"]) == set(SAMPLE.options) == set(Choices._fields)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("noise", 0.0),
        ("noise", 0.3),
        ("rings", 0),
        ("spots", -1),
        ("signal", 1.1),
        ("mass", 100.0),
        ("separation", -1.0),
    ],
)
def test_options_out_of_range_are_refused(option: str, value: float, tmp_path: Any, cache: Any) -> None:
    with pytest.raises(DataError, match=f"the option {option} must .*between .*received {value:g}"):
        generate("toys", 10, tmp_path / "toys.root", options={option: value}, workers=1, progress=False)
    assert not list(tmp_path.glob("toys*"))
