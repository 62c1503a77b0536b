"""Radio galaxies as sums of round Gaussian components, seen with a round Gaussian beam.

A component of flux S and width s makes the brightness S b^2 / (s^2 + b^2) exp(-d^2 / 2 (s^2 + b^2)) per beam of width
b, so that images need no convolution. Lengths in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Galaxies", "Morphology", "beam_noise", "draw_fr1", "draw_fr2", "draw_points", "render"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Morphology:
    """Numbers of the model; distances along a jet are fractions of the length of its side.

    Attributes:
        components: components of each side.
        offset: largest distance of the core from the centre of the image, in each direction (pixels).
        asymmetry: largest relative difference of a side's length from the mean.
        brightness: spread of the logarithm of the fluxes of the two sides.
        wiggle: largest amplitude of the wiggles across the jet.
        fr1_peak: least and largest distance of the brightest place of an FR I jet.
        fr1_decay: length in which its brightness falls to 1/e.
        fr1_core: part of the flux in the core.
        fr1_bend: largest distance of the end of a jet from the axis, both sides alike (wide-angle tail).
        fr1_width: width of the jet at the core (pixels), and its growth with the length of the side.
        fr2_spot: least and largest distance of a hot spot.
        fr2_spot_flux: part of the flux in hot spots.
        fr2_core: part of the flux in the core.
        fr2_lobe: least and largest distance from which a lobe reaches to the end.
        fr2_bend: as for FR I.
        fr2_width: width of hot spots (pixels), and of lobes over the length of the side.
    """

    components: int = 24
    offset: float = 2.0
    asymmetry: float = 0.15
    brightness: float = 0.2
    wiggle: float = 0.03
    fr1_peak: tuple[float, float] = (0.1, 0.4)
    fr1_decay: tuple[float, float] = (0.2, 0.4)
    fr1_core: tuple[float, float] = (0.05, 0.25)
    fr1_bend: float = 0.6
    fr1_width: tuple[float, float] = (0.5, 0.12)
    fr2_spot: tuple[float, float] = (0.65, 0.95)
    fr2_spot_flux: tuple[float, float] = (0.15, 0.5)
    fr2_core: tuple[float, float] = (0.0, 0.08)
    fr2_lobe: tuple[float, float] = (0.2, 0.6)
    fr2_bend: float = 0.1
    fr2_width: tuple[float, float] = (0.7, 0.09)


class Galaxies(NamedTuple):
    """Sources of total flux one.

    Attributes:
        x: of the components (pixels from the centre of the image), shape (sources, components).
        y: likewise.
        width: their standard deviations, shape (sources, components).
        flux: their fluxes, shape (sources, components).
        angle: of the axis (rad, from the x axis), in [0, pi), shape (sources,).
        size: from end to end (pixels), shape (sources,).
        ratio: distance of the brightest places of the two sides over the size, shape (sources,).
        centre: x and y of the core, shape (sources, 2).
    """

    x: Array
    y: Array
    width: Array
    flux: Array
    angle: Array
    size: Array
    ratio: Array
    centre: Array


def draw_points(count: int, model: Morphology, rng: np.random.Generator) -> Galaxies:
    """Draw sources that are points.

    Args:
        count: number of sources.
        model: numbers of the model.
        rng: randomness.
    """
    centre = rng.uniform(-model.offset, model.offset, (count, 2))
    none, one = np.zeros(count), np.ones((count, 1))
    return Galaxies(centre[:, :1], centre[:, 1:], 0 * one, one, none, none, none, centre)


def draw_fr1(size: Array, model: Morphology, rng: np.random.Generator) -> Galaxies:
    """Draw galaxies of type FR I: jets that are bright near the core and fade into plumes.

    Args:
        size: from end to end (pixels), shape (sources,).
        model: numbers of the model.
        rng: randomness.
    """
    shape = len(size), 2
    peak = rng.uniform(*model.fr1_peak, shape)[:, :, None]
    decay = rng.uniform(*model.fr1_decay, shape)[:, :, None]
    core = rng.uniform(*model.fr1_core, len(size))
    along = np.broadcast_to((np.arange(model.components) + 0.5) / model.components, (*shape, model.components))
    bright = np.where(along < peak, along / peak, np.exp(-(along - peak) / decay))
    first, growth = model.fr1_width
    reach = _reach(size, model, rng)
    width = first + growth * along * reach[:, :, None]
    # The brightness, not the flux, is what falls: a wide component has more flux.
    flux = bright * width
    return _galaxies(size, reach, along, width, flux, core, peak[:, :, 0], model.fr1_bend, model, rng)


def draw_fr2(size: Array, model: Morphology, rng: np.random.Generator) -> Galaxies:
    """Draw galaxies of type FR II: hot spots far out, in lobes that fade towards the core; arguments as `draw_fr1`."""
    shape = len(size), 2
    spot = rng.uniform(*model.fr2_spot, shape)[:, :, None]
    back = rng.uniform(*model.fr2_lobe, shape)[:, :, None]
    core = rng.uniform(*model.fr2_core, len(size))
    place = np.arange(model.components - 1) / (model.components - 2)
    lobe = back + (1 - back) * place
    reach = _reach(size, model, rng)
    tight, wide = model.fr2_width
    width = np.concatenate([wide * reach[:, :, None] * np.ones_like(lobe), np.full((*shape, 1), tight)], axis=2)
    flux = np.broadcast_to(0.3 + 0.7 * place, lobe.shape) / (0.3 + 0.7 * place).sum()
    share = rng.uniform(*model.fr2_spot_flux, shape)[:, :, None]
    flux = np.concatenate([(1 - share) * flux, share], axis=2)
    along = np.concatenate([lobe, spot], axis=2)
    return _galaxies(size, reach, along, width, flux, core, spot[:, :, 0], model.fr2_bend, model, rng)


def _reach(size: Array, model: Morphology, rng: np.random.Generator) -> Array:
    """Return the lengths of the two sides (pixels), shape (sources, 2)."""
    difference = rng.uniform(-model.asymmetry, model.asymmetry, len(size))
    return size[:, None] / 2 * (1 + np.stack([difference, -difference], axis=1))


def _galaxies(
    size: Array,
    reach: Array,
    along: Array,
    width: Array,
    flux: Array,
    core: Array,
    brightest: Array,
    bend: float,
    model: Morphology,
    rng: np.random.Generator,
) -> Galaxies:
    """Put the components of two sides, shape (sources, 2, components), and the core, shape (sources,), in place."""
    count = len(size)
    angle = rng.uniform(0, np.pi, count)
    centre = rng.uniform(-model.offset, model.offset, (count, 2))
    sides = np.exp(model.brightness * rng.standard_normal((count, 2)))
    flux = flux / flux.sum(axis=2, keepdims=True) * (sides / sides.sum(axis=1, keepdims=True))[:, :, None]
    phase, waves = rng.uniform(0, 2 * np.pi, (2, count, 2, 1))
    across = rng.uniform(-bend, bend, count)[:, None, None] * along**2
    across = across + model.wiggle * rng.random((count, 2, 1)) * np.sin(phase + (1 + waves) * along) * along
    u = (along * reach[:, :, None] * [[[1], [-1]]]).reshape(count, -1)
    v = (across * reach[:, :, None]).reshape(count, -1)
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    none = np.zeros((count, 1))
    return Galaxies(
        x=centre[:, :1] + np.concatenate([u * cosine - v * sine, none], axis=1),
        y=centre[:, 1:] + np.concatenate([u * sine + v * cosine, none], axis=1),
        width=np.concatenate([width.reshape(count, -1), none], axis=1),
        flux=np.concatenate([flux.reshape(count, -1) * (1 - core[:, None]), core[:, None]], axis=1),
        angle=angle,
        size=size,
        ratio=(brightest * reach).sum(axis=1) / size,
        centre=centre,
    )


def render(galaxies: Galaxies, pixels: int, beam: float) -> Array:
    """Return the brightness in units of flux per beam, at the centres of pixels.

    Args:
        galaxies: the sources.
        pixels: pixels along a side.
        beam: standard deviation of the beam (pixels).

    Returns:
        Shape (sources, pixels, pixels), y before x.
    """
    place = np.arange(pixels) - (pixels - 1) / 2
    square = galaxies.width**2 + beam**2
    rows, columns = (
        np.exp(-((place[:, None] - c[:, None, :]) ** 2) / (2 * square[:, None, :])) for c in (galaxies.y, galaxies.x)
    )
    peak = galaxies.flux * beam**2 / square
    return np.asarray((rows * peak[:, None, :]) @ columns.transpose(0, 2, 1))


def beam_noise(count: int, pixels: int, beam: float, rng: np.random.Generator) -> Array:
    """Return noise of unit variance that is correlated as the beam is, on a periodic image.

    Args:
        count: number of images.
        pixels: pixels along a side.
        beam: standard deviation of the beam (pixels).
        rng: randomness.
    """
    distance = (np.arange(pixels) + pixels // 2) % pixels - pixels // 2
    kernel = np.exp(-(distance**2) / (2 * beam**2))
    matrix = kernel[(np.arange(pixels)[:, None] - np.arange(pixels)) % pixels] / np.sqrt((kernel**2).sum())
    return np.asarray(matrix @ rng.standard_normal((count, pixels, pixels)) @ matrix.T)
