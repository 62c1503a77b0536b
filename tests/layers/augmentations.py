"""Every layer that varies constituents, with a nominal and with another parameter."""

from keras_hep.layers import (
    ConstituentDropout,
    FourVectorRescaling,
    FourVectorSmearing,
    JetRotation,
    LongitudinalBoost,
    PileupOverlay,
    RegionRescaling,
)
from tests.layers.constituent_tensors import COLUMNS, constituents

__all__ = ["LAYERS", "nominal", "varied"]

BANK = constituents(jets=20, length=6, seed=7, eta=3.0, spread=1.0)

# Each layer as a function of one parameter, the nominal value of that and another one.
LAYERS = {
    "FourVectorRescaling": (lambda p, **k: FourVectorRescaling(width=p, **k), 0.0, 0.2),
    "FourVectorRescaling of the leading constituent": (
        lambda p, **k: FourVectorRescaling(width=p, target="leading", **k),
        0.0,
        0.2,
    ),
    "RegionRescaling": (lambda p, **k: RegionRescaling(5, 4, 2.0, width=p, **k), 0.0, 0.2),
    "FourVectorSmearing": (lambda p, **k: FourVectorSmearing(p, p, p, **k), 0.0, 0.2),
    "ConstituentDropout": (lambda p, **k: ConstituentDropout([p, p / 2], [10.0], **k), 0.0, 0.5),
    "PileupOverlay": (lambda p, **k: PileupOverlay(p, BANK, **k), 0.0, 2.0),
    "JetRotation about the jet": (lambda p, **k: JetRotation(p, **k), 0.0, 0.5),
    "JetRotation about the beam": (lambda p, **k: JetRotation(p, "beam", **k), 0.0, 0.5),
    "LongitudinalBoost": (LongitudinalBoost, 0.0, 0.5),
}


def nominal(name, **arguments):
    make, parameter, _ = LAYERS[name]
    return make(parameter, **{"seed": 5} | COLUMNS | arguments)


def varied(name, **arguments):
    make, _, parameter = LAYERS[name]
    return make(parameter, **{"seed": 5} | COLUMNS | arguments)
