"""Top pairs of which one top gives quarks alone and the other an electron or muon, from event records."""

from __future__ import annotations

from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.pythia import Record

__all__ = ["SEED_STEP", "SEMILEPTONIC", "SemileptonicTops", "alternate", "neutrino_pz", "semileptonic_tops"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BOTTOM, TOP, W = 5, 6, 24
W_MASS = 80.38
"""Mass of the W boson in GeV."""

_QUARKS = "1 2 3 4 5"
_LEPTONS = "11 13"
SEMILEPTONIC = (
    ("24:onMode=off", f"24:onPosIfAny={_LEPTONS}", f"24:onNegIfAny={_QUARKS}"),
    ("24:onMode=off", f"24:onNegIfAny={_LEPTONS}", f"24:onPosIfAny={_QUARKS}"),
)
"""Pythia settings for positive and for negative leptons."""

SEED_STEP = 450_000_000
"""Between the seeds of the generators of the two charges: with equal ones the events would come in similar pairs. It is half
of the seeds that Pythia knows, so that the generators of other shards are far away."""


def alternate(positive: ak.Array, negative: ak.Array, entries: int) -> ak.Array:
    """Return events with positive and negative leptons by turns, so that any part of a sample has as many of each.

    Args:
        positive: events with a positive lepton, at least half of `entries`.
        negative: the same with a negative one.
        entries: how many events to return.
    """
    half = -(-entries // 2)
    both = ak.concatenate([positive[:half], negative[:half]])
    return both[np.arange(2 * half).reshape(2, half).T.reshape(-1)[:entries]]


class SemileptonicTops(NamedTuple):
    """Where the particles of the decays are in the flat columns of the record, each of shape (events,).

    Attributes:
        top_had: the top quark that decays to quarks, as it is when it decays.
        top_lep: the other one.
        w_had: W boson of `top_had`, as it is when it decays.
        w_lep: W boson of `top_lep`.
        b_had: bottom (or, rarely, lighter) quark of `top_had` before its shower.
        b_lep: the same of `top_lep`.
        q1: harder quark of `w_had` in pT, before its shower.
        q2: softer one.
        lepton: electron or muon of `w_lep`.
        neutrino: its neutrino.
    """

    top_had: Integers
    top_lep: Integers
    w_had: Integers
    w_lep: Integers
    b_had: Integers
    b_lep: Integers
    q1: Integers
    q2: Integers
    lepton: Integers
    neutrino: Integers


def semileptonic_tops(record: Record) -> SemileptonicTops:
    """Return where the particles of each event's two top decays are.

    Args:
        record: the event records of a batch, generated with one of `SEMILEPTONIC`.
    """
    identity = np.abs(record.identity)
    first, second = record.daughter1, record.daughter2
    tops = np.flatnonzero((identity == TOP) & ((identity[first] == W) | (identity[second] == W)))
    swapped = identity[second[tops]] == W
    boson = np.where(swapped, second[tops], first[tops])
    bottom = np.where(swapped, first[tops], second[tops])
    while np.any(copied := identity[first[boson]] == W):  # recoil against radiation leaves copies in the record
        boson = np.where(copied, first[boson], boson)
    hadronic = identity[first[boson]] <= BOTTOM
    # Tops lie in the order of the events, two in each, of which one is hadronic.
    top_had, w_had, b_had = tops[hadronic], boson[hadronic], bottom[hadronic]
    top_lep, w_lep, b_lep = tops[~hadronic], boson[~hadronic], bottom[~hadronic]
    quarks = np.stack([first[w_had], second[w_had]])
    softer_first = np.hypot(record.px, record.py)[quarks[0]] < np.hypot(record.px, record.py)[quarks[1]]
    charged_first = identity[first[w_lep]] % 2 == 1
    return SemileptonicTops(
        top_had,
        top_lep,
        w_had,
        w_lep,
        b_had,
        b_lep,
        np.where(softer_first, quarks[1], quarks[0]),
        np.where(softer_first, quarks[0], quarks[1]),
        np.where(charged_first, first[w_lep], second[w_lep]),
        np.where(charged_first, second[w_lep], first[w_lep]),
    )


def neutrino_pz(
    lepton_pt: Floats, lepton_eta: Floats, lepton_phi: Floats, missing: npt.NDArray[np.complex128]
) -> Floats:
    """Return the pz in GeV of a neutrino that makes a W boson with a massless lepton.

    Of the two solutions of the quadratic equation the one with the smaller absolute value; their real part where the
    transverse mass lies above that of the W.

    Args:
        lepton_pt: in GeV.
        lepton_eta: pseudorapidity.
        lepton_phi: azimuth in rad.
        missing: px + i py of the neutrino in GeV.
    """
    along, energy = lepton_pt * np.sinh(lepton_eta), lepton_pt * np.cosh(lepton_eta)
    dot = lepton_pt * np.real(missing * np.exp(-1j * lepton_phi))
    half = 0.5 * W_MASS**2 + dot
    middle = half * along / lepton_pt**2
    root = np.maximum(middle**2 - ((energy * np.abs(missing)) ** 2 - half**2) / lepton_pt**2, 0.0) ** 0.5
    return np.asarray(middle - np.copysign(root, middle))
