"""Jets of simulated events: clustering, selection, matching to true particles, and their branches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.sample import Checkpoint
from keras_hep.physics import azimuth, invariant_mass, pseudorapidity, transverse_momentum, wrap_phi
from keras_hep.physics._fastjet import load_fastjet

__all__ = ["JET_BRANCHES", "PART_BRANCHES", "Jets", "collect", "find_jets", "jet_branches", "near", "part_branches"]

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

BATCH = 250
"""Events at a time: few enough for memory and for a prompt answer to Ctrl-C, enough to keep numpy busy."""


class Jets(NamedTuple):
    """Jets of a batch of events, one an element.

    Attributes:
        event: position of the event in the batch, ascending.
        rank: place of the jet among those of its event, by pT; 0 is the hardest.
        eta: pseudorapidity.
        phi: azimuth in [-pi, pi].
        constituents: the objects that were clustered, hardest first, shape (jets, jagged).
    """

    event: Integers
    rank: Integers
    eta: ak.Array
    phi: ak.Array
    constituents: ak.Array

    def select(self, chosen: Booleans) -> Jets:
        """Return the chosen jets."""
        return Jets(*(column[chosen] for column in self))


def find_jets(
    objects: ak.Array, radius: float, pt: tuple[float, float], eta: float, leading: int | None = None
) -> Jets:
    """Cluster with anti-kT (arXiv:0802.1189) and select.

    Args:
        objects: records with px, py, pz, E in GeV and whatever else is to stay with the constituents, shape (events,
            jagged).
        radius: anti-kT radius.
        pt: least and largest pT of a jet in GeV.
        eta: largest absolute pseudorapidity of a jet.
        leading: only so many hardest jets of an event are looked at; all by default.

    Raises:
        MissingToolError: fastjet is not installed.
    """
    fastjet = load_fastjet()
    sequence = fastjet.ClusterSequence(objects, fastjet.JetDefinition(fastjet.antikt_algorithm, radius))
    least, largest = pt
    jets = sequence.inclusive_jets(min_pt=least)
    members = sequence.constituent_index(min_pt=least)
    by_pt = ak.argsort(transverse_momentum(jets), axis=1, ascending=False)[:, :leading]
    jets, members = jets[by_pt], members[by_pt]
    direction = pseudorapidity(jets)
    selected = (transverse_momentum(jets) < largest) & (abs(direction) < eta)
    event = ak.to_numpy(ak.flatten(ak.broadcast_arrays(np.arange(len(objects)), direction)[0][selected]))
    rank = ak.to_numpy(ak.flatten(ak.local_index(direction)[selected]))
    constituents = objects[event][ak.flatten(members[selected], axis=1)]
    order = ak.argsort(transverse_momentum(constituents), axis=1, ascending=False)
    chosen = ak.flatten(jets[selected])
    return Jets(event, rank, pseudorapidity(chosen), azimuth(chosen), constituents[order])


def near(jets: Jets, true: ak.Array, radius: float) -> ak.Array:
    """Tell which true particles lie within `radius` of each jet.

    Args:
        jets: the jets.
        true: records with eta and phi of the true particles of each jet's event, shape (jets, jagged).
        radius: distance in pseudorapidity and azimuth.

    Returns:
        Booleans, shape (jets, jagged).
    """
    return np.hypot(jets.eta - true.eta, wrap_phi(jets.phi - true.phi)) < radius


def collect(
    entries: int,
    per_event: float,
    checkpoint: Checkpoint,
    make: Callable[[int, int], ak.Array],
    largest: int = BATCH,
) -> tuple[ak.Array, int]:
    """Make batches of events until there are enough jets.

    Args:
        entries: how many jets are wanted.
        per_event: what an event gives at least, roughly: the last batches are no larger than need be.
        checkpoint: called before each batch.
        make: gives the jets of a batch, from the number of its events and the number of events before it.
        largest: most events of a batch.

    Returns:
        The jets, and the number of events that they took.
    """
    batches: list[ak.Array] = []
    made = events = 0
    while made < entries:
        checkpoint()
        count = min(largest, max(16, math.ceil((entries - made) / per_event)))
        batches.append(make(count, events))
        made += len(batches[-1])
        events += count
    return ak.concatenate(batches)[:entries], events


def jet_branches(constituents: ak.Array) -> dict[str, ak.Array]:
    """Return pT, eta, phi, energy and mass of the jets as the branches ``jet_...``, and nothing else."""
    jet = ak.zip({name: ak.sum(constituents[name], axis=1) for name in ("px", "py", "pz", "E")})
    return {
        "jet_pt": transverse_momentum(jet),
        "jet_eta": pseudorapidity(jet),
        "jet_phi": azimuth(jet),
        "jet_energy": jet.E,
        "jet_mass": invariant_mass(jet),
    }


def part_branches(constituents: ak.Array, jet: dict[str, Any]) -> dict[str, ak.Array]:
    """Return what is stored of constituents, alone and relative to their jets.

    Args:
        constituents: records with px, py, pz, E in GeV, shape (jets, jagged).
        jet: from `jet_branches`.
    """
    pt, eta, phi = transverse_momentum(constituents), pseudorapidity(constituents), azimuth(constituents)
    return {
        "pt": pt,
        "eta": eta,
        "phi": phi,
        "energy": constituents.E,
        "ptrel": pt / jet["jet_pt"],
        "deta": eta - jet["jet_eta"],
        "dphi": wrap_phi(phi - jet["jet_phi"]),
    }


JET_BRANCHES = {
    "jet_pt": "pT (GeV)",
    "jet_eta": "pseudorapidity",
    "jet_phi": "azimuth (rad)",
    "jet_energy": "energy (GeV)",
    "jet_mass": "mass before grooming (GeV)",
}
"""What `jet_branches` gives."""

PART_BRANCHES = {
    "part_pt": "pT of the constituents (GeV), descending",
    "part_eta": "their pseudorapidity",
    "part_phi": "their azimuth (rad)",
    "part_energy": "their energy (GeV)",
    "part_ptrel": "their pT over jet_pt",
    "part_deta": "their pseudorapidity less jet_eta",
    "part_dphi": "their azimuth less jet_phi, in [-pi, pi) (rad)",
}
"""What `part_branches` gives."""
