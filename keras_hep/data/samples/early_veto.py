"""Collisions with a parton of the wanted pT, without the time that it takes to finish all the others."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from keras_hep._optional import require
from keras_hep.data.samples.pythia import start_pythia

__all__ = ["EarlyVeto", "Find", "parton_clustering", "parton_jets", "start_vetoing"]

RESONANCE_DECAYS = 5
"""From this kind of step on Pythia showers the products of decays."""


@dataclass(frozen=True)
class EarlyVeto:
    """What a collision must have once its hardest emissions are there.

    Softer emissions, hadrons and the detector move a jet by some per cent, so the window has to be wider than the range
    of the jets that are wanted.

    Attributes:
        pt: least and largest pT in GeV of at least one parton jet.
        rapidity: its largest absolute rapidity.
        scale: the veto looks at emissions down to this pT in GeV.
    """

    pt: tuple[float, float]
    rapidity: float = 2.5
    scale: float = 20.0

    def accepts(self, momenta: Iterable[tuple[float, float]]) -> bool:
        """Tell whether one of the momenta (pT, rapidity) lies in the window."""
        return any(self.pt[0] < pt < self.pt[1] and abs(rapidity) < self.rapidity for pt, rapidity in momenta)


Find = Callable[[Any, Any], Iterable[tuple[float, float]]]
"""Gives pT and rapidity of what a veto is to look at, from the event record and the record of the hard process."""


def start_vetoing(card: Iterable[str], seed: int, veto: EarlyVeto, find: Find) -> Any:
    """Return an initialised ``pythia8mc.Pythia`` that gives up collisions early, within about a tenth of the time of a whole one.

    Its cross section is that of what the veto leaves.

    Args:
        card: settings; see `start_pythia`.
        seed: see there.
        veto: what a collision must have.
        find: such as `parton_jets`.

    Raises:
        DataError: see `start_pythia`.
        MissingToolError: pythia8mc is not installed.
    """

    class Hook(require("pythia8mc", extra="samples").UserHooks):  # type: ignore[misc]
        def canVetoPT(self) -> bool:
            return True

        def scaleVetoPT(self) -> float:
            return veto.scale

        def doVetoPT(self, step: int, event: Any) -> bool:
            return step < RESONANCE_DECAYS and not veto.accepts(find(event, itself().process))

    hook = Hook()
    pythia = start_pythia(card, seed, hook)
    itself: Callable[[], Any] = weakref.ref(pythia)
    # Pythia does not keep Python's half of the hook alive, and would go on without a veto.
    weakref.finalize(pythia, id, hook)
    return pythia


def parton_jets(radius: float, least_pt: float, apart: int | None = None) -> Find:
    """Return what finds the anti-kT jets of all partons.

    Args:
        radius: anti-kT radius.
        least_pt: least pT of a jet in GeV.
        apart: PDG number, without sign, of a particle that has not decayed yet and is no parton, such as a Z boson; the
            jet of it is left out.
    """
    cluster = parton_clustering(radius, least_pt)

    def find(event: Any, process: Any) -> Iterable[tuple[float, float]]:
        del process
        cluster.analyze(event)
        for jet in range(cluster.sizeJet()):
            if apart is None or all(event[member].idAbs() != apart for member in cluster.constituents(jet)):
                yield cluster.pT(jet), cluster.y(jet)

    return find


def parton_clustering(radius: float, least_pt: float) -> Any:
    """Return a ``pythia8mc.SlowJet`` that clusters with anti-kT all that is final in an event record."""
    anti_kt, everything, true_masses, far = -1, 1, 2, 25.0
    # With Pythia's own clustering: the other one greets on standard output.
    module = require("pythia8mc", extra="samples")
    return module.SlowJet(anti_kt, radius, least_pt, far, everything, true_masses, None, False, True)
