"""The look of the sample `hic-spectra`: blast-wave spectra, flow, and how well the classes can be told apart."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.blast_wave import anisotropy, pt_density
from keras_hep.data.samples.recipes.hic_spectra import CARD, CLASSES

ENTRIES = 8_000
COMPARED = 1_000
"""Collisions of each class whose closed forms are computed. Freeze-outs differ much from one collision to the next, so what is
compared with them must come from the same ones."""

Array = npt.NDArray[np.float64]

PT = (np.arange(CARD.bins[0]) + 0.5) * CARD.pt_max / CARD.bins[0]
PHI = -np.pi + (np.arange(CARD.bins[1]) + 0.5) * 2 * np.pi / CARD.bins[1]


def flow(spectrum: Array, angle: Array, order: int) -> tuple[Array, Array]:
    """Return numbers of pions, and their sums of cos n(phi - angle), in bins of pT, shape (collisions, pT bins).

    Args:
        spectrum: shape (collisions, pT bins, azimuth bins).
        angle: angle of each collision (rad), shape (collisions,).
        order: n.
    """
    wave = np.cos(order * (PHI - angle[:, None]))
    # The mean of the cosine over a bin is smaller than the cosine at its middle.
    step = np.pi / CARD.bins[1]
    return spectrum.sum(axis=2), np.einsum("cpa,ca->cp", spectrum, wave) / np.sinc(order * step / np.pi)


def expected_pt(collisions: ak.Array) -> tuple[Array, Array]:
    """Return the expected distribution over the bins of pT, and v2 in them, the mean of some collisions.

    Args:
        collisions: entries; triangular flow, which changes both in second order, is left out.
    """
    fine = (np.arange(CARD.bins[0] * 3) + 0.5) * CARD.pt_max / CARD.bins[0] / 3
    density, wave = np.zeros((2, len(fine)))
    for one in collisions:
        parameters = float(one.temperature), float(one.flow), float(one.flow2)
        emitted = pt_density(fine, *parameters)
        emitted *= float(one.pions) / emitted.sum()
        density += emitted
        wave += emitted * anisotropy(fine, *parameters)
    shape = -1, 3
    total = density.reshape(shape).sum(axis=1)
    return total / total.sum(), wave.reshape(shape).sum(axis=1) / total


def features(spectrum: Array) -> Array:
    """Return what a physicist would look at: the shape in pT and the anisotropies, shape (collisions, features).

    Args:
        spectrum: shape (collisions, pT bins, azimuth bins).
    """
    number = spectrum.sum(axis=(1, 2))
    shape = np.log((spectrum.sum(axis=2) + 0.5) / number[:, None])
    second, third = (spectrum @ np.exp(1j * order * PHI) for order in (2, 3))
    hard, soft = slice(4, None), slice(0, 4)
    return np.column_stack(
        [
            shape,
            np.abs(second.sum(axis=1)) / number,
            np.abs(third.sum(axis=1)) / number,
            *(np.abs(second[:, part].sum(axis=1)) / (spectrum[:, part].sum(axis=(1, 2)) + 1) for part in (soft, hard)),
            np.log(number),
        ]
    )


def averaged(spectrum: Array, label: Array, number: int) -> tuple[Array, Array]:
    """Return means of so many collisions of one class, and their labels."""
    means, labels = [], []
    for each in (0, 1):
        mine = spectrum[label == each]
        groups = len(mine) // number
        means.append(mine[: groups * number].reshape(groups, number, *CARD.bins).mean(axis=1))
        labels.append(np.full(groups, each))
    return np.concatenate(means), np.concatenate(labels)


def accuracy(values: Array, label: Array, quadratic: bool = False) -> float:
    """Return the accuracy of a linear or quadratic discriminant, trained on one half and applied to the other."""
    order = np.random.default_rng(0).permutation(len(label))
    train, test = np.array_split(order, 2)
    model = QuadraticDiscriminantAnalysis(reg_param=1e-3) if quadratic else LinearDiscriminantAnalysis()
    scaled = (values - values[train].mean(axis=0)) / values[train].std(axis=0)
    return float(model.fit(scaled[train], label[train]).score(scaled[test], label[test]))


def image_features(image: Array) -> Array:
    """Return how uneven images are at several scales, shape (images, features).

    Args:
        image: shape (images, cells, cells).
    """
    number = image.sum(axis=(1, 2))
    ordered = np.sort(image.reshape(len(image), -1), axis=1)[:, ::-1] / number[:, None]
    found = [np.log(number), *(np.log(ordered[:, place] + 1e-3) for place in (0, 2, 5, 10, 20, 40))]
    for scale in (1, 2, 3):
        smooth = gaussian_filter(image, (0, scale, scale))
        found += [np.log((values**2).sum(axis=(1, 2)) / number) for values in (image - smooth, smooth)]
        found.append(np.log(smooth.max(axis=(1, 2)) / number))
    return np.column_stack(found)


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample, of the kind that it is."""
    return _clump_quantities(entries) if "baryon" in entries.fields else _spectra_quantities(entries)


