"""Top quarks that decay to three quarks: in event records, and in collisions that are not finished yet."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep._optional import require
from keras_hep.data.samples.early_veto import Find, parton_clustering
from keras_hep.data.samples.pythia import Integers, Record

__all__ = ["hadronic_tops", "top_parton_jets"]

TOP, W = 6, 24
HEAVIEST_QUARK = 5


class _Directions(NamedTuple):
    eta: npt.NDArray[np.float64]
    phi: npt.NDArray[np.float64]


def hadronic_tops(record: Record) -> ak.Array:
    """Return the top quarks that decay to three quarks, as they are when they decay.

    Args:
        record: the event records of a batch.

    Returns:
        Records px, py, pz, E in GeV, eta, phi, and eta and phi of the three quarks before their shower as ``quark_eta``
        and ``quark_phi``, each (events, jagged, 3), bottom quark first; shape (events, jagged).
    """
    identity = np.abs(record.identity)
    to_boson = (identity[record.daughter1] == W) | (identity[record.daughter2] == W)
    decaying = np.flatnonzero((identity == TOP) & to_boson)
    first, second = record.daughter1[decaying], record.daughter2[decaying]
    swapped = identity[second] == W
    boson, bottom = np.where(swapped, second, first), np.where(swapped, first, second)
    boson = _last_copy(record, identity, boson)
    quarks = np.stack([bottom, record.daughter1[boson], record.daughter2[boson]], axis=1)
    hadronic = np.all(identity[quarks] <= HEAVIEST_QUARK, axis=1)
    top, quarks = decaying[hadronic], quarks[hadronic]
    itself, products = _directions(record, top), _directions(record, quarks)
    columns = {
        "px": record.px[top],
        "py": record.py[top],
        "pz": record.pz[top],
        "E": record.energy[top],
        "eta": itself.eta,
        "phi": itself.phi,
        "quark_eta": products.eta,
        "quark_phi": products.phi,
    }
    counts = np.bincount(record.event[top], minlength=len(record.counts))
    return ak.unflatten(ak.zip(columns, depth_limit=1), counts)


def _last_copy(record: Record, identity: Integers, positions: Integers) -> Integers:
    """Follow particles through the copies that recoil leaves in the record."""
    while True:
        daughters = record.daughter1[positions]
        copied = identity[daughters] == identity[positions]
        if not copied.any():
            return positions
        positions = np.where(copied, daughters, positions)


def _directions(record: Record, positions: Integers) -> _Directions:
    """Return pseudorapidity and azimuth."""
    px, py, pz = record.px[positions], record.py[positions], record.pz[positions]
    return _Directions(np.arcsinh(pz / np.maximum(np.hypot(px, py), 1e-12)), np.arctan2(py, px))


def top_parton_jets(radius: float, least_pt: float, reach: float) -> Find:
    """Return what finds the anti-kT jets of partons that hold a top quark, and will hold the three quarks of its decay.

    Pythia knows how a top quark decays before it showers, and turns and boosts the products with the quark.

    Args:
        radius: anti-kT radius.
        least_pt: least pT of a jet in GeV.
        reach: largest distance of the quarks from the axis of the jet, in rapidity and azimuth.
    """
    cluster = parton_clustering(radius, least_pt)
    matrix = require("pythia8mc", extra="samples").RotBstMatrix

    def find(event: Any, process: Any) -> Iterable[tuple[float, float]]:
        cluster.analyze(event)
        for jet in range(cluster.sizeJet()):
            axis = cluster.y(jet), cluster.phi(jet)
            for top in (event[member] for member in cluster.constituents(jet) if event[member].idAbs() == TOP):
                before = next(particle for particle in process.particles() if particle.id() == top.id())
                moved = matrix()
                moved.bst(before.p(), top.p())
                if all(_distance(axis, quark, moved) < reach for quark in _quarks(before, process)):
                    yield cluster.pT(jet), cluster.y(jet)

    return find


def _quarks(top: Any, process: Any) -> list[Any]:
    """Return momenta of the quarks that a top quark decays to."""
    first, second = process[top.daughter1()], process[top.daughter2()]
    boson, bottom = (first, second) if first.idAbs() == W else (second, first)
    return [bottom.p(), process[boson.daughter1()].p(), process[boson.daughter2()].p()]


def _distance(axis: tuple[float, float], momentum: Any, moved: Any) -> float:
    """Return the distance from an axis of a momentum that is turned and boosted."""
    momentum.rotbst(moved)
    turn = (momentum.phi() - axis[1] + math.pi) % (2 * math.pi) - math.pi
    return math.hypot(momentum.rap() - axis[0], turn)
