"""Charged tracks in a magnetic field: perigee parameters with errors, pixel hits, and the primary vertex.

A track is described at its perigee, the point of its helix nearest to the beam line in the transverse plane: d0 is the
distance of the perigee with the sign of ``y cos(phi) - x sin(phi)``, z0 its position along the beam, phi and eta the
direction there. The curvature ``omega`` is the change of phi per mm of transverse path, negative for positive charge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from keras_hep.physics import wrap_phi

__all__ = ["Helices", "Tracker", "Tracks", "helices", "measure_tracks", "pixel_hits", "primary_vertices"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

CURVATURE = 2.99792458e-4
"""Change of direction of a unit charge with pT = 1 GeV per mm of path in a field of 1 T."""


@dataclass(frozen=True)
class Tracker:
    """The card of the inner tracker, a barrel of pixel layers like those of ATLAS and CMS.

    Resolutions of the impact parameters have a constant term and one from multiple scattering that falls as
    1 / (p sin(theta)^(3/2)); both grow with the radius of the first hit.

    Attributes:
        field: magnetic field along the beam in T.
        layers: radii of the pixel layers in mm; particles born outside a layer leave no hit there.
        hit_efficiency: probability of a hit where a particle crosses a layer.
        least_hits: a track needs so many pixel hits.
        d0_constant: resolution of d0 at high momentum in mm.
        d0_scattering: resolution of d0 from multiple scattering at 1 GeV, perpendicular to the beam, in mm GeV.
        z0_constant: the same for z0 sin(theta), in mm.
        z0_scattering: the same for z0 sin(theta), in mm GeV.
        outliers: fraction of tracks with a wrong hit or a hard scatter, not seen in their error.
        outlier_scale: their resolution is worse by this factor.
    """

    field: float = 2.0
    layers: tuple[float, ...] = (33.0, 50.0, 88.0, 122.0)
    hit_efficiency: float = 0.985
    least_hits: int = 2
    d0_constant: float = 0.012
    d0_scattering: float = 0.070
    z0_constant: float = 0.040
    z0_scattering: float = 0.080
    outliers: float = 0.03
    outlier_scale: float = 3.0


class Helices(NamedTuple):
    """Perigee parameters with respect to the beam line; mm and radians.

    Attributes:
        d0: signed transverse distance of the perigee.
        z0: position of the perigee along the beam.
        phi: direction at the perigee.
        omega: change of direction per mm of transverse path.
    """

    d0: Floats
    z0: Floats
    phi: Floats
    omega: Floats


class Tracks(NamedTuple):
    """Measured tracks in flat columns, relative to the reconstructed primary vertex.

    Attributes:
        charge: -1 or 1.
        pt: measured pT in GeV.
        eta: pseudorapidity.
        phi: azimuth at the perigee.
        d0: signed transverse impact parameter in mm.
        z0: longitudinal impact parameter in mm.
        d0_error: of the track alone, in mm; `z0_error` likewise.
        pixel_hits: number of pixel layers with a hit.
        first_layer: index of the layer of the first hit.
    """

    charge: Integers
    pt: Floats
    eta: Floats
    phi: Floats
    d0: Floats
    z0: Floats
    d0_error: Floats
    z0_error: Floats
    pixel_hits: Integers
    first_layer: Integers

    def take(self, rows: Integers) -> Tracks:
        """Return the tracks in these rows."""
        columns: list[Any] = [column[rows] for column in self]
        return Tracks(*columns)


def helices(vertex: Floats, pt: Floats, eta: Floats, phi: Floats, charge: Integers, field: float) -> Helices:
    """Return the perigee parameters of charged particles.

    Args:
        vertex: where each was produced, (particles, 3) in mm, relative to the beam line.
        pt: pT in GeV.
        eta: pseudorapidity.
        phi: azimuth where it was produced.
        charge: -1 or 1.
        field: magnetic field in T, not 0.
    """
    x, y, z = vertex.T
    omega = -charge * CURVATURE * field / pt
    centre_x, centre_y = x - np.sin(phi) / omega, y + np.cos(phi) / omega
    distance = np.sign(omega) * np.hypot(centre_x, centre_y)
    perigee_phi = np.arctan2(-centre_x / distance, centre_y / distance)
    path = wrap_phi(phi - perigee_phi) / omega
    return Helices(distance - 1.0 / omega, z - path * np.sinh(eta), perigee_phi, omega)


def pixel_hits(radius: Floats, tracker: Tracker, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Return how many pixel layers each particle hits, and the index of the first one (0 where there is none).

    Args:
        radius: where each was produced, distance from the beam line in mm.
        tracker: the card.
        rng: source of all randomness.
    """
    crossed = radius[:, None] < np.array(tracker.layers)
    hit = crossed & (rng.random(crossed.shape) < tracker.hit_efficiency)
    return hit.sum(axis=1), hit.argmax(axis=1)


