"""The command line as a user meets it: what it does, how it refuses, and what it leaves on disk."""

import errno
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest
import typer
import yaml
from keras import layers

from keras_hep import cli, models, training
from keras_hep.data import FeatureSpec, fit, read_events
from keras_hep.layers import Preprocessing
from keras_hep.quantization import quantize
from tests.conftest import rows, write_ntuple, write_tree

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


# What works


def commands():
    """Return the words of every command of the application."""

    def walk(command, words):
        if hasattr(command, "commands"):
            for name, child in command.commands.items():
                yield from walk(child, (*words, name))
        else:
            yield words

    return sorted(walk(typer.main.get_command(cli.app), ()))


def test_the_commands_are_those_of_the_house():
    assert commands() == [
        ("cpp",), ("export",), ("firmware", "build"), ("generate",), ("inspect",), ("predict",), ("quantize",),
        ("quickstart",), ("train",),
    ]  # fmt: skip


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_help_shows_an_example_and_explains_every_option(run, words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    outcome = run(*words, "--help")
    assert outcome.code == 0
    text = " ".join(outcome.out.split())
    assert re.search(rf"keras-hep {' '.join(words)} \S", text.split("Usage:")[1].split("\n")[0]), text
    assert re.search(rf"(Example|With your own events): .*keras-hep {' '.join(words)} ", text), text
    command = typer.main.get_command(cli.app)
    for word in words:
        command = command.commands[word]
    assert all(parameter.help for parameter in command.params), "every option and argument says what it is"
    assert "\b" not in outcome.out


def test_the_configuration_in_the_help_is_a_configuration(run, tmp_path):
    text = run("train", "--help").out
    lines = [line[1:].rstrip() for line in text.splitlines()]
    start, stop = (next(i for i, line in enumerate(lines) if key in line) for key in ("data:", "epochs: 60"))
    path = tmp_path / "train.yaml"
    path.write_text("\n".join(lines[start : stop + 1]))
    assert training.TrainConfig.load(path).data.files == (str(tmp_path / "jets.root"),)


@pytest.mark.parametrize("arguments", [(), ("firmware",)])
def test_without_arguments_there_is_help(run, arguments):
    outcome = run(*arguments)
    assert "Usage: " in outcome.out + outcome.err
    assert outcome.code in (0, 2)


def test_the_command_is_quick_to_ask(tmp_path):
    code = (
        "import json, sys, keras_hep.cli; "
        "print(json.dumps([m for m in ('tensorflow', 'keras', 'uproot', 'matplotlib', 'qkeras') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(done.stdout) == []


def test_train_writes_three_files(run, work):
    outcome = run("train", write_train(work), "--output", "out", "--epochs", 2)
    assert outcome.code == 0, outcome.err
    assert outcome.err == ""
    assert "out/model.keras: accuracy 0." in outcome.out
    assert {p.name for p in Path("out").iterdir()} == {"model.keras", "history.json", "run.json"}
    assert len(json.loads(Path("out/history.json").read_text())["loss"]) == 2


def test_quantize_writes_the_model_and_its_figures(run, work):
    outcome = run("quantize", "model.keras", "--data", "jets.root", "--bits", 5, "--epochs", 0, "--output", "q5.keras")
    assert outcome.code == 0, outcome.err
    assert "q5.keras: accuracy 0." in outcome.out
    written = json.loads(Path("q5.json").read_text())
    assert written["bits"] == 5
    assert written["history"] == {}
    assert 0 < written["metrics"]["accuracy"] < 1


def test_quantize_finds_the_events_of_the_training(run, work):
    assert run("train", write_train(work), "--output", "out", "--epochs", 1).code == 0
    twice = []
    for name, data in (("found.keras", ()), ("said.keras", ("--data", "jets.root", "--seed", 1))):
        outcome = run("quantize", "out/model.keras", *data, "--bits", 4, "--epochs", 1, "--output", name)
        assert outcome.code == 0, outcome.err
        twice.append(json.loads(Path(name).with_suffix(".json").read_text()))
    assert twice[0] == twice[1]
    assert not list(Path().glob("*.checkpoints"))


def test_quantize_without_a_record_asks_for_the_events(refused, work):
    refused(r"DataError: there is no record of the training of 'model\.keras'.*--data", "quantize", "model.keras")


def test_export_shows_the_parity_of_every_event(run, work):
    outcome = run("export", "model.keras", "--output", "net.json", "--check", "jets.root")
    assert outcome.code == 0, outcome.err
    assert re.search(r"C\+\+ from JSON against Keras, within 1e-05: equal", outcome.out)
    assert "100.0000% of 400 events" in outcome.out
    assert Path("net.json").is_file()


# As a user runs it: the installed command, in a process of its own


def installed(folder, *arguments, **keywords):
    return subprocess.run(
        [COMMAND, *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False, **keywords
    )


def test_the_installed_command_refuses_in_one_message(work):
    done = installed(work, "train", write_train(work, "absent.root"), "--output", "out")
    assert done.returncode == 2
    assert re.fullmatch(r"error: DataError: the file '.*absent\.root' does not exist\n", done.stderr)
    assert done.stdout == ""
    assert not (work / "out").exists()


def test_ctrl_c_ends_a_training_between_two_epochs(work):
    write_train(work, epochs=5000)
    # A test that runs in the background of a shell passes on that it ignores interrupts.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "sys.argv = ['keras-hep', 'train', 'train.yaml', '--output', 'out']; from keras_hep.cli import main; main()"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], cwd=work, **pipes) as process:
        try:
            for _ in range(900):
                if list((work / "out").glob("checkpoints/*/state.json")) or process.poll() is not None:
                    break
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=90)
        finally:
            process.kill()
    assert process.returncode == 130, err
    assert "interrupted; the same command goes on where this one stopped" in err
    assert "Traceback" not in err
    assert {p.name for p in (work / "out").iterdir()} == {"checkpoints"}
    assert not [name for name in content(work) if Path(name).name.startswith(".")]


def test_an_interrupt_is_one_line_and_exit_code_130(run, work, monkeypatch):
    def interrupt(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.TrainConfig, "load", interrupt)
    outcome = run("train", "train.yaml")
    assert outcome.code == 130
    assert outcome.err == "interrupted; the same command goes on where this one stopped\n"


# Wrong use of the command line itself


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("trian", ["trian"]),
        ("--epoch", ["train", "train.yaml", "--epoch", "3"]),
        ("config", ["train"]),
        ("'--epochs'", ["train", "train.yaml", "--epochs", "many"]),
        ("'--epochs'", ["train", "train.yaml", "--epochs", "0"]),
        ("'--seed'", ["quickstart", "--seed", "-1"]),
        ("'--tune-epochs'", ["quickstart", "--tune-epochs", "-1"]),
        ("'--epochs'", ["quantize", "model.keras", "--data", "jets.root", "--epochs", "-2"]),
        ("'--format'", ["export", "model.keras", "--output", "net.json", "--format", "onnx"]),
    ],
)
def test_wrong_usage_names_what_is_wrong(run, work, message, arguments):
    before = content(work)
    outcome = run(*arguments)
    assert outcome.code == 2
    error = outcome.err.split("--help' for help.")[1]
    assert message in error.lower()
    assert "Traceback" not in outcome.err
    assert content(work) == before


