"""Variables of the secondary vertices of jets, and of jets as a whole in the manner of CSV (arXiv:1712.07158)."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.vertexing import Vertices
from keras_hep.physics import wrap_phi

__all__ = ["PION_MASS", "TAG_VARIABLES", "VERTEX_VARIABLES", "sum_per_jet", "tag_variables", "vertex_variables"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

PION_MASS = 0.13957
CHARM_MASS = 1.5
DISPLACED = 2.0
NO_TRACK = -1.0

VERTEX_VARIABLES = {
    "pt": "pT of the sum of the tracks (GeV)",
    "deta": "pseudorapidity of that sum less jet_eta",
    "dphi": "azimuth of that sum less jet_phi, in [-pi, pi) (rad)",
    "dr": "distance of that sum from the jet axis",
    "mass": "mass of the tracks as pions (GeV)",
    "mass_corrected": "mass with the momentum that is missing perpendicular to the flight: sqrt(m^2 + pt^2) + pt (GeV)",
    "tracks": "number of tracks",
    "chi2": "chi2 of the fit per degree of freedom",
    "lxy": "transverse distance from the primary vertex (mm)",
    "lxy_error": "its error (mm)",
    "lxy_significance": "lxy over lxy_error",
    "l3d": "distance from the primary vertex (mm)",
    "l3d_error": "its error (mm)",
    "l3d_significance": "l3d over l3d_error, descending",
    "flight_dr": "distance of the flight direction from the jet axis",
    "costheta": "cosine of the angle between flight and momentum",
    "energyfrac": "energy over that of all selected tracks of the jet, all as pions",
    "enratio": "energy over that of the jet",
}
"""What `vertex_variables` gives."""

TAG_VARIABLES = {
    "jet_tracks_ptfrac": "sum of the pT of the selected tracks over jet_pt",
    "jet_tracks_dr": "distance of the sum of the selected tracks from the jet axis; 0 without tracks",
    "jet_abovecharm_d0": "d0 of the track that lifts the mass above 1.5 GeV, adding tracks by falling d0_significance "
    "(mm); -1 if none does",
    "jet_abovecharm_d0_significance": "its d0_significance; -1 if there is none",
    "jet_abovecharm_ip3d": "its ip3d (mm); -1 if there is none",
    "jet_abovecharm_ip3d_significance": "its ip3d_significance; -1 if there is none",
    "jet_vertex_category": "0 with a secondary vertex, 1 with two tracks of d0_significance above 2, 2 with neither",
}
"""What `tag_variables` gives."""


def vertex_variables(vertices: Vertices, axis: Floats, jet_energy: Floats, track_energy: Floats) -> dict[str, Floats]:
    """Return the variables of vertices.

    Args:
        vertices: the vertices.
        axis: momentum of all jets in GeV, (jets, 3).
        jet_energy: energy of all jets in GeV.
        track_energy: energy of the selected tracks of all jets as pions in GeV.

    Returns:
        `VERTEX_VARIABLES`, each of shape (vertices,).
    """
    momentum, energy = vertices.momentum[:, :3], vertices.momentum[:, 3]
    p2 = (momentum**2).sum(axis=1)
    mass2 = np.maximum(energy**2 - p2, 0.0)
    cosine = (momentum * vertices.position).sum(axis=1) / (np.sqrt(p2) * vertices.l3d)
    missing = np.sqrt(p2 * np.maximum(1.0 - cosine**2, 0.0))
    eta, phi = _angles(momentum)
    jet_eta, jet_phi = (column[vertices.jet] for column in _angles(axis))
    flight_eta, flight_phi = _angles(vertices.position)
    deta, dphi = eta - jet_eta, wrap_phi(phi - jet_phi)
    return {
        "pt": np.hypot(momentum[:, 0], momentum[:, 1]),
        "deta": deta,
        "dphi": dphi,
        "dr": np.hypot(deta, dphi),
        "mass": np.sqrt(mass2),
        "mass_corrected": np.sqrt(mass2 + missing**2) + missing,
        "tracks": vertices.tracks.astype(np.float64),
        "chi2": vertices.chi2 / (2 * vertices.tracks - 3),
        "lxy": vertices.lxy,
        "lxy_error": vertices.lxy_error,
        "lxy_significance": vertices.lxy / vertices.lxy_error,
        "l3d": vertices.l3d,
        "l3d_error": vertices.l3d_error,
        "l3d_significance": vertices.l3d / vertices.l3d_error,
        "flight_dr": np.hypot(flight_eta - jet_eta, wrap_phi(flight_phi - jet_phi)),
        "costheta": cosine,
        "energyfrac": energy / track_energy[vertices.jet],
        "enratio": energy / jet_energy[vertices.jet],
    }


def sum_per_jet(jet: Integers, values: Floats, jets: int) -> Floats:
    """Return the sum of the values of each jet's tracks, (jets,)."""
    return np.bincount(jet, weights=values, minlength=jets).astype(np.float64)


