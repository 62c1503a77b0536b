"""Jets, models and files made once, and the command as a user runs it."""

import errno
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import keras
import pytest
import yaml
from keras import layers

from keras_hep import cli, models
from keras_hep.data import FeatureSpec, fit, read_events
from keras_hep.layers import Preprocessing
from keras_hep.quantization import quantize
from tests.conftest import write_tree

COMMAND = Path(sys.executable).parent / "keras-hep"
FEATURES = [{"name": "j_pt", "unit": "GeV"}, {"name": "j_mass"}, {"name": "j_mult"}, {"name": "j_shape1"}]
SPEC = {
    "tree": "jets",
    "inputs": [{"name": "jet", "features": FEATURES}],
    "classes": {"light": "j_g == 1 or j_q == 1", "heavy": "j_g == 0 and j_q == 0"},
}
DESIGN = {"name": "tiny", "device": "xcvu13p", "clock_mhz": 200}


@dataclass(frozen=True)
class Outcome:
    """What a command gave back."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command in this process."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["keras-hep", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = left.code or 0
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


def content(folder):
    """Return every file below a folder, hidden ones too, with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def refused(run, work):
    """Run a command that must be refused: one message, exit code 2, and the disk as it was before."""

    def refused(pattern, *arguments):
        before = content(work)
        outcome = run(*arguments)
        assert outcome.code == 2, outcome
        assert re.match(r"error: \w+Error: ", outcome.err), outcome.err
        assert outcome.err.count("error: ") == 1
        assert "Traceback" not in outcome.err
        assert re.search(pattern, outcome.err), outcome.err
        assert content(work) == before

    return refused


@pytest.fixture(scope="module")
def made(jets, tmp_path_factory):
    """Jets, a specification, a design, a float and a quantised model, made once."""
    folder = tmp_path_factory.mktemp("made")
    write_tree(folder / "jets.root", jets)
    spec = FeatureSpec.from_dict(SPEC)
    spec.save(folder / "spec.yaml")
    (folder / "design.yaml").write_text(yaml.safe_dump(DESIGN))
    events = read_events(folder / "jets.root", spec)
    fitted = fit(spec, events)
    keras.utils.set_random_seed(1)
    model = models.build("dense_tagger", fitted, units=(4,))
    models.save(model, folder / "model.keras")
    models.save(quantize(model, events, bits=6), folder / "quantized.keras")
    curved = models.build("dense_tagger", fitted, units=(4,), activation="tanh")
    models.save(curved, folder / "curved.keras")
    values = keras.Input((4,), name="jet")
    x = layers.Reshape((4, 1))(Preprocessing(fitted, "jet")(values))
    x = layers.Flatten()(layers.Conv1D(2, 2, name="convolution")(x))
    models.save(keras.Model({"jet": values}, layers.Dense(2, "softmax")(x), name="images"), folder / "images.keras")
    x = layers.Dense(4, "sparsemax", name="sparse")(Preprocessing(fitted, "jet")(values))
    models.save(keras.Model({"jet": values}, layers.Dense(2, "softmax")(x), name="unusual"), folder / "unusual.keras")
    return folder


@pytest.fixture
def work(made, tmp_path, monkeypatch):
    """A working folder with links to what is made once."""
    folder = tmp_path / "work"
    folder.mkdir()
    for path in made.iterdir():
        (folder / path.name).symlink_to(path)
    monkeypatch.chdir(folder)
    return folder


def write_spec(folder, **changes):
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(SPEC | changes))
    return path


def write_train(folder, file="jets.root", spec="spec.yaml", model="dense_tagger", epochs=1, **arguments):
    path = folder / "train.yaml"
    values = {
        "data": {"files": [str(file)], "spec": str(spec)},
        "model": {"name": model, "arguments": {"units": [4], **arguments}},
        "epochs": epochs,
    }
    path.write_text(yaml.safe_dump(values))
    return path


def full_disk(*arguments, **keywords):
    raise OSError(errno.ENOSPC, "No space left on device")