@pytest.mark.parametrize(
    ("pattern", "arguments"),
    [
        (r"--units takes whole numbers from 1 to 10000 .*Received: '8,x'", ["--units", "8,x"]),
        (r"--units takes .*Received: '8,0'", ["--units", "8,0"]),
        (r"--scan-bits takes whole numbers from 2 to 16 .*Received: '1'", ["--scan-bits", "1"]),
        ("--input and --spec belong together", ["--input", "jets.root"]),
        ("--input and --spec belong together", ["--spec", "spec.yaml"]),
    ],
)
def test_quickstart_refuses_impossible_options(refused, pattern, arguments):
    refused(pattern, "quickstart", *arguments)


def test_cpp_wants_one_of_its_options(refused):
    refused("give one of --cmake-dir and --include-dir", "cpp")


# Bad input: files


@pytest.fixture
def readers(work):
    """Every command that reads events, with the arguments that let it read `file` as `spec` says."""

    def readers(file, spec="spec.yaml"):
        train = write_train(work, file, spec)
        yield ["train", train, "--output", "out"]
        yield ["quickstart", "--input", file, "--spec", spec, "--output", "out"]
        if spec == "spec.yaml":
            yield ["quantize", "model.keras", "--data", file, "--output", "out.keras"]
            yield ["export", "model.keras", "--output", "out.json", "--check", file]
            yield ["firmware", "build", "design.yaml", "--model", "quantized.keras", "--data", file, "--output", "out"]

    return readers


@pytest.fixture
def all_refused(refused, readers):
    """Have bad events refused by every command that reads events."""

    def all_refused(pattern, file, spec="spec.yaml"):
        for arguments in readers(file, spec):
            refused(pattern, *arguments)

    return all_refused


