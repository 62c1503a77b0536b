"""What inspect says of a file is what is in it."""

import re

import awkward as ak
import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from keras_hep.cli import app
from keras_hep.data.summary import numbers_of, summarise
from keras_hep.errors import DataError
from keras_hep.evaluation.plots.branches import branch_histograms
from keras_hep.workflow.inspecting import histogram_page
from tests.conftest import toy_jets, write_ntuple, write_tree


def columns():
    jets = toy_jets(200)
    chosen = {name: jets[name] for name in ("j_pt", "j_dispersion", "part_pt")}
    return chosen | {"label": np.arange(200, dtype=np.int32) % 3}


@pytest.fixture(scope="module", params=[write_tree, write_ntuple])
def file(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("inspect") / "jets.root", columns())


def branches(file, **options):
    (summary,) = summarise(str(file), **options)
    return summary, {branch.name: branch for branch in summary.branches}


def test_types_ranges_and_missing_values(file):
    expected = columns()
    summary, found = branches(file)
    assert (summary.name, summary.entries, summary.looked_at) == ("jets", 200, 200)
    assert found["part_pt"].type == "var * float32"
    assert found["j_pt"].type == "float32"
    assert found["label"].type == "int32"
    pt = ak.to_numpy(ak.flatten(expected["part_pt"])).astype(np.float64)
    part = found["part_pt"]
    assert (part.values, part.strange) == (len(pt), 0)
    assert (part.low, part.high, part.mean) == pytest.approx((pt.min(), pt.max(), pt.mean()))
    assert part.empty == np.mean(ak.to_numpy(ak.num(expected["part_pt"])) == 0) > 0
    assert found["j_dispersion"].strange == np.isnan(expected["j_dispersion"]).sum() > 0
    assert found["j_pt"].empty is None


def test_only_the_first_entries_and_some_branches(file):
    summary, found = branches(file, entries=50, patterns=["part_*", "label"])
    assert summary.looked_at == 50
    assert set(found) == {"part_pt", "label"}
    assert found["label"].values == 50
    with pytest.raises(DataError, match="no branch matches jet_"):
        list(summarise(str(file), tree="jets", patterns=["jet_*"]))


def test_hdf5_with_arrays_of_several_axes(tmp_path):
    image = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    with h5py.File(tmp_path / "x.h5", "w") as handle:
        handle["image"] = image
        handle["names"] = np.array([b"a", b"b", b"c"])
    summary, found = branches(tmp_path / "x.h5")
    assert summary.entries == 2
    assert list(found) == ["image"]
    assert (found["image"].type, found["image"].values, found["image"].high) == ("3 * 4 * float32", 24, 23.0)


def test_text_and_empty_files(tmp_path):
    path = write_ntuple(tmp_path / "x.root", {"name": ak.Array(["a", "bc"]), "n": np.array([np.inf, np.nan])})
    _, found = branches(path)
    assert found["name"].values is None
    assert found["n"].strange == 2 and found["n"].low is None
    empty = write_tree(tmp_path / "empty.root", {"n": np.zeros(0)})
    summary, found = branches(empty)
    assert summary.entries == 0 and found["n"].values == 0
    (tmp_path / "bad.root").write_bytes(b"root" + bytes(300))
    with pytest.raises(DataError, match=r"bad\.root' holds no TTree or RNTuple"):
        list(summarise(str(tmp_path / "bad.root")))


def test_a_page_of_histograms_for_each_class(file, tmp_path):
    page = histogram_page([str(file)], tmp_path / "page.html", by="label").read_text()
    images = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", page)
    assert len(images) == 1 and len(images[0]) > 10_000
    assert "jets.root" in page
    plain = histogram_page([str(file)], tmp_path / "plain.html", patterns=["label"], most=1).read_text()
    assert plain != page
    with pytest.raises(DataError, match="has 200 values; at most 10 classes"):
        histogram_page([str(file)], tmp_path / "no.html", by="j_pt")
    with pytest.raises(DataError, match="must be one number an entry"):
        histogram_page([str(file)], tmp_path / "no.html", by="part_pt")
    assert not (tmp_path / "no.html").exists()


def test_the_command(file, tmp_path):
    result = CliRunner().invoke(app, ["inspect", str(file), "--plots", str(tmp_path / "p.html"), "--by", "label"])
    assert result.exit_code == 0, result.output
    assert "200 entries" in result.output and "part_pt" in result.output
    assert (tmp_path / "p.html").stat().st_size > 10_000


