"""The look of the sample `rich-dll`: separation against momentum, thresholds, sPlot weights."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.recipes.rich_dll import CARD, CLASSES, MASSES
from keras_hep.data.samples.rings import Radiator, cherenkov_angle

ENTRIES = 200_000

Array = npt.NDArray[np.float64]

NAMES = ("k", "p", "e", "mu")


def expected_difference(momentum: float, tracks: float, true: int, other: int, radiator: Radiator) -> float:
    """Return the mean of ln L(true) - ln L(other) for a true particle: the divergence of two Poisson processes.

    Args:
        momentum: GeV.
        tracks: number of tracks in the collision.
        true: number of the class of the particle.
        other: number of the other class.
        radiator: the detector.
    """
    seen = (np.arange(8000) + 0.5) * radiator.window / 8000
    density = radiator.background * tracks / radiator.window
    rates = []
    for number in (true, other):
        theta = float(cherenkov_angle(np.array([momentum]), MASSES[number], radiator.index)[0])
        mean = radiator.photons * np.sin(theta) ** 2 / (1 - 1 / radiator.index**2)
        pull = (seen - theta) / radiator.resolution
        rates.append(density + mean * np.exp(-(pull**2) / 2) / (np.sqrt(2 * np.pi) * radiator.resolution))
    step = radiator.window / 8000
    return float((rates[0] * np.log(rates[0] / rates[1]) - rates[0] + rates[1]).sum() * step)


def separation(momentum: Array, first: int, second: int, radiator: Radiator) -> Array:
    """Return the distance of two rings in standard deviations: the angles' difference over resolution / sqrt(photons).

    Args:
        momentum: GeV, shape (n,).
        first: number of a class.
        second: number of another.
        radiator: the detector.
    """
    angles = [cherenkov_angle(momentum, MASSES[number], radiator.index) for number in (first, second)]
    photons = radiator.photons * np.sin(angles[0]) ** 2 / (1 - 1 / radiator.index**2)
    return np.asarray(np.abs(angles[0] - angles[1]) / radiator.resolution * np.sqrt(photons))


def in_detectors(tracks: ak.Array) -> Array:
    """Return which detectors each track crosses, shape (radiators, tracks)."""
    angle = 2 * np.arctan(np.exp(-ak.to_numpy(tracks.eta).astype(np.float64)))
    return np.stack([(angle > r.acceptance[0]) & (angle < r.acceptance[1]) for r in CARD.radiators])


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample."""
    entries = entries[entries.signal == 1]
    found = []
    inside = in_detectors(entries)
    for least, largest in ((12.0, 14.0), (30.0, 35.0), (60.0, 80.0)):
        chosen = (entries.label == 1) & (entries.p > least) & (entries.p < largest)
        measured = float(ak.mean(entries.dll_k[chosen]))
        some = np.flatnonzero(ak.to_numpy(chosen))[:60]
        expected = np.mean(
            [
                sum(
                    expected_difference(float(entries.p[i]), float(entries.ntracks[i]), 1, 0, radiator)
                    for radiator, seen in zip(CARD.radiators, inside[:, i], strict=True)
                    if seen
                )
                for i in some
            ]
        )
        found.append(
            Quantity(
                f"kaon, {least:g} to {largest:g} GeV: mean DLL(K)",
                measured,
                f"{expected:.1f}",
                "Poisson process, 60 tracks",
            )
        )
    light = [r.index / np.sqrt(r.index**2 - 1) * MASSES[1] / r.index for r in CARD.radiators]
    below = entries[(entries.label == 1) & (entries.p < light[0])]
    equal = float(ak.mean(below.dll_k == below.dll_bt))
    found.append(Quantity("kaon below both thresholds: DLL(K) = DLL(bt)", equal, "1", "neither makes light"))
    for name, other, least, largest in (("kaon", 1, 10.0, 50.0), ("proton", 2, 20.0, 80.0)):
        cut = (entries.p > least) & (entries.p < largest)
        dll = entries[f"dll_{NAMES[other - 1]}"] > 0
        right, wrong = (float(ak.mean(dll[cut & (entries.label == label)])) for label in (other, 0))
        source = "0.95 and 0.1 in LHCb, whose rings overlap (arXiv:1211.6759)"
        found.append(Quantity(f"{name} efficiency, DLL > 0, {least:g} to {largest:g} GeV", right, "> 0.9", source))
        found.append(Quantity(f"pion taken for {name}, the same cut", wrong, "< 0.1", source))
    return found


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw likelihood differences, separation, mass and weights."""
    axes = figure.subplots(2, 3).ravel()
    signal = entries[entries.signal == 1]
    fast = signal[(signal.p > 20) & (signal.p < 40)]
    edges = np.geomspace(2, 100, 30)
    middle = np.sqrt(edges[1:] * edges[:-1])
    for label, name in enumerate(CLASSES):
        mine = fast[fast.label == label]
        for axis, branch in ((axes[0], "dll_k"), (axes[1], "dll_p")):
            values = np.histogram(ak.to_numpy(mine[branch]), np.linspace(-120, 120, 61))
            mplhep.histplot(values, ax=axis, label=name, yerr=False, density=True)
        mine = signal[signal.label == label]
        where = np.digitize(ak.to_numpy(mine.p), edges) - 1
        dll = ak.to_numpy(mine.dll_k)
        axes[2].plot(middle, [dll[where == i].mean() for i in range(len(middle))], "o-", mfc="none", label=name)
        mplhep.histplot(
            np.histogram(ak.to_numpy(mine.mass), np.linspace(*CARD.mass.limits, 41)), ax=axes[4], yerr=False
        )
    for radiator, name in zip(CARD.radiators, ("C4F10", "CF4"), strict=True):
        axes[3].plot(middle, separation(middle, 0, 1, radiator), label=f"{name}, $\\pi$ and K")
    mass = np.linspace(*CARD.mass.limits, 201)
    axes[5].plot(mass, CARD.mass.signal_weight(mass))
    axes[0].set(xlabel="DLL(K), 20 to 40 GeV", ylabel="tracks, normalised", yscale="log")
    axes[1].set(xlabel="DLL(p), 20 to 40 GeV", ylabel="tracks, normalised", yscale="log")
    axes[2].set(xlabel="p (GeV)", ylabel="mean DLL(K)", xscale="log")
    axes[3].set(
        xlabel="p (GeV)", ylabel="$\\Delta\\theta \\sqrt{N} / \\sigma$", xscale="log", yscale="log", ylim=(0.3, 300)
    )
    axes[4].set(xlabel="mass (GeV)", ylabel="candidates")
    axes[5].set(xlabel="mass (GeV)", ylabel="sWeight of half signal, half background")
    for axis in axes[:4]:
        axis.legend()
