"""Photosensors: photoelectrons of Poisson number, a trigger, noise, and hits that gather what comes close in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import awkward as ak
import numba
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.cherenkov import Light, Optics, scattering_delay

__all__ = ["Photoelectrons", "Readout", "detect", "read_out", "trigger"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Readout:
    """Sensors and their readout.

    Attributes:
        jitter: time resolution for a photoelectron (ns).
        charge_spread: relative spread of the charge of a photoelectron.
        least_charge: the least charge of a photoelectron.
        gate: photoelectrons later than the first by less than this are one hit (ns).
        saturation: largest number of photoelectrons that a sensor sees of one source.
        before: the readout begins so long before the first photoelectron of the particle (ns) ...
        window: ... and lasts so long (ns).
        trigger: an event is kept if so many sensors see light of the particle in that time.
    """

    jitter: float = 3.0
    charge_spread: float = 0.3
    least_charge: float = 0.1
    gate: float = 25.0
    saturation: float = 10_000.0
    before: float = 1_000.0
    window: float = 5_000.0
    trigger: int = 6


class Photoelectrons(NamedTuple):
    """Photoelectrons of some events, each of shape (photoelectrons,).

    Attributes:
        event: number of the event.
        sensor: number of the sensor.
        time: ns.
    """

    event: npt.NDArray[np.int64]
    sensor: npt.NDArray[np.int64]
    time: Array


def detect(
    light: Light, owner: npt.NDArray[np.int64], optics: Optics, readout: Readout, rng: np.random.Generator
) -> Photoelectrons:
    """Draw the photoelectrons of light sources.

    Args:
        light: the light of each source at each sensor.
        owner: number of the event of each source, shape (sources,).
        optics: the medium.
        readout: the sensors.
        rng: randomness.
    """
    count = rng.poisson(np.minimum(light.mean, readout.saturation))
    source, sensor = np.nonzero(count)
    repeat = count[source, sensor]
    path = np.repeat(light.path[source, sensor], repeat)
    time = np.repeat(light.time[source, sensor], repeat) + scattering_delay(path, optics, rng)
    time += readout.jitter * rng.standard_normal(len(time))
    return Photoelectrons(np.repeat(owner[source], repeat), np.repeat(sensor, repeat), time)


def trigger(
    photoelectrons: Photoelectrons, events: int, sensors: int, readout: Readout
) -> tuple[npt.NDArray[np.bool_], Array]:
    """Return which events are kept, and when their readout begins (ns; infinite without light), shape (events,) each.

    Args:
        photoelectrons: of the particles, without noise.
        events: number of events.
        sensors: number of sensors.
        readout: the sensors.
    """
    first = np.full((events, sensors), np.inf)
    np.minimum.at(first, (photoelectrons.event, photoelectrons.sensor), photoelectrons.time)
    start = first.min(axis=1) - readout.before
    return (first < start[:, None] + readout.window).sum(axis=1) >= readout.trigger, start


def read_out(
    photoelectrons: Photoelectrons,
    start: Array,
    noise: float,
    sensors: Array,
    readout: Readout,
    rng: np.random.Generator,
) -> ak.Array:
    """Add noise and return the hits of each event, sorted by sensor, then time.

    Args:
        photoelectrons: of the particles.
        start: beginning of the readout of each event (ns), shape (events,); infinite for an event without one.
        noise: rate of a sensor (kHz).
        sensors: positions (m), shape (sensors, 3).
        readout: the sensors.
        rng: randomness.

    Returns:
        Lists of records sensor, x, y, z, t (since the beginning), charge and signal, shape (events, var).
    """
    random = rng.poisson(noise * 1e-6 * readout.window, (len(start), len(sensors)))
    event, sensor = (np.repeat(index, random[random > 0]) for index in np.nonzero(random))
    time = rng.uniform(0, readout.window, len(event))
    signal = np.repeat([True, False], [len(photoelectrons.time), len(time)])
    event, sensor = np.concatenate([photoelectrons.event, event]), np.concatenate([photoelectrons.sensor, sensor])
    time = np.concatenate([photoelectrons.time - start[photoelectrons.event], time])
    kept = (time >= 0) & (time < readout.window) & np.isfinite(start)[event]
    event, sensor, time, signal = event[kept], sensor[kept], time[kept], signal[kept]
    charge = np.maximum(readout.least_charge, 1 + readout.charge_spread * rng.standard_normal(len(time)))
    order = np.lexsort((time, sensor, event))
    hits = _merge(event[order], sensor[order], time[order], charge[order], signal[order], readout.gate)
    columns = {
        "sensor": hits[1].astype(np.int32),
        **{name: sensors[hits[1], axis].astype(np.float32) for axis, name in enumerate("xyz")},
        "t": hits[2].astype(np.float32),
        "charge": hits[3].astype(np.float32),
        "signal": hits[4].astype(np.int8),
    }
    return ak.unflatten(ak.zip(columns), np.bincount(hits[0], minlength=len(start)))


@numba.njit(cache=True, nogil=True)
def _merge(
    event: npt.NDArray[np.int64],
    sensor: npt.NDArray[np.int64],
    time: Array,
    charge: Array,
    signal: npt.NDArray[np.bool_],
    gate: float,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Array, Array, npt.NDArray[np.bool_]]:
    """Return hits of photoelectrons sorted by event, sensor and time: a gate opens with the first one."""
    count = len(event)
    first = np.empty(count, dtype=np.int64)
    total = np.empty(count)
    real = np.empty(count, dtype=np.bool_)
    made = -1
    for i in range(count):
        j = first[max(made, 0)]
        if made < 0 or event[i] != event[j] or sensor[i] != sensor[j] or time[i] - time[j] >= gate:
            made += 1
            first[made] = i
            total[made] = 0.0
            real[made] = False
        total[made] += charge[i]
        real[made] |= signal[i]
    kept = first[: made + 1]
    return event[kept], sensor[kept], time[kept], total[: made + 1], real[: made + 1]
