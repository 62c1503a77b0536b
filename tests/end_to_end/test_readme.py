"""What the README says is true: its commands, its files, its Python."""

import json
import re
import shlex
import tomllib
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import typer
import yaml

from keras_hep import cli, models, training
from keras_hep.data import FeatureSpec
from keras_hep.training import TrainConfig
from tests.conftest import write_tree

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SETUP = "pip install '.[all]' && keras-hep quickstart"
TESTS = "pip install '.[test]' && pytest"
# In the command blocks, and in the sentences around them where an argument or option follows.
COMMANDS = [
    line
    for kind, block in BLOCKS
    if kind == "sh"
    for part in block.splitlines()
    for line in re.findall(r"keras-hep [^&|)\n]+", part)
]


def block(kind, start):
    (found,) = [text for language, text in BLOCKS if language == kind and text.startswith(start)]
    return found


def test_two_commands_do_all_the_set_up():
    lines = README.splitlines()
    assert lines.count(SETUP) == 1
    assert lines.count(TESTS) == 1


def test_the_continuous_integration_runs_the_command_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text()
    (pattern,) = re.findall(r'grep -m 1 -x "(.*)" README\.md', script)
    assert re.fullmatch(pattern, TESTS)
    assert 'eval "$command"' in script


def test_there_are_commands_to_check():
    words = {shlex.split(line)[1] for line in COMMANDS}
    assert {"quickstart", "generate", "train", "quantize", "firmware", "export"} <= words


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_one_that_there_is(line):
    command, words = typer.main.get_command(cli.app), shlex.split(line.strip().strip("\"'`"))[1:]
    while hasattr(command, "commands") and not (command.invoke_without_command and words[0].startswith("--")):
        assert words and words[0] in command.commands, line
        command, words = command.commands[words[0]], words[1:]
    # Reads the arguments as a call would, without the call; an unknown option or a missing argument is an error.
    with command.make_context(command.name, list(words)) as context:
        assert context.params


def test_the_specification_of_the_nanoaod_example_is_valid():
    spec = FeatureSpec.from_dict(yaml.safe_load(block("yaml", "# bjets.yaml")))
    assert spec.tree == "Events"
    assert spec.each == "Jet_pt"
    assert spec.class_names == ("light", "b")
    assert [feature.transform for feature in spec.inputs[0].features] == ["none"] * 8, "firmware takes no transform"


def test_the_training_configuration_is_valid(tmp_path):
    path = tmp_path / "train.yaml"
    path.write_text(block("yaml", "# train.yaml"))
    config = TrainConfig.load(path)
    assert config.data.files == (str(tmp_path / "jets.root"),)
    assert config.model.name in models.names()
    assert set(config.model.arguments) <= set(models.entry(config.model.name).arguments)


def test_the_files_that_are_linked_are_there():
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_extra_is_explained():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    table = README[README.index("| extra |") :]
    named = {
        name for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert named == set(extras)


@pytest.fixture
def nanoaod(tmp_path):
    """A file with the branches of the example, and jets whose flavour can be told."""
    rng = np.random.default_rng(2)
    number = rng.integers(0, 6, 200)
    total = int(number.sum())
    flavour = rng.choice([0, 4, 5], total).astype(np.int32)
    columns = {
        "Jet_pt": 10 + rng.exponential(40, total),
        "Jet_eta": rng.normal(0, 1.5, total),
        "Jet_mass": rng.exponential(8, total),
        "Jet_btagDeepFlavB": np.where(rng.random(total) < 0.05, np.nan, np.clip(0.1 + 0.7 * (flavour == 5), 0, 1)),
        "Jet_qgl": rng.random(total),
        "Jet_nConstituents": rng.integers(3, 50, total),
        "Jet_chHEF": rng.random(total),
        "Jet_neEmEF": rng.random(total),
    }
    columns = {n: v.astype(np.float32 if v.dtype == np.float64 else np.int32) for n, v in columns.items()}
    jagged = {n: ak.unflatten(v, number) for n, v in (columns | {"Jet_hadronFlavour": flavour}).items()}
    write_tree(tmp_path / "nanoaod.root", jagged, "Events")
    (tmp_path / "bjets.yaml").write_text(block("yaml", "# bjets.yaml"))
    return tmp_path


def test_the_python_example_trains_a_tagger(nanoaod, monkeypatch, capsys):
    monkeypatch.chdir(nanoaod)
    fit, epochs = training.fit_classifier, []

    def shorter(*arguments, **keywords):
        epochs.append(keywords["epochs"])
        return fit(*arguments, **keywords | {"epochs": 3})

    monkeypatch.setattr(training, "fit_classifier", shorter)
    names = {}
    exec(compile(block("python", "from keras_hep"), "README.md", "exec"), names)
    assert epochs == [30]
    assert models.load(nanoaod / "model.keras").output_shape == (None, 2)
    printed = capsys.readouterr().out
    shown = np.array([float(n) for n in re.findall(r"\d[\d.e+-]*", printed[printed.index("[[") :])]).reshape(5, 2)
    np.testing.assert_allclose(shown.sum(axis=1), 1, atol=1e-5)
    assert names["spec"].is_fitted


def test_the_figures_are_those_of_the_benchmarks():
    results = ROOT / "benchmarks" / "results"
    assert (results / "quickstart.md").read_text() in README
    speed = json.loads((results / "samples" / "five-jets.json").read_text())["entries_per_cpu_second"]
    assert f"{speed:.0f} jets/s" in README
