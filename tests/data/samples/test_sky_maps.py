from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
from scipy import fft

from benchmarks.samples.sky_maps import (
    draw,
    gradient_variance,
    minkowski,
    minkowski_gaussian,
    quantities,
    spectrum_ratio,
)
from keras_hep.data.samples.fields import correlation, gaussian_fields, multipoles, underlying_power
from keras_hep.data.samples.recipes.sky_maps import CARD, SAMPLE, power_spectrum
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError

SMALL = {"pixels": 64, "vary": False}


def make(label: int, entries: int, seed: int = 1, **options: object) -> ak.Array:
    request = ShardRequest(label, 0, entries, seed, 2, {**SMALL, **options})
    return SAMPLE.make_shard(request, lambda: None)


@pytest.fixture(scope="module")
def maps() -> ak.Array:
    return ak.concatenate([make(label, 1500) for label in (0, 1)])


def fields(maps: ak.Array, label: int) -> np.ndarray:
    return ak.to_numpy(maps.kappa[maps.label == label]).astype(np.float64)


def test_a_shard_is_a_pure_function_of_its_request() -> None:
    for label in (0, 1):
        again, other = make(label, 5, vary=True), make(label, 5, seed=2, vary=True)
        first = make(label, 5, vary=True)
        assert ak.array_equal(first, again)
        assert abs(np.corrcoef(ak.to_numpy(first.kappa).ravel(), ak.to_numpy(other.kappa).ravel())[0, 1]) < 0.1
        assert not np.isin(ak.to_numpy(first.sigma), ak.to_numpy(other.sigma)).any()


def test_branches_are_those_of_the_card(maps: ak.Array) -> None:
    assert set(maps.fields) == set(SAMPLE.card["branches"])
    kinds = {name: str(maps[name].type.content) for name in maps.fields}
    assert kinds == {
        "event": "int64",
        "label": "int32",
        "sigma": "float32",
        "slope": "float32",
        "kappa": "64 * 64 * float32",
    }
    assert len(np.unique(ak.to_numpy(maps.event))) == len(maps)


def test_the_size_and_the_checkpoint_follow_the_request() -> None:
    calls = []
    request = ShardRequest(0, 3, 40, 1, 2, SAMPLE.options)
    made = SAMPLE.make_shard(request, lambda: calls.append(None))
    assert ak.to_numpy(made.kappa).shape == (40, 256, 256)
    assert len(calls) == 3
    assert made.event[0] == request.first_event()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"pixels": 100}, "64, 128, 256; received 100"), ({"pixels": 512}, "512"), ({"vary": 1}, "vary")],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make(0, 2, **options)


def test_the_spectrum_has_the_slope_and_the_variance_that_it_states() -> None:
    sigma, slope = np.array([0.02, 0.01]), np.array([1.3, 2.0])
    power = power_spectrum(sigma, slope, 128)
    assert correlation(power)[:, 0, 0] == pytest.approx(sigma**2, rel=1e-12)
    # One axis is enough: the spectrum is a function of |l|.
    scale = multipoles(128, np.radians(CARD.side))[0]
    local = -np.diff(np.log(power[:, 0]), axis=1) / np.diff(np.log(np.maximum(scale, 1e-3)))
    middle = np.sqrt(scale[1:] * scale[:-1])
    knee, smooth = middle**2 / (middle**2 + 200**2), middle**2 / (middle**2 + 2500**2)
    expected = slope[:, None] * knee + 4 * smooth
    assert local[:, 5:] == pytest.approx(expected[:, 5:], rel=0.01)
    assert power[0] == pytest.approx(power_spectrum(sigma[:1], slope[:1], 128)[0])


def test_power_is_the_input_within_cosmic_variance(maps: ak.Array) -> None:
    power = power_spectrum(np.array([CARD.sigma]), np.array([CARD.slope]), 64)[0]
    measured = np.abs(fft.rfft2(fields(maps, 0))) ** 2 / 64**2
    # Every complex mode of a Gaussian field has an exponential power, so the mean of 1500 has an error of 1/sqrt(1500).
    pulls = (measured.mean(axis=0) / power - 1)[1:32, 1:32] * np.sqrt(1500)
    assert abs(pulls.mean()) < 4 / 31
    assert pulls.std() == pytest.approx(1, abs=4 / np.sqrt(2 * 31**2))
    _, ratio = spectrum_ratio(maps[maps.label == 1])
    assert ratio == pytest.approx(1, abs=0.05)


def test_modes_of_gaussian_maps_are_independent(maps: ak.Array) -> None:
    modes = fft.rfft2(fields(maps, 0))
    unit = modes / np.sqrt((np.abs(modes) ** 2).mean(axis=0))
    # Rows 5 and 59 of the first column are conjugates of each other; the others have nothing to do with each other.
    for first, second, expected in (((3, 4), (4, 3), 0), ((1, 1), (2, 2), 0), ((5, 0), (59, 0), 1)):
        assert abs((unit[:, *first] * unit[:, *second]).mean()) == pytest.approx(expected, abs=0.12)


