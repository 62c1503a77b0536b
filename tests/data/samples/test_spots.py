"""The kernel that throws spots of energy into cells."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import k1

from keras_hep.data.samples.spots import CORE_AND_TAIL, EXPONENTIAL, Components, Section, _uniform, axes, deposit


def test_the_generator_is_uniform_and_its_streams_are_independent() -> None:
    first = np.array([_uniform(np.uint64(5), i) for i in range(20_000)])
    second = np.array([_uniform(np.uint64(6), i) for i in range(20_000)])
    assert stats.kstest(first, "uniform").pvalue > 1e-3
    pairs, *_ = np.histogram2d(first[:-1], first[1:], bins=10, range=[[0, 1], [0, 1]])
    assert stats.chisquare(pairs.ravel()).pvalue > 1e-3
    for other in (second, np.roll(first, 1), np.roll(first, 4)):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.03
    # First values of SplitMix64 with seed 1234567, as its author publishes them.
    assert _uniform(np.uint64(1234567), 0) == (6457827717110365317 >> 11) * 2.0**-53
    assert _uniform(np.uint64(1234567), 1) == (3203168211198807973 >> 11) * 2.0**-53


def one_component(shape: int, core: float, tail: float, weight: float, spots: int) -> Components:
    def single(value: float) -> np.ndarray:
        return np.full((1, 1), value)

    number = np.full((1, 1), spots)
    return Components(
        np.zeros(1, int), np.full(1, shape), np.zeros((1, 2)), single(1.0), number, *map(single, (core, tail, weight))
    )


STRIPS = [Section(0.0, 1.0, (40, 1, 1), (1.0, 1e9))]


def strips(components: Components, count: int = 1) -> np.ndarray:
    """Energies in strips of 1 mm in x, unlimited in y, around x = 0."""
    straight = axes(np.zeros((count, 2)), np.zeros(count), np.zeros(count))
    return deposit(components, straight, np.array([0.0, 1.0]), STRIPS, np.random.default_rng(1))


def test_radii_follow_core_and_tail() -> None:
    cells = strips(one_component(CORE_AND_TAIL, 0.8, 6.0, 0.7, 200_000))[0].astype(float)
    for a in (1, 3, 10):
        # Projected on a line, R^2 / (pi (r^2 + R^2)^2) leaves a / sqrt(a^2 + R^2) within |x| < a.
        expected = 0.7 * a / np.hypot(a, 0.8) + 0.3 * a / np.hypot(a, 6.0)
        assert cells[20 - a : 20 + a].sum() == pytest.approx(expected, abs=0.004)


def test_radii_follow_an_exponential() -> None:
    cells = strips(one_component(EXPONENTIAL, 3.0, 0.0, 1.0, 200_000))[0].astype(float)
    for a in (1, 4, 9):
        expected = 2 * integrate.quad(lambda x: x * k1(x / 3.0) / (np.pi * 9.0), 0, a)[0]
        assert cells[20 - a : 20 + a].sum() == pytest.approx(expected, abs=0.004)


def test_a_spot_without_radius_lies_on_the_axis() -> None:
    section = Section(0.0, 10.0, (10, 20, 5), (2.0, 1.0))
    on_axis = one_component(CORE_AND_TAIL, 0.0, 0.0, 1.0, 3)
    theta, phi, s = 0.4, 2.0, 5.0
    tilted = axes(np.array([[1.5, -3.2]]), np.array([theta]), np.array([phi]))
    cells = deposit(on_axis, tilted, np.array([s, s]), [section], np.random.default_rng(1)).reshape(10, 20, 5)
    x, y, z = 1.5 + s * np.sin(theta) * np.cos(phi), -3.2 + s * np.sin(theta) * np.sin(phi), s * np.cos(theta)
    assert cells[int((x + 10) // 2), int((y + 10) // 1), int(z // 2)] == pytest.approx(1.0)
    assert cells.sum() == pytest.approx(1.0)


def test_axes_are_orthogonal() -> None:
    rng = np.random.default_rng(2)
    frame = axes(np.zeros((50, 2)), rng.uniform(0, 1, 50), rng.uniform(-3, 3, 50))
    matrix = np.stack([frame.direction, frame.first, frame.second], axis=1)
    assert matrix @ matrix.transpose(0, 2, 1) == pytest.approx(np.broadcast_to(np.eye(3), (50, 3, 3)), abs=1e-12)


def test_what_misses_the_cells_is_lost_and_sections_follow_each_other() -> None:
    sections = [Section(0.0, 1.0, (1, 1, 1), (10.0, 10.0)), Section(1.0, 3.0, (2, 2, 2), (5.0, 5.0))]
    part = one_component(CORE_AND_TAIL, 0.0, 0.0, 1.0, 1)
    straight = axes(np.array([[3.0, -3.0]]), np.zeros(1), np.zeros(1))
    for depth, expected in ((0.5, 0), (1.5, 1 + 4), (2.5, 1 + 5), (3.5, None), (-0.5, None)):
        cells = deposit(part, straight, np.array([depth, depth]), sections, np.random.default_rng(1))[0]
        assert np.flatnonzero(cells).tolist() == ([] if expected is None else [expected])
    outside = axes(np.array([[5.5, 0.0]]), np.zeros(1), np.zeros(1))
    assert not deposit(part, outside, np.array([0.5, 0.5]), sections, np.random.default_rng(1)).any()


def test_a_shower_does_not_depend_on_the_others() -> None:
    part = one_component(CORE_AND_TAIL, 0.8, 6.0, 0.7, 50)
    both = Components(*(np.concatenate([column, column]) for column in part))._replace(owner=np.array([0, 1]))
    together = strips(both, count=2)
    assert (together[0] == strips(part)[0]).all()
    assert (together[0] != together[1]).any()
