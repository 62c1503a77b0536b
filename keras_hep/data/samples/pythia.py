"""Pythia 8 (arXiv:2203.11601): a generator from a card, and batches of events as flat columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep._optional import require
from keras_hep.data.samples.detector import Particles
from keras_hep.errors import DataError

__all__ = ["Events", "Record", "events_of", "generate_events", "generate_record", "production_vertices", "start_pythia"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

INVISIBLE = (12, 14, 16)
SEEDS = 900_000_000
"""Pythia takes seeds from 1 to this number."""


class Events(NamedTuple):
    """A batch of events.

    Attributes:
        particles: the visible stable particles.
        hard: eta, phi, PDG number of the outgoing particles of the hard process, as records of shape (events, jagged);
            a resonance appears before and after the recoil against initial-state radiation.
    """

    particles: Particles
    hard: ak.Array


def start_pythia(card: Iterable[str], seed: int, hook: Any = None) -> Any:
    """Return an initialised ``pythia8mc.Pythia``.

    Args:
        card: settings, one a string, as in ``"Beams:eCM=13000"``.
        seed: any non-negative number; taken modulo the number of seeds that Pythia knows.
        hook: a ``pythia8mc.UserHooks``, which the caller has to keep alive.

    Raises:
        DataError: Pythia does not know a setting, or cannot start with them.
        MissingToolError: pythia8mc is not installed.
    """
    pythia = require("pythia8mc", extra="samples").Pythia("", False)
    for setting in ("Print:quiet=on", "Random:setSeed=on", f"Random:seed={1 + seed % SEEDS}", *card):
        if not pythia.readString(setting):
            raise DataError(f"Pythia does not accept the setting {setting!r}")
    if hook is not None:
        pythia.setUserHooksPtr(hook)
    if not pythia.init():
        raise DataError("Pythia cannot start with these settings")
    return pythia


class Record(NamedTuple):
    """The event records of a batch in flat columns; GeV and mm.

    Attributes:
        counts: entries of each event's record, (events,).
        event: number of the event of each entry.
        identity: PDG number.
        status: Pythia's status code, positive for stable particles.
        px: momentum along x; `py`, `pz` likewise.
        energy: energy.
        mass: mass.
        lifetime: proper lifetime in mm/c.
        mother1: position of the first mother in the flat columns, that of the event's first entry where there is none;
            `mother2`, `daughter1` and `daughter2` likewise.
    """

    counts: Integers
    event: Integers
    identity: Integers
    status: Integers
    px: Floats
    py: Floats
    pz: Floats
    energy: Floats
    mass: Floats
    lifetime: Floats
    mother1: Integers
    mother2: Integers
    daughter1: Integers
    daughter2: Integers


def generate_record(pythia: Any, count: int) -> Record:
    """Generate `count` events and return their records."""
    record = pythia.nextBatch(count).prt
    counts = ak.to_numpy(ak.num(record, axis=1)).astype(np.int64)
    flat = ak.flatten(record, axis=1)
    event = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    whole = (ak.to_numpy(flat[name]).astype(np.int64) for name in ("id", "status"))
    momentum = (ak.to_numpy(flat.p[name]) for name in ("px", "py", "pz", "e"))
    rest = (ak.to_numpy(flat[name]) for name in ("m", "tau"))
    family = (first + ak.to_numpy(flat[name]) for name in ("mother1", "mother2", "daughter1", "daughter2"))
    return Record(counts, event, *whole, *momentum, *rest, *family)


def production_vertices(record: Record) -> Floats:
    """Return where each entry was produced, shape (entries, 3) in mm, relative to the collision.

    The vertices that a batch of Pythia 8.317 carries are shifted against its particles, so they are rebuilt here from
    lifetimes, momenta and mothers.
    """
    momentum = np.stack([record.px, record.py, record.pz], axis=1)
    massive = record.mass > 1e-9
    flight = np.where(massive, record.lifetime / np.where(massive, record.mass, 1.0), 0.0)[:, None] * momentum
    status = np.abs(record.status)
    decay = ((status > 90) & (status < 100))[:, None]
    moved = (status >= 100)[:, None]
    vertices = np.zeros_like(momentum)
    while True:  # one generation of decays a round
        mother = vertices[record.mother1]
        following = np.where(decay, mother + flight[record.mother1], np.where(moved, mother, 0.0))
        if np.array_equal(following, vertices):
            return vertices
        vertices = following


def generate_events(pythia: Any, count: int) -> Events:
    """Generate events.

    Args:
        pythia: from `start_pythia`.
        count: how many.

    Returns:
        The visible stable particles and the particles of the hard process.
    """
    return events_of(generate_record(pythia, count))


def events_of(record: Record) -> Events:
    """Return the visible stable particles and the particles of the hard process of event records."""
    stable = (record.status > 0) & ~np.isin(np.abs(record.identity), INVISIBLE)
    # Incoming particles move along the beam: without this floor their pseudorapidity is infinite.
    pt = np.maximum(np.hypot(record.px, record.py), 1e-12)
    eta, phi = np.arcsinh(record.pz / pt), np.arctan2(record.py, record.px)
    particles = Particles(record.event, record.identity, pt, eta, phi, record.energy).select(stable)
    hard = np.isin(np.abs(record.status), (22, 23, 62))
    columns = {"eta": eta[hard], "phi": phi[hard], "identity": np.abs(record.identity[hard])}
    shares = np.bincount(record.event[hard], minlength=len(record.counts))
    return Events(particles, ak.unflatten(ak.zip(columns), shares))
