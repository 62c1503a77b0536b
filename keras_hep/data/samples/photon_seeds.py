"""Photons by their origin: from the hard scattering, radiated in the shower, or from the decay of a hadron."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from keras_hep._optional import require
from keras_hep.data.samples.detector import PHOTON
from keras_hep.data.samples.pythia import Record, start_pythia
from keras_hep.data.samples.truth import OUTGOING

__all__ = ["DECAY", "HARD", "SHOWER", "PhotonSeeds", "find_photons", "start_radiating"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

HARD, SHOWER, DECAY = range(3)
FINAL_STATE_SHOWER = 51
DECAYED = range(91, 100)


class PhotonSeeds(NamedTuple):
    """The hardest photon of some origin of each event that has one.

    Attributes:
        event: number of the event, ascending.
        pt: true pT in GeV.
        eta: true pseudorapidity.
        phi: true azimuth.
        mother: PDG number of what it was emitted by: a quark, or the hadron that decayed.
        mother_pt: its pT in GeV.
        opening: distance in eta and phi from the other photon where the mother decayed into two photons, otherwise 0.
    """

    event: Integers
    pt: Floats
    eta: Floats
    phi: Floats
    mother: Integers
    mother_pt: Floats
    opening: Floats

    def select(self, chosen: npt.NDArray[np.bool_]) -> PhotonSeeds:
        """Return the chosen photons."""
        columns: list[Any] = [column[chosen] for column in self]
        return PhotonSeeds(*columns)


def find_photons(record: Record, origin: int, least_pt: float, largest_eta: float) -> PhotonSeeds:
    """Find the hardest photon of an origin in each event.

    Args:
        record: the event records.
        origin: `HARD`, `SHOWER` (radiated in the final state by a quark) or `DECAY` (of a hadron).
        least_pt: least pT in GeV.
        largest_eta: largest absolute pseudorapidity.
    """
    pt = np.hypot(record.px, record.py)
    eta = np.arcsinh(record.pz / np.maximum(pt, 1e-12))
    phi = np.arctan2(record.py, record.px)
    stable = (record.identity == PHOTON) & (record.status > 0) & (pt > least_pt) & (np.abs(eta) < largest_eta)
    row = np.flatnonzero(stable)
    first = _first_copy(record, row)
    kept = _origin(np.abs(record.status[first])) == origin
    row, first = row[kept], first[kept]
    hardest = np.lexsort([-pt[row], record.event[row]])
    event, place = np.unique(record.event[row[hardest]], return_index=True)
    row, first = row[hardest[place]], first[hardest[place]]
    mother = record.mother1[first]
    one, other = record.daughter1[mother], record.daughter2[mother]
    pair = (
        (origin == DECAY) & (other == one + 1) & (record.identity[one] == PHOTON) & (record.identity[other] == PHOTON)
    )
    turn = np.abs(phi[one] - phi[other])
    distance = np.hypot(eta[one] - eta[other], np.minimum(turn, 2.0 * np.pi - turn))
    opening = np.where(pair, distance, 0.0)
    return PhotonSeeds(event, pt[row], eta[row], phi[row], record.identity[mother], pt[mother], opening)


def _first_copy(record: Record, row: Integers) -> Integers:
    """Return the entries as which photons began: later ones are copies with the recoil of others."""
    while (copied := record.identity[record.mother1[row]] == PHOTON).any():
        row = np.where(copied, record.mother1[row], row)
    return row


def _origin(status: Integers) -> Integers:
    """Return the origin of photons from the status of their first copy, -1 for others."""
    return np.select(
        [status == OUTGOING, status == FINAL_STATE_SHOWER, np.isin(status, DECAYED)], [HARD, SHOWER, DECAY], -1
    )


def start_radiating(card: Iterable[str], seed: int, least_pt: float) -> tuple[Any, Any]:
    """Return a Pythia that gives up collisions whose shower has no photon of a pT, before their hadrons are made.

    Args:
        card: settings; see `keras_hep.data.samples.pythia.start_pythia`.
        seed: see there.
        least_pt: least pT of the photon in GeV.

    Returns:
        The generator and its hook, which must live as long.

    Raises:
        MissingToolError: pythia8mc is not installed.
    """

    class Hook(require("pythia8mc", extra="samples").UserHooks):  # type: ignore[misc]
        def canVetoPartonLevel(self) -> bool:
            return True

        def doVetoPartonLevel(self, event: Any) -> bool:
            return not any(
                event[entry].id() == PHOTON and event[entry].isFinal() and event[entry].pT() > least_pt
                for entry in range(event.size() - 1, 0, -1)
            )

    hook = Hook()
    return start_pythia(card, seed, hook), hook