def test_the_transform_of_the_correlation_gives_the_target_back() -> None:
    power = power_spectrum(np.array([0.03]), np.array([0.8]), 128)
    gaussian = underlying_power(power, CARD.shift)
    assert CARD.shift**2 * np.expm1(correlation(gaussian)) == pytest.approx(correlation(power), abs=1e-12)


def test_every_choice_of_parameters_has_a_lognormal_field() -> None:
    for sigma in CARD.sigma_range:
        for slope in CARD.slope_range:
            for pixels in (64, 128, 256):
                power = power_spectrum(np.array([sigma]), np.array([slope]), pixels)
                assert underlying_power(power, CARD.shift).min() > 0
    with pytest.raises(ValueError, match="no log-normal field"):
        underlying_power(power_spectrum(np.array([0.3]), np.array([0.8]), 64), CARD.shift)


def test_moments_of_pixels_are_their_closed_forms(maps: ak.Array) -> None:
    spread = CARD.sigma / CARD.shift
    for label, skewness in ((0, 0.0), (1, (spread**2 + 3) * spread)):
        kappa = fields(maps, label)
        # Maps are independent, pixels are not: errors come from the scatter of the maps.
        for power, expected in ((1, 0.0), (2, 1.0), (3, skewness)):
            moments = (kappa**power).mean(axis=(1, 2)) / CARD.sigma**power
            assert abs(moments.mean() - expected) < 4 * moments.std() / np.sqrt(len(moments)), (label, power)
    assert fields(maps, 1).min() > -CARD.shift
    assert fields(maps, 0).min() < -CARD.shift


def test_minkowski_functionals_of_gaussian_maps_are_their_closed_forms(maps: ak.Array) -> None:
    side = np.radians(CARD.side)
    levels = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    closed = minkowski_gaussian(gradient_variance(64, CARD.sigma, CARD.slope), levels)
    measured = minkowski(fields(maps, 0)[:700] / CARD.sigma, side, levels, 0.1)
    lognormal = minkowski(fields(maps, 1)[:300] / CARD.sigma, side, levels, 0.1)
    for order, (found, other, expected) in enumerate(zip(measured, lognormal, closed, strict=True)):
        assert found == pytest.approx(expected, abs=0.02 * np.abs(expected).max()), order
        assert np.abs(other - expected).max() > 0.08 * np.abs(expected).max(), order


def test_the_euler_characteristic_of_a_gaussian_map_by_counting() -> None:
    # Corners less edges plus faces of the union of square pixels, on smooth maps: nothing in common with derivatives.
    scale = multipoles(128, 1.0)
    power = np.exp(-((scale / 40) ** 2))
    power /= fft.irfft2(power)[0, 0]
    tau = fft.irfft2(scale**2 * power)[0, 0] / 2
    counts = []
    for field in gaussian_fields(power, 300, np.random.default_rng(1)):
        inside = field > 1.0
        right, down = (np.roll(inside, -1, axis) for axis in (1, 0))
        diagonal = np.roll(down, -1, 1)
        corners = (inside | right | down | diagonal).sum()
        edges = (inside | right).sum() + (inside | down).sum()
        counts.append(int(corners) - int(edges) + int(inside.sum()))
    error = np.std(counts) / np.sqrt(len(counts))
    assert error < 0.03 * np.mean(counts)
    assert np.mean(counts) == pytest.approx(minkowski_gaussian(tau, np.array([1.0]))[2][0], abs=4 * error)


def test_varied_parameters_are_those_of_the_maps() -> None:
    made = make(0, 400, vary=True)
    sigma, slope = ak.to_numpy(made.sigma), ak.to_numpy(made.slope)
    for values, (least, largest) in ((sigma, CARD.sigma_range), (slope, CARD.slope_range)):
        assert least <= values.min() < least + 0.05 * (largest - least)
        assert largest >= values.max() > largest - 0.05 * (largest - least)
    modes = np.abs(fft.rfft2(ak.to_numpy(made.kappa))) ** 2
    steep = np.log(modes[:, 2:5, 2:5].mean(axis=(1, 2)) / modes[:, 10:16, 10:16].mean(axis=(1, 2)))
    assert np.corrcoef(steep, slope)[0, 1] > 0.6
    assert np.corrcoef(modes[:, 10:16, 10:16].mean(axis=(1, 2)) ** 0.5, sigma)[0, 1] > 0.7
    scale, ratio = spectrum_ratio(made)
    assert ratio[scale > 800] == pytest.approx(1, abs=0.03)


def test_the_look_finds_its_expectations_and_draws(maps: ak.Array) -> None:
    from matplotlib.figure import Figure

    found = {quantity.name: quantity for quantity in quantities(maps[::5])}
    assert found["gaussian: rms of a pixel over sigma"].measured == pytest.approx(1, abs=0.02)
    assert found["lognormal: skewness of a pixel"].expected == "1.625"
    figure = Figure()
    draw(maps[::50], figure)
    assert len(figure.axes) == 7


def test_the_sample_is_described() -> None:
    assert SAMPLE.options == {"pixels": 256, "vary": False}
    assert SAMPLE.configuration["revision"] == 1
    changed = replace(SAMPLE, configuration={**SAMPLE.configuration, "shift": 0.05})
    assert changed.configuration_hash(1, SAMPLE.options) != SAMPLE.configuration_hash(1, SAMPLE.options)
