"""Toy jets for the tests of jet images, as flat columns."""

import itertools

import numpy as np

__all__ = ["flat_jets", "pieces", "reflected", "turned"]


def flat_jets(counts=(9, 30, 1, 0, 14, 55), seed=2, width=0.25):
    """Return offsets, eta, phi, pt of jets around random axes; the second lies across phi = pi."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    axes = np.stack([rng.uniform(-2, 2, len(counts)), rng.uniform(-3, 3, len(counts))], axis=1)
    axes[1, 1] = np.pi - 0.02
    jet = np.repeat(np.arange(len(counts)), counts)
    eta, phi = (axes[jet] + rng.normal(0, width, (len(jet), 2)) * [1.0, 0.6]).T
    return offsets, eta, (phi + np.pi) % (2 * np.pi) - np.pi, rng.exponential(10.0, len(jet)) + 0.1


def pieces(offsets, *columns):
    """Return the columns of each jet that has constituents."""
    return [
        tuple(column[start:stop] for column in columns) for start, stop in itertools.pairwise(offsets) if stop > start
    ]


def turned(x, y, angle):
    """Rotate points counter-clockwise."""
    return np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y


def reflected(x, y, angle):
    """Mirror points at the line through the origin at this angle."""
    return np.cos(2 * angle) * x + np.sin(2 * angle) * y, np.sin(2 * angle) * x - np.cos(2 * angle) * y
