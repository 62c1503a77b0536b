"""The sample `flavour`: lifetimes, impact parameters and their errors, secondary vertices."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.recipes.flavour import CLASSES

Floats = npt.NDArray[np.float64]

ENTRIES = 4_500
SHOWN = {"b": "b jets", "c": "c jets", "light": "light jets"}
CMS = "vertex finder of CMS, arXiv:1712.07158"


def auc(signal: Floats, background: Floats) -> float:
    """Return the area under the ROC curve of a discriminant, ties counted half."""
    _, place, counts = np.unique(np.concatenate([signal, background]), return_inverse=True, return_counts=True)
    rank = np.cumsum(counts) - (counts - 1) / 2
    above = rank[place[: len(signal)]].sum() - len(signal) * (len(signal) + 1) / 2
    return float(above / len(signal) / len(background))


def quantities(entries: ak.Array) -> list[Quantity]:
    label = ak.to_numpy(entries.label)
    b, c, light = (entries[label == number] for number in range(len(CLASSES)))
    prompt = ak.flatten(light.track.d0_significance[light.track.origin == 0])
    inner = float(np.quantile(np.abs(prompt), 0.6827))
    displaced = [ak.to_numpy(ak.sum(jets.track.d0_significance > 3, axis=1)) for jets in (b, c, light)]
    third = [_third(jets.track.ip3d_significance) for jets in (b, light)]
    at_percent = float((third[0] > np.quantile(third[1], 0.99)).mean())
    have_vertex = [float(ak.mean(ak.num(jets.vertex) > 0)) for jets in (b, c, light)]
    in_b = ak.flatten(b.track.d0_significance[(b.track.origin == 1) | (b.track.origin == 2)])
    unsigned = ak.to_numpy(np.abs(in_b) > 3)
    masses = [ak.flatten(jets.vertex.mass) for jets in (b, c)]
    return [
        Quantity("mean proper lifetime of b hadrons (mm/c)", ak.mean(b.hadron_lifetime), "0.44 to 0.50",
                 "PDG: 0.455 (B0), 0.491 (B+), 0.458 (Bs), 0.441 (Lambda_b)"),
        Quantity("mean proper lifetime of c hadrons (mm/c)", ak.mean(c.hadron_lifetime), "0.15 to 0.22",
                 "PDG: D0 0.123, D+ 0.310, Ds 0.151, Lambda_c 0.061"),
        Quantity("68 % of prompt tracks lie within so many d0 errors", inner, "1.00 to 1.05",
                 "Gaussian, 3 % of the tracks three times wider"),
        Quantity("sign is right where tracks of b hadrons have |d0 significance| > 3",
                 float((ak.to_numpy(in_b)[unsigned] > 0).mean()), "above 0.85", "jet axis near to the b hadron's"),
        Quantity("b jets with a secondary vertex", have_vertex[0], "0.65 to 0.80", CMS),
        Quantity("c jets with a secondary vertex", have_vertex[1], "0.30 to 0.45", CMS),
        Quantity("light jets with a secondary vertex", have_vertex[2], "0.02 to 0.12", CMS),
        Quantity("vertices of b jets above 5.3 GeV", float(ak.mean(masses[0] > 5.3)), "below 0.03", "mass of the B meson"),
        Quantity("vertices of c jets above 1.9 GeV", float(ak.mean(masses[1] > 1.9)), "below 0.15", "mass of the D meson"),
        Quantity("AUC of the number of tracks with d0 significance > 3, b against light",
                 auc(displaced[0], displaced[2]), "0.85 to 0.95", "below a trained tagger"),
        Quantity("the same, b against c", auc(displaced[0], displaced[1]), "0.70 to 0.85", "below a trained tagger"),
        Quantity("efficiency of the third ip3d significance at 1 % of light jets", at_percent, "0.40 to 0.68",
                 "below the 0.68 of the best tagger of arXiv:1712.07158"),
    ]  # fmt: skip


def _third(significance: ak.Array) -> Floats:
    """Return the third highest significance of each jet, very low where there are fewer tracks."""
    highest = ak.sort(significance, axis=1, ascending=False)
    values: Floats = ak.to_numpy(ak.fill_none(ak.pad_none(highest, 3)[:, 2], -99.0))
    return values


def draw(entries: ak.Array, figure: Figure) -> None:
    leading = ak.firsts(entries.vertex)
    panels = {
        r"Signed $d_0$ significance": (entries.track.d0_significance, np.linspace(-20, 30, 101), True),
        "Tracks with $d_0$ significance > 3": (
            ak.sum(entries.track.d0_significance > 3, axis=1), np.arange(-0.5, 11), True),
        r"Flight significance of the first vertex": (leading.l3d_significance, np.linspace(0, 100, 51), True),
        "Mass of the first vertex [GeV]": (leading.mass, np.linspace(0, 6, 49), False),
        "Corrected mass of the first vertex [GeV]": (leading.mass_corrected, np.linspace(0, 8, 49), False),
        r"Jet $p_T$ [GeV]": (entries.jet_pt, np.linspace(20, 300, 41), False),
    }  # fmt: skip
    label = ak.to_numpy(entries.label)
    axes = figure.subplots(2, 3)
    for axis, (title, (values, edges, logarithmic)) in zip(axes.flat, panels.items(), strict=True):
        for number, name in enumerate(CLASSES):
            of_class = ak.drop_none(ak.flatten(values[label == number], axis=None))
            counts, _ = np.histogram(ak.to_numpy(of_class), edges)
            mplhep.histplot(counts / max(1, counts.sum()), edges, ax=axis, label=SHOWN[name], linewidth=3)
        axis.set_xlabel(title)
        axis.set_ylabel("Fraction per bin")
        axis.set_xlim(edges[0], edges[-1])
        if logarithmic:
            axis.set_yscale("log")
    axes[0, 0].legend(title="Pythia 8, 13 TeV")
