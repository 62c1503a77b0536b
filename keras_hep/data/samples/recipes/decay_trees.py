"""The sample `decay-trees`: decays of two B mesons as trees, and whether a skim keeps the event, as smartBKG has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import ELECTRON, KAON, MUON, PION, PROTON
from keras_hep.data.samples.hadronic_tag import NEUTRAL_PION, Skim, Stable, count_candidates, measure
from keras_hep.data.samples.pythia import Record, generate_record, start_pythia
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest

__all__ = ["SAMPLE", "DecayTrees", "flights", "make_shard"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CLASSES = ("rejected", "accepted")
UPSILON = 300553
B_NEUTRAL, B_CHARGED = 511, 521
MM_PER_NS = 299.792458
BATCH = 500


@dataclass(frozen=True)
class DecayTrees:
    """The card of the sample.

    Attributes:
        settings: Pythia settings: decays alone, and none of psi(2S) to gluons, whose hadrons would have no one mother.
        charged: share of pairs of charged B mesons.
        masses: of the neutral and the charged B meson in GeV.
        skim: the card of the skim, which has the energy and the boost of the collision.
    """

    settings: tuple[str, ...] = ("ProcessLevel:all=off", "ParticleDecays:mixB=off", "100443:offIfAny=21")
    charged: float = 0.514
    masses: tuple[float, float] = (5.27966, 5.27934)
    skim: Skim = field(default_factory=Skim)


CARD = DecayTrees()


class _Trees(NamedTuple):
    """Trees of a batch in flat columns, those of one event side by side, mothers before daughters.

    Attributes:
        event: number of the event.
        identity: PDG number.
        mother: position of the mother in the event, -1 for the root.
        stable: whether it has not decayed.
        momentum: px, py, pz, E in GeV, (particles, 4).
        vertex: where and when it was produced: x, y, z in mm, t in ns, (particles, 4).
    """

    event: Integers
    identity: Integers
    mother: Integers
    stable: npt.NDArray[np.bool_]
    momentum: Floats
    vertex: Floats


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the events of one shard.

    Args:
        request: class, number of events and seed.
        checkpoint: called before each batch of events.

    Returns:
        Records with the branches of the sample, shape (events,).

    Raises:
        MissingToolError: pythia8mc is not installed.
    """
    rng = np.random.default_rng(request.seeds())
    batches: list[ak.Array] = []
    made = before = 0
    for trees in _generate(request.pythia_seed(), rng):
        checkpoint()
        candidates = count_candidates(measure(_measurable(trees), CARD.skim, BATCH, rng), CARD.skim)
        kept = (candidates > 0) == (CLASSES[request.label] == "accepted")
        batches.append(_branches(trees, candidates, request.label, request.first_event() + before)[kept])
        made += len(batches[-1])
        before += BATCH
        if made >= request.entries:
            break
    return ak.concatenate(batches)[: request.entries]


def _generate(seed: int, rng: np.random.Generator) -> Iterator[_Trees]:
    """Generate batches of decayed pairs of B mesons, without end."""
    pythia = start_pythia(CARD.settings, seed)
    while True:
        identity, momentum = _pairs(rng)
        # One event record with all B mesons of the batch, which Pythia then decays in one call.
        pythia.event.reset()
        for number, vector in zip(identity.tolist(), momentum.tolist(), strict=True):
            pythia.event.append(number, 1, 0, 0, *vector)
        yield _trees(generate_record(pythia, 1))


