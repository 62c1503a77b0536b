"""The two b quarks that come with a pair of top quarks, from event records."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.pythia import Record

__all__ = ["BottomPair", "additional_bottoms", "bottom_pair"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BOTTOM, TOP = 5, 6
PRIMARY_HADRON = 8
"""Tens of the status of hadrons that come from partons."""


class BottomPair(NamedTuple):
    """The two hardest additional b quarks of each event, harder first, zero where there are fewer; (events, 2).

    Attributes:
        pt: transverse momentum in GeV.
        eta: pseudorapidity.
        phi: azimuth in rad.
        energy: in GeV.
    """

    pt: Floats
    eta: Floats
    phi: Floats
    energy: Floats

    def distance(self) -> Floats:
        """Return the distance of the two in eta and phi, (events,)."""
        turn = np.abs(self.phi[:, 0] - self.phi[:, 1])
        return np.hypot(self.eta[:, 0] - self.eta[:, 1], np.minimum(turn, 2.0 * np.pi - turn))

    def mass(self) -> Floats:
        """Return the mass of the two in GeV, (events,)."""
        across, along = np.abs((self.pt * np.exp(1j * self.phi)).sum(axis=1)), (self.pt * np.sinh(self.eta)).sum(axis=1)
        squared = self.energy.sum(axis=1) ** 2 - across**2 - along**2
        return np.asarray(np.sqrt(np.maximum(squared, 0.0)))


def additional_bottoms(record: Record) -> npt.NDArray[np.bool_]:
    """Tell which entries are b quarks that have done with the shower and do not come from a top quark."""
    bottom = np.abs(record.identity) == BOTTOM
    hadronising = np.abs(record.status[record.daughter1]) // 10 == PRIMARY_HADRON
    additional: npt.NDArray[np.bool_] = bottom & hadronising & ~_from_top(record.identity, record.mother1)
    return additional


def bottom_pair(record: Record, least_pt: float, largest_eta: float) -> BottomPair:
    """Return the two hardest additional b quarks of each event.

    Args:
        record: the event records of a batch.
        least_pt: least pT in GeV.
        largest_eta: largest absolute pseudorapidity.
    """
    pt = np.hypot(record.px, record.py)
    eta = np.arcsinh(record.pz / np.maximum(pt, 1e-12))
    chosen = np.flatnonzero(additional_bottoms(record) & (np.abs(eta) < largest_eta) & (pt > least_pt))
    event = record.event[chosen]
    order = np.lexsort((-pt[chosen], event))
    chosen, event = chosen[order], event[order]
    rank = np.arange(len(event)) - np.searchsorted(event, event)
    hardest = rank < 2
    pair = np.zeros((4, len(record.counts), 2))
    columns = np.stack([pt, eta, np.arctan2(record.py, record.px), record.energy])
    pair[:, event[hardest], rank[hardest]] = columns[:, chosen[hardest]]
    return BottomPair(*pair)


@numba.njit(cache=True, nogil=True)
def _from_top(identity: Integers, mother: Integers) -> npt.NDArray[np.bool_]:
    """Tell which entries come from a top quark; mothers come before daughters in the decays of a record."""
    found = np.zeros(len(identity), dtype=np.bool_)
    for entry in range(len(identity)):
        parent = mother[entry]
        found[entry] = parent < entry and (found[parent] or abs(identity[parent]) == TOP)
    return found
