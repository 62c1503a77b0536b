"""The look of the sample `occupancy-maps`: Poisson pulls, planted regions, how far they can be seen."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.recipes.occupancy_maps import CARD, CLASSES, expected_maps

ENTRIES = 3_000

Array = npt.NDArray[np.float64]


def expectations(maps: ak.Array) -> Array:
    """Return the expected hits of maps without their faults, for the mean occupancy that the maps have.

    Args:
        maps: entries of good maps, or of all classes together.
    """
    names = ("level", "tilt", "tilt_phi")
    unit = expected_maps(1.0, *(ak.to_numpy(maps[name]).astype(np.float64) for name in names))
    healthy = ak.to_numpy(maps.fault) == 0
    # Few occupancies are not whole numbers, and none is known worse than this from hundreds of maps.
    occupancy = ak.to_numpy(maps.map)[healthy].sum(dtype=np.float64) / unit[healthy].sum()
    return np.asarray(occupancy * unit)


def pulls(maps: ak.Array) -> Array:
    """Return (hits - expectation) / sqrt(expectation) of healthy cells."""
    expected, healthy = expectations(maps), ak.to_numpy(maps.fault) == 0
    hits = ak.to_numpy(maps.map)
    return np.asarray((hits - expected)[healthy] / np.sqrt(expected[healthy]))


def measured_ratio(maps: ak.Array) -> Array:
    """Return hits over expectation in the faulty cells of each map, shape (maps,)."""
    faulty = ak.to_numpy(maps.fault) > 0
    hits = np.where(faulty, ak.to_numpy(maps.map), 0).sum(axis=(1, 2), dtype=np.float64)
    return np.asarray(hits / np.where(faulty, expectations(maps), 0).sum(axis=(1, 2)))


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample."""
    good = entries[entries.label == 0]
    pull = pulls(good)
    found = [
        Quantity("good: mean of the pulls", float(pull.mean()), "0", "Poisson"),
        Quantity("good: variance of the pulls", float(pull.var()), "1", "Poisson"),
    ]
    for label, name in ((1, "dead"), (2, "noisy")):
        maps = entries[entries.label == label]
        large = maps[maps.cells >= 32]
        true = ak.to_numpy(large.ratio).astype(np.float64)
        slope = float((measured_ratio(large) * true).sum() / (true**2).sum())
        found.append(Quantity(f"{name}: measured over true ratio, >= 32 cells", slope, "1", "planted"))
        seen = float(ak.mean(maps.significance > 5))
        found.append(
            Quantity(
                f"{name}: part beyond five sigma for an ideal observer", seen, "0.6 to 0.95", "zones need grey cases"
            )
        )
        found.append(
            Quantity(
                f"{name}: part of cells at fault", float(ak.mean(maps.cells)) / np.prod(CARD.cells), "> 0", "regions"
            )
        )
    return found


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw a map of each class and distributions."""
    axes = figure.subplots(2, 3).ravel()
    extent = (-np.pi, np.pi, -CARD.eta, CARD.eta)
    for label, name in enumerate(CLASSES):
        mine = entries[entries.label == label]
        clear = mine[(mine.significance > 20) & (mine.cells >= 9)] if label else mine
        image = ak.to_numpy(clear.map[0])
        largest = 2.2 * float(np.median(image))
        shown = axes[label].imshow(image, origin="lower", extent=extent, aspect="auto", vmin=0, vmax=largest)
        figure.colorbar(shown, ax=axes[label], label="hits")
        axes[label].set(title=name, xlabel="$\\phi$", ylabel="$\\eta$")
        if label:
            significance = np.histogram(ak.to_numpy(mine.significance), np.geomspace(0.1, 1e3, 41))
            mplhep.histplot(significance, ax=axes[4], label=name, yerr=False)
            large = mine[mine.cells >= 32]
            axes[5].plot(large.ratio, measured_ratio(large), ".", ms=8, label=name)
    mplhep.histplot(
        np.histogram(pulls(entries[entries.label == 0]), np.linspace(-5, 5, 101)), ax=axes[3], density=True, yerr=False
    )
    x = np.linspace(-5, 5, 101)
    axes[3].plot(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), color="grey", label="Gaussian")
    axes[3].set(xlabel="pull of a cell", ylabel="normalised", yscale="log", ylim=(1e-6, 1))
    axes[4].set(xlabel="significance of the fault", ylabel="maps", xscale="log")
    axes[5].plot([0.05, 10], [0.05, 10], color="grey")
    axes[5].set(
        xlabel="true ratio", ylabel="measured ratio", xscale="log", yscale="log", xlim=(0.02, 20), ylim=(0.02, 20)
    )
    for axis in axes[3:]:
        axis.legend()