def _pairs(rng: np.random.Generator) -> tuple[Integers, Floats]:
    """Return identities and (px, py, pz, E, mass) of the B mesons of a batch, two after each other from one event."""
    charged = rng.random(BATCH) < CARD.charged
    mass = np.array(CARD.masses)[charged.astype(np.int64)]
    size = np.sqrt(CARD.skim.beam_energy**2 - mass**2)
    # A vector that decays to two pseudoscalars: the cosine of the angle is distributed as 1 - cos^2.
    cosine = 2.0 * rng.beta(2.0, 2.0, BATCH) - 1.0
    azimuth = rng.uniform(0.0, 2.0 * np.pi, BATCH)
    across = size * np.sqrt(1.0 - cosine**2)
    one = np.stack([across * np.cos(azimuth), across * np.sin(azimuth), size * cosine], axis=1)
    momentum = np.stack([one, -one], axis=1).reshape(-1, 3)
    beta = CARD.skim.boost
    gamma = 1.0 / np.sqrt(1.0 - beta**2)
    energy = np.full(2 * BATCH, CARD.skim.beam_energy)
    boosted = [gamma * (momentum[:, 2] + beta * energy), gamma * (energy + beta * momentum[:, 2])]
    identity = np.where(charged, B_CHARGED, B_NEUTRAL)[:, None] * np.array([1, -1])
    return identity.reshape(-1), np.column_stack([momentum[:, :2], *boosted, np.repeat(mass, 2)])


