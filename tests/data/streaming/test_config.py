"""data.yaml: read, checked, and errors that quote the line."""

import pytest

from keras_hep.data import Dataset
from keras_hep.data.streaming.config import DataConfig
from keras_hep.errors import FeatureError
from tests.conftest import toy_jets, toy_spec, write_tree

TEXT = """
files: [jets.root]
spec: spec.yaml
batch_size: 64
split:
  train: 0.5
  validation: 0.25
  test: 0.25
sampling:
  classes: balanced
  variables:
    j_pt: [500, 700, 1500]
  target: flat
"""


@pytest.fixture
def folder(tmp_path):
    write_tree(tmp_path / "jets.root", toy_jets(200))
    toy_spec().save(tmp_path / "spec.yaml")
    (tmp_path / "data.yaml").write_text(TEXT)
    return tmp_path


def test_a_file_describes_a_dataset_relative_to_itself(folder, monkeypatch):
    monkeypatch.chdir("/")
    data = Dataset.load(folder / "data.yaml", part="train", buffer=0)
    assert data.config.batch_size == 64
    assert data.files == (str(folder / "jets.root"),)
    assert sum(len(batch) for batch in data) > 50


def test_the_specification_may_stand_inside(folder):
    inside = "spec:\n  inputs: [{name: jet, features: [{name: j_pt}]}]\nfiles: jets.root\n"
    (folder / "one.yaml").write_text(inside)
    assert next(iter(Dataset.load(folder / "one.yaml", batch_size=10))).inputs["jet"].shape == (10, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("batch_size: 64", "batch_size: many", r"batch_size: .*Received: 'many'. Line 4: batch_size: many"),
        ("batch_size: 64", "batchsize: 64", r"batchsize: unknown key. Line 4: batchsize: 64"),
        ("  test: 0.25", "  test: 0.5", r"split: .* add up to 1.* Line 5: split:"),
        ("[500, 700, 1500]", "[700, 500]", r"rising numbers. Received: \[700.0, 500.0\].* Line 1[12]: "),
        ("  classes: balanced", "  classes: balanced\n  classes: as_is", r"line 11: the key 'classes' is given twice"),
        ("files: [jets.root]", "files: []", r"files: .*at least 1 item.* Line 2: files: \[\]"),
        ("files: [jets.root]", "files: [jets.root", r"not valid YAML: line \d"),
    ],
)
def test_errors_quote_the_line(folder, old, new, message):
    assert old in TEXT
    (folder / "data.yaml").write_text(TEXT.replace(old, new))
    with pytest.raises(FeatureError, match=message):
        DataConfig.load(folder / "data.yaml")


def test_an_error_inside_of_the_feature_specification_quotes_its_line(folder):
    text = (folder / "spec.yaml").read_text().replace("transform: sqrt", "transform: root")
    (folder / "spec.yaml").write_text(text)
    line = 1 + text.splitlines().index("    transform: root")
    with pytest.raises(
        FeatureError, match=rf"spec\.yaml: inputs\.0\.features\.0\.transform: .*Line {line}: transform: root"
    ):
        Dataset.load(folder / "data.yaml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FeatureError, match=r"cannot read the data configuration .*absent\.yaml"):
        DataConfig.load(tmp_path / "absent.yaml")
