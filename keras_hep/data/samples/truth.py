"""What the event record says about hadrons with a heavy quark: which ones decay weakly, and what comes from them."""

from __future__ import annotations

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.pythia import Record

__all__ = [
    "BOTTOM",
    "CHARM",
    "FROM_B",
    "FROM_BC",
    "FROM_C",
    "PRIMARY",
    "SECONDARY",
    "hard_pt",
    "heavy_flavour",
    "heavy_hadrons",
    "heavy_origin",
    "weakly_decaying",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.int8]
Booleans = npt.NDArray[np.bool_]

CHARM, BOTTOM = 4, 5
OUTGOING = 23
"""Status of the outgoing particles of the hard scattering."""
PRIMARY, FROM_B, FROM_BC, FROM_C, SECONDARY = range(5)


def heavy_flavour(identity: Integers) -> Bytes:
    """Return the heaviest open flavour of hadrons: 5 for b, 4 for c, 0 for all else (quarkonia, diquarks, partons).

    Args:
        identity: PDG numbers, any shape.

    >>> heavy_flavour(np.array([511, -4122, 443, 541, 211, 5, 5101]))
    array([5, 4, 0, 5, 0, 0, 0], dtype=int8)
    """
    number = np.abs(identity)
    # Excited states add digits in front of the four that name quarks and spin.
    digits = number % 10_000
    baryon, first, second = digits // 1000, digits // 100 % 10, digits // 10 % 10
    heaviest = np.maximum(np.maximum(baryon, first), second)
    hadron = (number > 100) & (number < 1_000_000) & (first > 0) & (second > 0)
    quarkonium = (baryon == 0) & (first == second)
    flavour = np.where(hadron & ~quarkonium & np.isin(heaviest, (CHARM, BOTTOM)), heaviest, 0)
    return flavour.astype(np.int8)


def weakly_decaying(record: Record) -> Bytes:
    """Return for each entry its heavy flavour if it is a hadron that loses that flavour in its decay, otherwise 0.

    Excited hadrons, which pass the flavour on to a daughter, do not count: their flight is too short to see.
    """
    flavour = heavy_flavour(record.identity)
    decay = _is_decay(record.status)
    passed_on = decay & (flavour > 0) & (flavour == flavour[record.mother1])
    last = flavour.copy()
    last[record.mother1[passed_on]] = 0
    return last


def heavy_hadrons(record: Record, least_pt: float) -> ak.Array:
    """Return the weakly decaying hadrons with a b or c quark.

    Args:
        record: the event records.
        least_pt: least pT in GeV.

    Returns:
        Records, the hardest first, shape (events, jagged): flavour (5 or 4), identity (PDG number), pt (GeV), eta, phi,
        lifetime (proper, mm/c) and flight (mm).
    """
    flavour = weakly_decaying(record)
    pt = np.hypot(record.px, record.py)
    row = np.flatnonzero((flavour > 0) & (pt > least_pt))
    row = row[np.lexsort([-pt[row], record.event[row]])]
    columns = {
        "flavour": flavour[row],
        "identity": record.identity[row],
        "pt": pt[row],
        "eta": np.arcsinh(record.pz[row] / pt[row]),
        "phi": np.arctan2(record.py[row], record.px[row]),
        "lifetime": record.lifetime[row],
        "flight": record.lifetime[row] * np.hypot(pt[row], record.pz[row]) / record.mass[row],
    }
    return ak.unflatten(ak.zip(columns), np.bincount(record.event[row], minlength=len(record.counts)))


def hard_pt(record: Record) -> Floats:
    """Return the pT of the hard scattering of each event in GeV, (events,): that of its first outgoing particle."""
    outgoing = np.flatnonzero(np.abs(record.status) == OUTGOING)
    event, first = np.unique(record.event[outgoing], return_index=True)
    pt = np.zeros(len(record.counts))
    pt[event] = np.hypot(record.px[outgoing[first]], record.py[outgoing[first]])
    return pt


def heavy_origin(record: Record, vertices: Floats) -> Bytes:
    """Tell for each entry where it comes from.

    Args:
        record: the event records.
        vertices: production vertices in mm, (entries, 3).

    Returns:
        (entries,): 0 from the collision, 1 from the decay of a b hadron, 2 of a c hadron from a b hadron, 3 of another
        c hadron, 4 from another displaced vertex (strange hadrons, taus). What decays at once counts as its mother does.
    """
    origin: Bytes = _inherit(record.mother1, _is_decay(record.status), weakly_decaying(record))
    displaced = (vertices**2).sum(axis=1) > DISPLACED**2
    origin[(origin == PRIMARY) & displaced] = SECONDARY
    return origin


DISPLACED = 1e-3
"""A production vertex further than this from the collision is displaced, in mm: far below any detector's resolution,
far above the flight of what decays strongly or electromagnetically."""


def _is_decay(status: Integers) -> Booleans:
    """Tell which entries are products of a decay."""
    code = np.abs(status)
    decay: Booleans = (code > 90) & (code < 100)
    return decay


@numba.njit(cache=True, nogil=True)
def _inherit(mother: Integers, decay: Booleans, weak: Bytes) -> Bytes:
    """Pass origins on from mothers, which come before their daughters in the record."""
    origin = np.zeros(len(mother), dtype=np.int8)
    for entry in range(len(mother)):
        if not decay[entry]:
            continue
        parent = mother[entry]
        if weak[parent] == BOTTOM:
            origin[entry] = FROM_B
        elif weak[parent] == CHARM:
            origin[entry] = FROM_BC if origin[parent] in (FROM_B, FROM_BC) else FROM_C
        else:
            origin[entry] = origin[parent]
    return origin
