import h5py
import numpy as np
import pytest

from keras_hep.data import FeatureSpec, read_events
from keras_hep.data.files import open_columns, trees_of
from keras_hep.errors import DataError

HITS = np.arange(28, dtype=">f4").reshape(4, 7) / 4


@pytest.fixture
def file(tmp_path):
    """Tables with entries of their own, as detector simulations write them."""
    sensors = np.zeros(6, [("id", "<i4"), ("x", "<f8"), ("cell", "<f4", (2,)), ("name", "S4")])
    sensors["id"], sensors["x"], sensors["cell"] = range(6), np.arange(6) / 2, np.arange(12).reshape(6, 2)
    with h5py.File(tmp_path / "a.h5", "w") as handle:
        handle["sensors"] = sensors
        handle["run/hits"] = HITS
        handle["wide"] = np.ones((3, 1001))
        handle["names"] = np.array([b"a", b"b"])
        handle["version"] = 3
    return str(tmp_path / "a.h5")


def read(file, tree=None):
    with open_columns(file, tree) as columns:
        return columns.read(columns.names, 0, columns.entries)


def test_a_dataset_of_records_has_its_fields_as_columns(file):
    columns = read(file, "sensors")
    assert list(columns) == ["id", "x", "cell"]
    assert columns["id"].to_list() == [0, 1, 2, 3, 4, 5]
    assert columns["x"].to_list() == [0, 0.5, 1, 1.5, 2, 2.5]
    assert columns["cell"].to_list()[2] == [4, 5]


@pytest.mark.parametrize("name", ["run/hits", "/run/hits"])
def test_a_dataset_with_two_axes_has_numbered_columns(file, name):
    columns = read(file, name)
    assert list(columns) == [f"column_{number}" for number in range(7)]
    for number in range(7):
        np.testing.assert_array_equal(columns[f"column_{number}"], HITS[:, number])
    with open_columns(file, name) as opened:
        assert opened.read(["column_6"], 1, 3)["column_6"].to_list() == HITS[1:3, 6].tolist()


def test_a_wide_dataset_is_one_column(file):
    assert list(read(file, "wide")) == ["wide"]
    assert read(file, "wide")["wide"].to_list() == np.ones((3, 1001)).tolist()


def test_what_is_left_out_is_named_and_can_be_read_as_a_tree(file):
    with open_columns(file) as columns:
        assert set(columns.names) == {"sensors_id", "sensors_x", "sensors_cell"}
        assert columns.others == ("run/hits", "wide")
        assert columns.left_out == {
            "run/hits": "4 entries",
            "wide": "3 entries",
            "names": "no numbers",
            "version": "no entries",
            "sensors, field 'name'": "no numbers",
        }
    assert trees_of(file) == [None, "run/hits", "wide"]


def test_a_specification_names_a_dataset(file):
    features = [{"name": "energy", "branch": "column_5"}, {"name": "r", "expression": "hypot(column_2, column_3)"}]
    spec = FeatureSpec.from_dict({"tree": "run/hits", "inputs": [{"name": "hit", "features": features}]})
    found = read_events(file, spec).inputs["hit"]
    np.testing.assert_allclose(found, np.stack([HITS[:, 5], np.hypot(HITS[:, 2], HITS[:, 3])], axis=1), rtol=1e-6)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ("hits", "has no group or dataset 'hits': did you mean 'run/hits'"),
        ("names", "'/names' of .* holds .S1, not numbers"),
        ("version", "has no group or dataset 'version'"),
    ],
)
def test_a_dataset_without_columns_is_refused(file, tree, message):
    with pytest.raises(DataError, match=message):
        open_columns(file, tree)
