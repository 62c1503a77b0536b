"""train.yaml."""

import pytest
import yaml

from keras_hep.errors import FeatureError
from keras_hep.training import TrainConfig

MINIMAL = {"data": {"files": ["jets.root"], "spec": "five_jets"}, "model": {"name": "dense_tagger"}}


def written(folder, **changes):
    path = folder / "train.yaml"
    path.write_text(yaml.safe_dump(MINIMAL | changes))
    return path


def test_what_is_left_out_has_a_default(tmp_path):
    config = TrainConfig.load(written(tmp_path))
    assert (config.epochs, config.batch_size, config.patience, config.seed) == (60, 128, 12, 1)
    assert config.optimizer.learning_rate == 0.002
    assert config.optimizer.schedule == "cosine"
    assert config.data.split == {"train": 0.64, "validation": 0.16, "test": 0.2}
    assert config.model.arguments == {}
    assert not config.balance


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path, monkeypatch):
    folder = tmp_path / "deep"
    folder.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    files = ["jets.root", "../data/*.root", "/absolute/jets.root", "root://server//jets.root"]
    written(folder, data={"files": files, "spec": "spec.yaml"})
    monkeypatch.chdir(elsewhere)
    config = TrainConfig.load("../deep/train.yaml")
    assert config.data.files == (
        f"{folder}/jets.root",
        f"{folder}/../data/*.root",
        "/absolute/jets.root",
        "root://server//jets.root",
    )
    assert config.data.spec == f"{folder}/spec.yaml"


def test_the_name_of_a_specification_of_the_package_stays_a_name(tmp_path):
    assert TrainConfig.load(written(tmp_path)).data.spec == "five_jets"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": 3}, "epoch: unknown key"),
        ({"optimizer": {"rate": 1}}, r"optimizer\.rate: unknown key"),
        ({"epochs": "many"}, r"epochs: .*integer.* Received: 'many'"),
        ({"epochs": 0}, r"epochs: .*greater than or equal to 1.* Received: '0'"),
        ({"seed": -1}, r"seed: .*Received: '-1'"),
        ({"optimizer": {"learning_rate": 0}}, r"optimizer\.learning_rate: .*Received: '0'"),
        ({"optimizer": {"learning_rate": float("nan")}}, r"optimizer\.learning_rate: .*Received: 'nan'"),
        ({"optimizer": {"schedule": "step"}}, r"optimizer\.schedule: .*'cosine' or 'constant'.* Received: 'step'"),
        ({"model": {}}, r"model\.name: Field required"),
        ({"data": {"files": [], "spec": "five_jets"}}, r"data\.files: .*at least 1"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_file(tmp_path, changes, message):
    path = written(tmp_path, **changes)
    with pytest.raises(FeatureError, match=message) as caught:
        TrainConfig.load(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    "split",
    [
        {"train": 0.8, "validation": 0.2},
        {"train": 0.8, "validation": 0.2, "test": 0.0},
        {"train": 1.2, "validation": -0.4, "test": 0.2},
        {"train": 0.5, "validation": 0.2, "test": 0.2},
        {"train": 0.5, "validation": 0.3, "tests": 0.2},
    ],
)
def test_the_three_shares_are_positive_and_add_up(tmp_path, split):
    with pytest.raises(FeatureError, match=r"data\.split"):
        TrainConfig.load(written(tmp_path, data={**MINIMAL["data"], "split": split}))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FeatureError, match=r"cannot read the training configuration .*train\.yaml: No such file"):
        TrainConfig.load(tmp_path / "train.yaml")


def test_the_line_that_is_not_yaml_is_named(tmp_path):
    path = tmp_path / "train.yaml"
    path.write_text("epochs: 3\nmodel: {name: dense_tagger\n")
    with pytest.raises(FeatureError, match=r"training configuration .*train\.yaml is not valid YAML: line 3:"):
        TrainConfig.load(path)


@pytest.mark.parametrize("text", ["", "- a list", "42"])
def test_what_is_no_table_is_named(tmp_path, text):
    path = tmp_path / "train.yaml"
    path.write_text(text)
    with pytest.raises(FeatureError, match=r"train\.yaml: the whole: "):
        TrainConfig.load(path)