def _spectra_quantities(entries: ak.Array) -> list[Quantity]:
    spectrum, label = ak.to_numpy(entries.spectrum).astype(np.float64), ak.to_numpy(entries.label)
    found = []
    for each, name in enumerate(CLASSES):
        few = entries[(entries.label == each) & (entries.outlier == 0)][:COMPARED]
        counts = ak.to_numpy(few.spectrum).astype(np.float64)
        number, wave = flow(counts, ak.to_numpy(few.psi2), 2)
        shape, v2 = expected_pt(few)
        closed = float((shape * PT).sum())
        mean = float((number.sum(axis=0) * PT).sum() / number.sum())
        found.append(
            Quantity(f"{name}: mean pT (GeV)", mean, f"{closed:.4f}", f"Bessel functions I0 K1, {COMPARED} collisions")
        )
        closed = float((shape * v2).sum())
        found.append(
            Quantity(
                f"{name}: v2",
                float(wave.sum() / number.sum()),
                f"{closed:.4f} +- {(0.5 / number.sum()) ** 0.5:.4f}",
                "Bessel functions I2 K1",
            )
        )
    found.append(
        Quantity("accuracy, a collision", accuracy(features(spectrum), label), "about 0.80", "arXiv:1910.11530")
    )
    means, labels = averaged(spectrum, label, 10)
    found.append(
        Quantity("accuracy, mean of 10 collisions", accuracy(features(means), labels), "0.99", "arXiv:1910.11530")
    )
    truth = np.column_stack(
        [ak.to_numpy(entries[name]) for name in ("impact", "temperature", "flow", "flow2", "flow3")]
    )
    found.append(
        Quantity("accuracy, true parameters", accuracy(truth, label), "> 0.9", "more than coarse-grained spectra")
    )
    return found


def _clump_quantities(entries: ak.Array) -> list[Quantity]:
    label = ak.to_numpy(entries.label)
    scores = [
        accuracy(image_features(ak.to_numpy(entries[name]).astype(np.float64)), label, quadratic=True)
        for name in ("image", "momentum")
    ]
    width = float(np.std(ak.to_numpy(ak.flatten(entries.baryon.py))))
    thermal = np.sqrt(0.93892 * CARD.clumping.temperature)
    return [
        Quantity("accuracy, density", scores[0], "> 0.94", "arXiv:1906.06562"),
        Quantity("accuracy, momenta", scores[1], "near 0.5", "arXiv:1906.06562"),
        Quantity("width of py (GeV)", width, f"> {thermal:.3f}", "sqrt(m T), and the expansion"),
    ]


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw spectra and flow, or densities and momenta."""
    axes = figure.subplots(2, 3).ravel()
    classes = [entries[entries.label == label] for label in range(len(CLASSES))]
    if "baryon" in entries.fields:
        _draw_clumps(classes, axes)
    else:
        _draw_spectra(classes, axes)
    for axis in axes[2:]:
        axis.legend()


def _draw_spectra(classes: list[ak.Array], axes: npt.NDArray[np.object_]) -> None:
    numbers = []
    for axis, mine, name, marker in zip(axes, classes, CLASSES, "os", strict=False):
        extent = (-np.pi, np.pi, 0, CARD.pt_max)
        shown = axis.imshow(ak.to_numpy(mine.spectrum[0]), origin="lower", aspect="auto", extent=extent)
        axis.figure.colorbar(shown, ax=axis, label="pions")
        axis.set(title=name, xlabel="$\\phi$", ylabel="$p_T$ (GeV)")
        numbers.append(ak.to_numpy(mine.spectrum).astype(np.float64).sum(axis=2))
        few = mine[:COMPARED]
        number, wave = flow(ak.to_numpy(few.spectrum).astype(np.float64), ak.to_numpy(few.psi2), 2)
        shape, v2 = expected_pt(few)
        axes[2].plot(PT, number.mean(axis=0) / PT, marker, mfc="none", label=name)
        axes[2].plot(PT, shape * number.sum() / len(few) / PT, color="grey")
        many = number.sum(axis=0)
        axes[3].errorbar(PT, wave.sum(axis=0) / many, (0.5 / many) ** 0.5, fmt=marker, mfc="none", label=name)
        axes[3].plot(PT, v2, color="grey")
    axes[2].set(xlabel="$p_T$ (GeV)", ylabel="pions / $p_T$", yscale="log")
    axes[3].set(xlabel="$p_T$ (GeV)", ylabel="$v_2$")
    _compare([number @ PT / number.sum(axis=1) for number in numbers], axes[4], "mean $p_T$ (GeV)")
    _compare([number.sum(axis=1) for number in numbers], axes[5], "pions")


def _draw_clumps(classes: list[ak.Array], axes: npt.NDArray[np.object_]) -> None:
    for axis, mine, name in zip(axes, classes, CLASSES, strict=False):
        half = CARD.image_half
        shown = axis.imshow(ak.to_numpy(mine.image[0]).T, origin="lower", extent=(-half, half, -half, half))
        axis.figure.colorbar(shown, ax=axis, label="baryons")
        axis.set(title=name, xlabel="x (fm)", ylabel="y (fm)")
    cells = [ak.to_numpy(mine.image).astype(np.float64) for mine in classes]
    _compare([ak.to_numpy(ak.flatten(mine.baryon.x)) for mine in classes], axes[2], "x (fm)")
    _compare([ak.to_numpy(ak.flatten(mine.baryon.px)) for mine in classes], axes[3], "$p_x$ (GeV)")
    _compare(
        [(image**2).sum(axis=(1, 2)) / image.sum(axis=(1, 2)) for image in cells], axes[4], "mean square of a cell"
    )
    _compare([ak.to_numpy(ak.num(mine.baryon)) for mine in classes], axes[5], "baryons")


def _compare(values: list[Array], axis: Axes, label: str) -> None:
    """Draw the distribution of each class."""
    edges = np.linspace(*np.percentile(np.concatenate(values), (0, 100)), 51)
    for each, name in zip(values, CLASSES, strict=True):
        mplhep.histplot(np.histogram(each, edges), ax=axis, label=name, yerr=False, density=True)
    axis.set(xlabel=label, ylabel="normalised")
