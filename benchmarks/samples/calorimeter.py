"""The look of the sample `calorimeter`: energies, profiles and hadrons, in three calorimeters."""

from __future__ import annotations

from typing import Any

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from scipy import stats

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.calorimeters import CALORIMETERS, Calorimeter
from keras_hep.data.samples.recipes.calorimeter import CLASSES, SAMPLE
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.data.samples.showers import mean_profile

ENTRIES = 9000

Array = npt.NDArray[np.float64]


def shoot(name: str, count: int, seed: int = 1, **options: Any) -> ak.Array:
    """Return showers of one class with options of their own."""
    request = ShardRequest(CLASSES.index(name), 0, count, seed, len(CLASSES), {**SAMPLE.options, **options})
    return SAMPLE.make_shard(request, lambda: None)


def response(showers: ak.Array, calorimeter: Calorimeter) -> Array:
    """Return what is visible over what is visible of an electron of that energy, (showers,)."""
    visible = ak.to_numpy(showers.visible) / calorimeter.built.medium.electron_fraction
    return np.asarray(visible / ak.to_numpy(showers.energy), dtype=np.float64)


def depth_profile(showers: ak.Array) -> Array:
    """Return the mean visible energy (GeV) of each layer of cells in depth."""
    return np.asarray(ak.to_numpy(showers.cells).sum(axis=(1, 2), dtype=np.float64).mean(axis=0))


def expected_depth_profile(energy: float, calorimeter: Calorimeter) -> Array:
    """Return the share of the energy in each layer by the mean gamma distribution of electrons."""
    medium = calorimeter.built.medium
    maximum, alpha = (float(value[0]) for value in mean_profile(np.array([energy]), medium))
    edges = np.linspace(0, calorimeter.depth / medium.radiation_mm, calorimeter.sections[0].cells[2] + 1)
    return np.diff(stats.gamma.cdf(edges, alpha, scale=maximum / (alpha - 1)))


def tilt(showers: ak.Array, calorimeter: Calorimeter) -> Array:
    """Return the slope dx/dz of the energy-weighted mean position from layer to layer, (showers,)."""
    section = calorimeter.sections[0]
    cells = ak.to_numpy(showers.cells).sum(axis=2, dtype=np.float64)
    x = (np.arange(section.cells[0]) - (section.cells[0] - 1) / 2) * section.size[0]
    z = (np.arange(section.cells[2]) + 0.5) * (section.far - section.near) / section.cells[2]
    layer = cells.sum(axis=1)
    # A weighted straight line: the variance of z and the covariance of x and z under the energy.
    total = layer.sum(axis=1)
    mean_z, mean_x = layer @ z / total, cells.sum(axis=2) @ x / total
    covariance = np.einsum("nxz,x,z->n", cells, x, z) / total - mean_x * mean_z
    return np.asarray(covariance / (layer @ z**2 / total - mean_z**2))


