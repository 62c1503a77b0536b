"""Truth of jets in whole events: flavour, a simple b tag, and which quark is which jet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.pythia import Record
from keras_hep.data.samples.truth import BOTTOM, CHARM, heavy_flavour

__all__ = ["BTagging", "TaggedJets", "mass_of_matched", "match_quarks", "matched_jets", "tag_jets"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

UNMATCHED = -1


@dataclass(frozen=True)
class BTagging:
    """The card of the b tag.

    Attributes:
        efficiency: probability that a b jet, a c jet and another jet has a tag.
        radius: a jet has the flavour of the heaviest hadron within this distance in eta and phi.
        hadron_pt: least pT of that hadron in GeV.
    """

    efficiency: tuple[float, float, float] = (0.70, 0.15, 0.01)
    radius: float = 0.4
    hadron_pt: float = 5.0


class TaggedJets(NamedTuple):
    """Flavour of jets (5, 4 or 0) and whether they have a b tag (0 or 1), both int32 of shape (events, jagged)."""

    flavour: ak.Array
    tag: ak.Array


def tag_jets(jets: ak.Array, record: Record, card: BTagging, rng: np.random.Generator) -> TaggedJets:
    """Give jets a flavour and a b tag.

    Args:
        jets: records with eta and phi, shape (events, jagged).
        record: the records of the same events.
        card: of the tag.
        rng: source of all randomness.
    """
    heavy = heavy_flavour(record.identity)
    pt = np.hypot(record.px, record.py)
    chosen = np.flatnonzero((heavy > 0) & (pt > card.hadron_pt))
    eta = np.arcsinh(record.pz[chosen] / pt[chosen])
    phi = np.arctan2(record.py[chosen], record.px[chosen])
    starts = np.searchsorted(record.event[chosen], np.arange(len(record.counts) + 1))
    counts, jet_eta, jet_phi = _flat(jets)
    flavour = _flavours(
        np.cumsum(counts) - counts, counts, jet_eta, jet_phi, starts, heavy[chosen], eta, phi, card.radius
    )
    b, c, other = card.efficiency
    tagged = rng.random(len(flavour)) < np.select([flavour == BOTTOM, flavour == CHARM], [b, c], other)
    return TaggedJets(ak.unflatten(flavour.astype(np.int32), counts), ak.unflatten(tagged.astype(np.int32), counts))


def match_quarks(jets: ak.Array, eta: Floats, phi: Floats, radius: float) -> npt.NDArray[np.int32]:
    """Tell which jet each quark is.

    A quark is the nearest jet if that is within the radius and is not the jet of another quark as well.

    Args:
        jets: records with eta and phi, shape (events, jagged).
        eta: pseudorapidity of the quarks, (events, quarks).
        phi: their azimuth in rad, (events, quarks).
        radius: largest distance in eta and phi.

    Returns:
        Position of the jet in its event, or -1, shape (events, quarks).
    """
    counts, jet_eta, jet_phi = _flat(jets)
    nearest = _nearest(np.cumsum(counts) - counts, counts, jet_eta, jet_phi, eta, phi, radius)
    shared = (nearest[:, :, None] == nearest[:, None, :]).sum(axis=2) > 1
    return np.where(shared, UNMATCHED, nearest).astype(np.int32)


def matched_jets(jets: ak.Array, matches: npt.NDArray[np.int32]) -> Floats:
    """Return px, py, pz, E (GeV) of the jets of quarks, shape (events, quarks, 4); zero where a quark has none.

    Args:
        jets: records with px, py, pz, E in GeV, shape (events, jagged).
        matches: from `match_quarks`.
    """
    counts = ak.to_numpy(ak.num(jets, axis=1))
    matched = matches >= 0
    place = (matches + (np.cumsum(counts) - counts)[:, None])[matched]
    momenta = np.zeros((*matches.shape, 4))
    for column, name in enumerate(("px", "py", "pz", "E")):
        momenta[matched, column] = ak.to_numpy(ak.flatten(jets[name]))[place]
    return momenta


def mass_of_matched(jets: ak.Array, matches: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """Return the mass (GeV) of the jets of all quarks together, 0 unless each has one; shape (events,).

    Args:
        jets: records with px, py, pz, E in GeV, shape (events, jagged).
        matches: from `match_quarks`.
    """
    px, py, pz, energy = matched_jets(jets, matches).sum(axis=1).T
    mass = np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0.0))
    return np.where(np.all(matches >= 0, axis=1), mass, 0.0).astype(np.float32)


def _flat(jets: ak.Array) -> tuple[Integers, Floats, Floats]:
    """Return the number of jets of each event, and eta and phi of all of them."""
    counts = ak.to_numpy(ak.num(jets, axis=1)).astype(np.int64)
    return counts, ak.to_numpy(ak.flatten(jets.eta)), ak.to_numpy(ak.flatten(jets.phi))


@numba.njit(cache=True, nogil=True)
def _distance_squared(eta: float, phi: float, other_eta: float, other_phi: float) -> float:
    turn = abs(phi - other_phi)
    return float((eta - other_eta) ** 2 + min(turn, 2.0 * np.pi - turn) ** 2)


@numba.njit(cache=True, nogil=True)
def _flavours(
    first: Integers,
    counts: Integers,
    jet_eta: Floats,
    jet_phi: Floats,
    starts: Integers,
    heavy: npt.NDArray[np.int8],
    eta: Floats,
    phi: Floats,
    radius: float,
) -> Integers:
    """Return the heaviest flavour near each jet."""
    flavour = np.zeros(len(jet_eta), dtype=np.int64)
    for event in range(len(counts)):
        for jet in range(first[event], first[event] + counts[event]):
            for hadron in range(starts[event], starts[event + 1]):
                if _distance_squared(jet_eta[jet], jet_phi[jet], eta[hadron], phi[hadron]) < radius**2:
                    flavour[jet] = max(flavour[jet], heavy[hadron])
    return flavour


@numba.njit(cache=True, nogil=True)
def _nearest(
    first: Integers, counts: Integers, jet_eta: Floats, jet_phi: Floats, eta: Floats, phi: Floats, radius: float
) -> Integers:
    """Return the nearest jet within the radius of each quark."""
    nearest = np.full(eta.shape, UNMATCHED, dtype=np.int64)
    for event in range(len(counts)):
        for quark in range(eta.shape[1]):
            least = radius**2
            for jet in range(counts[event]):
                at = first[event] + jet
                distance = _distance_squared(jet_eta[at], jet_phi[at], eta[event, quark], phi[event, quark])
                if distance < least:
                    least = distance
                    nearest[event, quark] = jet
    return nearest
