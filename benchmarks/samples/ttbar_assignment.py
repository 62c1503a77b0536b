"""The look of the sample `ttbar-assignment`: which quarks have a jet, and masses from the right and from all jets."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.five_jets import peak
from benchmarks.samples.quantity import Quantity

ENTRIES = 4000
Array = npt.NDArray[np.float64]


def masses(entries: ak.Array, size: int) -> Array:
    """Return the masses of all combinations of so many jets."""
    pt, eta, phi, energy = (entries.jet[name] for name in ("pt", "eta", "phi", "energy"))
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    combined = ak.combinations(ak.zip({"px": px, "py": py, "pz": pz, "energy": energy}), size)
    total = {name: sum(combined[str(jet)][name] for jet in range(size)) for name in ("px", "py", "pz", "energy")}
    squared = total["energy"] ** 2 - total["px"] ** 2 - total["py"] ** 2 - total["pz"] ** 2
    return np.sqrt(np.maximum(ak.to_numpy(ak.flatten(squared)), 0.0)).astype(np.float64)


def tag_rate(entries: ak.Array, flavour: int) -> float:
    """Return the share of jets of a flavour that have a b tag."""
    return float(ak.mean(entries.jet.btag[entries.jet.flavour == flavour]))


def quantities(entries: ak.Array) -> list[Quantity]:
    matched = entries[entries.matched == 1]
    found = {name: ak.to_numpy(matched[f"matched_{name}_mass"]) for name in ("w_had", "top_had", "top_lep")}
    return [
        Quantity("share of events with all four quarks matched", float(ak.mean(entries.matched)), "0.3 to 0.5",
                 "usual at four jets of 25 GeV"),
        Quantity("mass peak of the jets of the W (GeV)", peak(found["w_had"], (50, 110)),
                 "80.4", "mass of the W, less what jets lose"),
        Quantity("mass peak of the jets of the hadronic top (GeV)", peak(found["top_had"], (120, 220)),
                 "172.5", "mass of the top, less what jets lose"),
        Quantity("mass peak of the leptonic top (GeV)", peak(found["top_lep"], (120, 220)), "172.5", "mass of the top"),
        Quantity("mean true mass of tops (GeV)", float(np.mean(entries.top_had_mass)), "about 172.5", "Breit-Wigner"),
        Quantity("b tag of b jets", tag_rate(entries, 5), "0.70", "card"),
        Quantity("b tag of c jets", tag_rate(entries, 4), "0.15", "card"),
        Quantity("b tag of other jets", tag_rate(entries, 0), "0.01", "card"),
        Quantity("share of positive leptons", float(np.mean(entries.lepton_charge > 0)), "0.5", "both charges in turn"),
    ]  # fmt: skip


def draw(entries: ak.Array, figure: Figure) -> None:
    matched = entries[entries.matched == 1]
    both = {"Right jets": matched, "All combinations": None}
    axes = figure.subplots(2, 3)
    for axis, name, size, title, edges in (
        (axes[0, 0], "w_had", 2, "$m_{jj}$ [GeV]", np.linspace(0, 250, 51)),
        (axes[0, 1], "top_had", 3, "$m_{jjj}$ [GeV]", np.linspace(0, 500, 51)),
    ):
        for label, source in both.items():
            values = masses(entries, size) if source is None else ak.to_numpy(source[f"matched_{name}_mass"])
            counts, _ = np.histogram(values, edges)
            mplhep.histplot(counts / counts.sum(), edges, ax=axis, label=label, linewidth=3)
        axis.set(xlabel=title, ylabel="Fraction of combinations")
        axis.legend()
    _histogram(
        axes[0, 2],
        {r"$m_{b\ell\nu}$, right jet": matched.matched_top_lep_mass, "True $m_t$": entries.top_lep_mass},
        "Leptonic top mass [GeV]",
        np.linspace(50, 350, 61),
    )
    shares = {name: float(ak.mean(entries[f"index_{name}"] >= 0)) for name in ("b_had", "b_lep", "q1", "q2")}
    axes[1, 0].bar(list(shares), list(shares.values()))
    axes[1, 0].set(ylabel="Share with a jet of its own", ylim=(0, 1))
    _histogram(
        axes[1, 1],
        {"Jets": ak.num(entries.jet), "b tags": ak.sum(entries.jet.btag, axis=1)},
        "Number",
        np.arange(-0.5, 13),
    )
    _histogram(axes[1, 2], {"Lepton $p_T$": entries.lepton_pt, "Missing $p_T$": entries.met_pt,
                            "Hardest jet $p_T$": entries.jet.pt[:, 0]}, "$p_T$ [GeV]", np.linspace(0, 300, 51))  # fmt: skip


def _histogram(axis: object, values: dict[str, ak.Array], title: str, edges: Array) -> None:
    """Draw the fractions of events of some variables."""
    for label, column in values.items():
        counts, _ = np.histogram(ak.to_numpy(column), edges)
        mplhep.histplot(counts / counts.sum(), edges, ax=axis, label=label, linewidth=3)
    axis.set(xlabel=title, ylabel="Fraction of events")
    axis.legend()
