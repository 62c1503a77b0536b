"""Tracks and energy around photons."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import Detector
from keras_hep.data.samples.photon_surroundings import Surroundings

__all__ = ["ISOLATION", "isolation"]

Floats = npt.NDArray[np.float64]

TRACK_PT = 1.0
CORE = (0.0625, 0.0875)
CONES = (20, 40)

ISOLATION = {
    "ptcone20": "sum of the pT of tracks above 1 GeV within 0.2 (GeV)",
    "ptcone40": "sum of the pT of tracks above 1 GeV within 0.4 (GeV)",
    "etcone20": "sum of the transverse energy in the calorimeter within 0.2, without the 5 x 7 cells in the middle (GeV)",
    "etcone40": "sum of the transverse energy in the calorimeter within 0.4, without the 5 x 7 cells in the middle (GeV)",
}
"""What `isolation` gives."""


def isolation(around: Surroundings, candidates: int, detector: Detector, rng: np.random.Generator) -> dict[str, Floats]:
    """Return the isolation of candidates.

    Args:
        around: the particles around them.
        candidates: number of candidates.
        detector: the card of efficiency and resolutions.
        rng: source of all randomness.

    Returns:
        `ISOLATION`, each of shape (candidates,).
    """
    count = len(around.pt)
    track = (around.charge != 0) & (around.pt > TRACK_PT) & (rng.random(count) < detector.efficiency[0])
    light = around.light()
    stochastic = np.where(light, detector.electromagnetic_stochastic, detector.hadronic_stochastic)
    constant = np.where(light, detector.electromagnetic_constant, detector.hadronic_constant)
    relative = np.hypot(stochastic / np.sqrt(around.energy), constant)
    transverse = around.pt * np.maximum(1.0 + relative * rng.standard_normal(count), 0.0)
    core = (np.abs(around.deta) < CORE[0]) & (np.abs(around.dphi) < CORE[1])
    seen = (light | around.hadrons()) & np.isfinite(around.dphi) & ~core
    sums: dict[str, Floats] = {}
    for name, chosen, weight, turn in (
        ("ptcone", track, around.pt, around.track_dphi),
        ("etcone", seen, transverse, around.dphi),
    ):
        distance = np.hypot(around.deta, turn)
        for cone in CONES:
            inside = chosen & (distance < cone / 100)
            total = np.bincount(around.candidate[inside], weights=weight[inside], minlength=candidates)
            sums[f"{name}{cone}"] = total.astype(np.float64)
    return sums
