import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import azimuth, four_vectors, pseudorapidity
from keras_hep.physics.systematics import RegionGrid, draw_region_scales, rescale_regions
from tests.physics.systematics.toy_events import FIELDS, toy_events

GRID = RegionGrid(eta_cells=4, phi_cells=8, eta_max=2.0)


def test_each_constituent_gets_the_scale_of_its_cell():
    events = toy_events()
    scales = np.arange(1, 33, dtype=float).reshape(GRID.shape)
    varied = rescale_regions(events, GRID, scales)
    outside = 0
    for event, after in zip(ak.to_list(events), ak.to_list(varied), strict=True):
        for one, other in zip(event, after, strict=True):
            eta = np.arcsinh(one["pz"] / np.hypot(one["px"], one["py"]))
            phi = np.arctan2(one["py"], one["px"])
            factor = 1.0
            if abs(eta) < 2.0:
                rows = [row for row in range(4) if -2.0 + row <= eta]
                columns = [column for column in range(8) if -np.pi + column * np.pi / 4 <= phi]
                factor = scales[rows[-1], columns[-1]]
            outside += factor == 1.0
            assert [other[f] for f in FIELDS] == [factor * one[f] for f in FIELDS]
    assert outside > 10


def test_an_azimuth_of_pi_is_in_the_first_cell():
    at = GRID.cell(np.array([0.1, 0.1, 0.1]), np.array([-np.pi, np.pi, np.pi - 1e-6]))
    assert at.tolist() == [16, 16, 23]


def test_the_ends_of_the_grid():
    assert GRID.cell(np.array([-2.0, 2.0, 1.999, -2.001, 400.0]), np.zeros(5)).tolist() == [4, -1, 28, -1, -1]


def test_events_have_scales_of_their_own():
    events = toy_events()
    scales = draw_region_scales(GRID, 0.2, np.random.default_rng(1), len(events))
    varied = rescale_regions(events, GRID, scales)
    for event in (1, 2, 3):
        alone = rescale_regions(events[event : event + 1], GRID, scales[event])
        assert varied[event : event + 1].to_list() == alone.to_list()


def test_scales_are_independent_and_log_normal():
    scales = np.log(draw_region_scales(GRID, 0.05, np.random.default_rng(2), 5000)).reshape(5000, -1)
    assert np.mean(scales) == pytest.approx(0.0, abs=4 * 0.05 / np.sqrt(scales.size))
    np.testing.assert_allclose(np.std(scales, axis=0), 0.05, rtol=0.05)
    correlation = np.corrcoef(scales, rowvar=False) - np.eye(32)
    assert np.abs(correlation).max() < 5 / np.sqrt(5000)


def test_one_draw_is_for_all_events():
    assert draw_region_scales(GRID, 0.1, np.random.default_rng(1)).shape == GRID.shape
    np.testing.assert_array_equal(draw_region_scales(GRID, 0.0, np.random.default_rng(1), 3), np.ones((3, 4, 8)))


def test_directions_stay():
    events = toy_events()
    varied = rescale_regions(events, GRID, draw_region_scales(GRID, 0.1, np.random.default_rng(1)))
    for direction in (azimuth, pseudorapidity):
        np.testing.assert_allclose(ak.flatten(direction(varied)), ak.flatten(direction(events)), rtol=1e-12)


def test_a_constituent_along_the_beam_is_in_no_cell():
    one = four_vectors(px=ak.Array([[0.0]]), py=ak.Array([[0.0]]), pz=ak.Array([[5.0]]))
    assert rescale_regions(one, GRID, np.full(GRID.shape, 2.0)).to_list() == one.to_list()


@pytest.mark.parametrize(
    ("scales", "message"),
    [
        (np.ones((8, 4)), r"the shape \(4, 8\) or \(60, 4, 8\); received \(8, 4\)"),
        (np.zeros((4, 8)), "positive and finite; received 0.0"),
        (np.full((4, 8), np.nan), "positive and finite; received nan"),
    ],
)
def test_wrong_scales_are_refused(scales, message):
    with pytest.raises(DataError, match=message):
        rescale_regions(toy_events(), GRID, scales)


def test_wrong_grids_and_widths_are_refused():
    for wrong in ((0, 4, 1.0), (4, 0, 1.0), (4, 4, 0.0), (4, 4, np.inf)):
        with pytest.raises(DataError, match="a grid needs at least one cell"):
            RegionGrid(*wrong)
    with pytest.raises(DataError, match="width must not be negative and must be finite; received -1"):
        draw_region_scales(GRID, -1.0, np.random.default_rng(1))
