"""The look of the sample `l1-events`: the cocktail, masses of leptons, and the overlaid underlying event."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.detector import Particles
from keras_hep.data.samples.pileup import Overlay
from keras_hep.data.samples.pythia import generate_events, start_pythia
from keras_hep.data.samples.recipes.l1_events import CARD, CLASSES, PROCESSES
from keras_hep.data.samples.sample import ShardRequest

ENTRIES = 2400
TITLES = {
    "minbias": "Minimum bias",
    "sm": "SM cocktail",
    "A4l": r"$A\to 4\ell$",
    "LQ": r"$LQ\to b\tau$",
    "h0tt": r"$h^0\to\tau\tau$",
    "hch": r"$h^\pm\to\tau\nu$",
}
INVISIBLE_Z = (
    *CARD.common,
    "WeakSingleBoson:ffbar2gmZ=on",
    "WeakZ0:gmZmode=2",
    "23:onMode=off",
    "23:onIfAny=12 14 16",
)

Array = npt.NDArray[np.float64]


def mass(objects: Array) -> Array:
    """Return the invariant mass of all massless objects of each event, from rows (pT, eta, phi, kind)."""
    pt, eta, phi = (objects[:, :, column].astype(np.float64) for column in range(3))
    energy, along = (pt * np.cosh(eta)).sum(axis=1), (pt * np.sinh(eta)).sum(axis=1)
    across = np.abs((pt * np.exp(1j * phi)).sum(axis=1))
    return np.asarray(np.sqrt(np.maximum(energy**2 - along**2 - across**2, 0.0)))


def sums(particles: Particles, events: int) -> Array:
    """Return the summed transverse momentum of |eta| < 2.5 of each event."""
    central = np.abs(particles.eta) < 2.5
    return np.bincount(particles.event[central], particles.pt[central], events).astype(np.float64)


class Moment(NamedTuple):
    """A mean or a spread in GeV and its statistical error."""

    value: float
    error: float


def moments(values: Array) -> tuple[Moment, Moment]:
    """Return mean and standard deviation with their errors."""
    centred = values - values.mean()
    spread, root = values.std(), np.sqrt(len(values))
    return Moment(values.mean(), spread / root), Moment(spread, (centred**2).std() / root / (2 * spread))


def pool_errors(pool: Array, share: float, spread: float) -> tuple[float, float]:
    """Return how far mean and spread of overlaid events differ from one pool to another.

    Args:
        pool: summed pT of the collisions of a pool.
        share: of the events that have a second collision of it.
        spread: of the overlaid events.
    """
    centred = pool - pool.mean()
    # The variance of one or two collisions is (1 + share) var + share (1 - share) mean^2.
    variance = (1 + share) * centred**2 + 2 * share * (1 - share) * pool.mean() * centred
    root = np.sqrt(len(pool))
    return float((1 + share) * pool.std() / root), float(variance.std() / root / (2 * spread))


def underlying_event(events: int, pool: int, seed: int = 1) -> list[Quantity]:
    """Return the rows of Z -> nu nu events with the overlay over those with Pythia's multiple interactions."""
    whole = generate_events(start_pythia(INVISIBLE_Z, seed), events).particles
    hard = generate_events(start_pythia((*INVISIBLE_Z, "PartonLevel:MPI=off"), seed + 1), events).particles
    rng = np.random.default_rng(seed)
    card = replace(CARD.soft, pool=pool)
    overlay = Overlay(card, ShardRequest(0, 0, events, seed, len(CLASSES)), lambda: None)
    laid = sums(overlay.add(hard, overlay.underlying(events, rng), rng), events)
    soft = sums(overlay.pool.particles, pool)
    ours, theirs = moments(laid), moments(sums(whole, events))
    between = pool_errors(soft, card.underlying - 1, ours[1].value)
    rows = []
    for name, one, other, of_pool in zip(("mean", "spread"), ours, theirs, between, strict=True):
        error = np.sqrt(one.error**2 + of_pool**2 + other.error**2) / other.value
        small = of_pool * np.sqrt(pool / CARD.soft.pool) / other.value
        rows.append(
            Quantity(f"{name} of the pT sum: overlaid over Pythia's own underlying event", one.value / other.value,
                     f"1 with a statistical error of {error:.3f}",
                     f"Z -> nu nu, |eta| < 2.5, a pool of {pool}; pools of {CARD.soft.pool}, as in the sample, differ by {small:.3f}")
        )  # fmt: skip
    return rows


def quantities(entries: ak.Array) -> list[Quantity]:
    objects, label, process = (ak.to_numpy(entries[name]) for name in ("objects", "label", "process"))
    cocktail = process[label == CLASSES.index("sm")]
    leptons = objects[:, 1:9]
    number = np.count_nonzero(leptons[:, :, 0], axis=1)
    four = leptons[(label == CLASSES.index("A4l")) & (number == 4)]
    kinds = [np.count_nonzero(leptons[:, rows, 0], axis=1) == 2 for rows in (slice(0, 4), slice(4, 8))]
    pair = leptons[(process == PROCESSES.index("Z")) & (number == 2) & (kinds[0] | kinds[1])]
    single = leptons[(process == PROCESSES.index("W")) & (number == 1)]
    central = objects[label == CLASSES.index("minbias"), 0, 0]
    return [
        Quantity("share of W in the cocktail", float(np.mean(cocktail == PROCESSES.index("W"))), "0.592",
                 "arXiv:2107.02157"),
        Quantity("median mass of four leptons of A -> 4l (GeV)", float(np.median(mass(four))), "50", "mass of A"),
        Quantity("median mass of two electrons or muons of Z (GeV)", float(np.median(mass(pair))), "91.2", "mass of Z"),
        Quantity("median lepton pT of W above 23 GeV (GeV)", float(np.median(single.sum(axis=1)[:, 0])), "23 to 40",
                 "Jacobian edge at half the mass of W"),
        Quantity("median missing pT of minimum bias (GeV)", float(np.median(central)), "a few", "soft particles alone"),
        *underlying_event(5_000, 2_500),
    ]  # fmt: skip


def draw(entries: ak.Array, figure: Figure) -> None:
    objects, label = ak.to_numpy(entries.objects), ak.to_numpy(entries.label)
    number = np.count_nonzero(objects[:, 1:9, 0], axis=1)
    panels = {
        "Missing $p_T$ [GeV]": (objects[:, 0, 0], np.linspace(0, 150, 31)),
        "Hardest lepton $p_T$ [GeV]": (objects[:, 1:9, 0].max(axis=1), np.linspace(0, 100, 41)),
        "Hardest jet $p_T$ [GeV]": (objects[:, 9, 0], np.linspace(0, 200, 41)),
        "$H_T$ [GeV]": (ak.to_numpy(entries.ht), np.linspace(0, 500, 41)),
        "Jets": (ak.to_numpy(entries.n_jets), np.arange(-0.5, 14)),
        "Electrons and muons": (number, np.arange(-0.5, 7)),
    }
    for axis, (title, (values, edges)) in zip(figure.subplots(2, 3).flat, panels.items(), strict=True):
        for each, name in enumerate(CLASSES):
            counts, _ = np.histogram(values[label == each], edges)
            mplhep.histplot(counts / max(1, counts.sum()), edges, ax=axis, label=TITLES[name], linewidth=3)
        axis.set_xlabel(title)
        axis.set_ylabel("Fraction of events")
        axis.set_yscale("log")
        axis.set_ylim(1e-3, 2)
        axis.set_xlim(edges[0], edges[-1])
    figure.axes[1].legend(title="Pythia 8, 13 TeV", ncols=2)
