"""Jets for the tests of jet substructure: real ones with reference values, and random ones."""

import json
import math
from pathlib import Path

import awkward as ak
import numpy as np

from keras_hep.physics import azimuth, rapidity, transverse_momentum

REFERENCE = json.loads(Path(__file__).parents[1].joinpath("fixtures/substructure_40jets.json").read_text("utf-8"))


def reference_jets():
    pt, eta, phi, energy = (ak.Array(REFERENCE["constituents"][name]) for name in ("pt", "eta", "phi", "energy"))
    return ak.zip({"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": energy})


def massless(pt, y, phi):
    return pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(y), pt * math.cosh(y)


def jets(*constituents):
    """Build jets from lists of (px, py, pz, E)."""
    counts = [len(jet) for jet in constituents]
    table = np.array([vector for jet in constituents for vector in jet], dtype=np.float64).reshape(-1, 4)
    return ak.unflatten(ak.zip(dict(zip(("px", "py", "pz", "E"), table.T, strict=True))), counts)


def random_jets(counts, seed, spread=0.3):
    """Jets of massive constituents around several prongs, some of them across phi = pi."""
    rng = np.random.default_rng(seed)
    made = []
    for count in counts:
        centre = np.array([rng.uniform(-1.5, 1.5), rng.uniform(-math.pi, math.pi)])
        axes = centre + rng.normal(0.0, spread, (3, 2))
        jet = []
        for _ in range(count):
            y, phi = axes[rng.integers(3)] + rng.normal(0.0, 0.3 * spread, 2)
            px, py, pz, energy = massless(rng.exponential(30.0) + 0.5, y, phi)
            jet.append((px, py, pz, math.sqrt(energy**2 + rng.uniform(0.0, 1.0) ** 2)))
        made.append(jet)
    return jets(*made)


def rotated(constituents, angle):
    """Turn jets about the beam."""
    px = constituents.px * np.cos(angle) - constituents.py * np.sin(angle)
    py = constituents.px * np.sin(angle) + constituents.py * np.cos(angle)
    return ak.zip({"px": px, "py": py, "pz": constituents.pz, "E": constituents.E})


def boosted(constituents, rapidity):
    """Boost jets along the beam."""
    pz = constituents.pz * np.cosh(rapidity) + constituents.E * np.sinh(rapidity)
    energy = constituents.E * np.cosh(rapidity) + constituents.pz * np.sinh(rapidity)
    return ak.zip({"px": constituents.px, "py": constituents.py, "pz": pz, "E": energy})


def shuffled(constituents, seed=0):
    """Put the constituents of each jet into another order."""
    draw = np.random.default_rng(seed).random(int(ak.sum(ak.num(constituents))))
    return constituents[ak.argsort(ak.unflatten(draw, ak.num(constituents)), axis=1)]


def directions(jet):
    """pT, rapidity and azimuth of the constituents of one jet, as three arrays."""
    return tuple(ak.to_numpy(column(jet)) for column in (transverse_momentum, rapidity, azimuth))


def transverse(constituents):
    """pT of each jet."""
    return np.hypot(ak.to_numpy(ak.sum(constituents.px, axis=1)), ak.to_numpy(ak.sum(constituents.py, axis=1)))