def _trees(record: Record) -> _Trees:
    """Turn a record with all events of a batch into one tree for each event."""
    momentum = np.stack([record.px, record.py, record.pz, record.energy], axis=1)
    vertex = flights(record.mother1, momentum, record.mass, record.lifetime)
    meson = _meson(record.mother1, 2 * BATCH)
    # Entry 0 of the record stands for the whole of it. Each event begins with its Upsilon(4S) instead.
    event = np.concatenate([np.arange(BATCH), (meson[1:] - 1) // 2])
    order = np.argsort(event, kind="stable")
    event = event[order]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    # In the joined columns the event i has its root at position i, and entry j of the record is at BATCH - 1 + j.
    joined = BATCH - 1 + record.mother1[1:]
    is_meson = np.arange(1, len(meson)) <= 2 * BATCH
    mother = np.where(is_meson, (meson[1:] - 1) // 2, joined)
    starts = np.searchsorted(event, np.arange(BATCH))
    inside = np.concatenate([np.full(BATCH, -1), place[mother]])[order]
    sums = momentum[1 : 2 * BATCH + 1].reshape(BATCH, 2, 4).sum(axis=1)
    return _Trees(
        event,
        np.concatenate([np.full(BATCH, UPSILON), record.identity[1:]])[order],
        np.where(inside < 0, -1, inside - starts[event]),
        np.concatenate([np.zeros(BATCH, dtype=np.bool_), record.status[1:] > 0])[order],
        np.concatenate([sums, momentum[1:]])[order],
        np.concatenate([np.zeros((BATCH, 4)), vertex[1:]])[order],
    )


@numba.njit(cache=True, nogil=True)
def flights(mother: Integers, momentum: Floats, mass: Floats, lifetime: Floats) -> Floats:
    """Return where and when each entry of a record of decays was produced.

    Args:
        mother: position of the mother, before its daughters; 0 for what was there from the beginning.
        momentum: px, py, pz, E in GeV, (entries, 4).
        mass: in GeV.
        lifetime: proper lifetime in mm/c.

    Returns:
        x, y, z in mm and t in ns, (entries, 4).
    """
    vertex = np.zeros((len(mother), 4))
    for entry in range(len(mother)):
        parent = mother[entry]
        if parent > 0:
            flight = momentum[parent] * (lifetime[parent] / mass[parent])
            flight[3] /= MM_PER_NS
            vertex[entry] = vertex[parent] + flight
    return vertex


@numba.njit(cache=True, nogil=True)
def _meson(mother: Integers, mesons: int) -> Integers:
    """Return the entry, from 1 to `mesons`, that each entry of a record comes from."""
    origin = np.zeros(len(mother), dtype=np.int64)
    for entry in range(1, len(mother)):
        origin[entry] = entry if entry <= mesons else origin[mother[entry]]
    return origin


def _measurable(trees: _Trees) -> Stable:
    """Return charged stable particles and neutral pions."""
    number = np.abs(trees.identity)
    charged = trees.stable & np.isin(number, (ELECTRON, MUON, PION, KAON, PROTON))
    chosen = charged | (number == NEUTRAL_PION)
    radius = np.hypot(trees.vertex[:, 0], trees.vertex[:, 1])
    return Stable(trees.event[chosen], trees.identity[chosen], trees.momentum[chosen, :3], radius[chosen])


def _branches(trees: _Trees, candidates: Integers, label: int, first: int) -> ak.Array:
    """Turn trees into the branches of the file."""
    columns: dict[str, Any] = {
        "identity": trees.identity.astype(np.int32),
        "mother": trees.mother.astype(np.int32),
        "stable": trees.stable.astype(np.int8),
    }
    names = ("px", "py", "pz", "energy")
    columns |= {name: trees.momentum[:, column].astype(np.float32) for column, name in enumerate(names)}
    columns |= {name: trees.vertex[:, column].astype(np.float32) for column, name in enumerate(("x", "y", "z", "t"))}
    counts = np.bincount(trees.event, minlength=BATCH)
    return ak.zip(
        {
            "event": first + np.arange(BATCH),
            "label": np.full(BATCH, label, dtype=np.int32),
            "particle": ak.unflatten(ak.zip(columns), counts),
            "n_candidates": candidates.astype(np.int32),
        },
        depth_limit=1,
    )


BRANCHES = {
    "event": "identity of the event, unique in the sample",
    "label": "class: 0 rejected, 1 accepted by the skim",
    "particle_identity": "PDG number; the first particle is the Upsilon(4S), 300553, mothers come before daughters",
    "particle_mother": "position of the mother among the particles of the event; -1 for the Upsilon(4S)",
    "particle_stable": "1 if it has not decayed, else 0",
    "particle_px": "momentum along x (GeV)",
    "particle_py": "momentum along y (GeV)",
    "particle_pz": "momentum along the beam (GeV)",
    "particle_energy": "energy (GeV)",
    "particle_x": "production vertex (mm)",
    "particle_y": "production vertex (mm)",
    "particle_z": "production vertex along the beam (mm)",
    "particle_t": "time of production (ns)",
    "n_candidates": "number of B candidates of the skim: it decides the label and must not be an input",
}

SAMPLE = Sample(
    name="decay-trees",
    description="decay trees of B mesons: signal decays and generic ones, as particles with their mothers",
    tree="events",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the events.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "An Upsilon(4S) at a B factory with a boost of 0.273 c decays to two charged (51.4 %) or neutral B mesons, with "
            "the angles of a vector that gives two pseudoscalars; Pythia 8 decays them with its table of B decays. The event "
            "is what a generator knows before any simulation of a detector. The label is what a skim decides that comes "
            "after it, as in the selective background simulation of Belle II: charged particles between 17 and 150 degrees "
            "are measured with an efficiency of 97 %, a resolution of 0.4 % and confusion of kaons with pions, neutral pions "
            "with 65 % and 2 %; an event is accepted if a kaon and pions make a D meson (K pi, K 2pi, K 3pi, each also with a "
            "neutral pion) and this with one to four more pions makes a B meson (beam-constrained mass above 5.24 GeV, energy "
            "within 0.2 GeV of that of the beam). The detector is random, so that the tree does not fix the label."
        ),
        "leaves_out": (
            "Mixing and quantum correlation of neutral B mesons and CP violation, decays of psi(2S) through gluons, models of "
            "the matrix elements of most decays (Pythia distributes them in phase space, and fragments quarks where "
            "exclusive decays are not known), radiation in decays, continuum events, the spread of beam energy and collision point, material, photons "
            "that are wrongly paired, other decay modes that a full event interpretation would use, and its classifiers. "
            "Rejected and accepted events have equal numbers, though the skim accepts about a twelfth alone."
        ),
        "cite": ["arXiv:2203.11601 (Pythia 8.3)", "arXiv:1807.08680 (full event interpretation of Belle II)"],
        "branches": BRANCHES,
    },
    packages=("pythia8mc", "awkward", "numpy"),
    shard_entries=1000,
    entry="events",
)
