"""The look of the sample `detector-arrays`: arrival times, light against distance, directions from a line fit."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from scipy.special import gammainc

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.cherenkov import cascade_light, track_light
from keras_hep.data.samples.recipes.detector_arrays import CARD, CLASSES, GEOMETRIES, sensor_positions

ENTRIES = 2_000

Array = npt.NDArray[np.float64]


def sensors_of(events: ak.Array) -> Array:
    """Return the positions of the sensors of the detector that the events were made in."""
    for geometry in GEOMETRIES:
        positions = sensor_positions(geometry)
        flat = ak.flatten(events.hit)
        sensor = ak.to_numpy(flat.sensor)
        if sensor.max() < len(positions) and np.allclose(positions[sensor, 0], flat.x, atol=1e-3):
            return positions
    raise ValueError("the hits belong to no known geometry")


def vectors(events: ak.Array, name: str) -> Array:
    """Return a true vector, ``dir`` or ``vertex``, shape (events, 3)."""
    return np.stack([ak.to_numpy(events[f"{name}_{axis}"]).astype(np.float64) for axis in "xyz"], axis=1)


def charges(events: ak.Array, sensors: int) -> Array:
    """Return the charge of each sensor in hits of the particle, shape (events, sensors)."""
    real = events.hit[events.hit.signal == 1]
    owner = np.repeat(np.arange(len(events)), ak.to_numpy(ak.num(real)))
    total = np.zeros((len(events), sensors))
    flat = ak.flatten(real)
    np.add.at(total, (owner, ak.to_numpy(flat.sensor)), ak.to_numpy(flat.charge))
    return total


def first_times(hits: ak.Array, sensors: int) -> Array:
    """Return the time of the first of some hits at each sensor, infinite if there is none, shape (events, sensors)."""
    owner = np.repeat(np.arange(len(hits)), ak.to_numpy(ak.num(hits)))
    first = np.full((len(hits), sensors), np.inf)
    flat = ak.flatten(hits)
    np.minimum.at(first, (owner, ak.to_numpy(flat.sensor)), ak.to_numpy(flat.t).astype(np.float64))
    return first


def line_fit(events: ak.Array) -> Array:
    """Return the direction of the velocity that fits the first hits of sensors best.

    A hit needs another one within two places on the string and 200 ns, which removes most of the noise.

    Args:
        events: events.

    Returns:
        Unit vectors, shape (events, 3); not a number where fewer than four sensors are left.
    """
    sensors = sensors_of(events)
    first = first_times(events.hit, len(sensors))
    strings = np.pad(first.reshape(len(events), -1, CARD.sensors), ((0, 0), (0, 0), (2, 2)), constant_values=np.inf)
    kept = np.zeros((len(events), len(sensors)), dtype=bool)
    for shift in (0, 1, 3, 4):
        other = strings[:, :, shift : shift + CARD.sensors].reshape(first.shape)
        both = np.isfinite(first) & np.isfinite(other)
        kept |= np.abs(np.subtract(first, other, out=np.full(first.shape, np.inf), where=both)) < 200
    kept &= kept.sum(axis=1, keepdims=True) >= 4
    weight = kept / np.maximum(kept.sum(axis=1, keepdims=True), 1)
    time = np.where(kept, first, 0)
    velocity = (weight * (time - (weight * time).sum(axis=1, keepdims=True))) @ sensors
    length = np.linalg.norm(velocity, axis=1, keepdims=True)
    return np.divide(velocity, length, out=np.full(velocity.shape, np.nan), where=length > 0)


def light_length(events: ak.Array, power: int) -> tuple[Array, Array, float]:
    """Return how charge times distance to a power falls with the distance, and the length in which it falls to 1/e.

    Args:
        events: events of one class.
        power: 1 for tracks, 2 for cascades.

    Returns:
        Distances (m), mean charge times distance^power (over the energy for cascades), length (m).
    """
    sensors = sensors_of(events)
    charge, vertex, direction = charges(events, len(sensors)), vectors(events, "vertex"), vectors(events, "dir")
    energy = ak.to_numpy(events.energy).astype(np.float64)
    if power == 1:
        length = ak.to_numpy(events.length).astype(np.float64)
        light, _ = track_light(vertex, direction, length, sensors, CARD.optics)
        seen = light.mean > 0
        weight = seen / light.path
    else:
        light = cascade_light(vertex, direction, energy, sensors, CARD.optics)
        weight = energy[:, None] / light.path**2
    edges = np.linspace(30, 150, 13)
    middle = (edges[1:] + edges[:-1]) / 2
    top, _ = np.histogram(light.path, edges, weights=np.where(weight > 0, charge, 0))
    bottom, _ = np.histogram(light.path, edges, weights=weight)
    lit = top > 0
    middle, ratio = middle[lit], top[lit] / bottom[lit]
    slope, _ = np.polyfit(middle, np.log(ratio), 1)
    return middle, ratio, float(-1 / slope)


def _residuals(tracks: ak.Array) -> Array:
    """Return the delays of the first light at sensors within 20 m of the path of the light of dim tracks (ns)."""
    sensors = sensors_of(tracks)
    length = ak.to_numpy(tracks.length).astype(np.float64)
    light, _ = track_light(vectors(tracks, "vertex"), vectors(tracks, "dir"), length, sensors, CARD.optics)
    first = first_times(tracks.hit[tracks.hit.signal == 1], len(sensors)) - ak.to_numpy(tracks.time)[:, None]
    near = (light.path < 20) & (light.mean > 0) & np.isfinite(first)
    return (first - light.time)[near]


def angles(events: ak.Array) -> Array:
    """Return the angle between the line fit and the true direction, where there is a fit (degrees)."""
    cosine = np.einsum("ei,ei->e", line_fit(events), vectors(events, "dir"))
    return np.degrees(np.arccos(np.clip(cosine[np.isfinite(cosine)], -1, 1)))


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample."""
    tracks, cascades = (entries[entries.label == label] for label in range(2))
    optics = CARD.optics
    dim = tracks[tracks.energy < 300]
    delays = _residuals(dim)
    counts, edges = np.histogram(delays, np.arange(-20, 200, 4))
    early, alone = float((delays < 10).mean()), float(gammainc(15 / optics.scattering, 10 * optics.delay_rate))
    fits = [np.median(angles(events)) for events in (tracks, cascades)]
    noise = len(sensors_of(entries)) * CARD.readout.window * 1e-6
    pandel = f"{optics.attenuation:.1f}"
    return [
        Quantity("Cherenkov angle (degrees)", float(np.degrees(optics.angle)), "41 to 42", "arccos(1/n)"),
        Quantity("attenuation length (m)", optics.attenuation, "28.6", "sqrt(absorption x 25 m / 3), IceCube's ice"),
        Quantity(
            "track: most probable delay, path < 20 m (ns)", float(edges[counts.argmax()] + 2), "0 +- 4", "geometry"
        ),
        Quantity("track: first light within 10 ns, path < 20 m", early, f"> {alone:.2f}", "Pandel, one photon at 15 m"),
        Quantity(
            "track < 300 GeV: length of light, q d (m)",
            light_length(dim, 1)[2],
            f"{pandel} and a little more",
            "Pandel; showers add",
        ),
        Quantity("cascade: length of light, q d^2 (m)", light_length(cascades, 2)[2], pandel, "Pandel"),
        Quantity("track: median angle of the line fit (degrees)", float(fits[0]), "10 to 30", "astro-ph/0407044"),
        Quantity("cascade: the same", float(fits[1]), "90", "nothing flies"),
        Quantity(
            "noise hits in an event",
            float(ak.mean(ak.sum(entries.hit.signal == 0, axis=1))),
            f"{noise:.1f} a kHz",
            "rate",
        ),
        Quantity(
            "mean of log10 of the energy in GeV", float(np.mean(np.log10(entries.energy))), "3.5", "uniform from 2 to 5"
        ),
    ]


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw two events and the main distributions."""
    axes = figure.subplots(2, 3).ravel()
    for label, name in enumerate(CLASSES):
        events = entries[entries.label == label]
        bright = events[int(np.argmin(np.abs(ak.to_numpy(ak.num(events.hit)) - 150)))]
        hit = bright.hit
        size = 20 + 50 * np.sqrt(ak.to_numpy(hit.charge))
        shown = axes[label].scatter(hit.x + 0.3 * hit.y, hit.z, s=size, c=hit.t, cmap="rainbow_r", alpha=0.7)
        figure.colorbar(shown, ax=axes[label], label="t (ns)")
        axes[label].set(title=f"{name}, {bright.energy / 1000:.1f} TeV", xlabel="x + 0.3 y (m)", ylabel="z (m)")
        number = np.histogram(ak.to_numpy(ak.num(events.hit)), np.geomspace(5, 2000, 41))
        mplhep.histplot(number, ax=axes[2], label=name, yerr=False)
        distance, charge, _ = light_length(events[events.energy < 300] if label == 0 else events, label + 1)
        axes[4].plot(distance, charge / charge[0], "os"[label], mfc="none", label=name)
        mplhep.histplot(np.histogram(angles(events), np.linspace(0, 180, 37)), ax=axes[5], label=name, yerr=False)
    delays = np.histogram(_residuals(entries[entries.label == 0]), np.linspace(-30, 300, 67))
    mplhep.histplot(delays, ax=axes[3], label="track, path < 20 m", yerr=False)
    axes[4].plot(
        distance, np.exp(-(distance - distance[0]) / CARD.optics.attenuation), color="grey", label="attenuation"
    )
    axes[2].set(xscale="log", xlabel="hits", ylabel="events")
    axes[3].set(xlabel="delay of the first light (ns)", ylabel="sensors", yscale="log")
    axes[4].set(yscale="log", xlabel="path of the light d (m)", ylabel="charge $\\times d$ or $d^2$, scaled")
    axes[5].set(xlabel="angle of line fit and truth (degrees)", ylabel="events")
    for axis in axes[2:]:
        axis.legend()
