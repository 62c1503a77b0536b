"""The pass over each jet equals the steps one after the other, whatever is asked for, in any rows and threads."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics.jet_images import centre, flip, normalise, pixelate, render, rotate
from tests.physics.jet_images.jets import flat_jets

OFFSETS, ETA, PHI, PT = flat_jets()
STARTS, STOPS = OFFSETS[:-1], OFFSETS[1:]
WEIGHTS = np.stack([PT, 0.3 * PT, np.ones(len(PT))])


def by_steps(weights, *, do_centre=True, do_rotate=True, flipped="quadrant", norm="sum"):
    x, y = ETA, PHI
    if do_centre:
        x, y = centre(OFFSETS, x, y, PT, y_is_angle=True)
    if do_rotate:
        x, y = rotate(OFFSETS, x, y, PT)
    if flipped:
        x, y = flip(OFFSETS, x, y, PT, onto=flipped)
    images = pixelate(OFFSETS, x, y, weights, pixels=12, half_width=0.5)
    return normalise(images, norm) if norm else images


def rendered(weights=WEIGHTS, rows=6, **options):
    out = np.full((rows, 12, 12, len(weights)), np.nan, dtype=np.float32)
    render(STARTS[:rows], STOPS[:rows], ETA, PHI, weights, out, half_width=0.5, y_is_angle=True, **options)
    return out


@pytest.mark.parametrize(
    ("do_centre", "do_rotate", "flipped", "norm"),
    list(itertools.product((True, False), (True, False), (False, "quadrant", "right"), (False, "sum", "l2"))),
)
def test_equal_to_the_steps(do_centre, do_rotate, flipped, norm):
    expected = by_steps(WEIGHTS, do_centre=do_centre, do_rotate=do_rotate, flipped=flipped, norm=norm)
    images = rendered(centre=do_centre, rotate=do_rotate, flip=flipped, normalise=norm)
    np.testing.assert_allclose(images, expected, rtol=2e-6)


def test_true_stands_for_the_usual_way():
    np.testing.assert_array_equal(rendered(flip=True, normalise=True), rendered(flip="quadrant", normalise="sum"))


def test_pt_that_is_not_a_channel():
    """Charged and neutral pT: the centre and the norm are those of both together, the multiplicity stays."""
    charged = np.where(np.arange(len(PT)) % 3 == 0, PT, 0.0)
    weights = np.stack([charged, PT - charged, np.ones(len(PT))])
    images = rendered(weights, pt=PT, normalised_channels=2)
    np.testing.assert_allclose(images[..., :2].sum(axis=-1), rendered(PT[None])[..., 0], rtol=1e-5, atol=1e-9)
    np.testing.assert_array_equal(images[..., 2], rendered(np.ones((1, len(PT))), pt=PT, normalise=False)[..., 0])


def test_axes_and_prongs_replace_centroid_and_principal_axis():
    rng = np.random.default_rng(0)
    axes = np.stack([rng.uniform(-2, 2, 6), rng.uniform(-3, 3, 6)], axis=1)
    prongs = axes + rng.normal(0, 0.2, (6, 2))
    axes[1, 1] = np.pi - 0.1
    prongs[1] = axes[1, 0], -np.pi + 0.1
    prongs[4] = np.nan
    images = rendered(axes=axes, prongs=prongs, flip="right", normalise=False)
    x, y = centre(OFFSETS, ETA, PHI, PT, at=axes, y_is_angle=True)
    relative = prongs - axes
    relative[1] = 0.0, 0.2
    x, y = flip(OFFSETS, *rotate(OFFSETS, x, y, PT, prong=relative), PT, onto="right")
    np.testing.assert_allclose(images, pixelate(OFFSETS, x, y, WEIGHTS, 12, 0.5), rtol=1e-5)
    assert images[1].any()


def test_rows_in_any_order_and_single_precision():
    order = np.array([5, 0, 3, 1, 5])
    out = np.empty((5, 12, 12, 3), dtype=np.float32)
    columns = (column.astype(np.float32) for column in (ETA, PHI, WEIGHTS))
    render(STARTS[order], STOPS[order], *columns, out, half_width=0.5, y_is_angle=True)
    # A constituent at a pixel's edge may change sides with its last bits; none of these does.
    np.testing.assert_allclose(out, rendered()[order], rtol=1e-4, atol=1e-7)


def test_threads_write_their_own_rows():
    offsets, eta, phi, pt = flat_jets(counts=(20,) * 400, seed=9)
    whole, parts = (np.empty((400, 12, 12, 1), dtype=np.float32) for _ in range(2))

    def part(rows, out):
        starts, stops = offsets[:-1][rows], offsets[1:][rows]
        render(starts, stops, eta, phi, pt[None], out[rows], half_width=0.5, y_is_angle=True)

    part(slice(None), whole)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda first: part(slice(first, first + 10), parts), range(0, 400, 10)))
    np.testing.assert_array_equal(parts, whole)
    np.testing.assert_allclose(whole.sum(axis=(1, 2, 3)), 1.0, rtol=1e-5)


def test_no_rows():
    render(STARTS[:0], STOPS[:0], ETA, PHI, WEIGHTS, np.empty((0, 12, 12, 3), dtype=np.float32), half_width=0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": PHI[1:]}, "weights \\(channels, n\\)"),
        ({"weights": PT}, "weights \\(channels, n\\)"),
        ({"out": np.empty((6, 12, 12, 2))}, "out must have the shape \\(6, pixels, pixels, 3\\)"),
        ({"out": np.empty((6, 12, 10, 3))}, "out must have the shape"),
        ({"stops": STOPS + 1}, "within the 109 constituents"),
        ({"starts": STARTS - 1}, "within the 109 constituents"),
        ({"pt": PT[1:]}, "pt must have the shape"),
        ({"axes": np.zeros((5, 2))}, "'axes' must have one point"),
        ({"flip": "up"}, "unknown flip 'up'"),
        ({"normalise": "max"}, "unknown normalise 'max'"),
        ({"half_width": 0.0}, "must be positive"),
        ({"normalised_channels": 4}, "normalised_channels must be from 0 to 3"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    arguments = {"starts": STARTS, "stops": STOPS, "x": ETA, "y": PHI, "weights": WEIGHTS, "half_width": 0.5}
    with pytest.raises(DataError, match=message):
        render(**{"out": np.empty((6, 12, 12, 3)), **arguments, **change})
