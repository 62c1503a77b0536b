"""keras-hep train: what it writes, and that an interrupt changes nothing."""

import json
import shutil

import numpy as np
import pytest

from keras_hep import models
from keras_hep._io import file_hash
from keras_hep.data import FeatureSpec, fit, read_events
from keras_hep.data.specs import spec_path
from keras_hep.errors import FeatureError, ModelError
from keras_hep.evaluation import classification
from keras_hep.provenance import versions
from keras_hep.training import ModelConfig, TrainConfig, TrainingData
from keras_hep.workflow import probabilities, train
from keras_hep.workflow.train import prepare
from tests.conftest import rows, write_tree

EPOCHS = 4


@pytest.fixture(scope="module")
def config(jet_file, spec, tmp_path_factory):
    path = spec.save(tmp_path_factory.mktemp("spec") / "spec.yaml")
    return TrainConfig(
        data=TrainingData(files=(str(jet_file),), spec=str(path)),
        model=ModelConfig(name="dense_tagger", arguments={"units": [8], "dropout": 0.1}),
        epochs=EPOCHS,
        seed=5,
    )


@pytest.fixture(scope="module")
def trained(config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    return folder, train(config, folder)


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def read(path):
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def interrupted(config, tmp_path_factory):
    """The folder that a training leaves when it is interrupted after its second epoch."""
    folder = tmp_path_factory.mktemp("interrupted")

    def stop(number, epochs, figures):
        if number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, folder, stop)
    return folder


def test_three_files_are_written_and_no_checkpoint_stays(trained):
    folder, _ = trained
    assert files(folder) == ["history.json", "model.keras", "run.json"]


def test_the_model_is_whole_and_measured_on_the_test_events(trained, config):
    folder, training = trained
    loaded = models.load(folder / "model.keras")
    test = training.splits["test"]
    found = probabilities(loaded, test)
    np.testing.assert_array_equal(found, probabilities(training.model, test))
    names = ("g", "q", "w", "z", "t")
    assert classification(test.label, found, names, test.weight).to_dict() == training.metrics
    assert training.metrics["events"] == len(test)


def test_run_json_says_what_it_was_made_with_and_from(trained, config, jet_file):
    folder, training = trained
    run = read(folder / "run.json")
    assert run["seeds"] == {"run": 5}
    assert run["versions"] == versions()
    assert run["git"] is None or set(run["git"]) == {"commit", "clean"}
    assert run["samples"] == {"jets.root": file_hash(jet_file)}
    assert run["metrics"] == {"float": training.metrics}
    assert {name: run["events"][name] for name in training.splits} == {n: len(e) for n, e in training.splits.items()}
    assert run["events"]["counts"]["read"] == 400
    assert TrainConfig.model_validate(run["config"]) == config
    history = read(folder / "history.json")
    assert history == training.history
    assert len(history["val_loss"]) == EPOCHS


def test_the_specification_is_fitted_on_the_training_events_alone(config, jet_file, spec):
    fitted, splits = prepare(config)
    chosen = spec.select(["jet"])
    expected = read_events(jet_file, chosen).split(seed=5)
    assert fitted == fit(chosen, expected["train"])
    np.testing.assert_array_equal(splits["test"].index, expected["test"].index)


def test_only_the_inputs_of_the_model_are_read(config, jets, spec, tmp_path):
    flat = {name: values for name, values in jets.items() if not name.startswith("part_")}
    path = write_tree(tmp_path / "flat.root", flat)
    _, splits = prepare(config.model_copy(update={"data": config.data.model_copy(update={"files": (str(path),)})}))
    assert set(splits["train"].inputs) == {"jet"}


def test_an_interrupted_training_goes_on_to_the_same_model(trained, interrupted, config, tmp_path):
    folder, training = trained
    assert {part.split("/")[0] for part in files(interrupted)} == {"checkpoints"}
    output, told = shutil.copytree(interrupted, tmp_path / "out"), []
    train(config, output, lambda number, *_: told.append(number))
    assert told == [3, 4]
    assert files(output) == files(folder)
    assert read(output / "history.json") == read(folder / "history.json")
    assert read(output / "run.json") == read(folder / "run.json")
    found = models.load(output / "model.keras").get_weights()
    for one, two in zip(found, training.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("change", ["settings", "data"])
def test_a_checkpoint_of_another_training_is_not_continued(config, interrupted, jets, tmp_path, change):
    output, told = shutil.copytree(interrupted, tmp_path / "out"), []
    other = config.model_copy(update={"batch_size": 64, "epochs": 1})
    if change == "data":
        path = write_tree(tmp_path / "fewer.root", rows(jets, 0, 300))
        other = config.model_copy(update={"data": config.data.model_copy(update={"files": (str(path),)}), "epochs": 1})
    train(other, output, lambda number, *_: told.append(number))
    assert told == [1]


def test_a_sequence_model_trains_on_every_file_of_a_pattern(config, jets, tmp_path):
    for number in range(2):
        write_tree(tmp_path / f"part{number}.root", rows(jets, 200 * number, 200 * number + 200))
    data = config.data.model_copy(update={"files": (str(tmp_path / "part*.root"),)})
    model = ModelConfig(name="deep_sets", arguments={"phi": [4], "f": [4]})
    settings = config.model_copy(update={"data": data, "model": model, "epochs": 1, "balance": True})
    training = train(settings, tmp_path / "out")
    assert set(training.splits["test"].inputs) == {"constituents", "constituents_mask"}
    assert files(tmp_path / "out") == ["history.json", "model.keras", "run.json"]
    expected = {f"part{number}.root": file_hash(tmp_path / f"part{number}.root") for number in range(2)}
    assert read(tmp_path / "out" / "run.json")["samples"] == expected


def test_an_unknown_model_is_refused_before_anything_is_written(config, tmp_path):
    wrong = config.model_copy(update={"model": ModelConfig(name="dense_tager")})
    with pytest.raises(ModelError, match="did you mean 'dense_tagger'"):
        train(wrong, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_specification_of_the_package_is_whole():
    spec = FeatureSpec.load(spec_path("five_jets"))
    assert [len(entry.features) for entry in spec.inputs] == [16, 3]
    assert spec.class_names == ("g", "q", "w", "z", "t")


def test_an_unknown_specification_gets_a_suggestion(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FeatureError, match=r"no feature specification 'five_jet'.*did you mean 'five_jets'"):
        spec_path("five_jet")
    (tmp_path / "five_jet").touch()
    assert spec_path("five_jet").is_file()
