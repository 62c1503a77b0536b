"""The look of the sample `event-images`: the pair of b quarks, jets, and mean images."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from benchmarks.samples.five_jets import peak
from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.event_image import CHANNELS
from keras_hep.data.samples.recipes.event_images import CLASSES

ENTRIES = 1000
TITLES = {"ttbb": r"$t\bar{t}b\bar{b}$", "ttH": r"$t\bar{t}H(b\bar{b})$"}


def quantities(entries: ak.Array) -> list[Quantity]:
    label = ak.to_numpy(entries.label)
    higgs, top_pairs = entries[label == CLASSES.index("ttH")], entries[label == CLASSES.index("ttbb")]
    image = ak.to_numpy(entries.image).sum(axis=(1, 2), dtype=np.float64)
    matched = ak.to_numpy(higgs.matched_bb_mass)
    heavy = [float(ak.mean(ak.sum(of.jet.flavour == 5, axis=1))) for of in (higgs, top_pairs)]
    return [
        Quantity("mass peak of the b quarks of ttH (GeV)", peak(ak.to_numpy(higgs.bb_mass), (80, 130)), "up to 125",
                 "mass of the Higgs boson, less what quarks radiate"),
        Quantity("mass peak of their jets (GeV)", peak(matched[matched > 0], (60, 150)), "100 to 125",
                 "the same, less what jets lose"),
        Quantity("median mass of the b quarks of ttbb (GeV)", float(np.median(top_pairs.bb_mass)), "below 125",
                 "gluon splitting falls with the mass"),
        Quantity("b jets of an event of ttH", heavy[0], "3 to 4", "two of the tops and two of the Higgs boson"),
        Quantity("b jets of an event of ttbb", heavy[1], "3 to 4", "two of the tops and two of a gluon"),
        Quantity("electromagnetic over all calorimeter transverse momentum", float((image[:, 1] / image[:, 1:].sum(axis=1))
                 .mean()), "0.25 to 0.35", "a third of the pions are neutral; electrons"),
    ]  # fmt: skip


def draw(entries: ak.Array, figure: Figure) -> None:
    label = ak.to_numpy(entries.label)
    axes = figure.subplots(2, 4)
    panels = {
        "bb_mass": (np.linspace(0, 250, 51), "True $m_{bb}$ [GeV]"),
        "matched_bb_mass": (np.linspace(5, 255, 51), "$m_{jj}$ of their jets [GeV]"),
        "n_btags": (np.arange(-0.5, 7), "b tags"),
    }
    for axis, (branch, (edges, title)) in zip(axes[0], panels.items(), strict=False):
        for number, name in enumerate(CLASSES):
            counts, _ = np.histogram(ak.to_numpy(entries[branch])[label == number], edges)
            mplhep.histplot(counts / max(1, counts.sum()), edges, ax=axis, label=TITLES[name], linewidth=3)
        axis.set(xlabel=title, ylabel="Fraction of events")
    axes[0, 0].legend()
    images = ak.to_numpy(entries.image)
    box = (-2.5, 2.5, -np.pi, np.pi)
    first = images[label == CLASSES.index("ttH")][0]
    pictures = {
        "Mean of all ttH": images[label == CLASSES.index("ttH")].sum(axis=3).mean(axis=0),
        **{f"One ttH: {channel}": first[:, :, number] for number, channel in enumerate(CHANNELS)},
        "Mean of all ttbb": images[label == CLASSES.index("ttbb")].sum(axis=3).mean(axis=0),
    }
    for axis, (title, picture) in zip([axes[0, 3], *axes[1]], pictures.items(), strict=True):
        shown = axis.imshow(
            picture.T, origin="lower", extent=box, norm=LogNorm(0.05, 100), aspect="auto", cmap="viridis"
        )
        axis.set(xlabel=r"$\eta$", ylabel=r"$\phi$ [rad]")
        axis.set_title(title, fontsize=22)
        figure.colorbar(shown, ax=axis, label="$p_T$ in a pixel [GeV]")
