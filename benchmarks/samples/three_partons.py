"""The mass of QCD jets at order alpha_s^3, with the matrix elements of two to three partons and without a parton shower.

Initial-state radiation into the jet is part of it. A jet has a mass if two of three partons are in it; the weight with the
squared mass takes away what diverges where one is soft or both are parallel. This is the order at which arXiv:0712.2447
gives the mass of jets.
"""

from __future__ import annotations

from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.jets import Jets, find_jets, jet_branches
from keras_hep.data.samples.pythia import start_pythia
from keras_hep.data.samples.recipes.top_tagging import CARD

__all__ = ["FixedOrder", "fixed_order"]

Array = npt.NDArray[np.float64]

GLUON = 21
FIRST = 5
"""Place of the first outgoing parton in Pythia's record of the hard process."""
LOW, HIGH = CARD.jet_pt
ALONE = ("Beams:eCM=14000", "PartonLevel:all=off", "HadronLevel:all=off")
TWO = ("HardQCD:all=on", f"PhaseSpace:pTHatMin={LOW}", f"PhaseSpace:pTHatMax={HIGH}")
# The third parton balances the two of the jet, so that it is the hardest. The cuts leave out a few per cent.
THREE = (
    "HardQCD:3parton=on",
    f"PhaseSpace:pTHat3Min={LOW}",
    f"PhaseSpace:pTHat3Max={HIGH}",
    "PhaseSpace:pTHat5Min=10",
    f"PhaseSpace:pTHat5Max={0.6 * HIGH}",
    "PhaseSpace:RsepMin=0.1",
)


class FixedOrder(NamedTuple):
    """Mean squared mass of a jet over (pT R)^2, its statistical error, and the share of gluon jets."""

    squared_mass: float
    error: float
    gluons: float


def fixed_order(collisions: int, factor: float = 1.0, seed: int = 1) -> FixedOrder:
    """Compute the mean for the jets of the sample `top-tagging`.

    Args:
        collisions: how many with three partons.
        factor: on the renormalisation scales.
        seed: of Pythia.
    """
    scale = (f"SigmaProcess:renormMultFac={factor**2}",)
    jets, gluon, each = _jets((*TWO, *scale), 4 * collisions, seed)
    number = len(jets.event) * each
    # Without emissions the jets of a collision are its two partons.
    massive, _, each = _jets((*THREE, *scale), collisions, seed)
    branches = jet_branches(massive.constituents)
    squared = (ak.to_numpy(branches["jet_mass"]) / (CARD.radius * ak.to_numpy(branches["jet_pt"]))) ** 2
    return FixedOrder(
        float(squared.sum() * each / number),
        float(np.sqrt((squared**2).sum()) * each / number),
        float(gluon.mean()),
    )


def _jets(settings: tuple[str, ...], collisions: int, seed: int) -> tuple[Jets, Array, float]:
    """Return the jets of partons in the selection, which of them have a gluon, and the cross section of a collision."""
    pythia = start_pythia((*ALONE, *settings), seed)
    rows: list[list[tuple[float, ...]]] = []
    while len(rows) < collisions:
        if pythia.next():
            record = pythia.process
            out = [record[place] for place in range(FIRST, record.size())]
            rows.append([(p.px(), p.py(), p.pz(), p.e(), float(p.id() == GLUON)) for p in out])
    columns = np.array(rows)
    names = ("px", "py", "pz", "E", "gluon")
    partons = ak.from_regular(ak.zip({n: columns[..., i] for i, n in enumerate(names)}, with_name="Momentum4D"))
    jets = find_jets(partons, CARD.radius, CARD.jet_pt, CARD.jet_eta, CARD.leading)
    share = ak.to_numpy(ak.max(jets.constituents.gluon, axis=1))
    return jets, share, pythia.infoPython().sigmaGen() / collisions
