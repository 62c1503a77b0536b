"""What inspect says of a file is what is in it."""

import re

import awkward as ak
import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from keras_hep.cli import app
from keras_hep.data.summary import summarise
from keras_hep.errors import DataError
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
