import awkward as ak
import numpy as np
import pytest

from keras_hep.data.files import open_columns, trees_of
from keras_hep.errors import DataError, FileReadError


def read(file, start=0, stop=None, tree=None):
    with open_columns(str(file), tree) as columns:
        return columns.read(columns.names, start, columns.entries if stop is None else stop)


def test_energyflow_jets_are_read_without_padding(tmp_path):
    jets = np.zeros((3, 4, 4))
    jets[0, :2] = [[10, 0.1, 0.2, 211], [5, -0.1, 6.0, 22]]
    jets[2, :4] = np.arange(16).reshape(4, 4) + 1
    np.savez_compressed(tmp_path / "QG_jets.npz", X=jets, y=np.array([1, 0, 1]))
    columns = read(tmp_path / "QG_jets.npz")
    assert columns["part_pt"].to_list() == [[10, 5], [], [1, 5, 9, 13]]
    assert columns["part_y"].to_list()[0] == [0.1, -0.1]
    assert columns["part_phi"].to_list()[0] == [0.2, 6.0]
    assert columns["part_pdgid"].to_list() == [[211, 22], [], [4, 8, 12, 16]]
    assert columns["label"].to_list() == [1, 0, 1]


def test_energyflow_of_another_shape_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.ones((3, 4, 3)), y=np.ones(3))
    with pytest.raises(DataError, match=r"shapes \(3, 4, 3\), \(3,\); expected \(n, slots, 4\)"):
        open_columns(str(tmp_path / "a.npz"))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_entries_can_be_read_in_any_order(tmp_path, save):
    x = np.random.default_rng(2).normal(size=(5000, 3, 2)).astype(">f4")
    save(tmp_path / "a.npz", x=x, half=np.arange(5000).astype(np.float16))
    with open_columns(str(tmp_path / "a.npz")) as columns:
        assert columns.entries == 5000
        assert columns.types(["x", "half"]) == {"x": "3 * 2 * float32", "half": "float32"}
        for start, stop in ((4000, 5000), (0, 10), (3, 4500), (7, 7)):
            np.testing.assert_array_equal(columns.read(["x"], start, stop)["x"], x[start:stop])


def test_names_in_the_archive_name_the_columns(tmp_path):
    x = np.arange(6.0).reshape(3, 2)
    np.savez(tmp_path / "a.npz", x=x, y=[0, 1, 2], names=["mass", "c1"], classes=["g", "q", "t"])
    columns = read(tmp_path / "a.npz")
    assert set(columns) == {"mass", "c1", "y"}
    assert columns["mass"].to_list() == [0, 2, 4]
    assert columns["c1"].to_list() == [1, 3, 5]


@pytest.fixture
def sparse(tmp_path):
    np.savez(
        tmp_path / "a.npz",
        **{"E0_pi+": [1.0, 2.0, 3.0], "n_pi+": np.array([2, 0, 1], np.uint16), "idx_pi+": [7, 8, 9]},
        **{
            "E0_e": [4.0, 5.0],
            "n_e": np.array([1, 3], np.uint16),
            "idx_e": [1, 2, 3, 4],
            "val_e": [0.5, 1.5, 2.5, 3.5],
        },
    )
    return tmp_path / "a.npz"


def test_numbers_with_their_lengths_are_lists(sparse):
    columns = read(sparse, tree="e")
    assert columns["E0"].to_list() == [4, 5]
    assert columns["idx"].to_list() == [[1], [2, 3, 4]]
    assert columns["val"].to_list() == [[0.5], [1.5, 2.5, 3.5]]
    assert read(sparse, 1, 2, tree="e")["val"].to_list() == [[1.5, 2.5, 3.5]]


def test_without_a_sample_the_most_common_number_of_entries_counts(sparse):
    columns = read(sparse)
    assert set(columns) == {"E0_e", "n_e", "idx_e", "val_e"}
    assert columns["idx_e"].to_list() == [[1], [2, 3, 4]]
    with pytest.raises(DataError, match="no arrays that end with '_pi': did you mean 'pi\\+'"):
        open_columns(str(sparse), "pi")


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones(3), y=np.array([{}, [], None], dtype=object))
    with pytest.raises(DataError, match=r"'y\.npy' holds Python objects"):
        open_columns(str(tmp_path / "a.npz"))


def test_fortran_order_is_refused_rather_than_transposed(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.asfortranarray(np.arange(6.0).reshape(3, 2)))
    with pytest.raises(DataError, match="Fortran order"):
        open_columns(str(tmp_path / "a.npz"))


def test_a_damaged_archive_is_refused(tmp_path):
    file = tmp_path / "a.npz"
    np.savez_compressed(file, x=np.random.default_rng(3).normal(size=1000))
    content = bytearray(file.read_bytes())
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(FileReadError, match="cannot be opened as a NumPy archive"):
        open_columns(str(file))
    content[3000:3100] = bytes(100)
    file.write_bytes(content)
    with pytest.raises(FileReadError, match="entries 0 to 1000 cannot be read"):
        read(file)


def test_an_archive_without_numbers_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", classes=["g", "q"], scale=np.float64(1))
    with pytest.raises(DataError, match="no array of numbers with entries"):
        open_columns(str(tmp_path / "a.npz"))


def test_lists_that_do_not_add_up_stay_numbers(tmp_path):
    np.savez(tmp_path / "a.npz", n_a=[1, 2], idx_a=[1, 2, 3, 4], e_a=[1.0, 2.0])
    assert ak.to_list(read(tmp_path / "a.npz")["n_a"]) == [1, 2]
    assert set(read(tmp_path / "a.npz")) == {"n_a", "e_a"}


def test_samples_and_arrays_that_are_left_out_are_named(sparse, tmp_path):
    with open_columns(str(sparse)) as columns:
        assert columns.others == ("pi+",)
        assert columns.left_out == {}
    assert trees_of(str(sparse)) == [None, "pi+"]
    np.savez(tmp_path / "b.npz", x=np.ones(4), y=np.ones(4), edges=np.ones(5), classes=["g", "q"], scale=np.float64(1))
    with open_columns(str(tmp_path / "b.npz")) as columns:
        assert columns.names == ("x", "y")
        assert columns.left_out == {"edges": "5 entries", "classes": "no numbers", "scale": "one number"}
        assert columns.others == ()
