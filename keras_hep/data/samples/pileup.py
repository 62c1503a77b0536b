"""Soft collisions laid over hard ones: pile-up, and an approximate underlying event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import Particles
from keras_hep.data.samples.pythia import events_of, generate_events, generate_record, start_pythia
from keras_hep.data.samples.sample import ShardRequest

__all__ = ["LARGEST_PILEUP", "Overlay", "Pool", "SoftCollisions", "lay", "make_pool", "shared_pool"]

Integers = npt.NDArray[np.int64]

LARGEST_PILEUP = 300.0
"""Largest mean number of pile-up collisions that the samples accept."""

BATCH = 250
OUTGOING = 23
HARD_SEED = 225_000_000
"""From the seed of a shard's own Pythia to that of its hard collisions: a quarter of the seeds, far from other shards."""


@dataclass(frozen=True)
class SoftCollisions:
    """The card of the overlaid collisions: non-diffractive ones, most from a pool, the rare hard ones always new.

    Attributes:
        settings: Pythia settings of a collision of the pool.
        pool: number of collisions in the pool; each is used many times, at another azimuth and mirrored or not.
        hard_pt: collisions whose hardest scattering has at least this pT in GeV are not in the pool. They make jets, which
            would come again and again.
        hard_share: share of those among all collisions, from Pythia's cross sections.
        hard_settings: Pythia settings of them, without multiple parton interactions.
        underlying: mean number of collisions of the pool, between 1 and 2, that stand for the multiple parton interactions
            of a hard collision. Pythia's own ones in Z -> nu nu add 1.7 times the transverse momentum of a non-diffractive
            collision, and 1.6 times its variance.
    """

    settings: tuple[str, ...] = ("Beams:eCM=13000", "SoftQCD:nonDiffractive=on")
    pool: int = 500
    hard_pt: float = 20.0
    hard_share: float = 0.013
    hard_settings: tuple[str, ...] = (
        "Beams:eCM=13000",
        "PartonLevel:MPI=off",
        "HardQCD:all=on",
        "PhaseSpace:pTHatMin=20",
    )
    underlying: float = 1.6


class Pool(NamedTuple):
    """Visible stable particles of collisions.

    Attributes:
        particles: of all collisions of the pool, those of one collision side by side.
        starts: where each collision begins, and the number of all particles at the end, shape (collisions + 1,).
    """

    particles: Particles
    starts: Integers


def make_pool(card: SoftCollisions, seed: int, checkpoint: Callable[[], None]) -> Pool:
    """Generate a pool.

    Args:
        card: what its collisions are and how many there are.
        seed: seed of Pythia.
        checkpoint: called before each batch.

    Raises:
        MissingToolError: pythia8mc is not installed.
    """
    pythia = start_pythia(card.settings, seed)
    batches: list[Particles] = []
    made = 0
    while made < card.pool:
        checkpoint()
        record = generate_record(pythia, min(BATCH, card.pool - made))
        outgoing = np.abs(record.status) == OUTGOING
        hardest = np.zeros(len(record.counts))
        np.maximum.at(hardest, record.event[outgoing], np.hypot(record.px, record.py)[outgoing])
        soft = hardest < card.hard_pt
        particles = events_of(record).particles
        particles = particles.select(soft[particles.event])
        number = np.cumsum(soft) - 1 + made
        batches.append(particles._replace(event=number[particles.event]))
        made += int(soft.sum())
    particles = _join(batches)
    return Pool(particles, np.searchsorted(particles.event, np.arange(card.pool + 1)).astype(np.int64))


_pools: dict[tuple[SoftCollisions, int], Pool] = {}


def shared_pool(card: SoftCollisions, request: ShardRequest, checkpoint: Callable[[], None]) -> Pool:
    """Return the pool that all shards of a sample share; a process makes it once.

    Args:
        card: what its collisions are and how many there are.
        request: any shard of the sample, whose seed decides.
        checkpoint: called before each batch.

    Raises:
        MissingToolError: pythia8mc is not installed.
    """
    # The first number of this sequence is the seed of the first shard's own Pythia.
    key = card, int(np.random.SeedSequence(request.seed).generate_state(2)[1])
    if key not in _pools:
        pool = make_pool(*key, checkpoint)
        _pools.clear()
        _pools[key] = pool
    return _pools[key]


