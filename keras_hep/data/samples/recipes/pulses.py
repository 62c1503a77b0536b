"""The sample `pulses`: windows of samples of a shaped detector pulse, with pile-up and noise."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from keras_hep.data.samples.options import choice_option, int_option, number_option
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest

__all__ = ["CARD", "SAMPLE", "SHAPES", "Electronics", "coloured_noise", "make_shard", "pulse_shape"]

Array = npt.NDArray[np.float64]

SHAPES = ("unipolar", "bipolar")


@dataclass(frozen=True)
class Electronics:
    """The card of the sample.

    Attributes:
        period: time between samples (ns).
        tau: time constant of the shaper (ns).
        order: number n of integrations.
        length: so many samples behind its start a pulse is followed.
        signal: scale of the exponential spectrum of the pulse of interest (GeV).
        least: smallest amplitude of the pulse of interest (GeV).
        pileup: scale of the exponential spectrum of pile-up (GeV).
        arrival: the pulse of interest starts in this part of the window, as fractions of it.
        coloured: part of the noise variance that is correlated in time.
        correlation: correlation of that part from one sample to the next.
        pedestal: added to every sample (GeV).
        step: step of the converter (GeV).
    """

    period: float = 25.0
    tau: float = 25.0
    order: int = 2
    length: int = 32
    signal: float = 5.0
    least: float = 0.5
    pileup: float = 1.0
    arrival: tuple[float, float] = (0.2, 0.7)
    coloured: float = 0.5
    correlation: float = 0.8
    pedestal: float = 1.0
    step: float = 0.02


CARD = Electronics()


def pulse_shape(time: Array, shape: str, card: Electronics = CARD) -> Array:
    """Return a shaped pulse with a peak of one.

    A differentiation and n integrations of time constant tau (CR-RC^n) give (t/tau)^n exp(-t/tau), with the peak at
    n tau. A second differentiation makes it bipolar, with the peak at (n - sqrt(n)) tau and no net charge.

    Args:
        time: time since the pulse started (ns); before that there is nothing.
        shape: unipolar or bipolar.
        card: the electronics.
    """
    n = card.order
    x = np.maximum(time, 0.0) / card.tau
    if shape == "unipolar":
        return np.asarray((x / n) ** n * np.exp(n - x))
    peak = n - np.sqrt(n)
    height = peak ** (n - 1) * (n - peak) * np.exp(-peak)
    return np.asarray(x ** (n - 1) * (n - x) * np.exp(-x) / height)


def coloured_noise(count: int, samples: int, rms: float, rng: np.random.Generator, card: Electronics = CARD) -> Array:
    """Return noise, white and correlated in time, of shape (count, samples) in GeV.

    Args:
        count: number of windows.
        samples: samples of a window.
        rms: standard deviation of a sample (GeV).
        rng: randomness.
        card: the electronics.
    """
    white = rng.normal(size=(count, samples)) * rms * np.sqrt(1 - card.coloured)
    # An autoregressive process that is stationary from the first sample on.
    kicks = rng.normal(size=(count, samples))
    kicks[:, 1:] *= np.sqrt(1 - card.correlation**2)
    return np.asarray(white + rms * np.sqrt(card.coloured) * lfilter([1.0], [1.0, -card.correlation], kicks, axis=1))


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the windows of one shard.

    Args:
        request: number of windows, seed and options.
        checkpoint: called before each batch of windows.

    Returns:
        Records with the branches of the sample, shape (windows,).

    Raises:
        DataError: an option is wrong.
    """
    samples = int_option(request, "samples", 16, 4096)
    shape = choice_option(request, "shape", SHAPES)
    pileup = number_option(request, "pileup", 0, 10)
    noise = number_option(request, "noise", 0, 100)
    saturation = number_option(request, "saturation", 0, 1e6)
    rng = np.random.default_rng(request.seeds())
    batches: list[dict[str, Any]] = []
    made = 0
    while made < request.entries:
        checkpoint()
        count = min(request.entries - made, max(1, 500_000 // samples))
        batches.append(_batch(count, samples, shape, pileup, noise, saturation, rng))
        made += count
    columns = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    event = request.first_event() + np.arange(request.entries, dtype=np.int64)
    label = np.zeros(request.entries, dtype=np.int32)
    stored = {name: ak.from_numpy(values, regulararray=True) for name, values in columns.items()}
    return ak.zip({"event": event, "label": label, **stored}, depth_limit=1)


def _batch(
    count: int, samples: int, shape: str, pileup: float, noise: float, saturation: float, rng: np.random.Generator
) -> dict[str, Any]:
    """Return the branches of some windows."""
    window = samples * CARD.period
    time = window * rng.uniform(*CARD.arrival, size=count)
    amplitude = CARD.least + rng.exponential(CARD.signal, size=count)
    signal = _sum_pulses(count, samples, np.arange(count), time, amplitude, shape)
    # Pulses from before the window reach into it.
    history = CARD.length * CARD.period
    number = rng.poisson(pileup * (window + history) / CARD.period, size=count)
    owner = np.repeat(np.arange(count), number)
    others = _sum_pulses(
        count,
        samples,
        owner,
        rng.uniform(-history, window, size=len(owner)),
        rng.exponential(CARD.pileup, size=len(owner)),
        shape,
    )
    read = signal + others + coloured_noise(count, samples, noise, rng) + CARD.pedestal
    read = CARD.step * np.round(read / CARD.step)
    if saturation:
        read = np.minimum(read, saturation)
    columns = {
        "noisy": read,
        "signal": signal,
        "all_pulses": signal + others,
        "amplitude": amplitude,
        "time": time,
    }
    stored: dict[str, Any] = {name: values.astype(np.float32) for name, values in columns.items()}
    return {**stored, "pileup": number.astype(np.int32)}


def _sum_pulses(
    count: int, samples: int, owner: npt.NDArray[np.int64], time: Array, amplitude: Array, shape: str
) -> Array:
    """Return the sum of pulses in each window (GeV), (count, samples)."""
    first = np.ceil(time / CARD.period).astype(np.int64)
    index = first[:, None] + np.arange(CARD.length)
    heights = amplitude[:, None] * pulse_shape(index * CARD.period - time[:, None], shape)
    inside = (index >= 0) & (index < samples)
    flat = (owner[:, None] * samples + index)[inside]
    total = np.bincount(flat, weights=heights[inside], minlength=count * samples)
    return np.asarray(total, dtype=np.float64).reshape(count, samples)


BRANCHES = {
    "event": "identity of the window, unique in the sample",
    "label": "class: 0",
    "noisy": "what is read out (GeV): all pulses, noise and pedestal, in steps of the converter; one value every 25 ns",
    "signal": "the pulse of interest alone (GeV)",
    "all_pulses": "the pulse of interest and pile-up, without noise and pedestal (GeV)",
    "amplitude": "peak of the pulse of interest (GeV)",
    "time": "start of the pulse of interest after the first sample (ns)",
    "pileup": "number of other pulses in the window and just before it",
}

SAMPLE = Sample(
    name="pulses",
    description="pulses of a detector with pile-up and noise, and the true pulse",
    tree="pulses",
    classes=("pulse",),
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the pulses.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "A pulse behind a shaper with one differentiation and two integrations (CR-RC^2, peak after 50 ns), or two "
            "differentiations (bipolar), is sampled every 25 ns. The pulse of interest starts anywhere in the middle of "
            "the window, with an exponential spectrum above 0.5 GeV. Pile-up pulses of a softer exponential spectrum come "
            "as a Poisson process, before the window too, so that noise is not Gaussian. Half of the variance of the "
            "electronics noise is white, half is correlated in time. A pedestal is added and the sum is rounded to the "
            "step of the converter. Options: samples (length of the window), shape (unipolar, bipolar), pileup (mean "
            "number of pulses in 25 ns), noise (standard deviation, GeV), saturation (largest value that can be read, "
            "GeV, pedestal included; 0 for none)."
        ),
        "leaves_out": (
            "The bunch structure of a collider (pile-up comes at any time), fluctuations of the pulse shape, cross-talk, "
            "changes of gain and pedestal, and windows without a pulse."
        ),
        "cite": ["Nucl. Instrum. Meth. A 338 (1994) 467 (shaping and sampling of calorimeter pulses with pile-up)"],
        "branches": BRANCHES,
    },
    packages=("numpy", "scipy", "awkward"),
    shard_entries=20_000,
    entry="pulses",
    options={"samples": 128, "shape": "unipolar", "pileup": 0.05, "noise": 0.2, "saturation": 0.0},
)
