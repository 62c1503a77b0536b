"""Top quarks that decay to three quarks, from event records."""

from __future__ import annotations

from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.pythia import Integers, Record

__all__ = ["hadronic_tops"]

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
