"""Voxels: histograms of the hits, with energy that is neither lost nor made, in the order of the CaloChallenge."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics.voxels import CylindricalBinning, cylindrical_voxels, voxelise

COUNTS = (40, 0, 300, 7)
EDGES = (np.linspace(-60, 60, 7), np.array([-50.0, -10.0, 0.0, 5.0, 45.0]), np.arange(4))
# Three layers: rings of two widths in four sectors, none, one ring in three sectors that begins at 2 mm.
BINNING = CylindricalBinning(((0.0, 5.0, 20.0), (0.0,), (2.0, 30.0)), (4, 1, 3))


def hits(seed=1):
    rng = np.random.default_rng(seed)
    total = sum(COUNTS)
    x, y, energy = rng.normal(0, 25, total), rng.normal(0, 25, total), rng.exponential(1.0, total)
    return tuple(ak.unflatten(column, COUNTS) for column in (x, y, rng.integers(0, 3, total), energy))


def polar():
    x, y, layer, energy = hits()
    return np.hypot(x, y), np.arctan2(y, x), layer, energy


def test_grid_equals_a_histogram():
    x, y, z, energy = hits()
    grid = voxelise((x, y, z), energy, EDGES)
    assert grid.shape == (4, 6, 4, 3)
    assert grid.dtype == np.float32
    edges = (*EDGES[:2], np.array([-0.5, 0.5, 1.5, 2.5]))
    for event in range(4):
        points = np.stack([ak.to_numpy(values[event]) for values in (x, y, z)], axis=1)
        expected, _ = np.histogramdd(points, bins=edges, weights=ak.to_numpy(energy[event]))
        np.testing.assert_allclose(grid[event], expected, rtol=1e-6)


def test_energy_is_conserved():
    x, y, z, energy = hits()
    inside = (abs(x) < 60) & (y > -50) & (y < 45)
    sums = {
        policy: voxelise((x, y, z), energy, EDGES, overflow=policy).sum(axis=(1, 2, 3)) for policy in ("drop", "clip")
    }
    np.testing.assert_allclose(sums["drop"], ak.sum(energy[inside], axis=1), rtol=1e-6)
    np.testing.assert_allclose(sums["clip"], ak.sum(energy, axis=1), rtol=1e-6)
    assert sums["clip"].sum() > sums["drop"].sum()


def test_clipped_hits_go_to_the_nearest_voxel():
    x, y, energy = ak.Array([[-99.0, 10.0, 99.0]]), ak.Array([[-99.0, 99.0, 2.0]]), ak.Array([[1.0, 2.0, 4.0]])
    grid = voxelise((x, y), energy, EDGES[:2], overflow="clip")
    assert grid[0, 0, 0] == 1.0
    assert grid[0, 3, 3] == 2.0
    assert grid[0, 5, 2] == 4.0


def test_edges_of_voxels():
    x = ak.Array([[0.0, 1.0, 2.0, 3.0, math.nextafter(0.0, -1.0), math.nextafter(3.0, 0.0)]])
    energy = ak.Array([[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]])
    np.testing.assert_array_equal(voxelise([x], energy, [np.arange(4)]), [[1.0, 2.0, 36.0]])


def test_periodic_axis():
    """An azimuth: hits at any multiple of the period, and next to the seam."""
    edges = np.linspace(-math.pi, math.pi, 5)
    phi = ak.Array([[0.1, 0.1 + 2 * math.pi, 0.1 - 6 * math.pi, math.pi, math.nextafter(-math.pi, -4), -3.1]])
    energy = ak.Array([[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]])
    grid = voxelise([phi], energy, [edges], periodic=[0], overflow="refuse")
    np.testing.assert_array_equal(grid, [[40.0, 0.0, 7.0, 16.0]])


def test_hits_outside_can_be_refused():
    x, y, z, energy = hits()
    with pytest.raises(DataError, match=r"hits are outside of the grid, the first in event 0"):
        voxelise((x, y, z), energy, EDGES, overflow="refuse")


def test_voxels_of_a_cylinder_are_in_the_order_of_the_calochallenge():
    """Layer after layer, in it sector after sector from -pi on, in it ring after ring."""
    assert BINNING.shapes == ((4, 2), (0, 0), (3, 1))
    assert BINNING.layer_edges.tolist() == [0, 8, 8, 11]
    cases = {
        # (r, alpha, layer): voxel
        (0.0, -3.1, 0): 0,
        (5.0, -3.1, 0): 1,
        (4.9, -1.5, 0): 2,
        (4.9, 0.0, 0): 4,
        (19.9, math.pi / 2, 0): 7,
        (19.9, math.pi / 2 - 0.01, 0): 5,
        (2.0, -3.1, 2): 8,
        (2.0, -1.0, 2): 9,
        (2.0, 1.1, 2): 10,
        (2.0, 1.1 - 2 * math.pi, 2): 10,
    }
    for (r, alpha, layer), voxel in cases.items():
        row = cylindrical_voxels(ak.Array([[r]]), ak.Array([[alpha]]), ak.Array([[layer]]), ak.Array([[3.0]]), BINNING)[
            0
        ]
        assert np.flatnonzero(row).tolist() == [voxel], (r, alpha, layer)


def test_cylinder_equals_a_histogram():
    r, alpha, layer, energy = polar()
    voxels = cylindrical_voxels(r, alpha, layer, energy, BINNING)
    assert voxels.shape == (4, 11)
    for number in (0, 2):
        view = BINNING.layer(voxels, number)
        edges = np.linspace(-np.pi, np.pi, BINNING.n_bin_alpha[number] + 1), BINNING.r_edges[number]
        for event in range(4):
            here = layer[event] == number
            columns = (ak.to_numpy(values[event][here]) for values in (alpha, r, energy))
            its_alpha, its_r, its_energy = columns
            expected, _, _ = np.histogram2d(its_alpha, its_r, bins=edges, weights=its_energy)
            np.testing.assert_allclose(view[event], expected, rtol=1e-6)
    assert BINNING.layer(voxels, 1).shape == (4, 0, 0)


def test_energy_is_conserved_in_a_cylinder():
    r, alpha, layer, energy = polar()
    inside = ((layer == 0) & (r < 20)) | ((layer == 2) & (r >= 2) & (r < 30))
    dropped = cylindrical_voxels(r, alpha, layer, energy, BINNING)
    clipped = cylindrical_voxels(r, alpha, layer, energy, BINNING, overflow="clip")
    np.testing.assert_allclose(dropped.sum(axis=1), ak.sum(energy[inside], axis=1), rtol=1e-6)
    np.testing.assert_allclose(clipped.sum(axis=1), ak.sum(energy[layer != 1], axis=1), rtol=1e-6)
    with pytest.raises(DataError, match="hits are outside of the grid"):
        cylindrical_voxels(r, alpha, layer, energy, BINNING, overflow="refuse")


def test_rotation_by_a_sector_moves_sectors():
    r, alpha, layer, energy = polar()
    binning = CylindricalBinning(((0.0, 10.0, 500.0),) * 3, (4, 4, 4))
    before = cylindrical_voxels(r, alpha, layer, energy, binning).reshape(4, 3, 4, 2)
    after = cylindrical_voxels(r, alpha + np.pi / 2, layer, energy, binning).reshape(4, 3, 4, 2)
    np.testing.assert_allclose(after, np.roll(before, 1, axis=2), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y, z, e: voxelise((x, y), e, EDGES), "received 2 coordinates and 3 edges"),
        (lambda x, y, z, e: voxelise((x, y, z[:, 1:2]), e, EDGES), "'coordinate 2' must have one value for each hit"),
        (lambda x, y, z, e: voxelise((x,), e, ([0, 2, 1],)), "axis 0 must be two or more finite numbers that rise"),
        (lambda x, y, z, e: voxelise((x * np.nan,), e, EDGES[:1]), "'coordinate 0' must be finite; event 0"),
        (lambda x, y, z, e: voxelise((x,), e, EDGES[:1], overflow="clipp"), "'clipp'; did you mean 'clip'"),
        (lambda x, y, z, e: voxelise((x,), ak.flatten(e), EDGES[:1]), "received 1 axes"),
        (lambda x, y, z, e: cylindrical_voxels(x, y, z + 1, e, BINNING), "integers from 0 to 2; received 3"),
        (lambda x, y, z, e: cylindrical_voxels(x, y, z + 0.5, e, BINNING), r"received \d\.5"),
        (lambda x, y, z, e: CylindricalBinning(((0.0, 1.0),), (1, 2)), "1 layers have r_edges and 2 have n_bin_alpha"),
        (lambda x, y, z, e: CylindricalBinning(((0.0, 1.0),), (0,)), "at least one sector"),
        (lambda x, y, z, e: CylindricalBinning(((-1.0, 1.0),), (1,)), "radii from 0"),
        (lambda x, y, z, e: BINNING.layer(np.zeros((2, 11), dtype=np.float32), 3), "a layer below 3"),
        (lambda x, y, z, e: BINNING.layer(np.zeros((2, 10), dtype=np.float32), 0), r"expected \(events, 11\)"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(DataError, match=message):
        call(*hits())
