"""Gaussian and shifted log-normal random fields on a periodic square grid.

A power spectrum is held on the grid of `numpy.fft.rfft2`, normalised so that its mean over all Fourier modes is the
variance of a pixel: the angular power C(l) is the value times the area of a pixel (sr).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import fft

__all__ = ["correlation", "gaussian_fields", "lognormal_fields", "multipoles", "underlying_power"]

Array = npt.NDArray[np.float64]


def multipoles(pixels: int, side: float) -> Array:
    """Return the multipole l (1/rad) of each mode.

    Args:
        pixels: pixels along a side.
        side: side of the map (rad).

    Returns:
        Shape (pixels, pixels // 2 + 1).
    """
    step = side / pixels
    rows, columns = fft.fftfreq(pixels, step), fft.rfftfreq(pixels, step)
    return np.asarray(2 * np.pi * np.hypot(rows[:, None], columns), dtype=np.float64)


def correlation(power: Array) -> Array:
    """Return the two-point correlation of a spectrum, whose value at separation zero is the variance.

    Args:
        power: spectra, shape (..., n, n // 2 + 1).

    Returns:
        Correlation at each separation in pixels, shape (..., n, n).
    """
    return np.asarray(fft.irfft2(power), dtype=np.float64)


def underlying_power(power: Array, shift: float) -> Array:
    """Return the spectrum of the Gaussian field whose shifted exponential has the spectrum `power`.

    The correlations are related by xi_g = ln(1 + xi / shift^2). A log-normal field with a spectrum that falls faster
    than the square of its own convolution does not exist; the modes for which the Gaussian's power would be negative
    would be lost, so they are refused rather than cut.

    Args:
        power: spectra of the log-normal field, shape (..., n, n // 2 + 1).
        shift: lambda, the distance of the log-normal field's minimum from its mean.

    Raises:
        ValueError: there is no such log-normal field.
    """
    gaussian = np.asarray(fft.rfft2(np.log1p(correlation(power) / shift**2)).real, dtype=np.float64)
    if gaussian.min() < 0:
        raise ValueError(f"no log-normal field with the shift {shift:g} has this power spectrum")
    return gaussian


def gaussian_fields(power: Array, count: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draw Gaussian fields of mean zero.

    Args:
        power: one spectrum, shape (n, n // 2 + 1), or one for each field.
        count: number of fields.
        rng: randomness.

    Returns:
        Shape (count, n, n).
    """
    pixels = power.shape[-2]
    white = rng.standard_normal((count, pixels, pixels), dtype=np.float32)
    fields = fft.irfft2(fft.rfft2(white, overwrite_x=True) * np.sqrt(power).astype(np.float32), overwrite_x=True)
    return np.asarray(fields, dtype=np.float32)


def lognormal_fields(power: Array, shift: float, count: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draw shifted log-normal fields of mean zero and least value -shift; arguments and shape as `gaussian_fields`.

    Args:
        power: the spectrum that the log-normal fields have.
        shift: distance of the least value from the mean.
        count: number of fields.
        rng: randomness.

    Raises:
        ValueError: there is no such log-normal field.
    """
    gaussian = underlying_power(power, shift)
    variance = correlation(gaussian)[..., :1, :1]
    exponent = gaussian_fields(gaussian, count, rng) - (variance / 2).astype(np.float32)
    return np.asarray(np.float32(shift) * np.expm1(exponent), dtype=np.float32)
