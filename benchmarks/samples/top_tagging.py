"""The sample `top-tagging`: the mass peak, the true top quarks, and how alike the spectra of the classes are."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import roc_auc_score

from benchmarks.samples.five_jets import peak
from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.recipes.top_tagging import CLASSES

ENTRIES = 6_000
SHOWN = {"qcd": "QCD", "top": "top"}


def quantities(entries: ak.Array) -> list[Quantity]:
    label = ak.to_numpy(entries.label)
    mass = ak.to_numpy(entries.jet_mass)
    top = entries[label == 1]
    energy, *momentum = (ak.to_numpy(top[f"top_{name}"]).astype(np.float64) for name in ("energy", "px", "py", "pz"))
    true = np.sqrt(energy**2 - sum(component**2 for component in momentum))
    balance = np.hypot(momentum[0], momentum[1]) / ak.to_numpy(top.jet_pt)
    qcd = entries[label == 0]
    spread = (ak.to_numpy(qcd.jet_mass) / (0.8 * ak.to_numpy(qcd.jet_pt))) ** 2
    area = float(roc_auc_score(label, -abs(mass - 172.5)))
    many = ak.to_numpy(ak.num(entries.part))
    return [
        Quantity("mass peak of top jets (GeV)", peak(mass[label == 1], (150.0, 200.0)), "170 to 176",
                 "mass of the top quark, soft emissions"),
        Quantity("mass of the true top quark (GeV), median", float(np.median(true)), "173.0", "the setting of Pythia"),
        Quantity("pT of the true top quark over that of the jet, median", float(np.median(balance)), "1",
                 "its quarks are inside the jet"),
        Quantity("mean squared mass of QCD jets over (pT R) squared", float(spread.mean()),
                 "0.015 to 0.035", "at order alpha_s 0.16 alpha_s for quarks and 0.37 alpha_s for gluons, alone; initial-state "
                 "radiation and higher orders come on top"),
        Quantity("AUC of the distance of the mass from 172.5 GeV", area, "above 0.9", "tops have it, QCD falls"),
        Quantity("constituents of top over QCD jets", float(many[label == 1].mean() / many[label == 0].mean()),
                 "above 1", "three prongs"),
    ]  # fmt: skip


def draw(entries: ak.Array, figure: Figure) -> None:
    label = ak.to_numpy(entries.label)
    apart = np.hypot(entries.part.eta - entries.jet_eta, _turn(entries.part.phi - entries.jet_phi))
    width = ak.sum(entries.part.pt * apart, axis=1) / entries.jet_pt
    panels = {
        "Jet mass [GeV]": (entries.jet_mass, np.linspace(0, 300, 61)),
        r"Jet $p_T$ [GeV]": (entries.jet_pt, np.linspace(550, 650, 21)),
        r"Jet $\eta$": (entries.jet_eta, np.linspace(-2, 2, 21)),
        "Constituents": (ak.num(entries.part), np.linspace(0, 150, 51)),
        r"$p_T$ of the leading constituent [GeV]": (ak.firsts(entries.part.pt), np.linspace(0, 400, 41)),
        r"Width $\sum p_T \Delta R / p_T^{jet}$": (width, np.linspace(0, 0.5, 51)),
    }
    for axis, (title, (values, edges)) in zip(figure.subplots(2, 3).flat, panels.items(), strict=True):
        for number, name in enumerate(CLASSES):
            counts, _ = np.histogram(ak.to_numpy(values[label == number], allow_missing=False), edges)
            mplhep.histplot(counts / max(1, counts.sum()), edges, ax=axis, label=SHOWN[name], linewidth=3)
        axis.set_xlabel(title)
        axis.set_ylabel("Fraction of jets")
        axis.set_xlim(edges[0], edges[-1])
        axis.legend(title="Pythia 8, 14 TeV")


def _turn(angle: ak.Array) -> ak.Array:
    return (angle + np.pi) % (2 * np.pi) - np.pi
