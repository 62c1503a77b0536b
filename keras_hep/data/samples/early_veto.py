"""Collisions with a parton of the wanted pT, without the time that it takes to finish all the others."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from keras_hep._optional import require
from keras_hep.data.samples.pythia import start_pythia

__all__ = ["EarlyVeto", "parton_jets", "start_vetoing"]

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


Find = Callable[[Any], Iterable[tuple[float, float]]]


def start_vetoing(card: Iterable[str], seed: int, veto: EarlyVeto, find: Find) -> Any:
    """Return an initialised ``pythia8mc.Pythia`` that gives up collisions early, within about a tenth of the time of a whole one.

    Its cross section is that of what the veto leaves.

    Args:
        card: settings; see `start_pythia`.
        seed: see there.
        veto: what a collision must have.
        find: gives pT and rapidity of what the veto is to look at, from the event record, such as `parton_jets`.

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
            return step < RESONANCE_DECAYS and not veto.accepts(find(event))

    pythia = start_pythia(card, seed)
    hook = Hook()
    # A hook must be there when Pythia starts, so it starts again.
    pythia.setUserHooksPtr(hook)
    pythia.init()
    # Pythia does not keep Python's half of the hook alive, and would go on without a veto.
    weakref.finalize(pythia, id, hook)
    return pythia


def parton_jets(radius: float, least_pt: float, holding: int | None = None, apart: int | None = None) -> Find:
    """Return what finds the anti-kT jets of all partons.

    Resonances have not decayed yet and count as partons.

    Args:
        radius: anti-kT radius.
        least_pt: least pT of a jet in GeV.
        holding: PDG number, without sign, of a particle that a jet must hold, such as a top quark.
        apart: PDG number of a particle that a jet must not hold, such as a Z boson.
    """
    module = require("pythia8mc", extra="samples")
    anti_kt, all_final, true_masses = -1, 1, 2
    # Pythia's own clustering: the other one greets on standard output.
    cluster = module.SlowJet(anti_kt, radius, least_pt, 25.0, all_final, true_masses, None, False, True)

    def find(event: Any) -> Iterable[tuple[float, float]]:
        cluster.analyze(event)
        for jet in range(cluster.sizeJet()):
            if holding is not None or apart is not None:
                identities = {abs(event[member].id()) for member in cluster.constituents(jet)}
                if apart in identities or (holding is not None and holding not in identities):
                    continue
            yield cluster.pT(jet), cluster.y(jet)

    return find
