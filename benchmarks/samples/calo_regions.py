"""The look of the sample `calo-regions`: totals, hardest regions and mean maps, and how pile-up adds up."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.pileup import SoftCollisions
from keras_hep.data.samples.pythia import generate_events, start_pythia
from keras_hep.data.samples.recipes.calo_regions import CARD, CLASSES

ENTRIES = 8000
TITLES = {
    "zero_bias": "Zero bias",
    "ttbar": r"$t\bar{t}$",
    "h_aa_4b": r"$H\to aa\to 4b$",
    "vbf_h_inv": r"VBF $H\to$ invisible",
}


def hard_share(soft: SoftCollisions, events: int = 1000) -> float:
    """Return the share of the hard collisions from Pythia's cross sections."""
    sections = []
    for settings in (soft.hard_settings, soft.settings):
        pythia = start_pythia((*settings, "HadronLevel:all=off"), 1)
        for _ in range(events):
            pythia.next()
        sections.append(pythia.infoPython().sigmaGen())
    return float(sections[0] / sections[1])


def soft_transverse_energy(events: int = 1500) -> tuple[float, float]:
    """Return mean and spread of the transverse momentum (GeV) that a non-diffractive collision leaves in the grid."""
    particles = generate_events(start_pythia(CARD.soft.settings, 2), events).particles
    charged = np.isin(np.abs(particles.identity), (11, 13, 211, 321, 2212))
    seen = (np.abs(particles.eta) < CARD.grid.eta_edges[-1]) & ~(charged & (particles.pt < CARD.grid.charged_pt))
    seen &= np.abs(particles.identity) != 13
    sums = np.bincount(particles.event[seen], particles.pt[seen], events)
    return float(sums.mean()), float(sums.std())


def quantities(entries: ak.Array) -> list[Quantity]:
    label, total, collisions = (ak.to_numpy(entries[name]) for name in ("label", "total", "n_pileup"))
    zero = label == CLASSES.index("zero_bias")
    slope = float(np.cov(collisions[zero], total[zero])[0, 1] / collisions[zero].var(ddof=1))
    regions = ak.to_numpy(entries.regions)[zero].mean(axis=0)
    turned = regions.sum(axis=1)
    mean, spread = soft_transverse_energy()
    error = spread / CARD.soft.pool**0.5
    return [
        Quantity("pile-up collisions of zero bias, mean", float(collisions[zero].mean()), "60", "option pileup"),
        Quantity("pile-up collisions of zero bias, variance over mean", float(collisions[zero].var() /
                 collisions[zero].mean()), "1", "Poisson"),
        Quantity("transverse energy of a pile-up collision (GeV)", slope, f"{mean:.1f} +- {error:.1f}",
                 f"mean of Pythia's non-diffractive collisions; the pool has {CARD.soft.pool} of them"),
        Quantity("share of hard collisions in the card over Pythia's", CARD.soft.hard_share / hard_share(CARD.soft), "1",
                 "cross sections"),
        Quantity("largest over mean energy of the azimuths", float(turned.max() / turned.mean()), "1", "symmetry"),
        Quantity("forward over backward energy", float(regions[:, 7:].sum() / regions[:, :7].sum()), "1", "symmetry"),
    ]  # fmt: skip


def draw(entries: ak.Array, figure: Figure) -> None:
    label, regions = ak.to_numpy(entries.label), ak.to_numpy(entries.regions)
    panels = {
        r"Total $E_T$ [GeV]": (ak.to_numpy(entries.total), np.linspace(0, 4500, 51)),
        r"Hardest region $E_T$ [GeV]": (regions.max(axis=(1, 2)), np.linspace(0, 200, 51)),
        r"Regions above 20 GeV": (np.count_nonzero(regions > 20, axis=(1, 2)), np.arange(-0.5, 26)),
    }
    axes = figure.subplots(2, 3)
    for axis, (title, (values, edges)) in zip(axes[0], panels.items(), strict=True):
        for number, name in enumerate(CLASSES):
            counts, _ = np.histogram(values[label == number], edges)
            mplhep.histplot(
                counts / max(1, counts.sum()), edges, ax=axis, label=TITLES[name], linewidth=3, color=f"C{number}"
            )
        axis.set(xlabel=title, ylabel="Fraction of events", yscale="log", ylim=(1e-4, 1))
        axis.set_xlim(edges[0], edges[-1])
    axes[0, 1].legend(title="Pythia 8, 13 TeV, 60 pile-up")
    signal = ak.to_numpy(entries.signal)
    for number, name in enumerate(CLASSES[1:], start=1):
        counts, edges = np.histogram(signal[label == number], np.linspace(0, 800, 41))
        mplhep.histplot(
            counts / max(1, counts.sum()), edges, ax=axes[1, 0], label=TITLES[name], linewidth=3, color=f"C{number}"
        )
    axes[1, 0].set(xlabel=r"$E_T$ of the signal itself [GeV]", ylabel="Fraction of events")
    axes[1, 0].legend()
    pictures = {
        "Zero bias, mean": regions[label == 0].mean(axis=0),
        r"One $t\bar{t}$ event": regions[label == 1][0],
    }
    for axis, (title, picture) in zip(axes[1, 1:], pictures.items(), strict=True):
        shown = axis.pcolormesh(CARD.grid.eta_edges, np.linspace(-np.pi, np.pi, CARD.grid.azimuths + 1), picture)
        axis.set(xlabel=r"$\eta$", ylabel=r"$\phi$ [rad]")
        axis.set_title(title, fontsize=24)
        figure.colorbar(shown, ax=axis, label=r"$E_T$ [GeV]")
