"""The sample `toys`: points in the plane whose density is known in closed form, for tests of methods that learn one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.options import int_option, number_option
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.data.samples.toy_densities import CARD, Choices, log_density

__all__ = ["SAMPLE", "make_shard"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CLASSES = ("moons", "rings", "linear-gaussian", "bump")


class Points(NamedTuple):
    """Points of one class.

    Attributes:
        x: coordinates, shape (points, 2).
        component: which part of the class a point is of.
        latent: what the point was made from.
        mass: in GeV.
    """

    x: Floats
    component: Integers
    latent: Floats
    mass: Floats


def _choices(request: ShardRequest) -> Choices:
    """Return the options, or raise DataError."""
    return Choices(
        noise=number_option(request, "noise", 0.01, 0.2),
        rings=int_option(request, "rings", 1, 10),
        spots=int_option(request, "spots", 0, 100),
        signal=number_option(request, "signal", 0.0, 1.0),
        mass=number_option(request, "mass", 2000.0, 5000.0),
        separation=number_option(request, "separation", 0.0, 10.0),
    )


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the points of one shard.

    Args:
        request: class, number of points, seed and options.
        checkpoint: called once; a shard is a matter of milliseconds.

    Returns:
        Records with the branches of the sample, shape (points,).

    Raises:
        DataError: an option is out of range.
    """
    choices = _choices(request)
    checkpoint()
    rng = np.random.default_rng(request.seeds())
    name = CLASSES[request.label]
    points = _MAKERS[name](request.entries, choices, rng)
    density = log_density(name, points.x, points.mass, choices)
    return ak.zip(
        {
            "event": request.first_event() + np.arange(request.entries),
            "label": np.full(request.entries, request.label, dtype=np.int32),
            "x": ak.from_numpy(points.x.astype(np.float32), regulararray=True),
            "component": points.component.astype(np.int32),
            "latent": points.latent.astype(np.float32),
            "mass": points.mass.astype(np.float32),
            "signal": ((points.component == 1) & (name == "bump")).astype(np.int8),
            "log_density": density.astype(np.float32),
        },
        depth_limit=1,
    )


def _moons(count: int, choices: Choices, rng: np.random.Generator) -> Points:
    """Two half circles of radius 1, the second one upside down, with a normal spread of the radius."""
    second = rng.integers(0, 2, count)
    angle = np.pi * rng.random(count)
    radius = rng.normal(1.0, choices.noise, count)
    sign = 1.0 - 2.0 * second
    x = np.stack([radius * np.cos(angle), sign * radius * np.sin(angle)], axis=1) + np.outer(second, CARD.moon)
    return Points(x, second, angle, np.zeros(count))


def _rings(count: int, choices: Choices, rng: np.random.Generator) -> Points:
    """Rings of radius 1, 2, ..., or of spots on them."""
    ring = rng.integers(0, choices.rings, count)
    if choices.spots:
        spot = rng.integers(0, choices.spots, count)
        angle = 2.0 * np.pi * spot / choices.spots
        x = (1.0 + ring)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        x += rng.normal(0.0, choices.noise, x.shape)
        return Points(x, ring * choices.spots + spot, angle, np.zeros(count))
    angle = 2.0 * np.pi * rng.random(count)
    radius = rng.normal(1.0 + ring, choices.noise)
    return Points(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), ring, angle, np.zeros(count))


def _linear_gaussian(count: int, choices: Choices, rng: np.random.Generator) -> Points:
    """Points along a line with a normal spread around it."""
    latent = rng.standard_normal(count)
    x = np.outer(latent, CARD.weights) + CARD.offset + rng.normal(0.0, CARD.spread, (count, 2))
    return Points(x, np.zeros(count, dtype=np.int64), latent, np.zeros(count))


def _bump(count: int, choices: Choices, rng: np.random.Generator) -> Points:
    """A resonance on a falling spectrum of masses, with two features that tell them apart and know nothing of the mass."""
    signal = rng.random(count) < choices.signal
    low, high = CARD.mass_range
    # The inverse of the cumulative distribution of the truncated exponential.
    falling = low - CARD.scale * np.log1p(rng.random(count) * np.expm1(-(high - low) / CARD.scale))
    resonance = rng.normal(choices.mass, CARD.width * choices.mass, count)
    x = rng.standard_normal((count, 2))
    x[:, 0] += choices.separation * signal
    mass = np.where(signal, resonance, falling)
    return Points(x, signal.astype(np.int64), np.zeros(count), mass)


_MAKERS: dict[str, Callable[[int, Choices, np.random.Generator], Points]] = {
    "moons": _moons,
    "rings": _rings,
    "linear-gaussian": _linear_gaussian,
    "bump": _bump,
}


SAMPLE = Sample(
    name="toys",
    description="two moons, rings, a linear Gaussian, and a bump on a falling spectrum",
    tree="points",
    classes=CLASSES,
    make_shard=make_shard,
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Points in the plane, drawn from densities that are known in closed form. Moons: two half circles of radius "
            "1, one upside down and moved to (1, 0.5), with a normal spread of the radius. Rings: circles of radius 1, "
            "2, ... with the same spread, or as many normal spots on them as are asked for. Linear Gaussian: a standard "
            "normal latent variable times (2, 1) plus (0.5, -0.5) plus noise of 0.5 in each coordinate. Bump: masses "
            "between 1.5 and 6.5 TeV that fall exponentially with a scale of 800 GeV, and on them a resonance with a "
            "normal shape of 3 % relative width; two features are standard normal for the background and moved by the "
            "separation along the first axis for the signal, and independent of the mass, so that the best classifier "
            "is the first feature, with an area under its curve of Phi(separation / sqrt 2)."
        ),
        "leaves_out": (
            "Everything of a detector. The features of the bump do not depend on the mass, as those of real jets do; "
            "the tail of the resonance beyond the mass range is kept."
        ),
        "cite": [
            "arXiv:1902.02634 (bump hunting by classification)",
            "arXiv:1806.02350 (a bump on a falling spectrum)",
        ],
        "branches": {
            "event": "identity of the point, unique in the sample",
            "label": "class: 0 moons, 1 rings, 2 linear-gaussian, 3 bump",
            "x": "coordinates (for the bump: the two features), an array of two",
            "component": "moons: which moon; rings: number of the ring, or ring * spots + spot; bump: 1 for signal; else 0",
            "latent": "moons and rings: the angle (rad); linear-gaussian: the latent variable; bump: 0",
            "mass": "bump: mass (GeV); else 0",
            "signal": "bump: 1 for the resonance; else 0",
            "log_density": "logarithm of the density of the class at the point (bump: of features and mass, per GeV)",
        },
        "option_meanings": {
            "noise": "standard deviation of the radius of moons and rings, or of a spot; from 0.01 to 0.2",
            "rings": "number of rings, from 1 to 10",
            "spots": "number of normal spots on each ring, up to 100; 0 for whole rings",
            "signal": "fraction of signal in the bump, from 0 to 1",
            "mass": "mass of the resonance in GeV, from 2000 to 5000",
            "separation": "distance of signal and background in the first feature, from 0 to 10",
        },
    },
    packages=("numpy", "scipy", "awkward"),
    shard_entries=25_000,
    entry="points",
    options={"noise": 0.1, "rings": 2, "spots": 0, "signal": 0.02, "mass": 3000.0, "separation": 2.0},
    default_entries=40_000,
)
