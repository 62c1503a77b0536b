"""Collisions with a hard electron or muon, without the time that it takes to finish all the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from keras_hep._optional import require
from keras_hep.data.samples.detector import ELECTRON, MUON, Particles
from keras_hep.data.samples.pythia import INVISIBLE, start_pythia

__all__ = ["Collision", "gather", "hard_lepton_collisions"]

TAU, CHARM, BOTTOM = 15, 4, 5
SOURCES = frozenset((CHARM, BOTTOM, ELECTRON, MUON, TAU))
WEAKLY_DECAYING = (TAU, 411, 421, 431, 4122, 4132, 4232, 4332, 511, 521, 531, 541, 5122, 5132, 5232, 5332)
MARGIN = 0.93
"""Leptons and what they come from are looked for from this fraction of the threshold: resolution adds to their pT."""


class Collision(NamedTuple):
    """The visible stable particles of one collision.

    Attributes:
        number: number of the collision.
        trial: which decay of it this is.
        particles: identity, px, py, pz, energy in GeV, shape (particles, 5).
    """

    number: int
    trial: int
    particles: npt.NDArray[np.float64]


def hard_lepton_collisions(
    settings: tuple[str, ...], lepton_pt: float, trials: int, seed: int
) -> Iterator[Collision | None]:
    """Generate collisions with an electron or muon near or above a pT, without end.

    A collision is given up after the parton shower if nothing in it can give such a lepton: no electron, muon or tau,
    and no c or b quark, of almost that pT. Where leptons come from rare decays, taus and hadrons with c or b can be
    decayed several times, and every decay that gives a lepton is one event: the distribution of events is that of one
    decay each, only that some share their collision.

    Args:
        settings: of Pythia.
        lepton_pt: the pT in GeV; every collision is given if it is 0.
        trials: so many decays of each collision.
        seed: of Pythia.

    Yields:
        A collision, or None after a collision without lepton, so that the caller can stop.
    """
    once = trials == 1 or lepton_pt == 0.0
    undecayed = () if once else tuple(f"{identity}:mayDecay=off" for identity in WEAKLY_DECAYING)
    pythia = start_pythia((*settings, *undecayed), seed)
    if lepton_pt > 0.0:
        # A hook must be there when Pythia starts, so it starts again.
        hook = _hook(MARGIN * lepton_pt - 1.0)
        pythia.setUserHooksPtr(hook)
        pythia.init()
    number = -1
    while True:
        number += 1
        if not pythia.next():
            continue
        found = False
        for trial in range(1) if once else _decays(pythia, trials, MARGIN * lepton_pt):
            particles = _visible(pythia.event)
            if _has_lepton(particles, MARGIN * lepton_pt):
                found = True
                yield Collision(number, trial, particles)
        if not found:
            yield None


def gather(collisions: list[Collision]) -> Particles:
    """Return the particles of collisions in flat columns; the event is the position in the list."""
    event = np.repeat(np.arange(len(collisions)), [len(collision.particles) for collision in collisions])
    identity, px, py, pz, energy = np.concatenate([collision.particles for collision in collisions]).T
    pt = np.maximum(np.hypot(px, py), 1e-12)
    return Particles(event, identity.astype(np.int64), pt, np.arcsinh(pz / pt), np.arctan2(py, px), energy)


def _hook(least: float) -> Any:
    """Return a hook that vetoes partons from which no hard lepton can come."""

    class LeptonSources(require("pythia8mc", extra="samples").UserHooks):  # type: ignore[misc]
        def canVetoPartonLevel(self) -> bool:
            return True

        def doVetoPartonLevel(self, event: Any) -> bool:
            return not any(
                abs(parton.id()) in SOURCES and parton.isFinal() and parton.pT() > least for parton in event.particles()
            )

    return LeptonSources()


def _decays(pythia: Any, trials: int, least: float) -> Iterator[int]:
    """Decay what has been left undecayed again and again; the numbers of the decays that give a hard lepton."""
    decaying = [p for p in pythia.event.particles() if p.isFinal() and abs(p.id()) in WEAKLY_DECAYING]
    if all(particle.pT() < least for particle in decaying):
        return
    before = require("pythia8mc", extra="samples").Event(pythia.event)
    size = before.size()
    for identity in WEAKLY_DECAYING:
        pythia.particleData.mayDecay(identity, True)
    for trial in range(trials):
        pythia.event = before
        pythia.moreDecays()
        products = (pythia.event[position] for position in range(size, pythia.event.size()))
        if any(abs(product.id()) in (ELECTRON, MUON) and product.pT() > least for product in products):
            yield trial
    for identity in WEAKLY_DECAYING:
        pythia.particleData.mayDecay(identity, False)


def _visible(event: Any) -> npt.NDArray[np.float64]:
    """Return identity, px, py, pz, energy of the visible stable particles."""
    rows = [(p.id(), p.px(), p.py(), p.pz(), p.e()) for p in event.particles() if p.isFinal()]
    particles = np.array(rows)
    return particles[~np.isin(np.abs(particles[:, 0]), INVISIBLE)]


def _has_lepton(particles: npt.NDArray[np.float64], least: float) -> bool:
    """Tell whether there is an electron or muon of at least this pT."""
    leptons = np.isin(np.abs(particles[:, 0]), (ELECTRON, MUON))
    return least == 0.0 or bool(np.any(np.hypot(particles[leptons, 1], particles[leptons, 2]) > least))
