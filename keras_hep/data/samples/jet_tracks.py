"""Tracks, neutral constituents and secondary vertices of jets as branches."""

from __future__ import annotations

from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.flow import ELECTROMAGNETIC, TRACK, Flow
from keras_hep.data.samples.impact_parameters import TRACK_VARIABLES, track_variables
from keras_hep.data.samples.jet_vertices import (
    PION_MASS,
    TAG_VARIABLES,
    VERTEX_VARIABLES,
    sum_per_jet,
    tag_variables,
    vertex_variables,
)
from keras_hep.data.samples.jets import Jets, jet_branches
from keras_hep.data.samples.tracking import CURVATURE, Tracker, Tracks
from keras_hep.data.samples.vertexing import JetTracks, VertexFinder, find_vertices
from keras_hep.physics import azimuth, pseudorapidity, transverse_momentum, wrap_phi

__all__ = ["JET_TRACK_BRANCHES", "jet_track_branches"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.int8]


class _Selected(NamedTuple):
    """The selected tracks of jets: row in `Flow.tracks`, number of the jet, and the offsets of the jets."""

    row: Integers
    jet: Integers
    offsets: Integers


def jet_track_branches(
    jets: Jets, flow: Flow, origin: Bytes, track_pt: float, radius: float, tracker: Tracker, finder: VertexFinder
) -> dict[str, ak.Array]:
    """Return `JET_TRACK_BRANCHES`, and the branches ``jet_...`` of `keras_hep.data.samples.jets.jet_branches`.

    Args:
        jets: made of the objects of the flow.
        flow: what is seen of the events.
        origin: where each track of the flow comes from; `keras_hep.data.samples.truth.heavy_origin`.
        track_pt: least measured pT of a track in GeV; other tracks are in the jet, but not stored.
        radius: of the jets; what is asked for the distance to a vertex where there is none.
        tracker: the card of the tracker.
        finder: the card of the vertex finder.
    """
    constituents = jets.constituents
    axis = np.stack([ak.to_numpy(ak.sum(constituents[name], axis=1)) for name in ("px", "py", "pz")], axis=1)
    primary_error = flow.primary_error[jets.event]
    chosen = constituents[(constituents.kind == TRACK) & (transverse_momentum(constituents) > track_pt)]
    selected, variables = _sorted_tracks(chosen.track, flow, axis, primary_error)
    tracks = flow.tracks.take(selected.row)
    momentum = np.stack(
        [tracks.pt * np.cos(tracks.phi), tracks.pt * np.sin(tracks.phi), tracks.pt * np.sinh(tracks.eta)], axis=1
    )
    helix = _helix(tracks, tracker.field)
    found = find_vertices(JetTracks(selected.offsets, helix, momentum, tracks.charge, axis, primary_error), finder)
    energy = sum_per_jet(selected.jet, np.hypot(np.linalg.norm(momentum, axis=1), PION_MASS), len(axis))
    vertex = vertex_variables(found, axis, ak.to_numpy(ak.sum(constituents.E, axis=1)), energy)
    vertices = ak.unflatten(ak.zip(_float32(vertex)), np.bincount(found.jet, minlength=len(axis)))
    sums = ak.zip({"eta": vertices.deta, "phi": vertices.dphi})
    by_track = ak.zip({"eta": variables["deta"], "phi": variables["dphi"]})
    by_track = ak.unflatten(by_track, np.diff(selected.offsets))
    columns = _float32(variables) | {
        "drminsv": ak.flatten(_nearest(by_track, sums, radius)),
        "pixel_hits": tracks.pixel_hits.astype(np.int32),
        "innermost_hit": (tracks.first_layer == 0).astype(np.int8),
        "vertex": _within_jet(found.of_track, found.jet).astype(np.int32),
        "origin": origin[selected.row].astype(np.int32),
    }
    columns["charge"] = tracks.charge.astype(np.int32)
    return {
        **jet_branches(constituents),
        **tag_variables(selected.offsets, momentum, variables, axis, found),
        "track": ak.unflatten(ak.zip(columns), np.diff(selected.offsets)),
        "neutral": _neutral(constituents[constituents.kind != TRACK], axis, sums, radius),
        "vertex": vertices,
    }


def _float32(columns: dict[str, Floats]) -> dict[str, npt.NDArray[np.float32]]:
    return {name: values.astype(np.float32) for name, values in columns.items()}


