"""Each step of a jet image alone: what it leaves, what it does not change, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics.jet_images import centre, crop, flip, normalise, pixelate, rotate
from tests.physics.jet_images.jets import flat_jets, pieces, reflected, turned

OFFSETS, ETA, PHI, PT = flat_jets()


@pytest.fixture(scope="module")
def centred():
    return centre(OFFSETS, ETA, PHI, PT, y_is_angle=True)


def test_centre_puts_the_centroid_at_the_origin(centred):
    for x, y, pt in pieces(OFFSETS, *centred, PT):
        assert np.average(x, weights=pt) == pytest.approx(0.0, abs=1e-14)
        assert np.average(y, weights=pt) == pytest.approx(0.0, abs=1e-14)
    # Distances within a jet stay, also across phi = pi.
    for x, y, eta, phi in pieces(OFFSETS, *centred, ETA, PHI):
        np.testing.assert_allclose(x - x[0], eta - eta[0], atol=1e-14)
        np.testing.assert_allclose(np.exp(1j * (y - y[0])), np.exp(1j * (phi - phi[0])), atol=1e-14)
        assert np.ptp(y) < 2.0


def test_centre_does_not_depend_on_where_the_jet_is(centred):
    for shift in (0.3, 2.0, -3.0):
        phi = (PHI + shift + np.pi) % (2 * np.pi) - np.pi
        moved = centre(OFFSETS, ETA + shift, phi, PT, y_is_angle=True)
        np.testing.assert_allclose(moved, centred, atol=1e-13)


def test_centre_on_given_points():
    at = np.stack([np.linspace(-1, 1, 6), np.linspace(-3, 3, 6)], axis=1)
    jet = np.repeat(np.arange(6), np.diff(OFFSETS))
    x, y = centre(OFFSETS, ETA, PHI, PT, at=at, y_is_angle=True)
    np.testing.assert_allclose(x, ETA - at[jet, 0], atol=1e-15)
    np.testing.assert_allclose(y, (PHI - at[jet, 1] + np.pi) % (2 * np.pi) - np.pi, atol=1e-14)
    _, y = centre(OFFSETS, ETA, PHI, PT, at=at)
    np.testing.assert_allclose(y, PHI - at[jet, 1], atol=1e-15)


def test_rotate_makes_the_principal_axis_vertical(centred):
    new = rotate(OFFSETS, *centred, PT)
    for x, y, pt in pieces(OFFSETS, *new, PT):
        moments = np.cov(np.stack([x, y]), aweights=pt, ddof=0) if len(pt) > 1 else np.zeros((2, 2))
        assert moments[0, 1] == pytest.approx(0.0, abs=1e-14)
        assert moments[1, 1] >= moments[0, 0]


def test_rotate_is_a_rotation(centred):
    """Distances and the sense of rotation stay."""
    new = rotate(OFFSETS, *centred, PT)
    for x, y, u, v in pieces(OFFSETS, *centred, *new):
        before, after = x + 1j * y, u + 1j * v
        np.testing.assert_allclose(after[0].conj() * after, before[0].conj() * before, atol=1e-14)


def test_rotate_puts_the_prong_below(centred):
    rng = np.random.default_rng(1)
    prong = rng.normal(0, 0.3, (6, 2))
    prong[1] = np.nan
    prong[4] = 0.0
    offsets = np.arange(7)
    below = rotate(offsets, prong[:, 0], prong[:, 1], np.ones(6), prong=prong)
    real = [0, 2, 3, 5]
    np.testing.assert_allclose(below[0][real], 0.0, atol=1e-15)
    np.testing.assert_allclose(below[1][real], -np.hypot(*prong[real].T))
    # Without a prong the principal axis counts.
    with_prong, without = rotate(OFFSETS, *centred, PT, prong=prong), rotate(OFFSETS, *centred, PT)
    for jet, by_prong in ((0, True), (1, False), (4, False), (5, True)):
        part = slice(OFFSETS[jet], OFFSETS[jet + 1])
        assert np.array_equal(with_prong[1][part], without[1][part]) != by_prong


@pytest.mark.parametrize("quadrant", [(1, 1), (-1, 1), (1, -1), (-1, -1)])
def test_flip_brings_the_hardest_quadrant_up_right(quadrant):
    signs = np.array([(1, 1), (-1, 1), (1, -1), (-1, -1)], dtype=float)
    pt = np.where((signs == quadrant).all(axis=1), 30.0, [12.0, 13.0, 14.0, 15.0])
    x, y = flip(np.array([0, 4]), signs[:, 0] * 0.3, signs[:, 1] * 0.2, pt)
    assert pt[(x > 0) & (y > 0)] == [30.0]
    np.testing.assert_array_equal(np.abs(x), 0.3)
    np.testing.assert_array_equal(np.abs(y), 0.2)


def test_flip_looks_at_quadrants_not_halves():
    x, y, pt = np.array([-1.0, -1.0, 1.0]), np.array([1.0, -1.0, 1.0]), np.array([6.0, 6.0, 7.0])
    np.testing.assert_array_equal(flip(np.array([0, 3]), x, y, pt), (x, y))
    np.testing.assert_array_equal(flip(np.array([0, 3]), x, y, pt, onto="right"), (-x, y))


def test_flip_to_the_right_keeps_up_and_down(centred):
    x, y = flip(OFFSETS, *centred, PT, onto="right")
    np.testing.assert_array_equal(y, centred[1])
    for its_x, pt in pieces(OFFSETS, x, PT):
        assert pt[its_x > 0].sum() >= pt[its_x < 0].sum()


def test_rotated_and_mirrored_jets_are_prepared_alike(centred):
    """Centre, rotate and flip undo every rotation and reflection of a jet."""
    expected = flip(OFFSETS, *rotate(OFFSETS, *centred, PT), PT)
    for angle in (0.1, 1.5, 3.0, 4.4):
        for move in (turned, reflected):
            moved = move(*centred, angle)
            new = flip(OFFSETS, *rotate(OFFSETS, *moved, PT), PT)
            np.testing.assert_allclose(new, expected, atol=1e-12)


def test_pixelate_equals_a_histogram(centred):
    weights = np.stack([PT, np.ones(len(PT))])
    images = pixelate(OFFSETS, *centred, weights, pixels=14, half_width=0.35)
    assert images.shape == (6, 14, 14, 2)
    edges = np.linspace(-0.35, 0.35, 15)
    for jet, image in enumerate(images):
        part = slice(OFFSETS[jet], OFFSETS[jet + 1])
        for channel in range(2):
            expected, _, _ = np.histogram2d(
                centred[1][part], centred[0][part], bins=(edges, edges), weights=weights[channel, part]
            )
            np.testing.assert_allclose(image[..., channel], expected, rtol=1e-6)
    assert 0.0 < images[..., 1].sum() < len(PT)


def test_pixel_boundaries():
    """Two pixels of width 1: the lower edge belongs to a pixel, the upper one to the next or to none."""
    x = np.array([-1.0, 0.0, np.nextafter(1.0, 0.0), 1.0, np.nextafter(-1.0, -2.0)])
    images = pixelate(np.arange(6), x, np.full(5, -0.5), np.ones((1, 5)), pixels=2, half_width=1.0)
    assert [tuple(np.argwhere(image[..., 0])[0]) for image in images[:3]] == [(0, 0), (0, 1), (0, 1)]
    assert not images[3:].any()


def test_crop_is_the_image_of_a_smaller_window(centred):
    large = pixelate(OFFSETS, *centred, PT[None], pixels=24, half_width=0.6)
    small = pixelate(OFFSETS, *centred, PT[None], pixels=8, half_width=0.2)
    np.testing.assert_array_equal(crop(large, 8), small)
    np.testing.assert_array_equal(crop(large, 24), large)


@pytest.mark.parametrize("pixels", [0, 7, 26])
def test_crop_without_a_middle_is_refused(pixels):
    with pytest.raises(DataError, match=f"24 x 24 pixels has no middle of {pixels}"):
        crop(np.zeros((1, 24, 24, 1), dtype=np.float32), pixels)


def test_normalise():
    rng = np.random.default_rng(3)
    images = rng.uniform(0, 5, (4, 6, 6, 3)).astype(np.float32)
    images[2] = 0.0
    before = images.copy()
    one = normalise(images)
    np.testing.assert_allclose(one[[0, 1, 3], ..., 0].sum(axis=(1, 2)), 1.0, rtol=1e-6)
    np.testing.assert_allclose(one[0, ..., 2] / one[0, ..., 0], images[0, ..., 2] / images[0, ..., 0], rtol=1e-5)
    colour = normalise(images, pt_channels=(0, 1), channels=(0, 1))
    np.testing.assert_allclose(colour[[0, 1, 3], ..., :2].sum(axis=(1, 2, 3)), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(colour[..., 2], images[..., 2])
    square = normalise(images, "l2", pt_channels=(1,))
    np.testing.assert_allclose((square[[0, 1, 3], ..., 1] ** 2).sum(axis=(1, 2)), 1.0, rtol=1e-6)
    for result in (one, colour, square):
        np.testing.assert_array_equal(result[2], 0.0)
    np.testing.assert_array_equal(images, before)


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match="of one length"):
        centre(OFFSETS, ETA, PHI[1:], PT)
    with pytest.raises(DataError, match="offsets must rise"):
        rotate(OFFSETS[:-1], ETA, PHI, PT)
    with pytest.raises(DataError, match=r"'at' must have one point for each jet, shape \(6, 2\)"):
        centre(OFFSETS, ETA, PHI, PT, at=np.zeros((5, 2)))
    with pytest.raises(DataError, match="'quadrent'; did you mean 'quadrant'"):
        flip(OFFSETS, ETA, PHI, PT, onto="quadrent")
    with pytest.raises(DataError, match="'l1'"):
        normalise(np.zeros((1, 2, 2, 1), dtype=np.float32), "l1")
    with pytest.raises(DataError, match=r"\(channels, constituents\)"):
        pixelate(OFFSETS, ETA, PHI, PT, 10, 1.0)
    with pytest.raises(DataError, match="at least one pixel; received 0"):
        pixelate(OFFSETS, ETA, PHI, PT[None], 0, 1.0)
    with pytest.raises(DataError, match="must be positive; received -1"):
        pixelate(OFFSETS, ETA, PHI, PT[None], 4, -1.0)