class Overlay:
    """Lays collisions over the events of one shard.

    Args:
        card: what they are.
        request: the shard.
        checkpoint: called while the pool is made.

    Attributes:
        card: what they are.
        pool: the soft ones.
    """

    def __init__(self, card: SoftCollisions, request: ShardRequest, checkpoint: Callable[[], None]) -> None:
        self.card = card
        self.pool = shared_pool(card, request, checkpoint)
        self._seed = request.pythia_seed() + HARD_SEED
        self._hard: Any = None

    def underlying(self, events: int, rng: np.random.Generator) -> Integers:
        """Return how many collisions stand for the underlying event of each of `events` collisions: one or two."""
        return 1 + (rng.random(events) < self.card.underlying - 1.0).astype(np.int64)

    def add(self, particles: Particles, counts: Integers, rng: np.random.Generator) -> Particles:
        """Return the particles of events together with those of further collisions, sorted by event.

        Args:
            particles: of the events, sorted by event.
            counts: how many collisions to add to each event, shape (events,).
            rng: source of all randomness.
        """
        hard, soft = self.hard_ones(counts, rng)
        return lay(_join([particles, hard]), self.pool, soft, rng)

    def hard_ones(self, counts: Integers, rng: np.random.Generator) -> tuple[Particles, Integers]:
        """Generate the hard ones among so many collisions.

        Args:
            counts: number of collisions of each event, shape (events,).
            rng: source of all randomness.

        Returns:
            The particles of the hard ones, whose event is that of `counts`, and how many of the pool to add to each
            event, with those that stand for the underlying event of the hard ones.
        """
        hard = rng.binomial(counts, self.card.hard_share)
        event = np.repeat(np.arange(len(counts)), hard)
        beneath = np.bincount(event, self.underlying(len(event), rng), len(counts)).astype(np.int64)
        if not len(event):
            return _NOTHING, counts
        if self._hard is None:
            self._hard = start_pythia(self.card.hard_settings, self._seed)
        particles = generate_events(self._hard, len(event)).particles
        return particles._replace(event=event[particles.event]), counts - hard + beneath


def lay(particles: Particles, pool: Pool, counts: Integers, rng: np.random.Generator) -> Particles:
    """Add collisions of a pool to events.

    Each is drawn with replacement, turned around the beam by a random angle and mirrored along the beam in half of the
    cases, both symmetries of collisions of equal protons.

    Args:
        particles: of the events.
        pool: the collisions.
        counts: how many to add to each event, shape (events,).
        rng: source of all randomness.

    Returns:
        The particles of the events and of the added collisions, sorted by event.
    """
    total = int(counts.sum())
    drawn = rng.integers(len(pool.starts) - 1, size=total)
    lengths = pool.starts[drawn + 1] - pool.starts[drawn]
    ends = np.cumsum(lengths)
    index = np.arange(ends[-1] if total else 0) + np.repeat(pool.starts[drawn] - (ends - lengths), lengths)
    turn = np.repeat(rng.uniform(0.0, 2.0 * np.pi, total), lengths)
    mirror = np.repeat(rng.choice((-1.0, 1.0), total), lengths)
    soft = _take(pool.particles, index)
    soft = soft._replace(
        event=np.repeat(np.repeat(np.arange(len(counts)), counts), lengths),
        eta=mirror * soft.eta,
        phi=np.mod(soft.phi + turn + np.pi, 2.0 * np.pi) - np.pi,
    )
    both = _join([particles, soft])
    return _take(both, np.argsort(both.event, kind="stable"))


def _take(particles: Particles, index: Integers) -> Particles:
    """Return particles by their positions, in that order."""
    event, identity, pt, eta, phi, energy = particles
    return Particles(event[index], identity[index], pt[index], eta[index], phi[index], energy[index])


def _join(parts: Sequence[Particles]) -> Particles:
    """Return all particles of the parts, one part after the other."""
    event, identity, pt, eta, phi, energy = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Particles(event, identity, pt, eta, phi, energy)


_WHOLE, _REAL = np.zeros(0, dtype=np.int64), np.zeros(0)
_NOTHING = Particles(_WHOLE, _WHOLE, _REAL, _REAL, _REAL, _REAL)
