"""The sample `quark-gluon`: what the greater colour charge of gluons does."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import roc_auc_score

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.recipes.quark_gluon import CLASSES

ENTRIES = 4_000


def width_of(entries: ak.Array) -> ak.Array:
    """Return the sum of ptrel times distance from the axis."""
    return ak.sum(entries.part.ptrel * np.hypot(entries.part.deta, entries.part.dphi), axis=1)


def quantities(entries: ak.Array) -> list[Quantity]:
    label = ak.to_numpy(entries.label)
    many = ak.to_numpy(ak.num(entries.part))
    mass = ak.to_numpy(entries.jet_mass).astype(np.float64)
    width = ak.to_numpy(width_of(entries))

    def ratio(values: np.ndarray) -> float:
        return float(values[label == 0].mean() / values[label == 1].mean())

    charged = ak.sum(entries.part.ptrel[entries.part.charge != 0], axis=1)
    return [
        Quantity("constituents of gluon over quark jets", ratio(many), "1.3 to 2.25", "C_A / C_F = 9/4 at most"),
        Quantity("mean squared mass of gluon over quark jets", ratio(mass**2), "1.5 to 2.35",
                 "at order alpha_s 0.37 / 0.16"),
        Quantity("mean width of gluon over quark jets", ratio(width), "1.3 to 2.25", "C_A / C_F = 9/4 at most"),
        Quantity("AUC of the number of constituents", float(roc_auc_score(label, -many)), "0.75 to 0.9",
                 "the best single observable, arXiv:1810.05165"),
        Quantity("charged fraction of pT", float(ak.mean(charged)), "0.55 to 0.65", "isospin: two of three pions"),
    ]  # fmt: skip


def draw(entries: ak.Array, figure: Figure) -> None:
    label = ak.to_numpy(entries.label)
    panels = {
        "Constituents": (ak.num(entries.part), np.linspace(0, 100, 51)),
        "Jet mass [GeV]": (entries.jet_mass, np.linspace(0, 150, 51)),
        r"Width $\sum p_T \Delta R / p_T^{jet}$": (width_of(entries), np.linspace(0, 0.25, 51)),
        r"Jet $p_T$ [GeV]": (entries.jet_pt, np.linspace(500, 550, 21)),
        r"Jet $\eta$": (entries.jet_eta, np.linspace(-1.7, 1.7, 18)),
        "Charge of the jet": (
            ak.sum(entries.part.charge * np.sqrt(entries.part.ptrel), axis=1),
            np.linspace(-3, 3, 41),
        ),
    }
    for axis, (title, (values, edges)) in zip(figure.subplots(2, 3).flat, panels.items(), strict=True):
        for number, name in enumerate(CLASSES):
            counts, _ = np.histogram(ak.to_numpy(values[label == number]), edges)
            mplhep.histplot(counts / max(1, counts.sum()), edges, ax=axis, label=name, linewidth=3)
        axis.set_xlabel(title)
        axis.set_ylabel("Fraction of jets")
        axis.set_xlim(edges[0], edges[-1])
        axis.legend(title="Pythia 8, 14 TeV")
