"""Soft collisions laid over hard ones, from a pool: pile-up, and an approximate underlying event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import Particles
from keras_hep.data.samples.pythia import generate_events, start_pythia
from keras_hep.data.samples.sample import ShardRequest

__all__ = [
    "LARGEST_PILEUP",
    "Pool",
    "SoftCollisions",
    "join",
    "make_pool",
    "overlay",
    "shared_pool",
    "take",
    "underlying_counts",
]

Integers = npt.NDArray[np.int64]

LARGEST_PILEUP = 300.0
"""Largest mean number of pile-up collisions that the samples accept."""

BATCH = 250


@dataclass(frozen=True)
class SoftCollisions:
    """The card of the soft collisions.

    Attributes:
        settings: Pythia settings of one soft collision.
        pool: number of collisions in the pool; each is used many times, at another azimuth and mirrored or not.
        underlying: mean number of soft collisions, between 1 and 2, that stand for the multiple parton interactions of
            a hard collision. Pythia's own interactions in Z -> nu nu add 1.7 times the transverse momentum of a
            non-diffractive collision, and 1.6 times its variance.
    """

    settings: tuple[str, ...] = ("Beams:eCM=13000", "SoftQCD:nonDiffractive=on")
    pool: int = 500
    underlying: float = 1.7


class Pool(NamedTuple):
    """Visible stable particles of soft collisions.

    Attributes:
        particles: of all collisions of the pool, those of one collision side by side.
        starts: where each collision begins, and the number of all particles at the end, shape (collisions + 1,).
    """

    particles: Particles
    starts: Integers


def make_pool(card: SoftCollisions, seed: int, checkpoint: Callable[[], None]) -> Pool:
    """Generate a pool.

    Args:
        card: what a soft collision is and how many there are.
        seed: seed of Pythia.
        checkpoint: called before each batch.

    Raises:
        MissingToolError: pythia8mc is not installed.
    """
    pythia = start_pythia(card.settings, seed)
    batches: list[Particles] = []
    for first in range(0, card.pool, BATCH):
        checkpoint()
        particles = generate_events(pythia, min(BATCH, card.pool - first)).particles
        batches.append(particles._replace(event=particles.event + first))
    particles = join(batches)
    return Pool(particles, np.searchsorted(particles.event, np.arange(card.pool + 1)).astype(np.int64))


_pools: dict[tuple[SoftCollisions, int], Pool] = {}


def shared_pool(card: SoftCollisions, request: ShardRequest, checkpoint: Callable[[], None]) -> Pool:
    """Return the pool that all shards of a sample share; a process makes it once.

    Args:
        card: what a soft collision is and how many there are.
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


def underlying_counts(card: SoftCollisions, events: int, rng: np.random.Generator) -> Integers:
    """Return how many soft collisions stand for the underlying event of each of `events` collisions: one or two."""
    return 1 + (rng.random(events) < card.underlying - 1.0).astype(np.int64)


def overlay(particles: Particles, pool: Pool, counts: Integers, rng: np.random.Generator) -> Particles:
    """Add soft collisions to events.

    Each is drawn from the pool with replacement, turned around the beam by a random angle and mirrored along the beam
    in half of the cases, both symmetries of collisions of equal protons.

    Args:
        particles: of the events, sorted by event.
        pool: from `make_pool`.
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
    soft = take(pool.particles, index)
    soft = soft._replace(
        event=np.repeat(np.repeat(np.arange(len(counts)), counts), lengths),
        eta=mirror * soft.eta,
        phi=np.mod(soft.phi + turn + np.pi, 2.0 * np.pi) - np.pi,
    )
    both = join([particles, soft])
    return take(both, np.argsort(both.event, kind="stable"))


def take(particles: Particles, index: Integers) -> Particles:
    """Return particles by their positions, in that order."""
    event, identity, pt, eta, phi, energy = particles
    return Particles(event[index], identity[index], pt[index], eta[index], phi[index], energy[index])


def join(parts: Sequence[Particles]) -> Particles:
    """Return all particles of the parts, one part after the other."""
    event, identity, pt, eta, phi, energy = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Particles(event, identity, pt, eta, phi, energy)
