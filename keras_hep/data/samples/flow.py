"""What a detector with a tracker sees of collisions with displaced decays: tracks with perigees, and towers."""

from __future__ import annotations

from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import (
    ELECTRON,
    MUON,
    PHOTON,
    Detector,
    Particles,
    fill_towers,
    is_tracked,
    smear_tracks,
)
from keras_hep.data.samples.particle_flow import charge_of
from keras_hep.data.samples.pythia import INVISIBLE, Record
from keras_hep.data.samples.tracking import (
    Tracker,
    Tracks,
    measure_tracks,
    pixel_hits,
    primary_vertices,
    relative_to,
)

__all__ = ["ELECTROMAGNETIC", "HADRONIC", "TRACK", "Flow", "see", "visible"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TRACK, ELECTROMAGNETIC, HADRONIC = range(3)


class Flow(NamedTuple):
    """What is seen of a batch of events.

    Attributes:
        objects: massless records px, py, pz, E in GeV, ``kind`` (`TRACK`, `ELECTROMAGNETIC` or `HADRONIC`) and ``track``
            (row in `tracks`, -1 for towers), shape (events, jagged).
        tracks: all tracks, relative to the reconstructed primary vertex of their event.
        particle: which of the particles each track is, (tracks,).
        event: number of the event of each track, (tracks,).
        primary: reconstructed primary vertices relative to the true ones, (events, 3) in mm.
        primary_error: their errors, (events, 3) in mm.
    """

    objects: ak.Array
    tracks: Tracks
    particle: Integers
    event: Integers
    primary: Floats
    primary_error: Floats


def visible(record: Record) -> Integers:
    """Return which entries of event records are the particles of `keras_hep.data.samples.pythia.events_of`."""
    return np.flatnonzero((record.status > 0) & ~np.isin(np.abs(record.identity), INVISIBLE))


def see(
    particles: Particles,
    vertices: Floats,
    events: int,
    detector: Detector,
    tracker: Tracker,
    rng: np.random.Generator,
) -> Flow:
    """Reconstruct events as `keras_hep.data.samples.detector.detect` does, with tracks that remember where they began.

    A charged particle without enough pixel hits, such as one from a late decay, is no track and ends in a tower.

    Args:
        particles: the visible stable particles.
        vertices: where they were produced, (particles, 3) in mm.
        events: number of events.
        detector: the card of the detector.
        tracker: the card of the tracker.
        rng: source of all randomness.
    """
    kind = np.abs(particles.identity)
    count, first = pixel_hits(np.hypot(vertices[:, 0], vertices[:, 1]), tracker, rng)
    tracked = is_tracked(particles, kind, detector, rng) & (count >= tracker.least_hits)
    row = np.flatnonzero(tracked)
    charged = particles.select(tracked)
    measured_pt = smear_tracks(charged, detector, rng)[1]
    tracks = measure_tracks(
        vertices[row],
        charged.pt,
        measured_pt,
        charged.eta,
        charged.phi,
        charge_of(charged.identity),
        (count[row], first[row]),
        tracker,
        rng,
    )
    primary, primary_error = primary_vertices(charged.event, tracks, events, rng)
    in_calorimeter = ~tracked & (kind != MUON) & (np.abs(particles.eta) < detector.calorimeter_eta)
    light = (kind == PHOTON) | (kind == ELECTRON)
    electromagnetic = fill_towers(
        particles.select(in_calorimeter & light),
        detector.electromagnetic_cells,
        (detector.electromagnetic_stochastic, detector.electromagnetic_constant),
        detector.electromagnetic_threshold,
        rng,
    )
    hadronic = fill_towers(
        particles.select(in_calorimeter & ~light),
        detector.hadronic_cells,
        (detector.hadronic_stochastic, detector.hadronic_constant),
        detector.hadronic_threshold,
        rng,
    )
    parts = (charged.event, tracks.pt, tracks.eta, tracks.phi), electromagnetic, hadronic
    objects = _objects(parts, events)
    tracks = relative_to(tracks, primary[charged.event])
    return Flow(objects, tracks, row, charged.event, primary, primary_error)


def _objects(parts: tuple[tuple[Integers, Floats, Floats, Floats], ...], events: int) -> ak.Array:
    """Return the objects of all events from tracks and the two kinds of towers, each event, pT, eta, phi."""
    event, pt, eta, phi = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    kind = np.repeat((TRACK, ELECTROMAGNETIC, HADRONIC), [len(part[0]) for part in parts])
    row = np.where(kind == TRACK, np.arange(len(kind)), -1)
    order = np.argsort(event, kind="stable")
    columns = {
        "px": pt * np.cos(phi),
        "py": pt * np.sin(phi),
        "pz": pt * np.sinh(eta),
        "E": pt * np.cosh(eta),
        "kind": kind,
        "track": row,
    }
    objects = ak.zip({name: column[order] for name, column in columns.items()}, with_name="Momentum4D")
    return ak.unflatten(objects, np.bincount(event, minlength=events))
