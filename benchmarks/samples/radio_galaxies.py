"""The look of the sample `radio-galaxies`: the definition of Fanaroff and Riley, beam, flux and noise."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.recipes.radio_galaxies import CARD, CLASSES

ENTRIES = 3_000

Array = npt.NDArray[np.float64]


def places(images: ak.Array) -> tuple[Array, Array]:
    """Return the coordinates of pixels along the true axis and across it, from the core (pixels), shape (n, y, x)."""
    pixels = ak.to_numpy(images.image).shape[1]
    place = np.arange(pixels) - (pixels - 1) / 2
    x, y = (ak.to_numpy(images[axis]).astype(np.float64)[:, None, None] / CARD.pixel for axis in ("x", "y"))
    angle = ak.to_numpy(images.angle).astype(np.float64)[:, None, None]
    right, up = place - x, place[:, None] - y
    return right * np.cos(angle) + up * np.sin(angle), up * np.cos(angle) - right * np.sin(angle)


def measured_ratio(images: ak.Array) -> Array:
    """Return the distance of the brightest pixels of the two sides, outside the core's beam, over the true size."""
    along, across = places(images)
    brightness = ak.to_numpy(images.image)
    outside = np.hypot(along, across) > CARD.beam / CARD.pixel
    rows = np.arange(len(brightness))
    distance = np.zeros(len(brightness))
    for side in (1, -1):
        shown = np.where(outside & (side * along > 0), brightness, -np.inf).reshape(len(brightness), -1)
        distance += np.hypot(along, across).reshape(shown.shape)[rows, shown.argmax(axis=1)]
    return distance * CARD.pixel / ak.to_numpy(images["size"])


def measured_flux(images: ak.Array) -> Array:
    """Return the sum of the brightness over the area of the beam (mJy)."""
    return ak.to_numpy(images.image).sum(axis=(1, 2), dtype=np.float64) / (2 * np.pi * CARD.beam_sigma**2)


def width_of_points(points: ak.Array) -> float:
    """Return the full width at half maximum of unresolved sources (arcsec), from their second moments near the core."""
    along, across = places(points)
    brightness = ak.to_numpy(points.image).astype(np.float64)
    near = np.hypot(along, across) < 4 * CARD.beam_sigma
    moment = (brightness * near * (along**2 + across**2)).sum() / (brightness * near).sum() / 2
    # A Gaussian that is cut at four standard deviations lacks this much of its second moment.
    cut = 1 - 8 * np.exp(-8) / (1 - np.exp(-8))
    return float(np.sqrt(8 * np.log(2) * moment / cut) * CARD.pixel)


def background(images: ak.Array) -> Array:
    """Return the corner pixels of images, an eighth of the side wide, which sources do not reach."""
    brightness = ak.to_numpy(images.image)
    edge = brightness.shape[1] // 8
    return np.stack([brightness[:, :edge, :edge], brightness[:, -edge:, -edge:]])


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample."""
    first, second, points = (entries[entries.label == label] for label in range(3))
    bright = [images[images.snr > 15] for images in (first, second)]
    low, high = (measured_ratio(images) for images in bright)
    noise = background(points)
    neighbours = float((noise[..., 1:] * noise[..., :-1]).mean() / noise.var())
    expected = float(np.exp(-1 / (4 * CARD.beam_sigma**2)))
    errors = np.concatenate([measured_flux(images) / ak.to_numpy(images.flux) for images in (first, second, points)])
    return [
        Quantity(
            "fr1, snr > 15: part with a ratio below 0.5", float((low < 0.5).mean()), "> 0.9", "Fanaroff and Riley 1974"
        ),
        Quantity(
            "fr2, snr > 15: part with a ratio above 0.5",
            float((high > 0.5).mean()),
            "> 0.95",
            "Fanaroff and Riley 1974",
        ),
        Quantity("fr2: median ratio", float(np.median(high)), "0.65 to 0.95", "place of the hot spots"),
        Quantity("unresolved: width (arcsec)", width_of_points(points[points.snr > 15]), f"{CARD.beam}", "beam"),
        Quantity("rms of the noise (mJy per beam)", float(noise.std()), f"{CARD.noise}", "card"),
        Quantity("correlation of the noise of neighbours", neighbours, f"{expected:.3f}", "exp(-1 / 4 sigma^2)"),
        Quantity("sum of pixels over the flux", float(np.median(errors)), "1", "area of the beam"),
    ]


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw three sources of each class and distributions."""
    axes = figure.subplots(3, 4)
    for label, name in enumerate(CLASSES):
        mine = entries[entries.label == label]
        mine = mine[np.argsort(-ak.to_numpy(mine.snr * (mine["size"] + 1)))]
        for column in range(3):
            one = mine[column * len(mine) // 4]
            image = ak.to_numpy(one.image)
            axes[label, column].imshow(image, origin="lower", cmap="inferno", vmin=-3 * CARD.noise)
            axes[label, column].set(xticks=[], yticks=[], title=f"{name}, snr {one.snr:.0f}")
        if name != "unresolved":
            ratio = measured_ratio(mine[mine.snr > 15])
            mplhep.histplot(np.histogram(ratio, np.linspace(0, 1.2, 37)), ax=axes[0, 3], label=name, yerr=False)
        flux = np.histogram(ak.to_numpy(mine.flux), np.geomspace(1, 300, 31))
        mplhep.histplot(flux, ax=axes[1, 3], label=name, yerr=False)
    axes[0, 3].set(xlabel="distance of peaks / size", ylabel="sources, snr > 15")
    axes[1, 3].set(xlabel="flux (mJy)", ylabel="sources", xscale="log")
    noise = background(entries[entries.label == 2]).ravel() / CARD.noise
    mplhep.histplot(np.histogram(noise, np.linspace(-5, 5, 51)), ax=axes[2, 3], density=True, label="noise", yerr=False)
    x = np.linspace(-5, 5, 101)
    axes[2, 3].plot(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), color="grey", label="Gaussian")
    axes[2, 3].set(xlabel="brightness / rms", ylabel="pixels, normalised")
    for axis in axes[:, 3]:
        axis.legend()
