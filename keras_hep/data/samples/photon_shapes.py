"""Variables of the form of electromagnetic showers, as for the identification of photons in arXiv:1810.05087."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.photon_calorimeter import Barrel, Layers

__all__ = ["SHAPES", "cluster_energy", "shapes"]

Floats = npt.NDArray[np.float64]

LEAST_ENERGY = 1e-3
"""Sums of less energy in GeV count as this much where they divide."""

SHAPES = {
    "r_had": "energy behind the electromagnetic calorimeter over that of the cluster",
    "r_eta": "middle layer: energy in 3 x 7 cells (eta x phi) over that in 7 x 7",
    "r_phi": "middle layer: energy in 3 x 3 cells over that in 3 x 7",
    "w_eta2": "middle layer: width in eta of 3 x 5 cells",
    "f1": "energy of the strips over that of the cluster",
    "f3": "energy of the back layer over that of the cluster",
    "w_s3": "strips: width of three strips around the highest, in strips",
    "w_stot": "strips: width of 20 strips around the highest, in strips",
    "f_side": "strips: energy of 7 strips around the highest less that of 3, over that of 3",
    "delta_e": "strips: second highest local maximum less the lowest strip between the two maxima (GeV); 0 without",
    "e_ratio": "strips: highest less second highest local maximum over their sum; 1 without a second",
}
"""What `shapes` gives."""


def window(layer: Floats, eta: int, phi: int) -> Floats:
    """Return the sum of a window of so many cells around the middle of a layer with odd numbers of cells."""
    middle_eta, middle_phi = layer.shape[1] // 2, layer.shape[2] // 2
    rows = slice(middle_eta - eta // 2, middle_eta + eta // 2 + 1)
    columns = slice(middle_phi - phi // 2, middle_phi + phi // 2 + 1)
    total: Floats = layer[:, rows, columns].sum(axis=(1, 2))
    return total


def cluster_energy(layers: Layers, barrel: Barrel) -> Floats:
    """Return the energy of the cluster in GeV: 3 x 7 cells of middle and back layer and the strips before them."""
    return _strip_energy(layers, barrel) + window(layers.middle, 3, 7) + window(layers.back, 3, 7)


def _strip_energy(layers: Layers, barrel: Barrel) -> Floats:
    """Return the energy of the strips before three cells."""
    middle, half = layers.strips.shape[1] // 2, 3 * barrel.strips_per_cell // 2
    energy: Floats = layers.strips[:, middle - half : middle + half].sum(axis=(1, 2))
    return energy


def shapes(layers: Layers, barrel: Barrel) -> dict[str, Floats]:
    """Return the variables of candidates.

    Args:
        layers: what they left in the calorimeter.
        barrel: its card.

    Returns:
        `SHAPES`, each of shape (candidates,).
    """
    middle = layers.middle
    energy = np.maximum(cluster_energy(layers, barrel), LEAST_ENERGY)
    return {
        "r_had": layers.hadronic / energy,
        "r_eta": window(middle, 3, 7) / np.maximum(window(middle, 7, 7), LEAST_ENERGY),
        "r_phi": window(middle, 3, 3) / np.maximum(window(middle, 3, 7), LEAST_ENERGY),
        "w_eta2": _width(middle, barrel),
        "f1": _strip_energy(layers, barrel) / energy,
        "f3": window(layers.back, 3, 7) / energy,
        **_strip_shapes(layers.strips.sum(axis=2)),
    }


def _width(middle: Floats, barrel: Barrel) -> Floats:
    """Return the width in eta of 3 x 5 cells."""
    centre_eta, centre_phi = middle.shape[1] // 2, middle.shape[2] // 2
    rows = middle[:, centre_eta - 1 : centre_eta + 2, centre_phi - 2 : centre_phi + 3].sum(axis=2)
    return barrel.cell * _spread(rows, np.array([-1.0, 0.0, 1.0]))


def _spread(energy: Floats, position: Floats) -> Floats:
    """Return the standard deviation of positions (strips,) or (candidates, strips), weighted with energies."""
    # Noise can make single energies negative, and without a bound a variance as well.
    total = np.maximum(energy.sum(axis=1), LEAST_ENERGY)
    mean = (energy * position).sum(axis=1) / total
    variance = (energy * position**2).sum(axis=1) / total - mean**2
    spread: Floats = np.sqrt(np.maximum(variance, 0.0))
    return spread


def _strip_shapes(strips: Floats) -> dict[str, Floats]:
    """Return the variables of strips, (candidates, strips in eta)."""
    count = strips.shape[1]
    # The window of 20 strips around the highest must lie within the strips.
    inner = strips[:, 10 : count - 10]
    highest = inner.argmax(axis=1) + 10
    around = np.arange(-10, 10)
    near = np.take_along_axis(strips, highest[:, None] + around, axis=1)
    place = 10
    three, seven = near[:, place - 1 : place + 2].sum(axis=1), near[:, place - 3 : place + 4].sum(axis=1)
    three = np.maximum(three, LEAST_ENERGY)
    first, second, valley = _maxima(near, place)
    squared = (near[:, place - 1] + near[:, place + 1]) / three
    return {
        "w_s3": np.sqrt(np.maximum(squared, 0.0)),
        "w_stot": _spread(near, around.astype(np.float64)),
        "f_side": (seven - three) / three,
        "delta_e": second - valley,
        "e_ratio": (first - second) / np.maximum(first + second, LEAST_ENERGY),
    }


def _maxima(near: Floats, place: int) -> tuple[Floats, Floats, Floats]:
    """Return the highest strip, the second highest local maximum and the lowest strip between them; 0 for none."""
    candidates, count = near.shape
    local = np.zeros_like(near, dtype=bool)
    local[:, 1:-1] = (near[:, 1:-1] > near[:, :-2]) & (near[:, 1:-1] > near[:, 2:])
    local[:, place] = False
    heights = np.where(local, near, 0.0)
    other = heights.argmax(axis=1)
    second = np.maximum(heights[np.arange(candidates), other], 0.0)
    column = np.arange(count)
    low, high = np.minimum(other, place)[:, None], np.maximum(other, place)[:, None]
    between = np.where((column > low) & (column < high), near, np.inf).min(axis=1)
    return near[:, place], second, np.where(second > 0.0, np.minimum(between, second), 0.0)
