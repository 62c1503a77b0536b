"""The sample `top-tagging`: the mass peak, the true top quarks, and how alike the spectra of the classes are."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from sklearn.metrics import roc_auc_score

from benchmarks.samples.five_jets import peak
from benchmarks.samples.quantity import Quantity
from benchmarks.samples.splitting import mean_squared_mass
from benchmarks.samples.three_partons import fixed_order
from keras_hep.data.samples.recipes import top_tagging
from keras_hep.data.samples.recipes.top_tagging import CARD, CLASSES, make_shard
from keras_hep.data.samples.sample import ShardRequest

ENTRIES = 6_000
SHOWN = {"qcd": "QCD", "top": "top"}
SCALES = (2.0, 1.0, 0.5)


def squared_masses(jets: ak.Array) -> npt.NDArray[np.float64]:
    """Return the squared mass over (pT R)^2 of each jet."""
    return np.asarray((ak.to_numpy(jets.jet_mass) / (CARD.radius * ak.to_numpy(jets.jet_pt))) ** 2, np.float64)


def without_initial_radiation(jets: int) -> ak.Array:
    """Generate QCD jets with final-state radiation alone."""
    card = replace(CARD, common=(*CARD.common, "PartonLevel:ISR=off"))
    with patch.object(top_tagging, "CARD", card):
        return make_shard(ShardRequest(CLASSES.index("qcd"), 0, jets, 1, len(CLASSES)), lambda: None)


def mean_squared(name: str, jets: ak.Array, expected: str, source: str) -> Quantity:
    """Return the row of the mean squared mass of jets, with its statistical error in the expectation."""
    squared = squared_masses(jets)
    error = squared.std() / np.sqrt(len(squared))
    return Quantity(name, float(squared.mean()), expected, f"{source}; statistical error of the jets {error:.4f}")


def qcd_masses(qcd: ak.Array) -> list[Quantity]:
    """Return the rows of the mean squared mass, with and without initial-state radiation."""
    orders = [fixed_order(4_000, factor) for factor in SCALES]
    low, middle, high = (order.squared_mass for order in orders)
    final = without_initial_radiation(1_500)
    splittings = [mean_squared_mass(ak.to_numpy(final.jet_pt), orders[1].gluons, factor).mean() for factor in SCALES]
    return [
        mean_squared("mean squared mass of QCD jets over (pT R) squared", qcd,
                     f"{middle:.4f} ({low:.4f} to {high:.4f})",
                     "order alpha_s^3: Pythia's matrix elements of three partons without shower, which have initial-state "
                     f"radiation, scales times 2 and 1/2; statistical error {orders[1].error:.4f}; no higher orders, no hadrons"),
        mean_squared("the same without initial-state radiation", final,
                     f"{splittings[1]:.4f} ({splittings[0]:.4f} to {splittings[2]:.4f})",
                     "order alpha_s, arXiv:0906.1833: 0.16 alpha_s for quarks, 0.37 alpha_s for gluons, "
                     f"{orders[1].gluons:.0%} of them, alpha_s at half of pT, times 2 and 1/2"),
    ]  # fmt: skip


def quantities(entries: ak.Array) -> list[Quantity]:
    label = ak.to_numpy(entries.label)
    mass = ak.to_numpy(entries.jet_mass)
    top = entries[label == 1]
    energy, *momentum = (ak.to_numpy(top[f"top_{name}"]).astype(np.float64) for name in ("energy", "px", "py", "pz"))
    true = np.sqrt(energy**2 - sum(component**2 for component in momentum))
    balance = np.hypot(momentum[0], momentum[1]) / ak.to_numpy(top.jet_pt)
    qcd = entries[label == 0]
    area = float(roc_auc_score(label, -abs(mass - 172.5)))
    many = ak.to_numpy(ak.num(entries.part))
    return [
        Quantity("mass peak of top jets (GeV)", peak(mass[label == 1], (150.0, 200.0)), "170 to 176",
                 "mass of the top quark, soft emissions"),
        Quantity("mass of the true top quark (GeV), median", float(np.median(true)), "173.0", "the setting of Pythia"),
        Quantity("pT of the true top quark over that of the jet, median", float(np.median(balance)), "1",
                 "its quarks are inside the jet"),
        *qcd_masses(qcd),
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
