"""The sample `photons`: energy, shape of showers, isolation, and the two photons of neutral pions."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.photon_shapes import SHAPES
from keras_hep.data.samples.recipes.photons import CLASSES

Floats = npt.NDArray[np.float64]

ENTRIES = 4_500
PROMPT, FRAGMENTATION, FAKE = range(3)
PION, PION_MASS = 111, 0.13498
ATLAS = "photons of ATLAS, arXiv:1810.05087"


def medians(entries: ak.Array, values: Floats) -> list[float]:
    """Return the median of each class."""
    label = ak.to_numpy(entries.label)
    return [float(np.median(values[label == number])) for number in range(len(CLASSES))]


def auc_of_trees(entries: ak.Array, signal: int, background: int) -> float:
    """Train boosted trees with the shapes of half of two classes and return the area under the ROC curve of the rest."""
    entries = entries[(entries.label == signal) | (entries.label == background)]
    columns = np.stack([ak.to_numpy(entries[name]) for name in SHAPES], axis=1)
    label = ak.to_numpy(entries.label) == signal
    half = np.random.default_rng(1).permutation(len(label)) < len(label) // 2
    trees = HistGradientBoostingClassifier(learning_rate=0.05, max_leaf_nodes=8, random_state=1)
    trees.fit(columns[half], label[half])
    return float(roc_auc_score(label[~half], trees.predict_proba(columns[~half])[:, 1]))


def quantities(entries: ak.Array) -> list[Quantity]:
    label, pt = ak.to_numpy(entries.label), ak.to_numpy(entries.photon_pt)
    prompt, fake = entries[label == PROMPT], entries[label == FAKE]
    response = ak.to_numpy(prompt.photon_pt / prompt.true_pt)
    energy = ak.to_numpy(prompt.true_pt) * np.cosh(ak.to_numpy(prompt.photon_eta))
    sharp = float(np.median(np.abs(response - np.median(response)) * np.sqrt(energy)) / 0.6745)
    pions = fake[(fake.mother_identity == PION) & (fake.opening_angle > 0)]
    angle = ak.to_numpy(pions.opening_angle * pions.mother_pt) / (2 * PION_MASS)
    track, calo = (medians(entries, ak.to_numpy(entries[name]) / pt) for name in ("ptcone40", "etcone40"))
    width, ratio = (medians(entries, ak.to_numpy(entries[name])) for name in ("w_stot", "e_ratio"))
    w_eta2 = medians(entries, ak.to_numpy(entries.w_eta2))
    return [
        Quantity("measured over true pT of prompt photons", float(np.median(response)), "0.99 to 1.01", "calibration"),
        Quantity("energy resolution of prompt photons, times sqrt(E/GeV)", sharp, "0.10 to 0.16",
                 "sampling term of 10 %, noise, fluctuations of what is lost in front"),
        Quantity("w_eta2 of prompt photons", w_eta2[PROMPT], "0.008 to 0.012", ATLAS),
        Quantity("e_ratio of prompt photons", ratio[PROMPT], "0.93 to 1.00", ATLAS),
        Quantity("e_ratio of fake photons", ratio[FAKE], "0.3 to 0.8", "two maxima in the strips"),
        Quantity("w_stot of fake over prompt photons", width[FAKE] / width[PROMPT], "1.3 to 3.0", "several photons"),
        Quantity("least opening angle of two photons over 2 m / pT of the pion", float(angle.min()), "1.00 to 1.02",
                 "kinematics: equality for photons of equal energy"),
        Quantity("ptcone40 over pT of prompt photons", track[PROMPT], "0.00 to 0.02", "underlying event alone"),
        Quantity("ptcone40 over pT of fragmentation photons", track[FRAGMENTATION], "0.02 to 0.60", "inside a jet"),
        Quantity("ptcone40 over pT of fake photons", track[FAKE], "0.40 to 1.50", "middle of a jet"),
        Quantity("etcone40 over pT: fragmentation less prompt", calo[FRAGMENTATION] - calo[PROMPT], "above 0.1",
                 "inside a jet"),
        Quantity("etcone40 over pT: fake less fragmentation", calo[FAKE] - calo[FRAGMENTATION], "above 0",
                 "middle of a jet"),
        Quantity("AUC of boosted trees with the shapes, prompt against fake", auc_of_trees(entries, PROMPT, FAKE),
                 "above 0.93", "shapes alone, no isolation"),
        Quantity("AUC of boosted trees with the shapes, prompt against fragmentation",
                 auc_of_trees(entries, PROMPT, FRAGMENTATION), "0.60 to 0.85", "both are single photons, one with hadrons beside"),
    ]  # fmt: skip


def draw(entries: ak.Array, figure: Figure) -> None:
    label, pt = ak.to_numpy(entries.label), ak.to_numpy(entries.photon_pt)
    panels = {
        "w_stot": (np.linspace(0, 6, 61), r"$w_{s,tot}$ [strips]"),
        "e_ratio": (np.linspace(0, 1, 51), r"$E_{ratio}$"),
        "r_eta": (np.linspace(0.6, 1, 51), r"$R_\eta$"),
        "r_had": (np.linspace(-0.02, 0.3, 65), r"$R_{had}$"),
        "etcone40": (np.linspace(0, 3, 61), r"$E_T^{cone40}\,/\,p_T$"),
        "photon_pt": (np.linspace(20, 150, 53), r"Photon $p_T$ [GeV]"),
    }
    axes = figure.subplots(3, 3)
    for axis, (branch, (edges, title)) in zip(axes[:2].flat, panels.items(), strict=True):
        values = ak.to_numpy(entries[branch]) / (pt if branch == "etcone40" else 1.0)
        for number, name in enumerate(CLASSES):
            counts, _ = np.histogram(values[label == number], edges)
            mplhep.histplot(counts / max(1, counts.sum()), edges, ax=axis, label=name, linewidth=3)
        axis.set_xlabel(title)
        axis.set_ylabel("Fraction of photons")
        axis.set_xlim(edges[0], edges[-1])
        if branch in ("r_had", "etcone40"):
            axis.set_yscale("log")
    axes[0, 0].legend(title="Pythia 8, 13 TeV")
    for number, name in enumerate(CLASSES):
        first = entries[label == number][0]
        strips = ak.to_numpy(first.strips)
        image = axes[2, number].imshow(
            strips.T, aspect="auto", origin="lower", extent=(-0.0875, 0.0875, -0.098, 0.098), cmap="viridis"
        )
        figure.colorbar(image, ax=axes[2, number], label="Strip energy [GeV]")
        axes[2, number].set_xlabel(rf"$\Delta\eta$ ({name}, $p_T$ = {first.photon_pt:.0f} GeV)")
        axes[2, number].set_xticks([-0.05, 0.0, 0.05])
        axes[2, number].set_ylabel(r"$\Delta\phi$")
