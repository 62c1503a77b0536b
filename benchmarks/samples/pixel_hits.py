"""The look of the sample `pixel-hits`: a map, occupancy, charges and clusters of the three sources."""

from __future__ import annotations

from typing import NamedTuple

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from scipy import ndimage

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.recipes.pixel_hits import (
    CARD,
    SAMPLE,
    charged_tracks,
    soft_electrons,
    synchrotron_photons,
)
from keras_hep.data.samples.silicon import PAIR_KEV, Crossings, Pixels, digitise, most_probable_loss

ENTRIES = 400

Array = npt.NDArray[np.float64]

SOURCES = {"electrons": soft_electrons, "photons": synchrotron_photons, "tracks": charged_tracks}


class Clusters(NamedTuple):
    """Groups of touching pixels; every array has shape (clusters,).

    Attributes:
        size: number of pixels.
        rows: extent in rows.
        columns: extent in columns.
        charge: ADU.
    """

    size: Array
    rows: Array
    columns: Array
    charge: Array


def image_of(entry: ak.Record) -> Array:
    """Return the image (rows, columns) of one map with a list of pixels."""
    image = np.zeros((CARD.sensor.rows, CARD.sensor.columns))
    image[ak.to_numpy(entry.pixel.row), ak.to_numpy(entry.pixel.column)] = ak.to_numpy(entry.pixel.charge)
    return image


def find_clusters(entries: ak.Array) -> Clusters:
    """Return the clusters of maps; pixels that touch at a side or a corner belong together."""
    found: list[Array] = []
    for entry in entries:
        image = image_of(entry)
        labels, count = ndimage.label(image, structure=np.ones((3, 3)))
        index = np.arange(1, count + 1)
        boxes = ndimage.find_objects(labels)
        extent = np.array([[box[0].stop - box[0].start, box[1].stop - box[1].start] for box in boxes], float)
        size, charge = (np.asarray(ndimage.sum_labels(of, labels, index)) for of in (image > 0, image))
        found.append(np.column_stack([size, extent.reshape(-1, 2), charge]))
    return Clusters(*np.concatenate(found).T)


def normal_incidence(count: int, seed: int = 1) -> Pixels:
    """Return the pixels of particles that cross at right angles; `frame` is the number of the particle."""
    rng = np.random.default_rng(seed)
    sensor = CARD.sensor
    zero = np.zeros(count)
    u, v = rng.uniform(1, 11, count), rng.uniform(1, 45, count)
    return digitise(Crossings(np.arange(count), u, v, zero, zero, zero), sensor, rng)


def peak(values: Array, width: float) -> float:
    """Return where a distribution has its maximum, by the mean of what lies near the fullest part."""
    middle = float(np.median(values))
    for _ in range(50):
        middle = float(values[np.abs(values - middle) < width].mean())
    return middle


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample."""
    sensor = CARD.sensor
    straight = normal_incidence(20_000)
    whole = np.bincount(straight.frame, weights=straight.charge)
    expected = float(most_probable_loss(np.array(sensor.thickness))) / PAIR_KEV / sensor.electrons_per_adu
    clusters = find_clusters(entries[:40])
    rng = np.random.default_rng(2)
    single = {name: digitise(source(1000, rng), sensor, rng) for name, source in SOURCES.items()}
    photons = np.bincount(single["photons"].frame)
    threshold = float(np.exp(-sensor.threshold * sensor.electrons_per_adu * PAIR_KEV / CARD.photon_energy))
    spread = float(ak.std(entries.occupancy) / ak.mean(entries.occupancy))
    return [
        Quantity("mean occupancy", float(ak.mean(entries.occupancy)), f"{SAMPLE.options['occupancy']}", "option"),
        Quantity("relative spread of the occupancy", spread, "0.2 to 0.3", "card, and Poisson numbers"),
        Quantity(
            "peak of the charge of a particle at right angles (ADU)",
            peak(whole, 8.0),
            f"{expected:.1f}",
            "Landau-Vavilov, less what is lost below threshold",
        ),
        Quantity("pixels of a particle at right angles", len(straight.frame) / 20_000, "1 to 2", "diffusion"),
        Quantity(
            "photons above threshold", len(photons[photons > 0]) / 1000, f"{threshold:.2f}", "exponential spectrum"
        ),
        Quantity("pixels of a photon", float(photons[photons > 0].mean()), "1", "absorbed in one place"),
        Quantity("mean size of a cluster", float(clusters.size.mean()), "2 to 6", "steep electrons"),
        Quantity("clusters of one pixel", float((clusters.size == 1).mean()), "0.2 to 0.5", "photons and short paths"),
        Quantity(
            "pixels of an electron that hits",
            len(single["electrons"].frame) / 1000,
            "2 to 8",
            "it may curl through again",
        ),
    ]


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw a map and the distributions of pixels and clusters."""
    panels = figure.subplots(2, 3)
    entry = entries[0]
    shown = panels[0, 0].scatter(
        entry.pixel.column, entry.pixel.row, c=ak.to_numpy(entry.pixel.charge), s=4, norm="log"
    )
    figure.colorbar(shown, ax=panels[0, 0], label="charge (ADU)")
    panels[0, 0].set(xlabel="column", ylabel="row", title=f"one map, occupancy {100 * entry.occupancy:.2f} %")
    mplhep.histplot(*np.histogram(100 * ak.to_numpy(entries.occupancy), 40), ax=panels[0, 1])
    panels[0, 1].set(xlabel="occupancy (%)", ylabel="maps")
    rng = np.random.default_rng(3)
    bins = np.arange(0.5, 258, 4)
    for name, source in SOURCES.items():
        pixels = digitise(source(3000, rng), CARD.sensor, rng)
        mplhep.histplot(*np.histogram(pixels.charge, bins), ax=panels[0, 2], label=name)
        size = np.bincount(pixels.frame)
        mplhep.histplot(*np.histogram(size[size > 0], np.arange(0.5, 40)), ax=panels[1, 0], label=name)
    panels[0, 2].set(xlabel="charge of a pixel (ADU)", ylabel="pixels of 3000 particles", yscale="log")
    panels[1, 0].set(xlabel="pixels of a particle", ylabel="particles", yscale="log")
    panels[0, 2].legend()
    panels[1, 0].legend()
    straight = normal_incidence(20_000)
    whole = np.bincount(straight.frame, weights=straight.charge)
    mplhep.histplot(*np.histogram(whole, np.linspace(0, 160, 81)), ax=panels[1, 1])
    expected = float(most_probable_loss(np.array(CARD.sensor.thickness))) / PAIR_KEV / CARD.sensor.electrons_per_adu
    panels[1, 1].axvline(expected, color="C1", label="most probable loss")
    panels[1, 1].set(xlabel="charge of a particle at right angles (ADU)", ylabel="particles")
    panels[1, 1].legend()
    clusters = find_clusters(entries[:40])
    panels[1, 2].hist2d(clusters.columns, clusters.rows, bins=(np.arange(0.5, 21), np.arange(0.5, 21)), norm="log")
    panels[1, 2].set(xlabel="columns of a cluster", ylabel="rows of a cluster")
