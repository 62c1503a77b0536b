"""Impact parameters of tracks: the perigee of a helix, lifetime sign, significance, distance in three dimensions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError

__all__ = ["ImpactParameters", "impact_parameters", "impact_significance", "lifetime_sign"]

Floats = npt.NDArray[np.float64]

# Curvature in 1/mm of a particle of unit charge with pT = 1 GeV in a field of 1 T: the speed of light in these units.
CURVATURE = 0.299792458e-3

# Newton's method converges quadratically, and halves the error in the worst case, a double root.
NEWTON_STEPS = 60
NEWTON_PRECISION = 1e-9  # mm


class ImpactParameters(NamedTuple):
    """Where tracks pass a vertex; lengths in mm, angles in radians, shape (...) unless said.

    Attributes:
        d0: signed distance in the transverse plane. The perigee, the point of the track nearest to the beam line through the
            vertex, is at d0 (-sin phi, cos phi) from the vertex: d0 > 0 has the vertex on the right of the track.
        z0: z of the perigee, relative to the vertex.
        phi: azimuth of the track at the perigee, in [-pi, pi].
        perigee: (..., 3), the perigee relative to the vertex, (-d0 sin phi, d0 cos phi, z0).
        nearest: (..., 3), the point of the track nearest to the vertex in three dimensions, relative to the vertex.
    """

    d0: Floats
    z0: Floats
    phi: Floats
    perigee: Floats
    nearest: Floats

    @property
    def distance(self) -> Floats:
        """The impact parameter in three dimensions, in mm; never negative."""
        return np.asarray(np.linalg.norm(self.nearest, axis=-1))


def impact_parameters(
    position: npt.ArrayLike,
    momentum: npt.ArrayLike,
    charge: npt.ArrayLike,
    vertex: npt.ArrayLike,
    field: float,
) -> ImpactParameters:
    """Compute the impact parameters of tracks with respect to a vertex, exactly.

    A track is a helix about a solenoid's field along z. In a right-handed frame a positive charge turns clockwise in a
    positive field. With field = 0, or for a neutral particle, the track is a straight line along its momentum at `position`:
    that is the linear approximation for a track whose reference point lies near the vertex, wrong in d0 by s^2 / 2R for a
    reference point at the distance s along a track of radius R.

    A track that curls up has a perigee on every turn: d0 and z0 are of the one nearest to `position`, while the nearest point in
    three dimensions is that of all turns.

    Args:
        position: (..., 3), a point on each track in mm.
        momentum: (..., 3), the momentum at that point in GeV.
        charge: (...), in units of the positron's.
        vertex: (3,) or (..., 3), the primary vertex in mm.
        field: in T, along z.

    Raises:
        DataError: a value is not finite, a track has no transverse momentum, or its circle is centred on the vertex, so that
            no point is nearest.
    """
    position, momentum, vertex = (np.asarray(values, np.float64) for values in (position, momentum, vertex))
    charge = np.asarray(charge, np.float64)
    for name, values in (("position", position), ("momentum", momentum), ("charge", charge), ("vertex", vertex)):
        if not np.isfinite(values).all():
            raise DataError(f"the {name} of a track must be finite; received {values[~np.isfinite(values)][0]}")
    pt = np.hypot(momentum[..., 0], momentum[..., 1])
    if not (pt > 0.0).all():
        raise DataError("impact parameters need tracks with a transverse momentum; one has none")
    x, y, z = np.moveaxis(position - vertex, -1, 0)
    cos, sin, slope = momentum[..., 0] / pt, momentum[..., 1] / pt, momentum[..., 2] / pt
    curvature = CURVATURE * field * charge / pt
    # In the frame of the track: along its direction, and to its left.
    along, left = x * cos + y * sin, y * cos - x * sin
    # The direction at the perigee, times |centre - vertex| / R.
    turn_sin, turn_cos = curvature * along, 1.0 - curvature * left
    centre = np.hypot(turn_sin, turn_cos)
    if not (centre > 0.0).all():
        raise DataError("a track circles about the vertex: no point of it is nearest")
    # The difference |centre| - R, written without cancellation for stiff tracks.
    d0 = (2.0 * left - curvature * (along**2 + left**2)) / (1.0 + centre)
    turn = np.arctan2(turn_sin, turn_cos)
    straight = curvature == 0.0
    path = -np.where(straight, along, turn / np.where(straight, 1.0, curvature))
    z0 = z + path * slope
    phi = np.arctan2(sin, cos) + turn
    phi = np.arctan2(np.sin(phi), np.cos(phi))
    perigee = np.stack(np.broadcast_arrays(-d0 * np.sin(phi), d0 * np.cos(phi), z0), axis=-1)
    nearest = _nearest(perigee, phi, *np.broadcast_arrays(slope, curvature, centre))
    return ImpactParameters(d0, z0, phi, perigee, nearest)


def lifetime_sign(displacement: npt.ArrayLike, jet: npt.ArrayLike) -> Floats:
    """Return +1 for tracks that pass the vertex on the side to which the jet flies, -1 for the others.

    Tracks of a particle that decays in flight come out positive, those of the primary vertex are symmetric about zero: the
    negative side measures the resolution.

    Args:
        displacement: (..., 3) or (..., 2), from the vertex to the track: `ImpactParameters.perigee` without its z gives the
            sign of the transverse impact parameter, `nearest` that of the one in three dimensions.
        jet: momentum of the jet, of the same number of components, in any unit.

    Raises:
        DataError: the numbers of components differ.
    """
    displacement, jet = np.asarray(displacement, np.float64), np.asarray(jet, np.float64)
    if displacement.shape[-1:] != jet.shape[-1:] or displacement.shape[-1] not in (2, 3):
        raise DataError(
            f"displacement and jet need 2 or 3 components each; received {displacement.shape[-1]} and {jet.shape[-1]}"
        )
    return np.where(np.sum(displacement * jet, axis=-1) < 0.0, -1.0, 1.0)


def impact_significance(
    d0: npt.ArrayLike,
    d0_error: npt.ArrayLike,
    phi: npt.ArrayLike = 0.0,
    vertex_covariance: npt.ArrayLike | None = None,
) -> Floats:
    """Return d0 over its uncertainty, with that of the vertex across the track added in quadrature.

    Args:
        d0: transverse impact parameters in mm, with the sign that is wanted.
        d0_error: uncertainty of each track in mm.
        phi: azimuth of each track at the perigee; of no meaning without the covariance of the vertex.
        vertex_covariance: (..., 2, 2), covariance in x and y of a vertex fitted without the track, in mm^2.

    Raises:
        DataError: an uncertainty is not positive.
    """
    variance = np.asarray(d0_error, np.float64) ** 2
    if not (np.asarray(d0_error) > 0.0).all():
        raise DataError("the uncertainty of an impact parameter must be positive; at least one is not")
    if vertex_covariance is not None:
        across = np.stack([-np.sin(phi), np.cos(phi)], axis=-1)
        variance = variance + np.einsum("...i,...ij,...j->...", across, np.asarray(vertex_covariance), across)
    return np.asarray(np.asarray(d0, np.float64) / np.sqrt(variance))


def _nearest(perigee: Floats, phi: Floats, slope: Floats, curvature: Floats, centre: Floats) -> Floats:
    """Return the point of a helix nearest to the origin.

    At the transverse path length s from the perigee half the derivative of the squared distance is

        centre sin(curvature s) / curvature + slope (z0 + slope s).

    Its zero that belongs to the least distance lies between where the track crosses z = 0 and the perigee of the turn nearest to
    that. From this perigee on the function is concave and rises to its zero, which Newton's method then reaches without a
    step too far.
    """
    z0 = perigee[..., 2]
    moving = (slope != 0.0) & (curvature != 0.0)
    crossing = np.where(moving, -z0 / np.where(moving, slope, 1.0), 0.0)
    turn = 2.0 * np.pi / np.where(moving, curvature, 1.0)
    skipped = np.round(crossing / turn) * turn
    push = slope * (z0 + slope * skipped)
    path = np.zeros_like(push)
    for _ in range(NEWTON_STEPS):
        value = centre * path * np.sinc(curvature * path / np.pi) + push + slope**2 * path
        rise = centre * np.cos(curvature * path) + slope**2
        step = -np.divide(value, rise, out=np.zeros_like(value), where=rise > 0.0)
        path = path + step
        if np.abs(step).max(initial=0.0) < NEWTON_PRECISION:
            break
    half = curvature * path / 2.0
    chord = path * np.sinc(half / np.pi)
    x, y = perigee[..., 0] + chord * np.cos(phi - half), perigee[..., 1] + chord * np.sin(phi - half)
    return np.stack([x, y, z0 + slope * (skipped + path)], axis=-1)
