"""Pythia 8 (arXiv:2203.11601): a generator from a card, and batches of events as flat columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import awkward as ak
import numpy as np

from keras_hep._optional import require
from keras_hep.data.samples.detector import Particles
from keras_hep.errors import DataError

__all__ = ["Events", "generate_events", "start_pythia"]

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


def start_pythia(card: Iterable[str], seed: int) -> Any:
    """Return an initialised ``pythia8mc.Pythia``.

    Args:
        card: settings, one a string, as in ``"Beams:eCM=13000"``.
        seed: any non-negative number; taken modulo the number of seeds that Pythia knows.

    Raises:
        DataError: Pythia does not know a setting, or cannot start with them.
        MissingToolError: pythia8mc is not installed.
    """
    pythia = require("pythia8mc", extra="samples").Pythia("", False)
    for setting in ("Print:quiet=on", "Random:setSeed=on", f"Random:seed={1 + seed % SEEDS}", *card):
        if not pythia.readString(setting):
            raise DataError(f"Pythia does not accept the setting {setting!r}")
    if not pythia.init():
        raise DataError("Pythia cannot start with these settings")
    return pythia


def generate_events(pythia: Any, count: int) -> Events:
    """Generate events.

    Args:
        pythia: from `start_pythia`.
        count: how many.

    Returns:
        The visible stable particles and the particles of the hard process.
    """
    record = pythia.nextBatch(count).prt
    counts = ak.to_numpy(ak.num(record, axis=1))
    flat = ak.flatten(record, axis=1)
    status, identity = ak.to_numpy(flat.status), ak.to_numpy(flat.id).astype(np.int64)
    px, py, pz, energy = (ak.to_numpy(flat.p[field]) for field in ("px", "py", "pz", "e"))
    event = np.repeat(np.arange(len(counts)), counts)
    stable = (status > 0) & ~np.isin(np.abs(identity), INVISIBLE)
    # Incoming particles move along the beam: without this floor their pseudorapidity is infinite.
    pt = np.maximum(np.hypot(px, py), 1e-12)
    eta, phi = np.arcsinh(pz / pt), np.arctan2(py, px)
    particles = Particles(event, identity, pt, eta, phi, energy).select(stable)
    hard = np.isin(np.abs(status), (22, 23, 62))
    columns = {"eta": eta[hard], "phi": phi[hard], "identity": np.abs(identity[hard])}
    return Events(particles, ak.unflatten(ak.zip(columns), np.bincount(event[hard], minlength=len(counts))))
