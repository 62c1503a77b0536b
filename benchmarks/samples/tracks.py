"""The look of the sample `tracks`: one event, resolutions, and a fit that knows what to expect."""

from __future__ import annotations

from typing import Any, NamedTuple

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.helix import BENDING, highland
from keras_hep.data.samples.recipes.tracks import CARD, SAMPLE

ENTRIES = 2000

Array = npt.NDArray[np.float64]


class Fits(NamedTuple):
    """Fitted tracks, each array of shape (tracks,).

    Attributes:
        pt: true pT (GeV).
        error: fitted less true charge / pT, over the error that is expected.
        sigma: expected relative resolution of pT.
    """

    pt: Array
    error: Array
    sigma: Array


def fit_curvature(entries: ak.Array, field: float) -> Fits:
    """Fit charge / pT of particles with a hit in every layer, by least squares with the full covariance of the hits.

    The fit is linear around the true helix: azimuth, curvature and impact parameter move the hits along the circles,
    their resolution and the scattering in each layer make their covariance.

    Args:
        entries: events of the sample.
        field: T.
    """
    radii = np.array([layer.radius for layer in CARD.layers])
    complete = entries.particle.nhits == len(radii)
    pt, eta, phi, charge = (
        ak.to_numpy(ak.flatten(entries.particle[name][complete])).astype(np.float64)
        for name in ("pt", "eta", "phi", "charge")
    )
    measured = _azimuths(entries, complete)
    curvature = charge * BENDING * field / pt
    sine = curvature[:, None] * radii / 2
    predicted = phi[:, None] - np.arcsin(sine)
    residual = np.mod(measured - predicted + np.pi, 2 * np.pi) - np.pi
    # Derivatives of the azimuth at each radius; the impact parameter d shifts it by d / r, lengthened by the slant.
    cosine = np.sqrt(1 - sine**2)
    design = np.stack([np.ones_like(sine), -radii / (2 * cosine), 1 / (radii * cosine)], axis=2)
    inverse = np.linalg.inv(_covariance(pt, eta, curvature, radii))
    weighted = np.einsum("nli,nlm->nim", design, inverse)
    covariance = np.linalg.inv(weighted @ design)
    fitted = np.einsum("nij,njl,nl->ni", covariance, weighted, residual)
    sigma = np.sqrt(covariance[:, 1, 1])
    return Fits(pt, fitted[:, 1] / sigma, sigma / np.abs(curvature))


def _azimuths(entries: ak.Array, complete: ak.Array) -> Array:
    """Return the measured azimuths of the particles with all hits, (particles, layers)."""
    hit = entries.hit[entries.hit.particle >= 0]
    offset = np.cumsum(ak.to_numpy(ak.num(entries.particle))) - ak.to_numpy(ak.num(entries.particle))
    particle = ak.to_numpy(ak.flatten(hit.particle + offset))
    table = np.full((int(ak.count(entries.particle.pt)), len(CARD.layers)), np.nan)
    table[particle, ak.to_numpy(ak.flatten(hit.layer))] = ak.to_numpy(ak.flatten(hit.phi))
    return table[ak.to_numpy(ak.flatten(complete))]


