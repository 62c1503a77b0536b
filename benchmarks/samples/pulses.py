"""The look of the sample `pulses`: windows, noise and pile-up, and the best linear filter."""

from __future__ import annotations

from typing import NamedTuple

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.recipes.pulses import CARD, SAMPLE, pulse_shape

ENTRIES = 20_000

Array = npt.NDArray[np.float64]


class Moments(NamedTuple):
    """Mean (samples,) and covariance (samples, samples) of a kind of waveform, in GeV."""

    mean: Array
    covariance: Array


def noise_moments(samples: int, rms: float) -> Moments:
    """Return the moments of the electronics noise: white and an autoregressive process, and the converter's rounding."""
    lag = np.abs(np.subtract.outer(np.arange(samples), np.arange(samples)))
    correlation = CARD.coloured * CARD.correlation**lag + (1 - CARD.coloured) * (lag == 0)
    return Moments(np.zeros(samples), rms**2 * correlation + CARD.step**2 / 12 * (lag == 0))


def pileup_moments(samples: int, rate: float, shape: str) -> Moments:
    """Return the moments of pile-up by Campbell's theorem: rate E[a] int h, and rate E[a^2] int h(t) h(t + lag).

    Args:
        samples: samples of a window.
        rate: pulses in one period.
        shape: unipolar or bipolar.
    """
    fine = 50
    time = np.arange(CARD.length * fine) * CARD.period / fine
    pulse = pulse_shape(time, shape)
    mean = rate * CARD.pileup * pulse.sum() / fine
    overlap = np.array([pulse[: len(pulse) - fine * k] @ pulse[fine * k :] for k in range(CARD.length)]) / fine
    lag = np.abs(np.subtract.outer(np.arange(samples), np.arange(samples)))
    covariance = np.where(lag < CARD.length, rate * 2 * CARD.pileup**2 * overlap[np.minimum(lag, CARD.length - 1)], 0)
    return Moments(np.full(samples, mean), covariance)


def signal_moments(samples: int, shape: str) -> Moments:
    """Return the moments of the pulse of interest, over its amplitudes and times."""
    window = samples * CARD.period
    times = np.linspace(*(window * edge for edge in CARD.arrival), 4001)
    pulses = pulse_shape(np.arange(samples) * CARD.period - times[:, None], shape)
    first, second = CARD.least + CARD.signal, CARD.least**2 + 2 * CARD.least * CARD.signal + 2 * CARD.signal**2
    mean = first * pulses.mean(axis=0)
    return Moments(mean, second * pulses.T @ pulses / len(times) - np.outer(mean, mean))


class Filter(NamedTuple):
    """The best linear estimate of the signal, ``gain @ (window - offset) + mean``, and the error that it must have.

    Attributes:
        gain: (samples, samples).
        offset: mean of a window (GeV), (samples,).
        mean: mean of the signal (GeV), (samples,).
        error: mean square error of a sample (GeV^2).
    """

    gain: Array
    offset: Array
    mean: Array
    error: float


def wiener_filter(samples: int, shape: str, rate: float, noise: float) -> Filter:
    """Return the Wiener filter for the options of the sample, from moments alone."""
    signal, pileup, electronics = (
        signal_moments(samples, shape),
        pileup_moments(samples, rate, shape),
        noise_moments(samples, noise),
    )
    seen = signal.covariance + pileup.covariance + electronics.covariance
    gain = np.linalg.solve(seen, signal.covariance).T
    error = np.trace(signal.covariance - gain @ signal.covariance) / samples
    return Filter(gain, signal.mean + pileup.mean + CARD.pedestal, signal.mean, float(error))


