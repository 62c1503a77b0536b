"""The sample `pulses`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import awkward as ak
import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

from benchmarks.samples.pulses import (
    draw,
    mean_square_error,
    noise_moments,
    pileup_moments,
    quantities,
    signal_moments,
    wiener_filter,
)
from keras_hep.data.samples.recipes.pulses import CARD, SAMPLE, coloured_noise, pulse_shape
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError


def make(entries: int, seed: int = 1, **options: Any) -> ak.Array:
    request = ShardRequest(0, 0, entries, seed, 1, {**SAMPLE.options, **options})
    return SAMPLE.make_shard(request, lambda: None)


def columns(pulses: ak.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tuple(ak.to_numpy(pulses[name]).astype(np.float64) for name in ("noisy", "signal", "all_pulses"))


@pytest.fixture(scope="module")
def pulses() -> ak.Array:
    return make(8000)


# Shape and noise


@pytest.mark.parametrize("order", [1, 2, 5])
def test_the_shapes_peak_at_one_where_they_should(order: int) -> None:
    card = replace(CARD, order=order)
    time = np.linspace(-50, 1500, 1_550_001)
    unipolar = pulse_shape(time, "unipolar", card)
    assert unipolar.max() == pytest.approx(1.0) and time[unipolar.argmax()] == pytest.approx(order * 25.0, abs=0.01)
    assert (unipolar[time <= 0] == 0).all() and (unipolar[time > 0.01] > 0).all()
    if order > 1:
        bipolar = pulse_shape(time, "bipolar", card)
        assert bipolar.max() == pytest.approx(1.0)
        assert time[bipolar.argmax()] == pytest.approx((order - np.sqrt(order)) * 25.0, abs=0.01)
        assert abs(bipolar.sum()) < 1e-3 * np.abs(bipolar).sum()
        # It is the derivative of the other one.
        slope = np.gradient(unipolar, time)
        assert bipolar[::5000] == pytest.approx(slope[::5000] / slope.max(), abs=1e-4)


def test_the_unipolar_shape_is_a_gamma_density() -> None:
    time = np.linspace(0, 400, 41)
    density = stats.gamma.pdf(time, 3, scale=25.0)
    assert pulse_shape(time, "unipolar") == pytest.approx(density / stats.gamma.pdf(50.0, 3, scale=25.0))


def test_noise_has_the_covariance_of_the_card_from_the_first_sample_on() -> None:
    noise = coloured_noise(40_000, 12, 0.3, np.random.default_rng(1))
    lag = np.abs(np.subtract.outer(np.arange(12), np.arange(12)))
    expected = 0.09 * np.where(lag == 0, 1.0, 0.5 * 0.8**lag)
    assert np.cov(noise.T) == pytest.approx(expected, abs=0.0025)
    assert stats.kstest(noise[:, 3], "norm", args=(0, 0.3)).pvalue > 1e-3


# The sample


def test_a_shard_is_a_pure_function_of_its_request(pulses: ak.Array) -> None:
    first, again, other = make(20), make(20), make(20, seed=2)
    assert ak.array_equal(first, again)
    assert not np.isin(ak.to_numpy(first.amplitude), ak.to_numpy(other.amplitude)).any()
    assert len(np.unique(ak.to_numpy(pulses.event))) == len(pulses) and ak.all(pulses.label == 0)


@pytest.mark.parametrize("samples", [16, 128])
def test_branches_are_those_of_the_card(samples: int) -> None:
    some = make(5, samples=samples)
    assert set(some.fields) == set(SAMPLE.card["branches"])
    kinds = {name: str(some[name].type.content) for name in some.fields}
    assert (kinds.pop("event"), kinds.pop("label"), kinds.pop("pileup")) == ("int64", "int32", "int32")
    assert (kinds.pop("amplitude"), kinds.pop("time")) == ("float32", "float32")
    assert set(kinds) == {"noisy", "signal", "all_pulses"} and set(kinds.values()) == {f"{samples} * float32"}


@pytest.mark.parametrize("shape", ["unipolar", "bipolar"])
def test_signals_have_their_amplitude_and_time(shape: str) -> None:
    some = make(500, shape=shape)
    _, signal, _ = columns(some)
    time, amplitude = (ak.to_numpy(some[name]).astype(np.float64)[:, None] for name in ("time", "amplitude"))
    expected = amplitude * pulse_shape(np.arange(128) * 25.0 - time, shape)
    assert np.abs(signal - expected).max() < 1e-3
    assert time.min() >= 0.2 * 3200 and time.max() < 0.7 * 3200 and amplitude.min() >= 0.5
    assert stats.kstest(amplitude[:, 0], "expon", args=(0.5, 5.0)).pvalue > 1e-3
    assert stats.kstest(time[:, 0], "uniform", args=(640.0, 1600.0)).pvalue > 1e-3


def test_the_parts_are_what_the_options_say(pulses: ak.Array) -> None:
    noisy, signal, everything = columns(pulses)
    rest, others = noisy - everything - CARD.pedestal, everything - signal
    assert rest.mean() == pytest.approx(0, abs=2e-3)
    assert rest.std() == pytest.approx(np.hypot(0.2, 0.02 / np.sqrt(12)), rel=5e-3)
    # Whole steps of the converter.
    steps = noisy / CARD.step
    assert np.abs(steps - np.round(steps)).max() < 1e-3
    # 0.05 pulses in a sample, over 128 samples and 32 before them.
    assert ak.mean(pulses.pileup) == pytest.approx(8.0, abs=0.15)
    assert ak.var(pulses.pileup) == pytest.approx(8.0, rel=0.06)
    assert others.min() > -1e-3
    assert abs(np.corrcoef(rest[:, 64], others[:, 64])[0, 1]) < 0.05


@pytest.mark.parametrize("shape", ["unipolar", "bipolar"])
def test_pileup_is_campbells(shape: str) -> None:
    _, signal, everything = columns(make(6000, pileup=0.3, shape=shape, samples=32))
    others = everything - signal
    mean, covariance = pileup_moments(32, 0.3, shape)
    sigma = np.sqrt(covariance[0, 0])
    assert others.mean(axis=0) == pytest.approx(mean, abs=4.5 * sigma / np.sqrt(6000))
    # A single sample's variance has a large error, as pile-up has long tails; stationary, the diagonals can be averaged.
    measured = np.cov(others.T)
    for lag in range(8):
        diagonal = np.diagonal(measured, lag)
        assert diagonal.mean() == pytest.approx(covariance[0, lag], abs=0.04 * sigma**2), lag
        assert diagonal == pytest.approx(covariance[0, lag], abs=0.25 * sigma**2), lag
    if shape == "unipolar":
        # Rate times mean amplitude times the integral of the shape, 2 tau (e / 2)^2.
        assert mean[0] == pytest.approx(0.3 / 25 * 2 * 25 * (np.e / 2) ** 2, rel=1e-3)
        # Campbell: int h^2 dt = (e / 2)^4 4! / 2^5 tau.
        assert covariance[0, 0] == pytest.approx(0.3 / 25 * 2 * (np.e / 2) ** 4 * 24 / 32 * 25, rel=1e-3)
    else:
        assert mean == pytest.approx(np.zeros(32), abs=1e-3)


def test_no_pileup_and_no_noise_leave_the_pulse() -> None:
    noisy, signal, everything = columns(make(50, pileup=0.0, noise=0.0))
    assert (everything == signal).all()
    assert np.abs(noisy - signal - CARD.pedestal).max() <= CARD.step / 2 + 1e-6


def test_saturation_cuts_what_is_read_out_alone() -> None:
    free, cut = columns(make(200)), columns(make(200, saturation=4.0))
    assert (free[1] == cut[1]).all() and (free[2] == cut[2]).all()
    assert cut[0].max() == 4.0 and free[0].max() > 10
    assert (np.minimum(free[0], 4.0) == cut[0]).all()


@pytest.mark.parametrize("options", [{}, {"shape": "bipolar", "pileup": 0.2}, {"pileup": 0.0, "noise": 0.5}])
def test_the_wiener_filter_has_the_error_that_moments_predict(options: dict[str, Any]) -> None:
    chosen = {**SAMPLE.options, "samples": 64, **options}
    some = make(5000, **chosen)
    used = wiener_filter(64, chosen["shape"], chosen["pileup"], chosen["noise"])
    assert mean_square_error(some, used) == pytest.approx(used.error, rel=0.08)
    # The best linear filter: others are worse, in whichever direction.
    for scale in (0.9, 1.1):
        assert mean_square_error(some, used._replace(gain=scale * used.gain)) > mean_square_error(some, used)
    pileup, noise = (
        m.covariance[0, 0]
        for m in (pileup_moments(64, chosen["pileup"], chosen["shape"]), noise_moments(64, chosen["noise"]))
    )
    assert used.error < 0.6 * (pileup + noise)


def test_moments_of_the_signal_are_those_of_the_sample() -> None:
    _, signal, _ = columns(make(20_000, samples=32))
    mean, covariance = signal_moments(32, "unipolar")
    assert signal.mean(axis=0) == pytest.approx(mean, abs=0.12)
    assert np.cov(signal.T) == pytest.approx(covariance, abs=0.08 * covariance.max())


def test_the_look_finds_what_it_expects(pulses: ak.Array) -> None:
    found = quantities(pulses)
    for quantity in found[1:]:
        if quantity.expected.startswith(">"):
            assert quantity.measured > float(quantity.expected[1:])
        else:
            assert quantity.measured == pytest.approx(float(quantity.expected), rel=0.06), quantity.name
    assert abs(found[0].measured) < 0.2
    figure = plt.figure()
    draw(pulses, figure)
    assert len(figure.axes) == 6 and all(axis.get_xlabel() and axis.get_ylabel() for axis in figure.axes)
    plt.close(figure)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 8}, "samples must lie between 16 and 4096; received 8"),
        ({"samples": 64.5}, "samples must be a whole number; received 64.5"),
        ({"shape": "square"}, "shape must be one of unipolar, bipolar; received 'square'"),
        ({"pileup": -1.0}, "pileup must lie between 0 and 10; received -1"),
        ({"noise": 1000.0}, "noise must lie between 0 and 100; received 1000"),
        ({"saturation": -4.0}, "saturation must lie between 0 and 1e.06; received -4"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make(1, **options)
