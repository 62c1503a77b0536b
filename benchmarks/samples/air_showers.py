"""The look of the sample `air-showers`: a footprint, the energy estimator, the depth of the maximum, data and simulation."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.air_shower import Model, attenuation, lateral, mean_depth
from keras_hep.data.samples.recipes.air_showers import CARD, CLASSES, stations

ENTRIES = 20_000

Array = npt.NDArray[np.float64]


def distances(showers: ak.Array) -> Array:
    """Return distances of the stations to the true axes (m), (showers, side, side)."""
    axis, core = (ak.to_numpy(showers[name]).astype(np.float64) for name in ("axis", "core"))
    offset = np.pad(stations()[None] - core[:, None], ((0, 0), (0, 0), (0, 1)))
    along = np.einsum("nsk,nk->ns", offset, axis)
    distance = np.sqrt(np.maximum(np.sum(offset**2, axis=2) - along**2, 0))
    return distance.reshape(-1, CARD.side, CARD.side)


def slope_at_1000(zenith: Array, model: Model) -> Array:
    """Return the slope d ln S / d ln r at 1000 m of mean showers of some zenith angles (rad)."""
    rise = 1 / np.cos(zenith)
    muons = model.muon_fraction + model.muon_zenith * (rise - 1 / np.cos(np.radians(38)))
    muons = muons * model.muon_scale / (1 - muons + muons * model.muon_scale)
    beta = model.slope[0] + model.slope[1] * (rise - 1) + muons * model.muon_slope
    # r (r + 700) has the logarithmic slope 1 + r / (r + 700).
    return np.asarray(beta * (1 + 1000 / 1700))


def fit_slopes(showers: ak.Array, near: float = 700.0, far: float = 1400.0) -> Array:
    """Return d ln S / d ln r of the stations between two distances (m), by least squares of ln S over all showers.

    Each shower has a size of its own, so a shower needs two stations or more.
    """
    distance, signal = distances(showers), ak.to_numpy(showers.signal).astype(np.float64)
    used = (distance > near) & (distance < far) & (ak.to_numpy(showers.status) == 1)
    log_r, log_s = np.log(distance), np.log(np.where(used, signal, 1.0))
    number = np.maximum(used.sum(axis=(1, 2)), 1)[:, None, None]
    log_r = np.where(used, log_r - (log_r * used).sum(axis=(1, 2), keepdims=True) / number, 0)
    log_s = np.where(used, log_s - (log_s * used).sum(axis=(1, 2), keepdims=True) / number, 0)
    return np.asarray((log_r * log_s).sum() / (log_r**2).sum())


def signal_at_1000(showers: ak.Array, model: Model) -> Array:
    """Estimate the signal at 1000 m (VEM) from stations between 700 and 1500 m; nan for showers without any."""
    distance, signal = distances(showers), ak.to_numpy(showers.signal).astype(np.float64)
    used = (distance > 700) & (distance < 1500) & (ak.to_numpy(showers.status) == 1)
    slope = slope_at_1000(ak.to_numpy(showers.zenith).astype(np.float64), model) / (1 + 1000 / 1700)
    shape = lateral(distance, slope[:, None, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((signal * used).sum(axis=(1, 2)) / (shape * used).sum(axis=(1, 2)))


def energy_index(showers: ak.Array, model: Model) -> float:
    """Return the exponent in energy ~ S38^index, by a fit of the logarithms above 10^18.8 eV, where all trigger."""
    bright = showers[showers.log_energy > 18.8]
    cos = np.cos(ak.to_numpy(bright.zenith).astype(np.float64))
    size = signal_at_1000(bright, model) / attenuation(cos, model)
    good = np.isfinite(size) & (size > 0)
    return float(1 / np.polyfit(ak.to_numpy(bright.log_energy)[good], np.log10(size[good]), 1)[0])


def _compare(entries: ak.Array) -> tuple[Array, Array]:
    """Return the signal at 1000 m over that expected in data, of showers of each class."""
    ratios = []
    for label in range(len(CLASSES)):
        some = entries[(entries.label == label) & (entries.log_energy > 18.8)]
        cos = np.cos(ak.to_numpy(some.zenith).astype(np.float64))
        reference = (ak.to_numpy(some.energy) / CARD.data.energy_scale) ** (1 / CARD.data.energy_index)
        ratio = signal_at_1000(some, CARD.data) / (reference * attenuation(cos, CARD.data))
        ratios.append(ratio[np.isfinite(ratio)])
    return ratios[0], ratios[1]


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample."""
    data = entries[entries.label == 0]
    found = []
    for low, high in ((0.0, 0.5), (0.8, 1.05)):
        some = data[(data.zenith > low) & (data.zenith < high) & (data.log_energy > 19.2)]
        expected = float(slope_at_1000(ak.to_numpy(some.zenith).astype(np.float64), CARD.data).mean())
        name = f"slope of the lateral distribution at 1000 m, zenith {low} to {high} rad"
        found.append(Quantity(name, float(fit_slopes(some)), f"{expected:.2f}", "card, mean of the two parts"))
    index = energy_index(data, CARD.data)
    found.append(Quantity("exponent of energy against S38", index, f"{CARD.data.energy_index}", "card"))
    for mass in (1, 56):
        some = data[data.mass == mass]
        rate, at = np.polyfit(ak.to_numpy(some.log_energy) - 19, ak.to_numpy(some.depth), 1)
        of = np.full(3, mass)
        low, middle, high = mean_depth(10.0 ** np.array([0.5, 1.0, 2.0]), of)
        name = f"A = {mass}: mean depth of the maximum at 10 EeV (g/cm2)"
        found.append(Quantity(name, float(at), f"{middle:.0f}", "arXiv:1305.2331, EPOS-LHC"))
        name = f"A = {mass}: elongation rate (g/cm2 a decade)"
        found.append(Quantity(name, float(rate), f"{(high - low) / 1.5:.0f}", "the same"))
    true, simulated = (float(np.median(values)) for values in _compare(entries))
    muons = CARD.data.muon_fraction
    ratio = 1 - muons * (1 - CARD.simulation.muon_scale)
    found.append(Quantity("data: signal at 1000 m over the reference", true, "0.9 to 1.1", "definition"))
    found.append(Quantity("simulation over data", simulated / true, f"{ratio:.2f} or less", "muons of the simulation"))
    number = ak.to_numpy(ak.sum(ak.sum(data.status > 0, axis=2), axis=1))
    found.append(Quantity("stations of a shower in data", float(number.mean()), "8 to 20", "1500 m grid"))
    return found


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw a footprint and how data and simulation differ."""
    panels = figure.subplots(2, 3)
    data = entries[entries.label == 0]
    bright = data[(data.log_energy > 19.5) & (data.zenith > 0.6)][0]
    _draw_footprint(bright, panels[0, 0])
    for label, name in enumerate(CLASSES):
        some = entries[
            (entries.label == label) & (abs(entries.log_energy - 19.5) < 0.1) & (abs(entries.zenith - 0.66) < 0.08)
        ]
        distance, signal = distances(some).ravel(), ak.to_numpy(some.signal).ravel()
        edges = np.linspace(600, 2200, 17)
        median = [np.median(signal[(distance > a) & (distance < b)]) for a, b in pairwise(edges)]
        panels[0, 1].plot((edges[1:] + edges[:-1]) / 2, median, "o-", label=name)
    panels[0, 1].set(
        xlabel="distance to the axis (m)", ylabel="median signal (VEM)", yscale="log", title="lg E 19.5, 38 degrees"
    )
    panels[0, 1].legend()
    for name, values in zip(CLASSES, _compare(entries), strict=True):
        mplhep.histplot(*np.histogram(values, np.linspace(0, 2.5, 51)), ax=panels[0, 2], label=name, density=True)
    panels[0, 2].set(xlabel="signal at 1000 m over the reference", ylabel="density")
    panels[0, 2].legend()
    for mass in (1, 4, 14, 56):
        depth = ak.to_numpy(data.depth[data.mass == mass])
        mplhep.histplot(
            *np.histogram(depth, np.linspace(600, 1100, 51)), ax=panels[1, 0], label=f"A = {mass}", density=True
        )
    panels[1, 0].set(xlabel=r"$X_{max}$ (g/cm$^2$)", ylabel="density")
    panels[1, 0].legend()
    for label, name in enumerate(CLASSES):
        some = entries[entries.label == label]
        number = ak.to_numpy(ak.sum(ak.sum(some.status > 0, axis=2), axis=1))
        mplhep.histplot(*np.histogram(number, np.arange(2.5, 60)), ax=panels[1, 1], label=name, density=True)
        cos = np.cos(ak.to_numpy(some.zenith).astype(np.float64))
        size = signal_at_1000(some, CARD.data) / (ak.to_numpy(some.energy) / 0.19) ** (1 / 1.025)
        good = np.isfinite(size)
        edges = np.linspace(0.5, 1, 11)
        median = [np.median(size[good & (cos > a) & (cos < b)]) for a, b in pairwise(edges)]
        panels[1, 2].plot((edges[1:] + edges[:-1]) / 2, median, "o", label=name)
    fine = np.linspace(0.5, 1, 100)
    panels[1, 2].plot(fine, attenuation(fine, CARD.data), label="reference")
    panels[1, 1].set(xlabel="stations", ylabel="density", yscale="log")
    panels[1, 2].set(xlabel="cosine of the zenith angle", ylabel="signal over that at 38 degrees")
    panels[1, 1].legend()
    panels[1, 2].legend()


def _draw_footprint(shower: Any, panel: Any) -> None:
    """Draw signals and times of one shower on the ground."""
    x, y = stations().T / 1000
    signal, time, seen = (ak.to_numpy(shower[name]).ravel() for name in ("signal", "time", "status"))
    panel.plot(x[seen == 0], y[seen == 0], ".", color="0.7")
    shown = panel.scatter(x[seen > 0], y[seen > 0], s=40 * np.log1p(signal[seen > 0]) ** 2, c=time[seen > 0] / 1000)
    panel.figure.colorbar(shown, ax=panel, label=r"time ($\mu$s)")
    panel.plot(*(ak.to_numpy(shower.core) / 1000), "r+", markersize=20)
    title = f"lg E {shower.log_energy:.1f}, {np.degrees(shower.zenith):.0f} degrees"
    panel.set(xlabel="x (km)", ylabel="y (km)", aspect="equal", title=title)
