"""Variables of the tracks of jets: impact parameters signed by the jet axis, and momenta relative to it.

The sign of a lifetime: an impact parameter is positive when the point of closest approach lies on the side of the
primary vertex to which the jet flies, as for the decay of a particle in the jet, and negative on the other side.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.tracking import Tracks
from keras_hep.physics import wrap_phi

__all__ = ["TRACK_VARIABLES", "track_variables"]

Floats = npt.NDArray[np.float64]

PION_MASS = 0.13957

TRACK_VARIABLES = {
    "pt": "pT (GeV)",
    "eta": "pseudorapidity",
    "phi": "azimuth (rad)",
    "charge": "charge, -1 or 1",
    "ptrel": "pT over jet_pt",
    "deta": "pseudorapidity less jet_eta",
    "dphi": "azimuth less jet_phi, in [-pi, pi) (rad)",
    "dr": "distance from the jet axis in pseudorapidity and azimuth",
    "etarel": "rapidity along the jet axis, as a pion",
    "ptperp": "momentum perpendicular to the jet axis (GeV)",
    "ppar": "momentum along the jet axis (GeV)",
    "pparfrac": "momentum along the jet axis over momentum",
    "d0": "transverse impact parameter with lifetime sign (mm)",
    "d0_error": "its error, of track and primary vertex (mm)",
    "d0_significance": "d0 over d0_error",
    "z0": "longitudinal impact parameter times sin(theta), with lifetime sign (mm)",
    "z0_error": "its error, of track and primary vertex (mm)",
    "z0_significance": "z0 over z0_error",
    "ip3d": "impact parameter in three dimensions, with lifetime sign (mm)",
    "ip3d_error": "its error (mm)",
    "ip3d_significance": "ip3d over ip3d_error",
    "axisdist": "distance of the track from the jet axis, both as straight lines (mm)",
}
"""What `track_variables` gives."""


def track_variables(tracks: Tracks, axis: Floats, primary_error: Floats) -> dict[str, Floats]:
    """Return the variables of tracks in jets.

    Args:
        tracks: relative to the primary vertex.
        axis: px, py, pz in GeV of the jet of each track, (tracks, 3).
        primary_error: error of the primary vertex of each track in mm, (tracks, 3).

    Returns:
        `TRACK_VARIABLES`, each of shape (tracks,).
    """
    jet_pt = np.hypot(axis[:, 0], axis[:, 1])
    deta = tracks.eta - np.arcsinh(axis[:, 2] / jet_pt)
    dphi = wrap_phi(tracks.phi - np.arctan2(axis[:, 1], axis[:, 0]))
    return {
        "pt": tracks.pt,
        "eta": tracks.eta,
        "phi": wrap_phi(tracks.phi),
        "charge": tracks.charge.astype(np.float64),
        "ptrel": tracks.pt / jet_pt,
        "deta": deta,
        "dphi": dphi,
        "dr": np.hypot(deta, dphi),
        **_relative_momentum(tracks, axis),
        **_impact_parameters(tracks, axis, deta, dphi, primary_error),
    }


def _directions(tracks: Tracks) -> Floats:
    """Return unit vectors along the tracks, (tracks, 3)."""
    sin_theta = 1.0 / np.cosh(tracks.eta)
    return np.stack([np.cos(tracks.phi) * sin_theta, np.sin(tracks.phi) * sin_theta, np.tanh(tracks.eta)], axis=1)


def _relative_momentum(tracks: Tracks, axis: Floats) -> dict[str, Floats]:
    """Return momenta relative to the jet axis."""
    momentum = tracks.pt * np.cosh(tracks.eta)
    unit = axis / np.linalg.norm(axis, axis=1, keepdims=True)
    fraction = (_directions(tracks) * unit).sum(axis=1)
    along = momentum * fraction
    across = momentum * np.linalg.norm(np.cross(_directions(tracks), unit), axis=1)
    # The rapidity by way of the transverse mass does not lose digits for hard tracks, as (E + p) / (E - p) does.
    rapidity = np.arcsinh(along / np.hypot(PION_MASS, across))
    return {"etarel": rapidity, "ptperp": across, "ppar": along, "pparfrac": fraction}


def _impact_parameters(
    tracks: Tracks, axis: Floats, deta: Floats, dphi: Floats, primary_error: Floats
) -> dict[str, Floats]:
    """Return impact parameters with lifetime signs, their errors and significances."""
    sin_theta = 1.0 / np.cosh(tracks.eta)
    across, along = tracks.d0, tracks.z0 * sin_theta
    d0_error = np.hypot(tracks.d0_error, primary_error[:, 0])
    # The transverse error of the vertex moves the perigee along the track, and so z0 by the track's slope.
    vertex_error = np.hypot(primary_error[:, 2], primary_error[:, 0] * np.sinh(tracks.eta))
    z0_error = np.hypot(tracks.z0_error, vertex_error) * sin_theta
    perigee = np.stack([-across * np.sin(tracks.phi), across * np.cos(tracks.phi), tracks.z0], axis=1)
    direction = _directions(tracks)
    nearest = perigee - (perigee * direction).sum(axis=1, keepdims=True) * direction
    distance = np.hypot(across, along)
    signed = {
        "d0": np.abs(across) * np.sign(-across * np.sin(dphi)),
        "z0": np.abs(along) * np.sign(-along * deta),
        "ip3d": distance * np.sign((nearest * axis).sum(axis=1)),
    }
    error = {
        "d0": d0_error,
        "z0": z0_error,
        "ip3d": np.hypot(across * d0_error, along * z0_error) / distance,
    }
    normal = np.cross(direction, axis / np.linalg.norm(axis, axis=1, keepdims=True))
    axis_distance = np.abs((perigee * normal).sum(axis=1)) / np.linalg.norm(normal, axis=1)
    columns: dict[str, Floats] = {}
    for name in signed:
        columns |= {name: signed[name], f"{name}_error": error[name]}
        columns[f"{name}_significance"] = signed[name] / error[name]
    return {**columns, "axisdist": axis_distance}
