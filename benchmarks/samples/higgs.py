"""The sample `higgs`: peaks of the masses, and what boosted trees make of the variables."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.recipes.higgs import BRANCHES, CLASSES

Floats = npt.NDArray[np.float64]

ENTRIES = 6_000
SHOWN = {"background": r"$t\bar{t}$", "signal": r"$H \to W^\mp H^\pm \to WWbb$"}
VARIABLES = list(BRANCHES)[2:30]
PAPER = "arXiv:1402.4735, boosted trees trained with 2.6 million events"


def peak(values: npt.NDArray[np.float32], around: float, width: float) -> float:
    """Return the position of a peak: the middle of the shortest interval with half of the events around it."""
    near = np.sort(values[np.abs(values - around) < width])
    half = len(near) // 2
    first = int(np.argmin(near[half:] - near[: len(near) - half]))
    return float(np.median(near[first : first + half + 1]))


def auc_of_trees(entries: ak.Array, variables: list[str]) -> float:
    """Train boosted trees with half of the events and return the area under the ROC curve of the other half."""
    columns = np.stack([ak.to_numpy(entries[name]) for name in variables], axis=1)
    label = ak.to_numpy(entries.label)
    half = np.random.default_rng(1).permutation(len(label)) < len(label) // 2
    trees = HistGradientBoostingClassifier(learning_rate=0.05, max_leaf_nodes=8, random_state=1)
    trees.fit(columns[half], label[half])
    return float(roc_auc_score(label[~half], trees.predict_proba(columns[~half])[:, 1]))


def quantities(entries: ak.Array) -> list[Quantity]:
    label = ak.to_numpy(entries.label)
    of = {name: entries[label == number] for number, name in enumerate(CLASSES)}
    peaks = (
        ("background", "m_jj", 80.4, 30, "75 to 85", "W boson"),
        ("background", "m_jjj", 172.5, 50, "162 to 178", "top quark, less the neutrinos of b decays"),
        ("background", "m_jlv", 172.5, 50, "162 to 178", "top quark, less the neutrinos of b decays"),
        ("signal", "m_jj", 80.4, 30, "75 to 85", "W boson"),
        ("signal", "m_bb", 120.0, 45, "110 to 125", "125 GeV, less the neutrinos of b decays"),
        ("signal", "m_wbb", 320.0, 60, "308 to 328", "325 GeV, less the neutrinos of b decays"),
        ("signal", "m_wwbb", 425.0, 80, "405 to 428", "425 GeV, less the neutrinos of b decays"),
    )
    found = [
        Quantity(f"peak of {variable} of the {name} (GeV)", peak(ak.to_numpy(of[name][variable]), around, width),
                 expected, source)
        for name, variable, around, width, expected, source in peaks
    ]  # fmt: skip
    low, high = VARIABLES[:21], VARIABLES[21:]
    m_lv = float(ak.mean(abs(entries.m_lv - 80.4) < 0.1))
    return [
        *found,
        Quantity("part of the events with m_lv at the W mass", m_lv, "0.6 to 0.85", "real solutions for the neutrino"),
        Quantity("AUC of boosted trees, low-level variables", auc_of_trees(entries, low), "0.58 to 0.73",
                 f"0.73 in {PAPER}"),
        Quantity("AUC of boosted trees, high-level variables", auc_of_trees(entries, high), "0.72 to 0.82",
                 f"0.78 in {PAPER}"),
        Quantity("AUC of boosted trees, all variables", auc_of_trees(entries, VARIABLES), "0.74 to 0.84",
                 f"0.81 in {PAPER}"),
    ]  # fmt: skip


def draw(entries: ak.Array, figure: Figure) -> None:
    panels = {
        "m_jj": (np.linspace(0, 400, 51), r"$m_{jj}$ [GeV]"),
        "m_jjj": (np.linspace(50, 500, 46), r"$m_{jjj}$ [GeV]"),
        "m_lv": (np.linspace(70, 150, 41), r"$m_{\ell\nu}$ [GeV]"),
        "m_jlv": (np.linspace(50, 400, 51), r"$m_{j\ell\nu}$ [GeV]"),
        "m_bb": (np.linspace(0, 400, 51), r"$m_{bb}$ [GeV]"),
        "m_wbb": (np.linspace(100, 600, 51), r"$m_{Wbb}$ [GeV]"),
        "m_wwbb": (np.linspace(200, 1000, 51), r"$m_{WWbb}$ [GeV]"),
        "lepton_pt": (np.linspace(20, 200, 46), r"Lepton $p_T$ [GeV]"),
        "missing_energy_magnitude": (np.linspace(0, 200, 41), r"$p_T^{miss}$ [GeV]"),
    }
    label = ak.to_numpy(entries.label)
    axes = figure.subplots(3, 3)
    for axis, (branch, (edges, title)) in zip(axes.flat, panels.items(), strict=True):
        values = ak.to_numpy(entries[branch])
        for number, name in enumerate(CLASSES):
            counts, _ = np.histogram(values[label == number], edges)
            mplhep.histplot(counts / max(1, counts.sum()), edges, ax=axis, label=SHOWN[name], linewidth=3)
        axis.set_xlabel(title)
        axis.set_ylabel("Fraction of events")
        axis.set_xlim(edges[0], edges[-1])
    axes[0, 2].set_yscale("log")
    axes[0, 0].legend(title="Pythia 8, 8 TeV")