def _sorted_tracks(
    rows: ak.Array, flow: Flow, axis: Floats, primary_error: Floats
) -> tuple[_Selected, dict[str, Floats]]:
    """Return the selected tracks of each jet and their variables, the most displaced in d0 first."""
    counts = ak.to_numpy(ak.num(rows))
    row, jet = ak.to_numpy(ak.flatten(rows)), np.repeat(np.arange(len(counts)), counts)
    variables = track_variables(flow.tracks.take(row), axis[jet], primary_error[jet])
    order = np.lexsort([-np.abs(variables["d0_significance"]), jet])
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return _Selected(row[order], jet, offsets), {name: column[order] for name, column in variables.items()}


def _helix(tracks: Tracks, field: float) -> Floats:
    """Return tracks as `keras_hep.data.samples.helix_fit` takes them."""
    omega = -tracks.charge * CURVATURE * field / tracks.pt
    columns = tracks.d0, tracks.z0, tracks.phi, omega, np.sinh(tracks.eta), tracks.d0_error, tracks.z0_error
    return np.stack(columns, axis=1)


def _within_jet(vertex: Integers, jet: Integers) -> Integers:
    """Turn rows of vertices into their places within the jet; -1 stays."""
    place = np.arange(len(jet)) - np.searchsorted(jet, jet)
    return np.append(place, -1)[vertex]


def _nearest(objects: ak.Array, vertices: ak.Array, radius: float) -> ak.Array:
    """Return the distance of objects from the nearest vertex of their jet, at most `radius`; float32."""
    one, other = ak.unzip(ak.cartesian([objects, vertices], axis=1, nested=True))
    distance = np.hypot(one.eta - other.eta, wrap_phi(one.phi - other.phi))
    return ak.values_astype(ak.min(distance, axis=2, initial=radius, mask_identity=False), np.float32)


def _neutral(towers: ak.Array, axis: Floats, vertices: ak.Array, radius: float) -> ak.Array:
    """Return the neutral constituents, the hardest first."""
    pt = transverse_momentum(towers)
    order = ak.argsort(pt, axis=1, ascending=False)
    pt, towers = pt[order], towers[order]
    jet_pt = np.hypot(axis[:, 0], axis[:, 1])
    deta = pseudorapidity(towers) - np.arcsinh(axis[:, 2] / jet_pt)
    dphi = wrap_phi(azimuth(towers) - np.arctan2(axis[:, 1], axis[:, 0]))
    columns = {"pt": pt, "ptrel": pt / jet_pt, "deta": deta, "dphi": dphi, "dr": np.hypot(deta, dphi)}
    columns = {name: ak.values_astype(values, np.float32) for name, values in columns.items()}
    columns["drminsv"] = _nearest(ak.zip({"eta": deta, "phi": dphi}), vertices, radius)
    columns["is_photon"] = ak.values_astype(towers.kind == ELECTROMAGNETIC, np.int8)
    return ak.zip(columns)


JET_TRACK_BRANCHES = {
    **TAG_VARIABLES,
    **{f"track_{name}": meaning for name, meaning in TRACK_VARIABLES.items()},
    "track_drminsv": "distance from the nearest secondary vertex in direction, at most the jet radius",
    "track_pixel_hits": "number of pixel layers with a hit",
    "track_innermost_hit": "1 if the innermost pixel layer has a hit",
    "track_vertex": "place of the track's secondary vertex in the list of the jet, -1 for none",
    "track_origin": "truth: 0 from the collision, 1 from a b hadron, 2 from a c hadron from a b hadron, 3 from another "
    "c hadron, 4 from another displaced vertex",
    "neutral_pt": "pT of the towers (GeV), descending",
    "neutral_ptrel": "their pT over jet_pt",
    "neutral_deta": "their pseudorapidity less jet_eta",
    "neutral_dphi": "their azimuth less jet_phi, in [-pi, pi) (rad)",
    "neutral_dr": "their distance from the jet axis",
    "neutral_drminsv": "their distance from the nearest secondary vertex in direction, at most the jet radius",
    "neutral_is_photon": "1 for an electromagnetic, 0 for a hadronic tower",
    **{f"vertex_{name}": meaning for name, meaning in VERTEX_VARIABLES.items()},
}
"""What `jet_track_branches` gives besides the jet's kinematics."""
