"""The look of the sample `ttbar-assignment`: which quarks have a jet, and masses from the right and from all jets."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.five_jets import peak
from benchmarks.samples.jet_losses import bottom_loss, expected_masses
from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.pythia import start_pythia
from keras_hep.data.samples.recipes import ttbar_assignment
from keras_hep.data.samples.recipes.ttbar_assignment import CARD, QUARKS
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.physics import TtbarHypothesis, assign_ttbar, four_vectors, measured_hypothesis

ENTRIES = 4000
WINDOWS = {"w_had": (50.0, 110.0), "top_had": (120.0, 220.0), "top_lep": (120.0, 220.0)}
WHAT = {"w_had": "jets of the W", "top_had": "jets of the hadronic top", "top_lep": "leptonic top"}
LOOKED_AT = 8
"""Jets of an event among which chi2 looks."""

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


def particle_level(events: int) -> ak.Array:
    """Generate events whose quarks have jets with a detector that loses nothing but muons."""
    nothing = (0.0, 0.0)
    perfect = replace(
        CARD.detector, track_pt=0.0, efficiency=(1.0, 1.0), efficiency_low_pt=(1.0, 1.0), track_constant=nothing,
        track_slope=nothing, electromagnetic_cells=7200, hadronic_cells=7200, electromagnetic_stochastic=0.0,
        electromagnetic_constant=0.0, hadronic_stochastic=0.0, hadronic_constant=0.0, electromagnetic_threshold=0.0,
        hadronic_threshold=0.0,
    )  # fmt: skip
    with patch.object(ttbar_assignment, "CARD", replace(CARD, detector=perfect)):
        return ttbar_assignment.make_shard(ShardRequest(0, 0, events, 1, 1, {"matched_only": True}), lambda: None)


def peaks(matched: ak.Array) -> dict[str, float]:
    """Return the positions in GeV of the mass peaks of the right jets."""
    return {name: peak(ak.to_numpy(matched[f"matched_{name}_mass"]), window) for name, window in WINDOWS.items()}


def mass_peaks(matched: ak.Array) -> list[Quantity]:
    """Return the rows of the peaks with a perfect detector and with the one of the sample."""
    perfect = particle_level(700)
    source = (
        "true quarks, less hadronisation and plus overlaid collisions (arXiv:0712.3014), up to all of the mean radiation out of "
        f"the cone (arXiv:0906.1833) and, for b quarks, {bottom_loss():.1%} in neutrinos and muons (hep-ex/0509008)"
    )
    rows = []
    for entries, detector in ((perfect, "perfect detector"), (matched, "sample")):
        edges = expected_masses(entries)
        below = source if entries is perfect else "the same; thresholds of the detector come on top"
        rows += [
            Quantity(f"mass peak of the {WHAT[name]}, {detector} (GeV)", place,
                     f"{edges[name][0]:.1f} to {edges[name][1]:.1f}", below)
            for name, place in peaks(entries).items()
        ]  # fmt: skip
    return rows


def measured(matched: ak.Array) -> TtbarHypothesis:
    """Return the hypothesis with the masses and widths of the right jets."""
    return measured_hypothesis(*(ak.to_numpy(matched[f"matched_{name}_mass"]) for name in WINDOWS))


def shares_right(matched: ak.Array, hypothesis: TtbarHypothesis, tags: bool) -> tuple[npt.NDArray[np.bool_], Array]:
    """Return in which events chi2 finds all four jets, and how probable that is for any of the assignments that it looks at."""
    jet = matched.jet
    jets = four_vectors(pt=jet.pt, eta=jet.eta, phi=jet.phi, energy=jet.energy)
    leptons = four_vectors(pt=matched.lepton_pt, eta=matched.lepton_eta, phi=matched.lepton_phi)
    missing = ak.zip({"px": matched.met_pt * np.cos(matched.met_phi), "py": matched.met_pt * np.sin(matched.met_phi)})
    b_tagged = jet.btag == 1
    found = assign_ttbar(jets, leptons, missing, b_tagged if tags else None, hypothesis, LOOKED_AT)
    truth = {name: ak.to_numpy(matched[f"index_{name}"]) for name in QUARKS}
    light = [np.sort([part["q1"], part["q2"]], axis=0) for part in (found._asdict(), truth)]
    right = (found.b_had == truth["b_had"]) & (found.b_lep == truth["b_lep"]) & (light[0] == light[1]).all(axis=0)
    number = np.minimum(ak.to_numpy(ak.num(jet)), LOOKED_AT)
    if not tags:
        return right, 2.0 / (number * (number - 1) * (number - 2) * (number - 3))
    tagged = ak.to_numpy(ak.sum(b_tagged[:, :LOOKED_AT], axis=1))
    wanted = np.minimum(tagged, 2)
    # Ordered pairs of b jets with as many tags as wanted, times pairs of jets from the rest.
    pairs = np.choose(wanted, [number * (number - 1), 2 * (number - 1), tagged * (tagged - 1)])
    true_tags = sum(
        ak.to_numpy(b_tagged[np.arange(len(matched)), truth[name]]).astype(int) for name in ("b_had", "b_lep")
    )
    return right, np.where(true_tags == wanted, 2.0 / (pairs * (number - 2) * (number - 3)), 0.0)


def assignment(matched: ak.Array) -> list[Quantity]:
    """Return the rows of the measured masses and widths, and of how often chi2 is right."""
    hypothesis = measured(matched)
    usual = TtbarHypothesis()
    widths = ("w_width", "hadronic_top_width", "leptonic_top_width")
    rows = [
        Quantity(f"width of the {WHAT[name]}, right jets (GeV)", getattr(hypothesis, width),
                 f"none; the default is {getattr(usual, width):g}", "middle 68 %, a parameter of the chi2 assignment")
        for name, width in zip(WINDOWS, widths, strict=True)
    ] + [
        Quantity(f"median of the {WHAT[name]}, right jets (GeV)", place, "none", "a parameter of the chi2 assignment")
        for name, place in zip(WINDOWS, hypothesis.positions(), strict=True)
    ]  # fmt: skip
    for tags, how in ((False, "without b tags"), (True, "with b tags")):
        right, chance = shares_right(matched, hypothesis, tags)
        default, _ = shares_right(matched, usual, tags)
        error = np.sqrt(np.mean(right) * (1 - np.mean(right)) / len(right))
        rows.append(
            Quantity(f"share of matched events that chi2 assigns rightly, measured masses and widths, {how}",
                     float(np.mean(right)), f"above {np.mean(chance):.3f}",
                     f"one of the assignments at random; {np.mean(default):.3f} with the defaults; statistical error {error:.3f}")
        )  # fmt: skip
    return rows


def quantities(entries: ak.Array) -> list[Quantity]:
    matched = entries[entries.matched == 1]
    return [
        Quantity("share of events with all four quarks matched", float(ak.mean(entries.matched)), "0.3 to 0.5",
                 "usual at four jets of 25 GeV"),
        *mass_peaks(matched),
        *assignment(matched),
        Quantity("median true mass of tops (GeV)", float(np.median(entries.top_had_mass)),
                 f"{start_pythia(CARD.settings, 1).particleData.m0(6):g}", "the setting of Pythia"),
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