def test_a_missing_file_is_named(all_refused):
    all_refused(r"DataError: the file '.*absent\.root' does not exist", "absent.root")


def test_a_missing_tree_is_named_with_those_that_are_there(all_refused, work, jets):
    path = write_tree(work / "other.root", rows(jets, 0, 50), "jetz")
    all_refused(r"other\.root' has no tree 'jets': did you mean 'jetz'\?", path)


def test_a_missing_branch_is_named_with_the_nearest(all_refused, work, jets):
    columns = {name: values for name, values in jets.items() if name != "j_shape1"}
    path = write_tree(work / "other.root", columns)
    all_refused(r"other\.root:jets: there is no branch 'j_shape1': did you mean 'j_shape", path)


@pytest.mark.parametrize(("left", "state"), [(0.9, "cut short"), (0.5, "cut short"), (0.0, "empty")])
def test_a_file_cut_short_is_named(all_refused, work, jets, left, state):
    needed = {name: jets[name] for name in ("j_g", "j_q", "j_mult", "j_shape1", "j_mass", "j_pt")}
    whole = write_tree(work / "short.root", needed).read_bytes()
    path = work / "short.root"
    path.write_bytes(whole[: int(len(whole) * left)])
    all_refused(rf"FileReadError: .*short\.root' is {state}", path)


def test_a_file_of_another_kind_is_named(all_refused, work):
    path = work / "text.root"
    path.write_text("pt eta phi\n" * 100)
    all_refused(r"FileReadError: .*text\.root' is neither a ROOT nor an HDF5 file", path)


def test_a_jagged_branch_where_a_number_is_needed(all_refused, work, jets):
    path = write_tree(work / "other.root", {**jets, "j_mass": jets["part_pt"]})
    all_refused(r"other\.root:jets: 'j_mass' \(j_mass\) is jagged, but one number an example is needed", path)


