"""Tracks and energy around photons."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import ELECTRON, MUON, PHOTON, Detector

__all__ = ["ISOLATION", "isolation"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

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


def isolation(
    candidate: Integers,
    identity: Integers,
    charge: Integers,
    pt: Floats,
    energy: Floats,
    deta: Floats,
    track_dphi: Floats,
    dphi: Floats,
    candidates: int,
    detector: Detector,
    rng: np.random.Generator,
) -> dict[str, Floats]:
    """Return the isolation of candidates.

    Args:
        candidate: number of the candidate that each particle is near to.
        identity: PDG number.
        charge: of the particle.
        pt: in GeV.
        energy: in GeV.
        deta: pseudorapidity less that of the candidate.
        track_dphi: azimuth at the collision less that of the candidate.
        dphi: azimuth at the calorimeter less that of the candidate; not a number where the particle does not reach it.
        candidates: number of candidates.
        detector: the card of efficiency and resolutions.
        rng: source of all randomness.

    Returns:
        `ISOLATION`, each of shape (candidates,).
    """
    track = (charge != 0) & (pt > TRACK_PT) & (rng.random(len(pt)) < detector.efficiency[0])
    kind = np.abs(identity)
    light = (kind == PHOTON) | (kind == ELECTRON)
    stochastic = np.where(light, detector.electromagnetic_stochastic, detector.hadronic_stochastic)
    constant = np.where(light, detector.electromagnetic_constant, detector.hadronic_constant)
    relative = np.hypot(stochastic / np.sqrt(energy), constant)
    transverse = pt * np.maximum(1.0 + relative * rng.standard_normal(len(pt)), 0.0)
    core = (np.abs(deta) < CORE[0]) & (np.abs(dphi) < CORE[1])
    seen = (kind != MUON) & np.isfinite(dphi) & ~core
    sums: dict[str, Floats] = {}
    for name, chosen, weight, turn in (("ptcone", track, pt, track_dphi), ("etcone", seen, transverse, dphi)):
        distance = np.hypot(deta, turn)
        for cone in CONES:
            inside = chosen & (distance < cone / 100)
            total = np.bincount(candidate[inside], weights=weight[inside], minlength=candidates)
            sums[f"{name}{cone}"] = total.astype(np.float64)
    return sums