def test_pieces_give_what_the_whole_gives(file, monkeypatch):
    whole = branches(file)
    monkeypatch.setattr("keras_hep.data.summary._FIRST", 7)
    monkeypatch.setattr("keras_hep.data.summary._PIECE", 1)
    monkeypatch.setattr("keras_hep.data.summary._GROUP", 3)
    summary, found = branches(file)
    assert summary.looked_at == 200
    for name, expected in whole[1].items():
        assert found[name].mean == pytest.approx(expected.mean, rel=1e-12)
        assert vars(found[name]) == vars(expected) | {"mean": found[name].mean}


def test_large_entries_are_looked_at_in_smaller_numbers_and_that_is_said(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "x.h5", "w") as handle:
        handle["showers"] = np.zeros((300, 50))
    monkeypatch.setattr("keras_hep.data.summary._MOST", 100 * 50 * 8)
    result = CliRunner().invoke(app, ["inspect", str(tmp_path / "x.h5")])
    assert "300 entries, ranges of the first 100\n" in result.output
    for asked, looked_at in ((250, 250), (0, 300)):
        assert branches(tmp_path / "x.h5", entries=asked)[0].looked_at == looked_at


def test_whole_numbers_keep_all_of_their_digits(tmp_path):
    numbers = np.array([2**63 + 1, 2**63 + 3], np.uint64)
    path = write_tree(tmp_path / "x.root", {"event": numbers})
    _, found = branches(path)
    assert (found["event"].low, found["event"].high) == (2**63 + 1, 2**63 + 3)
    assert str(2**63 + 3) in CliRunner().invoke(app, ["inspect", str(path)]).output


def test_optional_lists_and_numbers(tmp_path):
    values = ak.Array([[1, None, 3], None, [], [4]])
    found = numbers_of(values)
    np.testing.assert_array_equal(found[0], [1, np.nan, 3, 4])
    np.testing.assert_array_equal(found[1], [0, 0, 0, 3])
    np.testing.assert_array_equal(numbers_of(ak.Array([1.5, None]))[0], [1.5, np.nan])


def test_names_are_neither_folded_nor_taken_for_markup(tmp_path):
    name = "HLT_" + "verylong_" * 12 + "[red]"
    path = tmp_path / "x.csv"
    path.write_text(f"{name},b\n1,2\n")
    result = CliRunner().invoke(app, ["inspect", str(path)], env={"COLUMNS": "40"})
    assert any(line.startswith(name) for line in result.output.splitlines())
    assert ", 1 entry\n" in result.output


def test_all_tables_of_a_file_are_shown(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as handle:
        handle["a"], handle["b"], handle["hits"], handle["title"] = np.ones(3), np.ones(3), np.ones((5, 2)), [b"no"]
    output = CliRunner().invoke(app, ["inspect", str(tmp_path / "x.h5")]).output
    assert "x.h5, 3 entries" in output and "x.h5: hits, 5 entries" in output and "column_1" in output
    assert output.count("title (no numbers)") == 1 and "hits (" not in output
    assert branches(tmp_path / "x.h5", tree="hits")[0].entries == 5


def test_any_values_can_be_drawn():
    values = {
        "charge": [-999.0, -1, 0, 1] * 20,
        "constant": [1e17] * 5,
        "two": [0.0, np.inf, 1.0],
        "wide": [1e308, -1e308] * 30 + list(range(200)),
        "narrow": 1.6e19 + 2048 * np.arange(20),
        "nothing": [np.nan],
        "usual": np.linspace(0, 1, 500),
    }
    columns = {name: (np.asarray(v, float), np.zeros(len(v), np.int64)) for name, v in values.items()}
    figure = branch_histograms(columns, ["all"], "x")
    figure.canvas.draw()
    panels = {axes.get_xlabel(): axes for axes in figure.axes}
    ticks = [text.get_text() for text in panels["charge"].get_xticklabels()]
    assert ticks == ["-999", "-1", "0", "1"]
    np.testing.assert_allclose(panels["charge"].patches[0].get_data().values, 0.25)
    np.testing.assert_allclose(panels["two"].patches[0].get_data().values, 0.5)
    np.testing.assert_allclose(panels["constant"].patches[0].get_data().values, 1)
    for name, said in (("wide", "range"), ("narrow", "range"), ("nothing", "no finite value")):
        assert said in panels[name].texts[0].get_text()
    assert len(panels["usual"].patches[0].get_data().values) > 8