def _angles(vectors: Floats) -> tuple[Floats, Floats]:
    """Return pseudorapidity and azimuth of vectors, (n, 3)."""
    transverse = np.maximum(np.hypot(vectors[:, 0], vectors[:, 1]), 1e-12)
    return np.arcsinh(vectors[:, 2] / transverse), np.arctan2(vectors[:, 1], vectors[:, 0])


def tag_variables(
    offsets: Integers, momentum: Floats, track: dict[str, Floats], axis: Floats, vertices: Vertices
) -> dict[str, Any]:
    """Return the variables of jets as a whole.

    Args:
        offsets: (jets + 1,); jet j has the tracks ``offsets[j]`` to ``offsets[j + 1]``.
        momentum: px, py, pz of the tracks in GeV, (tracks, 3).
        track: their variables; `keras_hep.data.samples.impact_parameters`.
        axis: momentum of the jets in GeV, (jets, 3).
        vertices: the vertices of the jets.

    Returns:
        `TAG_VARIABLES`, each of shape (jets,).
    """
    jets = len(axis)
    jet = np.repeat(np.arange(jets), np.diff(offsets))
    total = np.stack([sum_per_jet(jet, column, jets) for column in momentum.T], axis=1)
    pt = sum_per_jet(jet, track["pt"], jets)
    (eta, phi), (jet_eta, jet_phi) = _angles(total), _angles(axis)
    distance = np.where(pt > 0.0, np.hypot(eta - jet_eta, wrap_phi(phi - jet_phi)), 0.0)
    above = above_charm(offsets, momentum, track["d0_significance"])
    lifted = {
        f"jet_abovecharm_{name}": np.where(above < 0, NO_TRACK, track[name][above]) if len(jet) else np.full(jets, -1.0)
        for name in ("d0", "d0_significance", "ip3d", "ip3d_significance")
    }
    displaced = np.bincount(jet[track["d0_significance"] > DISPLACED], minlength=jets)
    with_vertex = np.bincount(vertices.jet, minlength=jets) > 0
    category = np.where(with_vertex, 0, np.where(displaced >= 2, 1, 2)).astype(np.int32)
    jet_pt = np.hypot(axis[:, 0], axis[:, 1])
    return {
        "jet_tracks_ptfrac": pt / jet_pt,
        "jet_tracks_dr": distance,
        **lifted,
        "jet_vertex_category": category,
    }


@numba.njit(cache=True, nogil=True)
def above_charm(offsets: Integers, momentum: Floats, significance: Floats) -> Integers:
    """Return for each jet the track that lifts the mass above that of charm hadrons' visible decays, -1 if none does."""
    above = np.full(len(offsets) - 1, -1)
    for jet in range(len(above)):
        total, energy = np.zeros(3), 0.0
        for row in offsets[jet] + np.argsort(-significance[offsets[jet] : offsets[jet + 1]]):
            total += momentum[row]
            energy += np.sqrt((momentum[row] ** 2).sum() + PION_MASS**2)
            if energy**2 - (total**2).sum() > CHARM_MASS**2:
                above[jet] = row
                break
    return above
