"""Scores back into files: aligned entry by entry, resumable, the same from Keras, C++ and arrays."""

import json

import awkward as ak
import h5py
import numpy as np
import pytest
import uproot

from keras_hep import models
from keras_hep.data import fit, read_events
from keras_hep.errors import DataError, FeatureError, FileReadError
from keras_hep.export import export
from keras_hep.workflow.predict import predict, predict_arrays
from tests.conftest import CLASSES, rows, toy_jets, toy_spec, write_ntuple, write_tree

SCORES = [f"score_{name}" for name in CLASSES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("predict")
    jets = toy_jets(300) | {"number": np.arange(300, dtype=np.int32)}
    write_tree(path / "a.root", rows(jets, 0, 180))
    write_ntuple(path / "b.root", rows(jets, 180, 300))
    spec = toy_spec().model_copy(update={"selection": "j_pt > 600"})
    fitted = fit(spec, read_events(str(path / "a.root"), spec))
    fitted.save(path / "spec.yaml")
    model = models.build("deep_sets", fitted, phi=[8], f=[8])
    models.save(model, path / "model.keras")
    export(model, path / "net.json")
    return path


def expected(folder, file):
    """The scores computed by hand: NaN where the selection cuts."""
    model = models.load(folder / "model.keras")
    with uproot.open(folder / file) as opened:
        pt = opened["jets"].arrays(filter_name="j_pt")["j_pt"].to_numpy()
    events = read_events(folder / file, toy_spec(), labels=False)
    scores = np.asarray(model({tensor.name: events.inputs[tensor.name] for tensor in model.inputs}))
    return np.where((pt > 600)[:, None], scores, np.nan)


def written(path):
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            return {name: file["scores"][name][:] for name in file["scores"]}
    with uproot.open(path) as file:
        arrays = file["scores"].arrays()
        return {name: arrays[name] for name in arrays.fields}


def stacked(columns):
    return np.stack([np.asarray(columns[name]) for name in SCORES], axis=1)


@pytest.mark.parametrize("format", ["rntuple", "ttree", "hdf5"])
def test_scores_are_aligned_with_the_entries(folder, tmp_path, format):
    done = predict(folder / "model.keras", str(folder / "*.root"), tmp_path, format=format, copy=["number"])
    assert [prediction.output.name.split(".")[0] for prediction in done] == ["a", "b"]
    first = 0
    for prediction, file in zip(done, ("a.root", "b.root"), strict=True):
        columns = written(prediction.output)
        reference = expected(folder, file)
        np.testing.assert_allclose(stacked(columns), reference, atol=1e-6)
        assert np.isnan(reference).any() and not np.isnan(reference).all()
        np.testing.assert_array_equal(columns["number"], first + np.arange(len(reference)))
        first += len(reference)
        assert prediction.counts["cut by the selection"] == np.isnan(reference[:, 0]).sum()


def test_cpp_gives_the_scores_of_keras(folder, tmp_path):
    from keras_hep.data import FeatureSpec

    spec = FeatureSpec.load(folder / "spec.yaml")
    (done,) = predict(folder / "net.json", folder / "a.root", tmp_path, spec=spec)
    np.testing.assert_allclose(stacked(written(done.output)), expected(folder, "a.root"), atol=1e-5)
    with pytest.raises(FeatureError, match="does not say which branches"):
        predict(folder / "net.json", folder / "a.root", tmp_path)


def test_arrays_in_memory_get_the_same_scores(folder):
    with uproot.open(folder / "a.root") as file:
        arrays = file["jets"].arrays()
    scores = predict_arrays(folder / "model.keras", arrays)
    np.testing.assert_allclose(stacked({n: scores[n] for n in scores.fields}), expected(folder, "a.root"), atol=1e-6)
    with pytest.raises(DataError, match="the arrays have no branch 'part_eta'"):
        predict_arrays(folder / "model.keras", arrays[["j_pt", "part_pt"]])


def test_finished_files_are_kept_and_changed_ones_scored_again(folder, tmp_path):
    source = tmp_path / "in" / "a.root"
    source.parent.mkdir()
    source.write_bytes((folder / "a.root").read_bytes())
    run = lambda **options: predict(folder / "model.keras", source, tmp_path / "out", **options)[0]  # noqa: E731
    assert not run().resumed
    again = run()
    assert again.resumed and again.counts["read"] == 180
    assert not run(copy=["number"]).resumed
    assert "number" in written(tmp_path / "out" / "a.scores.root")
    write_tree(source, rows(toy_jets(300), 0, 90))
    assert len(stacked(written(run().output))) == 90


def test_several_processes_write_the_same(folder, tmp_path):
    alone = predict(folder / "model.keras", str(folder / "*.root"), tmp_path / "one")
    told = []
    together = predict(folder / "model.keras", str(folder / "*.root"), tmp_path / "two", workers=2, on_file=told.append)
    assert len(told) == 2
    for one, two in zip(alone, together, strict=True):
        np.testing.assert_array_equal(stacked(written(one.output)), stacked(written(two.output)))


def test_each_object_of_an_entry_gets_its_score(tmp_path):
    rng = np.random.default_rng(1)
    sizes = np.array([2, 0, 3, 1])
    pt = ak.unflatten(rng.uniform(10, 100, 6).astype(np.float32), sizes)
    path = write_tree(tmp_path / "nano.root", {"Jet_pt": pt, "MET": np.arange(4, dtype=np.float32)})
    plain = {
        "each": "Jet_pt",
        "selection": "Jet_pt > 30",
        "inputs": [{"name": "jet", "features": [{"name": "Jet_pt"}, {"name": "MET"}]}],
        "classes": {"hard": "Jet_pt > 60", "soft": "Jet_pt <= 60"},
    }
    from keras_hep.data import FeatureSpec

    spec = FeatureSpec.from_dict(plain)
    model = models.build("dense_tagger", fit(spec, read_events(path, spec)))
    models.save(model, tmp_path / "model.keras")
    (done,) = predict(tmp_path / "model.keras", path, tmp_path / "out")
    scores = written(done.output)["score_hard"]
    assert ak.num(scores).tolist() == sizes.tolist()
    assert np.array_equal(np.isnan(ak.flatten(scores)), ak.flatten(pt <= 30))


def test_files_that_cannot_be_read(folder, tmp_path):
    (tmp_path / "bad.root").write_bytes(b"root of nothing")
    files = [str(folder / "a.root"), str(tmp_path / "bad.root")]
    with pytest.raises(FileReadError, match=r"bad\.root"):
        predict(folder / "model.keras", files, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.scores.json", "a.scores.root"]
    done = predict(folder / "model.keras", files, tmp_path / "out", on_error="skip")
    assert done[0].resumed and done[1].output is None and "bad.root" in done[1].reason


def test_wrong_requests_are_refused(folder, tmp_path):
    with pytest.raises(DataError, match="no branch 'nmber': did you mean 'number'"):
        predict(folder / "model.keras", folder / "a.root", tmp_path / "out", copy=["nmber"])
    (tmp_path / "a.root").write_bytes((folder / "a.root").read_bytes())
    with pytest.raises(DataError, match="two files would write"):
        predict(folder / "model.keras", [folder / "a.root", tmp_path / "a.root"], tmp_path / "out")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_an_empty_file_gives_an_empty_one(folder, tmp_path):
    path = write_tree(tmp_path / "none.root", rows(toy_jets(10), 0, 0))
    (done,) = predict(folder / "model.keras", path, tmp_path / "out")
    assert len(stacked(written(done.output))) == 0
    assert json.loads(done.output.with_suffix(".json").read_text())["entries"] == 0