def _electrons_in_layers(entries: ak.Array) -> list[Quantity]:
    """Compare the layers of the CaloGAN calorimeter with the mean profile."""
    calorimeter = CALORIMETERS["calogan"]
    electrons = entries[entries.label == 0]
    medium = calorimeter.built.medium
    maximum, alpha = mean_profile(ak.to_numpy(electrons.energy).astype(np.float64), medium)
    edges = np.array([0.0, *(section.far for section in calorimeter.sections)]) / medium.radiation_mm
    shares = np.diff(stats.gamma.cdf(edges[:, None], alpha, scale=maximum / (alpha - 1)), axis=0).mean(axis=1)
    visible = ak.to_numpy(electrons.visible)
    found = []
    for index, share in enumerate(shares):
        layer = ak.to_numpy(electrons[f"layer{index}"]).sum(axis=(1, 2))
        name, source = f"calogan: electrons' share in layer {index}", "mean profile, hep-ex/0001020"
        found.append(Quantity(name, float((layer / visible).mean()), f"{share:.4f}", source))
    return found


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample, and of further showers in the other calorimeters."""
    calogan, clic, calice = (CALORIMETERS[name] for name in ("calogan", "clic", "calice"))
    seen = {name: response(entries[entries.label == label], calogan) for label, name in enumerate(CLASSES)}
    energy = ak.to_numpy(entries[entries.label == 0].energy)
    electrons = seen["electron"]
    low, high = (electrons[(energy > least) & (energy < most)] for least, most in ((5, 20), (80, 100)))
    stochastic = np.sqrt(np.mean((electrons / electrons.mean() - 1) ** 2 * energy))
    found = [
        Quantity("calogan: response to electrons", float(electrons.mean()), "0.99 to 1", "containment"),
        Quantity(
            "calogan: response at 80-100 over 5-20 GeV", float(high.mean() / low.mean()), "0.99 to 1", "linearity"
        ),
        Quantity("calogan: sampling term, sqrt(GeV)", float(stochastic), "0.095 to 0.11", "card, and leakage"),
        *_electrons_in_layers(entries),
    ]
    for one in (10.0, 100.0):
        shower = shoot("electron", 200, geometry="clic", energy_min=one, energy_max=one, angle_max=0.0)
        profile = depth_profile(shower)
        middle = (np.arange(25) + 0.5) * clic.depth / 25 / clic.built.medium.radiation_mm
        share = expected_depth_profile(one, clic)
        name = f"clic: mean depth of electrons of {one:g} GeV, X0"
        expected = f"{float(middle @ share / share.sum()):.2f}"
        measured = float(middle @ profile / profile.sum())
        found.append(Quantity(name, measured, expected, "mean profile, hep-ex/0001020"))
    photons = shoot("photon", 200, geometry="clic", energy_min=100.0, energy_max=100.0, angle_max=0.0)
    deeper = float(middle @ depth_profile(photons) / depth_profile(photons).sum()) - measured
    found.append(Quantity("clic: photons deeper than electrons, X0", deeper, "0.8", "Rossi, approximation B"))
    tilted = shoot("electron", 200, geometry="clic", energy_min=50.0, energy_max=200.0)
    true = np.tan(ak.to_numpy(tilted.theta)) * np.cos(ak.to_numpy(tilted.phi))
    fit = np.polyfit(true, tilt(tilted, clic), 1)[0]
    source = "geometry, with width and length of showers that are not tilted"
    found.append(
        Quantity("clic: dx/dz of showers over that of the axis", float(fit), f"{_expected_tilt(clic):.3f}", source)
    )
    deep = {"geometry": "custom", "absorber": "steel-scintillator", "cells": "24x24x75", "cell_size": "120x120x52"}
    for one in (10.0, 80.0):
        pions = shoot("pion", 300, energy_min=one, energy_max=one, **deep)
        ratio = response(pions, calice)
        expected = 1 - one ** (-0.18) * (1 - calice.built.hadronic.response)
        name, source = f"steel, 15 interaction lengths: pi/e at {one:g} GeV", "physics/0605164, less threshold losses"
        found.append(Quantity(name, float(ratio.mean()), f"{expected:.3f}", source))
        width = float(ratio.std() / ratio.mean() * np.sqrt(one))
        name = f"the same: resolution for pions at {one:g} GeV times sqrt(E), sqrt(GeV)"
        found.append(Quantity(name, width, "0.45 to 0.75", "0.58 at CALICE, arXiv:1207.4210"))
    return found


def _expected_tilt(clic: Calorimeter) -> float:
    """Return the slope of a straight line through a tilted shower of some width and length over that of its axis."""
    cells = ak.to_numpy(shoot("electron", 100, geometry="clic", energy_min=50.0, energy_max=200.0, angle_max=0.0).cells)
    x = (np.arange(51) - 25) * 5.1
    z = (np.arange(25) + 0.5) * clic.depth / 25
    total, across, along = (cells.sum(axis=axes, dtype=np.float64) for axes in ((0, 1, 2, 3), (0, 2, 3), (0, 1, 2)))
    length = along @ z**2 / total - (along @ z / total) ** 2
    ratio = (across @ x**2 / total) / length
    tangent = np.tan(np.linspace(0, clic.angle_max, 100))
    # The line through a rotated ellipse: cov(x, z) over var(z), with the weights of a fit against the tangent.
    slope = tangent * (1 - ratio) / (1 + tangent**2 * ratio)
    return float((slope * tangent).sum() / (tangent**2).sum())


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw mean images and responses of the sample, and profiles in the other calorimeters."""
    panels = figure.subplots(2, 3)
    _draw_images(entries, panels[0, 0])
    _draw_response(entries, panels[0, 1])
    _draw_layers(entries, panels[0, 2])
    _draw_depth(panels[1, 0])
    _draw_hadrons(panels[1, 1])
    _draw_tilt(panels[1, 2])