def mean_square_error(entries: ak.Array, used: Filter) -> float:
    """Return the mean square error of a filter on windows (GeV^2)."""
    noisy, signal = (ak.to_numpy(entries[name]).astype(np.float64) for name in ("noisy", "signal"))
    return float(np.mean(((noisy - used.offset) @ used.gain.T + used.mean - signal) ** 2))


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample."""
    samples, rate, noise, shape = (SAMPLE.options[name] for name in ("samples", "pileup", "noise", "shape"))
    noisy, signal, everything = (
        ak.to_numpy(entries[name]).astype(np.float64) for name in ("noisy", "signal", "all_pulses")
    )
    rest, others = noisy - everything - CARD.pedestal, everything - signal
    pileup = pileup_moments(samples, rate, shape)
    electronics = noise_moments(samples, noise)
    used = wiener_filter(samples, shape, rate, noise)
    peak = (ak.to_numpy(entries.time) + CARD.order * CARD.tau) / CARD.period
    error = mean_square_error(entries, used)
    plain = float(np.mean((noisy - CARD.pedestal - pileup.mean - signal) ** 2))
    skew = float(np.mean((others - others.mean()) ** 3) / np.std(others) ** 3)
    return [
        Quantity(
            "highest sample of a signal after its expected peak (samples)",
            float((signal.argmax(axis=1) - peak).mean()),
            "0",
            "n tau",
        ),
        Quantity(
            "rms of the noise (GeV)",
            float(rest.std()),
            f"{np.sqrt(electronics.covariance[0, 0]):.4f}",
            "option noise, and rounding",
        ),
        Quantity(
            "correlation of the noise of neighbours",
            float(np.mean(rest[:, 1:] * rest[:, :-1]) / np.mean(rest**2)),
            f"{electronics.covariance[0, 1] / electronics.covariance[0, 0]:.3f}",
            "card",
        ),
        Quantity("mean of pile-up (GeV)", float(others.mean()), f"{pileup.mean[0]:.4f}", "Campbell's theorem"),
        Quantity(
            "rms of pile-up (GeV)", float(others.std()), f"{np.sqrt(pileup.covariance[0, 0]):.4f}", "Campbell's theorem"
        ),
        Quantity("skewness of pile-up", skew, "> 1", "not Gaussian, so that a network can do better"),
        Quantity("mean amplitude (GeV)", float(ak.mean(entries.amplitude)), f"{CARD.least + CARD.signal:g}", "card"),
        Quantity(
            "mean square error without filter (GeV^2)",
            plain,
            f"{electronics.covariance[0, 0] + pileup.covariance[0, 0]:.4f}",
            "noise and pile-up",
        ),
        Quantity("mean square error of the Wiener filter (GeV^2)", error, f"{used.error:.4f}", "moments alone"),
    ]


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw windows, spectra and the filter's work."""
    panels = figure.subplots(2, 3)
    samples, rate, noise, shape = (SAMPLE.options[name] for name in ("samples", "pileup", "noise", "shape"))
    time = np.arange(samples) * CARD.period / 1000
    used = wiener_filter(samples, shape, rate, noise)
    for index, panel in enumerate(panels[0, :2]):
        window = ak.to_numpy(entries.noisy[index]).astype(np.float64)
        panel.step(time, window, where="mid", label="read out", color="0.6")
        panel.plot(time, entries.all_pulses[index] + CARD.pedestal, label="all pulses")
        panel.plot(time, entries.signal[index] + CARD.pedestal, label="pulse of interest")
        panel.plot(time, used.gain @ (window - used.offset) + used.mean + CARD.pedestal, "--", label="Wiener filter")
        panel.set(xlabel=r"time ($\mu$s)", ylabel="signal (GeV)")
        panel.legend()
    fine = np.linspace(0, 300, 301)
    for name in ("unipolar", "bipolar"):
        panels[0, 2].plot(fine, pulse_shape(fine, name), label=name)
    panels[0, 2].set(xlabel="time (ns)", ylabel="pulse shape")
    panels[0, 2].legend()
    noisy, signal, everything = (ak.to_numpy(entries[name]) for name in ("noisy", "signal", "all_pulses"))
    bins = np.linspace(-1, 5, 121)
    for name, values in (("noise", noisy - everything - CARD.pedestal), ("pile-up", everything - signal)):
        mplhep.histplot(*np.histogram(values, bins), ax=panels[1, 0], label=name, density=True)
    panels[1, 0].set(xlabel="one sample (GeV)", ylabel="density", yscale="log")
    panels[1, 0].legend()
    mplhep.histplot(*np.histogram(ak.to_numpy(entries.amplitude), 60), ax=panels[1, 1])
    panels[1, 1].set(xlabel="amplitude of the pulse of interest (GeV)", ylabel="pulses", yscale="log")
    cleaned = (noisy - used.offset) @ used.gain.T + used.mean - signal
    bins = np.linspace(-2, 4, 121)
    for name, values in (("Wiener filter", cleaned), ("no filter", noisy - used.offset + used.mean - signal)):
        mplhep.histplot(*np.histogram(values, bins), ax=panels[1, 2], label=name, density=True)
    panels[1, 2].set(xlabel="estimated less true signal (GeV)", ylabel="density", yscale="log")
    panels[1, 2].legend()
