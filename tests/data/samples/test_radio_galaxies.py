import awkward as ak
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import ndimage, stats

from benchmarks.samples.radio_galaxies import (
    background,
    draw,
    measured_flux,
    measured_ratio,
    places,
    quantities,
    width_of_points,
)
from keras_hep.data.samples.radio_sources import Galaxies, Morphology, beam_noise, draw_fr1, draw_fr2, render
from keras_hep.data.samples.recipes.radio_galaxies import CARD, SAMPLE
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError


def make(label: int, entries: int, seed: int = 1, **options: object) -> ak.Array:
    request = ShardRequest(label, 0, entries, seed, 3, {**SAMPLE.options, **options})
    return SAMPLE.make_shard(request, lambda: None)


@pytest.fixture(scope="module")
def images() -> ak.Array:
    return ak.concatenate([make(label, 400) for label in range(3)])


@pytest.fixture(scope="module")
def clean() -> ak.Array:
    """Sources of which the noise is far below the faintest component."""
    return ak.concatenate([make(label, 200, snr=1e5) for label in range(3)])


def source(**changed: object) -> Galaxies:
    """Return one source with one component."""
    one = np.ones((1, 1))
    values = {"x": 0 * one, "y": 0 * one, "width": 0 * one, "flux": one}
    rest = {"angle": np.zeros(1), "size": np.zeros(1), "ratio": np.zeros(1), "centre": np.zeros((1, 2))}
    return Galaxies(**{**values, **rest, **{name: value * one for name, value in changed.items()}})


def test_a_shard_is_a_pure_function_of_its_request() -> None:
    for label in range(3):
        first, again, other = (make(label, 10, seed=seed) for seed in (1, 1, 2))
        assert ak.array_equal(first, again)
        assert not np.isin(ak.to_numpy(other.snr), ak.to_numpy(first.snr)).any()


def test_branches_are_those_of_the_card(images: ak.Array) -> None:
    assert set(images.fields) == set(SAMPLE.card["branches"])
    special = {"event": "int64", "label": "int32", "image": "64 * 64 * float32"}
    kinds = {name: str(images[name].type.content) for name in images.fields}
    assert kinds == {name: special.get(name, "float32") for name in kinds}
    assert len(np.unique(ak.to_numpy(images.event))) == len(images)


