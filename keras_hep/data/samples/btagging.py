"""b-tags drawn from the true flavour of jets, as in the public Delphes cards (arXiv:1307.6346)."""

from __future__ import annotations

from dataclasses import dataclass

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.truth import BOTTOM, CHARM
from keras_hep.physics import azimuth, pseudorapidity, wrap_phi

__all__ = ["BTagging", "draw_tags", "jet_flavours"]

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BTagging:
    """The card of the b-tags: efficiencies for b, c and light jets.

    Attributes:
        loose: of tag 1 or 2.
        tight: of tag 2.
        hadron_pt: least pT in GeV of a hadron that gives a jet its flavour.
        distance: it lies within this distance of the jet axis.
    """

    loose: tuple[float, float, float] = (0.85, 0.35, 0.04)
    tight: tuple[float, float, float] = (0.65, 0.12, 0.005)
    hadron_pt: float = 5.0
    distance: float = 0.4


def jet_flavours(jets: ak.Array, hadrons: ak.Array, distance: float) -> ak.Array:
    """Return the flavour of the heaviest hadron near to each jet: 5, 4 or 0.

    Args:
        jets: records px, py, pz, E in GeV, shape (events, jagged).
        hadrons: of `keras_hep.data.samples.truth.heavy_hadrons`, of the same events.
        distance: how near, in pseudorapidity and azimuth.
    """
    directions = ak.zip({"eta": pseudorapidity(jets), "phi": azimuth(jets)})
    jet, hadron = ak.unzip(ak.cartesian([directions, hadrons], axis=1, nested=True))
    near = np.hypot(jet.eta - hadron.eta, wrap_phi(jet.phi - hadron.phi)) < distance
    return ak.max(ak.where(near, hadron.flavour, 0), axis=2, initial=0, mask_identity=False)


def draw_tags(flavours: Integers, card: BTagging, rng: np.random.Generator) -> Integers:
    """Return b-tags: 0 for none, 1 for loose, 2 for tight.

    Args:
        flavours: 5, 4 or 0, any shape.
        card: the efficiencies.
        rng: source of all randomness.
    """
    kind = np.where(flavours == BOTTOM, 0, np.where(flavours == CHARM, 1, 2))
    # A tight tag is also a loose one, so one random number decides both.
    drawn = rng.random(flavours.shape)
    loose, tight = (drawn < np.array(efficiency)[kind] for efficiency in (card.loose, card.tight))
    return loose.astype(np.int64) + tight.astype(np.int64)