def impact_errors(pt: Floats, eta: Floats, first_layer: Integers, tracker: Tracker) -> tuple[Floats, Floats]:
    """Return the errors of d0 and z0 in mm."""
    radii = np.array(tracker.layers)
    lever = radii[first_layer] / radii[0]
    # p sin(theta)^(3/2) in terms of pT and eta
    scattering = np.sqrt(np.cosh(eta)) / pt
    d0_error = lever * np.hypot(tracker.d0_constant, tracker.d0_scattering * scattering)
    transverse_z0_error = lever * np.hypot(tracker.z0_constant, tracker.z0_scattering * scattering)
    return d0_error, transverse_z0_error * np.cosh(eta)


def primary_vertices(event: Integers, tracks: Tracks, events: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the reconstructed primary vertices relative to the true ones, and their errors, both (events, 3) in mm.

    The error is that of a least-squares fit of the tracks that point to the beam line within three standard deviations;
    the vertex is drawn with it, independent of the errors of the tracks, as though each jet had been left out of the fit.

    Args:
        event: number of the event of each track.
        tracks: measured relative to the true vertex.
        events: number of events.
        rng: source of all randomness.
    """
    prompt = (np.abs(tracks.d0) < 3.0 * tracks.d0_error) & (np.abs(tracks.z0) < 3.0 * tracks.z0_error)
    # A track measures the coordinate perpendicular to it: on average half of its information is on x, half on y.
    transverse = np.bincount(event[prompt], weights=0.5 / tracks.d0_error[prompt] ** 2, minlength=events)
    along = np.bincount(event[prompt], weights=1.0 / tracks.z0_error[prompt] ** 2, minlength=events)
    information = np.stack([transverse, transverse, along], axis=1)
    error = 1.0 / np.sqrt(np.maximum(information, 1.0 / NO_VERTEX_ERROR**2))
    return error * rng.standard_normal(error.shape), error


NO_VERTEX_ERROR = 0.5
"""Error in mm of the primary vertex of an event without tracks."""


def measure_tracks(
    vertex: Floats,
    pt: Floats,
    measured_pt: Floats,
    eta: Floats,
    phi: Floats,
    charge: Integers,
    hits: tuple[Integers, Integers],
    tracker: Tracker,
    rng: np.random.Generator,
) -> Tracks:
    """Return tracks with smeared impact parameters relative to the beam line and the true vertex.

    Args:
        vertex: where each was produced, (tracks, 3) in mm.
        pt: true pT in GeV.
        measured_pt: measured pT in GeV.
        eta: pseudorapidity.
        phi: azimuth where it was produced.
        charge: -1 or 1.
        hits: of `pixel_hits`.
        tracker: the card.
        rng: source of all randomness.
    """
    count, first = hits
    helix = helices(vertex, pt, eta, phi, charge, tracker.field)
    d0_error, z0_error = impact_errors(pt, eta, first, tracker)
    scale = np.where(rng.random(len(pt)) < tracker.outliers, tracker.outlier_scale, 1.0)
    d0 = helix.d0 + scale * d0_error * rng.standard_normal(len(pt))
    z0 = helix.z0 + scale * z0_error * rng.standard_normal(len(pt))
    return Tracks(charge, measured_pt, eta, helix.phi, d0, z0, d0_error, z0_error, count, first)


def relative_to(tracks: Tracks, vertex: Floats) -> Tracks:
    """Return tracks with impact parameters relative to vertices near the beam line, (tracks, 3) in mm."""
    x, y, z = vertex.T
    sine, cosine = np.sin(tracks.phi), np.cos(tracks.phi)
    d0 = tracks.d0 + x * sine - y * cosine
    z0 = tracks.z0 - z + (x * cosine + y * sine) * np.sinh(tracks.eta)
    return tracks._replace(d0=d0, z0=z0)
