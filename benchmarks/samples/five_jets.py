"""The sample `five-jets`: mass peaks, and the observables of the classes."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.recipes.five_jets import CLASSES

ENTRIES = 5_000
PEAKS = {"w": ("80.4", (65.0, 95.0)), "z": ("91.2", (75.0, 107.0)), "t": ("172.6", (150.0, 190.0))}
SHOWN = {"g": "gluon", "q": "quark", "w": "W", "z": "Z", "t": "top"}


def peak(mass: npt.NDArray[np.float32], window: tuple[float, float]) -> float:
    """Return the position of a mass peak: the middle of the shortest interval with half of the jets in the window."""
    values = np.sort(mass[(mass > window[0]) & (mass < window[1])])
    half = len(values) // 2
    first = int(np.argmin(values[half:] - values[: len(values) - half]))
    return float(np.median(values[first : first + half + 1]))


def quantities(entries: ak.Array) -> list[Quantity]:
    mass, label = ak.to_numpy(entries.j_mass_mmdt), ak.to_numpy(entries.label)
    found = [
        Quantity(f"mMDT mass peak of {SHOWN[name]} jets (GeV)", peak(mass[label == CLASSES.index(name)], window), mean,
                 "pole mass, less what grooming removes")
        for name, (mean, window) in PEAKS.items()
    ]  # fmt: skip
    many = ak.to_numpy(entries.j_multiplicity)
    ratio = float(many[label == 0].mean() / many[label == 1].mean())
    return [*found, Quantity("multiplicity of gluon over quark jets", ratio, "1 to 2.25", "C_A / C_F = 9/4 at most")]


def draw(entries: ak.Array, figure: Figure) -> None:
    panels = {
        "j_mass_mmdt": (np.linspace(0, 220, 56), "mMDT mass [GeV]"),
        "j_multiplicity": (np.linspace(0, 180, 46), "Multiplicity"),
        "j_c1_b1_mmdt": (np.linspace(0, 0.15, 46), r"$C_1^{\beta=1}$ (mMDT)"),
        "j_n2_b1_mmdt": (np.linspace(0, 0.5, 41), r"$N_2^{\beta=1}$ (mMDT)"),
        "jet_pt": (np.linspace(780, 1400, 41), r"Jet $p_T$ [GeV]"),
        "stored": (np.linspace(0, 102, 52), "Stored constituents"),
    }
    label = ak.to_numpy(entries.label)
    axes = figure.subplots(2, 3)
    for axis, (branch, (edges, title)) in zip(axes.flat, panels.items(), strict=True):
        values = ak.to_numpy(ak.num(entries.part) if branch == "stored" else entries[branch])
        for number, name in enumerate(CLASSES):
            counts, _ = np.histogram(values[label == number], edges)
            mplhep.histplot(counts / max(1, counts.sum()), edges, ax=axis, label=SHOWN[name], linewidth=3)
        axis.set_xlabel(title)
        axis.set_ylabel("Fraction of jets")
        axis.set_xlim(edges[0], edges[-1])
    axes[0, 0].legend(title="Pythia 8, 13 TeV")