def _covariance(pt: Array, eta: Array, curvature: Array, radii: Array) -> Array:
    """Return the covariance of the azimuths of the hits, (tracks, layers, layers)."""
    sine = curvature[:, None] * radii / 2
    slant = np.sqrt(1 - sine**2)
    path = 2 * np.arcsin(np.abs(sine)) / np.abs(curvature)[:, None]
    sin = 1 / np.cosh(eta)
    thickness = np.array([layer.thickness for layer in CARD.layers]) / (sin[:, None] * slant)
    angle = highland((pt / sin)[:, None] * np.ones_like(path), thickness, CARD.mass) / sin[:, None]
    # A kink of the transverse direction moves a later hit by the chord, and along the circle by that over its slant.
    turn = curvature[:, None, None] * (path[:, :, None] - path[:, None, :])
    chord = np.tril(2 * np.sin(np.abs(turn) / 2) / np.abs(curvature)[:, None, None], -1)
    # The chord leans less than the track from the radius to the hit, by half of the turn.
    lean = np.arcsin(sine)[:, :, None] - turn / 2
    moved = chord * angle[:, None, :] * np.cos(lean) / (radii[:, None] * slant[:, :, None])
    noise = np.array([layer.sigma_rphi / layer.radius for layer in CARD.layers]) ** 2
    return np.asarray(moved @ moved.transpose(0, 2, 1) + np.diag(noise))


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample."""
    field = float(SAMPLE.options["field"])
    fits = fit_curvature(entries, field)
    width = float((np.quantile(fits.error, 0.8413) - np.quantile(fits.error, 0.1587)) / 2)
    hits, true = ak.num(entries.hit), ak.sum(entries.hit.particle >= 0, axis=1)
    expected = len(CARD.layers) * CARD.efficiency
    inner, outer = (
        float(np.median(fits.sigma[(fits.pt > low) & (fits.pt < high)])) for low, high in ((0.5, 1), (5, 10))
    )
    return [
        Quantity(
            "hits of a particle", float(ak.mean(entries.particle.nhits)), f"{expected:.2f}", "efficiency of the card"
        ),
        Quantity("noise hits over hits of particles", float(ak.sum(hits) / ak.sum(true) - 1), "0.1", "option noise"),
        Quantity("particles of an event", float(ak.mean(ak.num(entries.particle))), "20", "option particles"),
        Quantity("mean error of charge / pT over its expected width", float(fits.error.mean()), "0", "unbiased fit"),
        Quantity("width of that", width, "1", "covariance of resolution and scattering"),
        Quantity("median relative pT resolution, 0.5 to 1 GeV", inner, "0.01 to 0.03", "scattering"),
        Quantity("median relative pT resolution, 5 to 10 GeV", outer, "0.01 to 0.03", "resolution and scattering"),
        Quantity("standard deviation of vertices in z (mm)", float(ak.std(entries.particle.vz)), "50", "card"),
    ]


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw an event, the fit and the main distributions."""
    panels = figure.subplots(2, 3)
    _draw_event(entries[0], panels[0, 0])
    fits = fit_curvature(entries, float(SAMPLE.options["field"]))
    bins = np.linspace(-5, 5, 101)
    mplhep.histplot(*np.histogram(fits.error, bins), ax=panels[0, 1], density=True, label="fits")
    panels[0, 1].plot(bins, np.exp(-(bins**2) / 2) / np.sqrt(2 * np.pi), label="unit Gaussian")
    panels[0, 1].set(
        xlabel=r"error of charge / $p_T$ over its expected width", ylabel="density", yscale="log", ylim=(1e-5, 1)
    )
    panels[0, 1].legend()
    panels[0, 2].scatter(fits.pt[:5000], 100 * fits.sigma[:5000], s=2)
    panels[0, 2].set(xlabel=r"$p_T$ (GeV)", ylabel=r"expected resolution of $p_T$ (%)", xscale="log")
    layers = np.arange(len(CARD.layers) + 1) - 0.5
    for name, of in (("particles", entries.hit.particle >= 0), ("noise", entries.hit.particle < 0)):
        values = ak.to_numpy(ak.flatten(entries.hit.layer[of]))
        mplhep.histplot(*np.histogram(values, layers), ax=panels[1, 0], label=name)
    panels[1, 0].set(xlabel="layer", ylabel="hits", yscale="log")
    panels[1, 0].legend()
    for name, unit, panel in (("pt", "GeV", panels[1, 1]), ("eta", "", panels[1, 2])):
        mplhep.histplot(*np.histogram(ak.to_numpy(ak.flatten(entries.particle[name])), 60), ax=panel)
        panel.set(xlabel=f"{name} {'(' + unit + ')' if unit else ''}", ylabel="particles")


def _draw_event(event: Any, panel: Any) -> None:
    """Draw the hits of one event in the transverse plane."""
    x, y, particle = (ak.to_numpy(event.hit[name]) for name in ("x", "y", "particle"))
    for index in range(len(event.particle)):
        radius = np.argsort(np.hypot(x, y)[particle == index])
        panel.plot(x[particle == index][radius], y[particle == index][radius], "o-", markersize=4, linewidth=1)
    panel.plot(x[particle < 0], y[particle < 0], "kx", label="noise")
    panel.set(xlabel="x (mm)", ylabel="y (mm)", aspect="equal")
    panel.legend()
