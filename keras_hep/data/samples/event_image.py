"""Whole events as images: tracks, electromagnetic and hadronic calorimeter in eta and phi."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import ELECTRON, MUON, PHOTON, Detector, Particles, is_tracked, smear_tracks

__all__ = ["CHANNELS", "event_images"]

CHANNELS = ("tracks", "electromagnetic", "hadronic")

Floats = npt.NDArray[np.float64]


def event_images(
    particles: Particles, detector: Detector, events: int, pixels: int, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return images of transverse momentum (GeV).

    Unlike in the objects that `detect` gives, a charged particle with a track is in the calorimeter as well: electrons
    and photons fill the electromagnetic channel, other particles the hadronic one, muons none.

    Args:
        particles: visible stable particles, sorted by event.
        detector: card of the detector; its thresholds and resolutions hold for a pixel.
        events: number of events.
        pixels: pixels along each axis.
        rng: source of all randomness.

    Returns:
        Images, shape (events, pixels, pixels, 3): pseudorapidity from minus to plus the edge of the tracker, azimuth from
        -pi to pi, channels `CHANNELS`.
    """
    kind = np.abs(particles.identity)
    light = (kind == ELECTRON) | (kind == PHOTON)
    tracked = particles.select(is_tracked(particles, kind, detector, rng))
    event, pt, eta, phi = smear_tracks(tracked, detector, rng)
    edge = detector.track_eta
    stochastic = detector.electromagnetic_stochastic, detector.hadronic_stochastic
    constant = detector.electromagnetic_constant, detector.hadronic_constant
    threshold = detector.electromagnetic_threshold, detector.hadronic_threshold
    channels = [_histogram(event, pt, eta, phi, events, pixels, edge)]
    # Middles of the pixels turn transverse momenta into energies.
    stretch = np.cosh((np.arange(pixels) + 0.5) / pixels * 2.0 * edge - edge)[:, None]
    for number, chosen in enumerate((light, ~light & (kind != MUON))):
        deposits = particles.select(chosen)
        energy = stretch * _histogram(deposits.event, deposits.pt, deposits.eta, deposits.phi, events, pixels, edge)
        spread = np.hypot(stochastic[number] * np.sqrt(energy), constant[number] * energy)
        measured = energy + spread * rng.standard_normal(energy.shape)
        channels.append(np.where(measured > threshold[number], measured, 0.0) / stretch)
    return np.stack(channels, axis=3).astype(np.float32)


def _histogram(
    event: npt.NDArray[np.int64], pt: Floats, eta: Floats, phi: Floats, events: int, pixels: int, edge: float
) -> Floats:
    """Sum transverse momenta in pixels, shape (events, pixels, pixels)."""
    row = np.floor((eta + edge) / (2.0 * edge) * pixels).astype(np.int64)
    column = np.floor((phi + np.pi) / (2.0 * np.pi) * pixels).astype(np.int64) % pixels
    inside = (row >= 0) & (row < pixels)
    place = (event * pixels + row) * pixels + column
    # Without entries the sums would be whole numbers.
    sums = np.bincount(place[inside], weights=pt[inside], minlength=events * pixels**2).astype(np.float64)
    return sums.reshape(events, pixels, pixels)
