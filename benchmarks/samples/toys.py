"""The sample `toys`: its densities beside the points."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
from matplotlib.figure import Figure
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.recipes.toys import CLASSES, SAMPLE
from keras_hep.data.samples.toy_densities import CARD, Choices, log_density

ENTRIES = 80_000


def of_class(entries: ak.Array, name: str) -> ak.Array:
    return entries[entries.label == CLASSES.index(name)]


def quantities(entries: ak.Array) -> list[Quantity]:
    weights, separation = np.array(CARD.weights), float(SAMPLE.options["separation"])
    covariance = np.outer(weights, weights) + CARD.spread**2 * np.eye(2)
    noise = float(SAMPLE.options["noise"])
    # The radius is normal and the angle uniform, so a moon or ring has the entropy of both and the mean of ln r.
    arc = 0.5 * np.log(2 * np.pi * np.e * noise**2)
    rings = 1 + np.arange(int(SAMPLE.options["rings"]))
    expected = {
        "rings": arc + np.log(2 * np.pi) + np.mean(np.log(rings) - noise**2 / (2 * rings**2)) + np.log(len(rings)),
        "linear-gaussian": 0.5 * np.log(np.linalg.det(2 * np.pi * np.e * covariance)),
    }
    found = [
        Quantity(f"entropy of {name}", float(-ak.mean(of_class(entries, name).log_density)), f"{value:.3f}", formula)
        for (name, value), formula in zip(
            expected.items(), ("normal radius, uniform angle", "half of ln det(2 pi e C)"), strict=True
        )
    ]
    bump = of_class(entries, "bump")
    area = float(roc_auc_score(ak.to_numpy(bump.signal), ak.to_numpy(bump.x[:, 0])))
    found.append(Quantity("AUC of the first feature", area, f"{norm.cdf(separation / 2**0.5):.3f}", "Phi(d / sqrt 2)"))
    fraction = float(ak.mean(bump.signal))
    return [*found, Quantity("fraction of signal", fraction, f"{SAMPLE.options['signal']}", "the option signal")]


def draw(entries: ak.Array, figure: Figure) -> None:
    choices = Choices(**SAMPLE.options)
    axes = figure.subplots(2, 3)
    for axis, name, reach in zip(axes.flat, CLASSES[:3], (2.5, 2.7, 7.0), strict=False):
        edge = np.linspace(-reach, reach, 300)
        x = np.stack(np.meshgrid(edge, edge), axis=-1)
        values = np.exp(log_density(name, x.reshape(-1, 2), np.zeros(x.size // 2), choices)).reshape(x.shape[:2])
        axis.contourf(edge, edge, values, levels=12, cmap="Blues")
        points = ak.to_numpy(of_class(entries, name).x)[:700]
        axis.plot(*points.T, ".", color="tab:red", markersize=5, label=f"{name}, 700 points")
        axis.set_xlabel("$x_1$")
        axis.set_ylabel("$x_2$")
        axis.legend(loc="upper left")
    bump = of_class(entries, "bump")
    signal = ak.to_numpy(bump.signal) == 1
    tight = ak.to_numpy(bump.x[:, 0]) > float(SAMPLE.options["separation"])
    mass = ak.to_numpy(bump.mass) / 1000
    edges = np.linspace(1.5, 6.5, 101)
    for axis, chosen, title in ((axes[1, 0], mass > 0, "all"), (axes[1, 1], tight, "first feature > separation")):
        for part, name in ((chosen, "background and signal"), (chosen & signal, "signal")):
            mplhep.histplot(np.histogram(mass[part], edges)[0], edges, ax=axis, label=name, linewidth=3)
        axis.set_xlabel("Mass [TeV]")
        axis.set_ylabel("Points / 50 GeV")
        axis.set_yscale("log")
        axis.legend(title=f"bump: {title}")
    edges = np.linspace(-4, 6, 81)
    for part, name in ((~signal, "background"), (signal, "signal")):
        density, _ = np.histogram(ak.to_numpy(bump.x[:, 0])[part], edges, density=True)
        mplhep.histplot(density, edges, ax=axes[1, 2], label=name, linewidth=3)
    axes[1, 2].set_xlabel("First feature of the bump")
    axes[1, 2].set_ylabel("Density")
    axes[1, 2].legend()