@pytest.mark.parametrize(
    ("options", "message"), [({"pixels": 16}, "pixels"), ({"pixels": 64.5}, "whole"), ({"snr": 0.1}, "snr must lie")]
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make(0, 2, **options)


@pytest.mark.parametrize("pixels", [32, 101])
def test_the_image_has_the_pixels_that_were_asked_for(pixels: int) -> None:
    made = make(1, 5, pixels=pixels)
    assert ak.to_numpy(made.image).shape == (5, pixels, pixels)
    assert ak.all(made["size"] <= 0.75 * pixels * CARD.pixel)


def test_components_are_gaussians_convolved_with_the_beam() -> None:
    # A component drawn on a fine grid and convolved numerically, against the closed form.
    beam, width, x, y = 1.3, 2.0, 3.0, -4.0
    place = np.arange(65) - 32
    sharp = np.exp(-((place - x) ** 2 + (place[:, None] - y) ** 2) / (2 * width**2)) / (2 * np.pi * width**2)
    blurred = ndimage.gaussian_filter(sharp, beam, truncate=8) * 2 * np.pi * beam**2
    image = render(source(x=x, y=y, width=width), 65, beam)[0]
    assert np.abs(image - blurred).max() < 1e-3 * blurred.max()
    row, column = np.unravel_index(image.argmax(), image.shape)
    assert (column - 32, row - 32) == (x, y)


def test_a_point_has_its_flux_as_peak_and_the_width_of_the_beam(clean: ak.Array) -> None:
    beam = CARD.beam_sigma
    image = render(source(flux=7.0), 65, beam)[0]
    assert image.max() == pytest.approx(7.0)
    assert image[32, 32 + 1] / image[32, 32] == pytest.approx(np.exp(-1 / (2 * beam**2)))
    # Half a full width at half maximum away, the brightness is half.
    half = render(source(x=CARD.beam / CARD.pixel / 2), 65, beam)[0]
    assert half[32, 32] == pytest.approx(0.5)
    assert width_of_points(clean[clean.label == 2]) == pytest.approx(CARD.beam, rel=0.01)


def test_noise_has_its_rms_and_the_correlation_of_the_beam() -> None:
    noise = beam_noise(600, 48, 1.5, np.random.default_rng(1))
    assert noise.std() == pytest.approx(1, abs=0.01)
    assert noise.mean() == pytest.approx(0, abs=0.01)
    for shift in (1, 2, 4):
        for axis in (1, 2):
            expected = np.exp(-(shift**2) / (4 * 1.5**2))
            assert (noise * np.roll(noise, shift, axis)).mean() == pytest.approx(expected, abs=0.012)
    diagonal = (noise * np.roll(noise, (2, 2), (1, 2))).mean()
    assert diagonal == pytest.approx(np.exp(-8 / (4 * 1.5**2)), abs=0.012)
    assert stats.kstest(noise[:, 0, 0], "norm").pvalue > 1e-3


def test_noise_of_the_sample_is_that_of_the_card(images: ak.Array) -> None:
    assert background(images[images.label == 2]).std() == pytest.approx(CARD.noise, rel=0.01)


def test_the_definition_of_fanaroff_and_riley_holds(clean: ak.Array) -> None:
    for label in (0, 1):
        mine = clean[clean.label == label]
        true, measured = ak.to_numpy(mine.fr_ratio), measured_ratio(mine)
        assert ((true < 0.5) == (label == 0)).all()
        assert np.mean((measured < 0.5) == (label == 0)) > 0.97
        # Pixels and the core's beam, which hides what is near, are small beside the size of large sources.
        large = ak.to_numpy(mine["size"]) > 60
        assert np.median(np.abs(measured - true)[large]) < (0.05 if label else 0.06)
    assert ak.all(clean.fr_ratio[clean.label == 2] == 0)


def test_resolved_sources_end_where_their_size_says(clean: ak.Array) -> None:
    for label in (0, 1):
        mine = clean[(clean.label == label) & (clean["size"] > 50)]
        along, across = places(mine)
        brightness = ak.to_numpy(mine.image).astype(np.float64)
        shown = brightness > 2e-3 * brightness.max(axis=(1, 2), keepdims=True)
        reach = [np.where(shown, side * along, 0).max(axis=(1, 2)) for side in (1, -1)]
        extent = (reach[0] + reach[1]) * CARD.pixel / ak.to_numpy(mine["size"])
        # The beam and the width of the ends add to the size, fading takes from it.
        assert 0.85 < np.median(extent) < 1.3
        assert (np.abs(across)[shown].mean()) < 0.5 * np.abs(along)[shown].mean()


def test_the_axis_is_that_of_the_light(clean: ak.Array) -> None:
    for label in (0, 1):
        mine = clean[clean.label == label]
        pixels = np.arange(64) - 31.5
        image = ak.to_numpy(mine.image).astype(np.float64)
        total = image.sum(axis=(1, 2))
        x, y = (image.sum(axis=axis) @ pixels / total for axis in (1, 2))
        xx = np.einsum("nyx,x->n", image, pixels**2) / total - x**2
        yy = np.einsum("nyx,y->n", image, pixels**2) / total - y**2
        xy = np.einsum("nyx,y,x->n", image, pixels, pixels) / total - x * y
        angle = np.arctan2(2 * xy, xx - yy) / 2
        difference = (angle - ak.to_numpy(mine.angle) + np.pi / 2) % np.pi - np.pi / 2
        assert np.median(np.abs(difference)) < 0.1
        assert stats.kstest(ak.to_numpy(mine.angle) / np.pi, "uniform").pvalue > 1e-3


def test_flux_peak_and_noise_are_consistent(clean: ak.Array) -> None:
    assert measured_flux(clean) / ak.to_numpy(clean.flux) == pytest.approx(1, abs=0.02)
    assert ak.to_numpy(clean.image).max(axis=(1, 2)) == pytest.approx(ak.to_numpy(clean.snr) * CARD.noise, rel=1e-3)
    points = clean[clean.label == 2]
    # The peak falls between pixels.
    assert ak.all((points.flux >= points.snr * CARD.noise * 0.999) & (points.flux < points.snr * CARD.noise * 1.2))


def test_the_snr_is_uniform_in_its_logarithm_about_the_option(images: ak.Array) -> None:
    scaled = np.log(ak.to_numpy(images.snr) / 15) / np.log(4)
    assert stats.kstest(scaled, "uniform").pvalue > 1e-3


def test_cores_are_where_they_are_said_to_be(clean: ak.Array) -> None:
    points = clean[clean.label == 2]
    pixels = (np.arange(64) - 31.5) * CARD.pixel
    image = ak.to_numpy(points.image).astype(np.float64)
    for axis, name in ((1, "x"), (2, "y")):
        profile = image.sum(axis=axis)
        assert profile @ pixels / profile.sum(axis=1) == pytest.approx(ak.to_numpy(points[name]), abs=0.05)
    offset = CARD.morphology.offset * CARD.pixel
    assert stats.kstest((ak.to_numpy(clean.x) / offset + 1) / 2, "uniform").pvalue > 1e-3


def test_components_have_the_shape_of_their_type() -> None:
    model, size = Morphology(wiggle=0.0, fr1_bend=0.0, fr2_bend=0.0), np.full(300, 40.0)
    for draw_type, core in ((draw_fr1, model.fr1_core), (draw_fr2, model.fr2_core)):
        made = draw_type(size, model, np.random.default_rng(1))
        assert made.flux.sum(axis=1) == pytest.approx(1)
        assert core[0] <= made.flux[:, -1].min() and made.flux[:, -1].max() <= core[1]
        assert made.x[:, -1] == pytest.approx(made.centre[:, 0])
        right, up = made.x - made.centre[:, :1], made.y - made.centre[:, 1:]
        along = right * np.cos(made.angle)[:, None] + up * np.sin(made.angle)[:, None]
        across = up * np.cos(made.angle)[:, None] - right * np.sin(made.angle)[:, None]
        assert np.abs(across).max() < 1e-9
        assert np.ptp(along, axis=1).min() > 0.9 * 40 and np.ptp(along, axis=1).max() <= 40.001
        ends = along.max(axis=1) / 20
        assert abs(ends.max() - 1 - model.asymmetry) < 0.05 and abs(ends.min() - 1 + model.asymmetry) < 0.05


def test_plumes_bend_to_the_same_side() -> None:
    model = Morphology(wiggle=0.0)
    made = draw_fr1(np.full(200, 40.0), model, np.random.default_rng(2))
    right, up = made.x - made.centre[:, :1], made.y - made.centre[:, 1:]
    across = up * np.cos(made.angle)[:, None] - right * np.sin(made.angle)[:, None]
    first, second = across[:, model.components - 1], across[:, 2 * model.components - 1]
    assert (first * second > 0).all()
    assert 0.4 * 20 < np.abs(first).max() < model.fr1_bend * 20 * (1 + model.asymmetry)


def test_the_look_finds_its_expectations_and_draws(images: ak.Array) -> None:
    found = {quantity.name: quantity.measured for quantity in quantities(images)}
    assert found["fr1, snr > 15: part with a ratio below 0.5"] > 0.9
    assert found["sum of pixels over the flux"] == pytest.approx(1, abs=0.03)
    figure = Figure()
    draw(images, figure)
    assert len(figure.axes) == 12
