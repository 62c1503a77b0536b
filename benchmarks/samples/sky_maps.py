"""The look of the sample `sky-maps`: spectra, one-point distribution and Minkowski functionals."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from scipy import fft
from scipy.special import erfc

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.fields import multipoles
from keras_hep.data.samples.recipes.sky_maps import CARD, CLASSES, power_spectrum

ENTRIES = 600

Array = npt.NDArray[np.float64]


def spectrum_ratio(maps: ak.Array) -> tuple[Array, Array]:
    """Return multipoles and, for each, the mean of measured over true power of the maps.

    Args:
        maps: entries of one class.
    """
    kappa = ak.to_numpy(maps.kappa)
    pixels = kappa.shape[1]
    scale = multipoles(pixels, np.radians(CARD.side))
    sigma, slope = (ak.to_numpy(maps[name]).astype(np.float64) for name in ("sigma", "slope"))
    total = np.zeros(scale.shape)
    for first in range(0, len(kappa), 50):
        some = slice(first, first + 50)
        measured = np.abs(fft.rfft2(kappa[some].astype(np.float64))) ** 2 / pixels**2
        total += (measured / power_spectrum(sigma[some], slope[some], pixels)).sum(axis=0)
    edges = np.geomspace(90, scale[0].max(), 16)
    weight, _ = np.histogram(scale, edges)
    where, _ = np.histogram(scale, edges, weights=scale)
    ratio, _ = np.histogram(scale, edges, weights=total / len(kappa))
    filled = weight > 0
    return where[filled] / weight[filled], ratio[filled] / weight[filled]


def minkowski(fields: Array, side: float, levels: Array, width: float) -> tuple[Array, Array, Array]:
    """Return the Minkowski functionals V0, V1, V2 of the excursion sets of smooth periodic fields, an area's worth.

    The delta function of the level is a window of some width, the derivatives are those of the Fourier series.

    Args:
        fields: shape (maps, n, n).
        side: side of a map.
        levels: the levels.
        width: width of the window.
    """
    pixels = fields.shape[-1]
    rows = 2j * np.pi * fft.fftfreq(pixels, side / pixels)[:, None]
    columns = 2j * np.pi * fft.rfftfreq(pixels, side / pixels)[None, :]
    modes = fft.rfft2(fields)
    y, x, yy, xx, xy = (fft.irfft2(modes * k) for k in (rows, columns, rows**2, columns**2, rows * columns))
    slope = x**2 + y**2
    # Curvature of the contour times the slope across it: what is integrated along the contour for V2.
    bend = (2 * x * y * xy - x**2 * yy - y**2 * xx) / slope
    inside, length, turn = (np.empty(len(levels)) for _ in range(3))
    for index, level in enumerate(levels):
        near = np.abs(fields - level) < width / 2
        inside[index] = (fields > level).mean()
        length[index] = (near * np.sqrt(slope)).mean() / width / 4
        turn[index] = (near * bend).mean() / width / (2 * np.pi)
    return inside, length, turn


def minkowski_gaussian(tau: float, levels: Array) -> tuple[Array, Array, Array]:
    """Return the closed form for Gaussian fields of unit variance.

    Args:
        tau: half the mean square of the gradient.
        levels: the levels.
    """
    fall = np.exp(-(levels**2) / 2)
    return erfc(levels / np.sqrt(2)) / 2, np.sqrt(tau) / 8 * fall, tau * levels * fall / (2 * np.pi) ** 1.5


def gradient_variance(pixels: int, sigma: float, slope: float) -> float:
    """Return half the mean square gradient over the variance, from the true spectrum (1/rad^2)."""
    power = power_spectrum(np.array([sigma]), np.array([slope]), pixels)[0]
    weight = multipoles(pixels, np.radians(CARD.side)) ** 2 * power
    return float(fft.irfft2(weight)[0, 0] / 2 / sigma**2)


def _functionals(gaussian: ak.Array) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
    """Return levels, measured and true functionals of the first Gaussian maps of equal parameters."""
    first = gaussian[(gaussian.sigma == gaussian.sigma[0]) & (gaussian.slope == gaussian.slope[0])][:60]
    sigma, slope = float(first.sigma[0]), float(first.slope[0])
    fields = ak.to_numpy(first.kappa).astype(np.float64) / sigma
    levels = np.linspace(-2.5, 2.5, 11)
    measured = minkowski(fields, np.radians(CARD.side), levels, 0.1)
    return levels, measured, minkowski_gaussian(gradient_variance(fields.shape[1], sigma, slope), levels)


def quantities(entries: ak.Array) -> list[Quantity]:
    """Return the main figures of the sample."""
    found = []
    for label, name in enumerate(CLASSES):
        maps = entries[entries.label == label]
        kappa = ak.to_numpy(maps.kappa) / ak.to_numpy(maps.sigma)[:, None, None]
        found.append(
            Quantity(f"{name}: rms of a pixel over sigma", float(np.sqrt((kappa**2).mean())), "1", "definition")
        )
        scale, ratio = spectrum_ratio(maps)
        for least, largest in ((90, 500), (500, 2500), (2500, 20_000)):
            band = ratio[(scale > least) & (scale < largest)].mean()
            found.append(Quantity(f"{name}: power over the input, l {least} to {largest}", float(band), "1", "input"))
    log = entries[entries.label == 1]
    spread = ak.to_numpy(log.sigma).astype(np.float64) / CARD.shift
    true = float(((spread**2 + 3) * spread * spread**3).mean() / (spread**3).mean())
    cubes = (ak.to_numpy(log.kappa).astype(np.float64) ** 3).mean() / (
        ak.to_numpy(log.sigma).astype(np.float64) ** 3
    ).mean()
    found.append(
        Quantity("lognormal: skewness of a pixel", float(cubes), f"{true:.3f}", "(s^2 + 3) s, s = sigma / shift")
    )
    found.append(
        Quantity("lognormal: least convergence", float(ak.min(log.kappa)), f"> {-CARD.shift}", "minus the shift")
    )
    _, measured, expected = _functionals(entries[entries.label == 0])
    for name, values, closed in zip(("V0", "V1", "V2"), measured, expected, strict=True):
        difference = float(np.abs(values - closed).max() / np.abs(closed).max())
        found.append(
            Quantity(
                f"gaussian: largest difference of {name} over its maximum", difference, "0", "closed form (Tomita 1986)"
            )
        )
    return found


def draw(entries: ak.Array, figure: Figure) -> None:
    """Draw maps, spectra, pixels and functionals."""
    axes = figure.subplots(2, 3).ravel()
    extent = (0.0, CARD.side, 0.0, CARD.side)
    for label, name in enumerate(CLASSES):
        maps = entries[entries.label == label]
        picture = axes[label].imshow(ak.to_numpy(maps.kappa[0]), extent=extent, vmin=-0.06, vmax=0.10, cmap="magma")
        axes[label].set(title=name, xlabel="degrees", ylabel="degrees")
        scale, ratio = spectrum_ratio(maps)
        axes[2].plot(scale, ratio, "o" if label else "s", mfc="none", label=name)
        values = np.histogram(ak.to_numpy(maps.kappa).ravel(), np.linspace(-0.1, 0.2, 101))
        mplhep.histplot(values, ax=axes[3], density=True, label=name, yerr=False)
    figure.colorbar(picture, ax=axes[1], label="convergence")
    axes[2].axhline(1, color="grey", lw=1)
    axes[2].set(xscale="log", xlabel="multipole $\\ell$", ylabel="power / input power", ylim=(0.9, 1.1))
    axes[3].set(yscale="log", xlabel="convergence", ylabel="pixels, normalised")
    levels, measured, expected = _functionals(entries[entries.label == 0])
    for axis, number in ((axes[4], 1), (axes[5], 2)):
        axis.plot(levels, measured[number], "s", mfc="none", label="gaussian maps")
        axis.plot(levels, expected[number], "-", color="grey", label="closed form")
        axis.set(xlabel="level $\\kappa/\\sigma$", ylabel=f"$V_{number}$ (rad$^{{-{number}}}$)")
    for axis in axes[2:]:
        axis.legend()