def test_a_branch_of_text(all_refused, work, jets):
    columns = {name: jets[name] for name in ("j_pt", "j_mult", "j_shape1", "j_g", "j_q")}
    path = write_ntuple(work / "other.root", {**columns, "j_mass": np.array(["a"] * 400).tolist()})
    all_refused(r"other\.root:jets: 'j_mass' holds string, not numbers", path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_names_the_branch(all_refused, work, jets, value):
    mass = jets["j_mass"].copy()
    mass[[3, 7]] = value
    path = write_tree(work / "other.root", {**jets, "j_mass": mass})
    all_refused(
        r"other\.root:jets: 'j_mass' is NaN, infinite or missing in 2 of 400 values, first in example 3 .*'default'",
        path,
    )


def test_zero_events(all_refused, work, jets):
    path = write_tree(work / "none.root", rows(jets, 0, 0))
    all_refused(r"none\.root: no event is left to use", path)


def test_a_selection_that_leaves_nothing(all_refused, work):
    spec = write_spec(work, selection="j_pt < 0")
    all_refused(r"jets\.root: no event is left to use \(400 read, 400 cut by the selection", work / "jets.root", spec)


def test_a_class_without_events(all_refused, work):
    spec = write_spec(work, classes={**SPEC["classes"], "fat": "j_mass > 1e9"})
    all_refused(r"jets\.root: the class 'fat' \(j_mass > 1e9\) has no events", work / "jets.root", spec)


def test_a_specification_with_an_unknown_key(all_refused, work):
    spec = write_spec(work, selektion="j_pt > 0")
    all_refused(r"own\.yaml: selektion: unknown key", work / "jets.root", spec)


def test_a_missing_specification(refused, work):
    refused("no feature specification '.*absent.yaml'", "train", write_train(work, spec="absent.yaml"))
    refused("no feature specification 'five_jet'.*'five_jets'", "train", write_train(work, spec="five_jet"))


def test_a_missing_configuration(refused):
    refused(r"cannot read the training configuration absent\.yaml: No such file", "train", "absent.yaml")


def test_a_configuration_that_is_no_yaml(refused, work):
    (work / "train.yaml").write_text("data: {files: [\n")
    refused(r"train\.yaml is not valid YAML: line 2", "train", "train.yaml")


def test_an_unknown_sample(refused):
    refused("there is no sample 'five-jet'; did you mean 'five-jets'", "generate", "five-jet")
    refused("needs at least 5 jets", "generate", "five-jets", "--entries", 3)
    refused(r"must end in \.root or \.hdf5 or \.h5", "generate", "five-jets", "--output", "jets.txt")


# Bad input: models and layers


def test_an_unknown_model_shows_the_nearest(refused, work):
    refused(
        "there is no model 'dense_tager': did you mean 'dense_tagger'", "train", write_train(work, model="dense_tager")
    )


def test_an_unknown_argument_of_a_model_shows_the_nearest(refused, work):
    refused("'dense_tagger' has no argument 'unit': did you mean 'units'", "train", write_train(work, unit=4))
    refused("units must be positive whole numbers. Received: .0.", "train", write_train(work, units=[0]))


@pytest.mark.parametrize(
    "arguments",
    [
        ["quantize", "absent.keras", "--data", "jets.root"],
        ["export", "absent.keras", "--output", "net.json"],
        ["firmware", "build", "design.yaml", "--model", "absent.keras"],
    ],
)
def test_a_missing_model(refused, arguments):
    refused(r"the model file 'absent\.keras' does not exist", *arguments)


@pytest.mark.parametrize("text", [b"PK\x03\x04half", b""])
def test_a_damaged_model(refused, work, text):
    (work / "half.keras").write_bytes(text)
    for arguments in (
        ["export", "half.keras", "--output", "net.json"],
        ["quantize", "half.keras", "--data", "jets.root"],
    ):
        refused(r"the model 'half\.keras' cannot be loaded", *arguments)


@pytest.mark.parametrize(
    ("model", "pattern"),
    [
        ("curved.keras", r"the layer 'activation_1' \(Activation\) cannot be quantised: the activation 'tanh'"),
        ("images.keras", r"the layer 'reshape\w*' \(Reshape\) cannot be quantised.* Dense"),
    ],
)
def test_a_layer_that_cannot_be_quantised_is_named(refused, model, pattern):
    refused(pattern, "quantize", model, "--data", "jets.root")


@pytest.mark.parametrize("option", ["--bits", "--input-bits", "--hardware-bits"])
def test_impossible_bits_are_named(refused, option):
    refused(
        "bits must lie between . and 16. Received: 99", "quantize", "model.keras", "--data", "jets.root", option, 99
    )


def test_an_unknown_method_is_named(refused):
    arguments = ["quantize", "model.keras", "--data", "jets.root", "--method", "magic"]
    refused("unknown quantisation method. Received: 'magic'. Known: qkeras", *arguments)


@pytest.mark.parametrize("format", ["json", "lwtnn"])
def test_a_layer_that_cannot_be_exported_is_named(refused, format):
    refused(r"'convolution'.*Conv1D|'reshape", "export", "images.keras", "--output", "net.json", "--format", format)


def test_a_quantised_model_is_neither_exported_nor_quantised_again(refused):
    refused("the layer 'digitize' .* cannot be exported", "export", "quantized.keras", "--output", "net.json")
    refused("the layer 'digitize' .* cannot be quantised", "quantize", "quantized.keras", "--data", "jets.root")


# Bad input: designs


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        ({"clock": 200}, r"own\.yaml: clock: unknown key"),
        ({"budget": {"luts": 3}}, r"own\.yaml: budget\.luts: unknown key"),
        ({"device": "xcvu13q"}, r"unknown device 'xcvu13q': did you mean 'xcvu13p'"),
        ({"clock_mhz": -1}, r"own\.yaml: clock_mhz: .*Received: '-1'"),
        ({"hls": {"backends": ["Quartus"]}}, r"own\.yaml: hls\.backends\.0: .*Received: 'Quartus'"),
    ],
)
def test_a_design_that_is_wrong_is_named(refused, work, changes, pattern):
    (work / "own.yaml").write_text(yaml.safe_dump(DESIGN | changes))
    refused(pattern, "firmware", "build", "own.yaml", "--model", "quantized.keras", "--data", "jets.root")
    refused(pattern, "quickstart", "--design", "own.yaml")


def test_a_design_that_does_not_fit_the_model_is_named(refused, work):
    (work / "own.yaml").write_text(yaml.safe_dump(DESIGN | {"precision": {"bits": 4}}))
    refused(r"the layer 'dense_1' has .*6 bits, but the design 'tiny' allows 4",
            "firmware", "build", "own.yaml", "--model", "quantized.keras", "--data", "jets.root")  # fmt: skip


def test_a_missing_design_model_or_vectors_are_named(refused):
    refused(r"cannot read the design absent\.yaml", "firmware", "build", "absent.yaml")
    refused(r"design\.yaml names no model; give one with --model", "firmware", "build", "design.yaml")
    refused(r"golden_vectors\.npz cannot be read", "firmware", "build", "design.yaml", "--model", "quantized.keras")
    refused("holds no quantised model", "firmware", "build", "design.yaml", "--model", "model.keras")