def _draw_images(entries: ak.Array, panel: Any) -> None:
    """Draw the mean profile along the fine cells of the first layer."""
    edges = np.linspace(-240, 240, 97)
    for label, name in enumerate(CLASSES):
        rows = ak.to_numpy(entries[entries.label == label].layer0).sum(axis=1, dtype=np.float64).mean(axis=0)
        mplhep.histplot(1000 * rows, edges, ax=panel, label=name)
    panel.set(xlabel="y (mm)", ylabel="visible in layer 0 (MeV / 5 mm)", yscale="log", title="calogan")
    panel.legend()


def _draw_response(entries: ak.Array, panel: Any) -> None:
    """Draw the response in the sample."""
    bins = np.linspace(0, 1.2, 61)
    for label, name in enumerate(CLASSES):
        values = response(entries[entries.label == label], CALORIMETERS["calogan"])
        mplhep.histplot(*np.histogram(values, bins), ax=panel, label=name, density=True)
    panel.set(xlabel="visible energy over that of an electron", ylabel="density", yscale="log", title="calogan")
    panel.legend()


def _draw_layers(entries: ak.Array, panel: Any) -> None:
    """Draw the share of the middle layer."""
    bins = np.linspace(0, 1, 51)
    for label, name in enumerate(CLASSES):
        some = entries[(entries.label == label) & (entries.visible > 0)]
        share = ak.to_numpy(some.layer1).sum(axis=(1, 2)) / ak.to_numpy(some.visible)
        mplhep.histplot(*np.histogram(share, bins), ax=panel, label=name, density=True)
    panel.set(xlabel="share of the energy in layer 1", ylabel="density", yscale="log", title="calogan")
    panel.legend()


def _draw_depth(panel: Any) -> None:
    """Draw longitudinal profiles of electrons with the mean gamma distributions."""
    clic = CALORIMETERS["clic"]
    edges = np.linspace(0, clic.depth / clic.built.medium.radiation_mm, 26)
    for index, energy in enumerate((5.0, 50.0, 500.0)):
        showers = shoot("electron", 100, geometry="clic", energy_min=energy, energy_max=energy, angle_max=0.0)
        profile = depth_profile(showers) / clic.built.medium.electron_fraction / energy
        mplhep.histplot(profile, edges, ax=panel, label=f"{energy:g} GeV", color=f"C{index}")
        middle = (edges[1:] + edges[:-1]) / 2
        panel.plot(middle, expected_depth_profile(energy, clic), ".", color=f"C{index}", markersize=12)
    panel.set(xlabel="depth (radiation lengths)", ylabel="share of the energy in a layer", title="clic, electrons")
    panel.legend(title="points: mean profile")


def _draw_hadrons(panel: Any) -> None:
    """Draw longitudinal profiles of all classes in the CALICE calorimeter."""
    edges = np.linspace(0, 988 / CALORIMETERS["calice"].built.medium.interaction_mm, 39)
    for name in CLASSES:
        showers = shoot(name, 300, geometry="calice", energy_min=40.0, energy_max=40.0)
        mplhep.histplot(1000 * depth_profile(showers), edges, ax=panel, label=name)
    panel.set(
        xlabel="depth (interaction lengths)", ylabel="visible (MeV / layer)", yscale="log", title="calice, 40 GeV"
    )
    panel.legend()


def _draw_tilt(panel: Any) -> None:
    """Draw one tilted shower from the side."""
    shower = shoot("electron", 1, seed=1, geometry="clic", energy_min=200.0, energy_max=200.0)
    image = 1000 * ak.to_numpy(shower.cells)[0].sum(axis=1)
    image = np.where(image > 0, image, np.nan)
    mesh = panel.pcolormesh(np.linspace(0, 159, 26), 5.1 * (np.arange(52) - 25.5), image, norm="log")
    panel.figure.colorbar(mesh, ax=panel, label="visible (MeV)")
    angle = np.degrees(float(shower.angle[0]))
    panel.set(xlabel="z (mm)", ylabel="x (mm)", title=f"clic, one electron of 200 GeV at {angle:.0f} degrees")