def test_a_transform_that_firmware_cannot_compute_is_refused_at_once(refused, work):
    features = [{**FEATURES[0], "clip": [1, 5000], "transform": "log"}, *FEATURES[1:]]
    spec = write_spec(work, inputs=[{"name": "jet", "features": features}])
    refused("the feature 'j_pt' has the transform log, which firmware cannot compute",
            "quickstart", "--input", "jets.root", "--spec", spec, "--output", "out")  # fmt: skip


# The machine


@pytest.fixture(params=["no program on PATH", "an unknown one in CXX"])
def no_compiler(request, tmp_path, monkeypatch):
    if request.param == "no program on PATH":
        monkeypatch.delenv("CXX", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path))
        return r"MissingToolError: .*'g\+\+'.*apt install g\+\+"
    monkeypatch.setenv("CXX", "no-such-compiler")
    return "MissingToolError: .*'no-such-compiler'.* install"


def test_without_a_compiler(refused, no_compiler):
    for arguments in (
        ["export", "model.keras", "--output", "net.json", "--check", "jets.root"],
        ["firmware", "build", "design.yaml", "--model", "quantized.keras", "--data", "jets.root", "--output", "out"],
        ["quickstart", "--input", "jets.root", "--spec", "spec.yaml", "--output", "out"],
    ):
        refused(no_compiler, *arguments)


def test_a_full_disk_while_a_model_is_saved(refused, monkeypatch):
    def half(self, path, **keywords):
        Path(path).write_bytes(b"half")
        full_disk()

    monkeypatch.setattr(keras.Model, "save", half)
    refused(r"OutputError: no space left on the disk while writing out\.keras",
            "quantize", "model.keras", "--data", "jets.root", "--epochs", 0, "--output", "out.keras")  # fmt: skip


def test_a_full_disk_while_a_checkpoint_is_kept(refused, work, monkeypatch):
    monkeypatch.setattr(training.fitting.np, "savez", full_disk)
    refused(r"OutputError: no space left on the disk while writing out/checkpoints/",
            "train", write_train(work), "--output", "out")  # fmt: skip


def test_a_full_disk_while_a_network_is_exported(refused, monkeypatch):
    monkeypatch.setattr(Path, "write_text", full_disk)
    refused("OutputError: no space left on the disk while writing ", "export", "model.keras", "--output", "out.json")


def test_a_full_disk_while_firmware_is_written(refused, monkeypatch):
    monkeypatch.setattr(np, "savez_compressed", full_disk)
    refused(r"OutputError: no space left on the disk while writing ",
            "firmware", "build", "design.yaml", "--model", "quantized.keras", "--data", "jets.root", "--output", "out")  # fmt: skip


def test_a_full_disk_while_a_sample_is_written(run, work, monkeypatch):
    generation = importlib.import_module("keras_hep.data.samples.generate")
    monkeypatch.setattr(generation, "make_shards", lambda *arguments: None)
    monkeypatch.setattr(generation, "compose", full_disk)
    before = content(work)
    outcome = run("generate", "five-jets", "--entries", 10, "--output", "own.root")
    assert outcome.code == 2
    message = outcome.err.splitlines()[-1]  # behind the progress
    assert message.startswith("error: OutputError: no space left on the disk while writing own.root")
    assert content(work) == before


def test_a_full_disk_while_a_folder_is_made(refused, monkeypatch):
    monkeypatch.setattr(Path, "mkdir", full_disk)
    refused("OutputError: cannot make the folder out: No space left on device",
            "quickstart", "--input", "jets.root", "--spec", "spec.yaml", "--output", "out")  # fmt: skip


def test_a_full_disk_anywhere_else(refused, monkeypatch):
    monkeypatch.setattr(training.TrainConfig, "load", full_disk)
    refused("OutputError: no space left on the disk .*free some space", "train", "train.yaml")


def test_a_place_that_cannot_be_written_to(refused, work):
    (work / "file").touch()
    refused("OutputError: cannot write ", "export", "model.keras", "--output", "file/net.json")
    refused("OutputError: cannot make the folder file",
            "quickstart", "--input", "jets.root", "--spec", "spec.yaml", "--output", "file")  # fmt: skip


def test_an_error_of_the_program_itself_is_not_hidden(run, work, monkeypatch):
    def broken(*arguments, **keywords):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(training.TrainConfig, "load", broken)
    with pytest.raises(OSError, match="Input/output error"):
        run("train", "train.yaml")
