"""The command line as a user meets it: what it does, and what it leaves on disk."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from keras_hep import cli, training
from keras_hep.cpp.amalgamation import amalgamated
from tests.cli.conftest import COMMAND, content, write_train


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
        ("cpp", "amalgamate"), ("cpp", "codegen"), ("export",), ("firmware", "build"), ("generate",), ("import",), ("inspect",), ("predict",), ("quantize",),
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
        ("'--format'", ["export", "model.keras", "--output", "net.json", "--format", "pmml"]),
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
    refused("give one of --cmake-dir, --include-dir and --pkg-config-dir", "cpp")
    refused("give one of", "cpp", "--cmake-dir", "--include-dir")
    refused("the command 'amalgamate' takes no --cmake-dir", "cpp", "--cmake-dir", "amalgamate")


def test_cpp_prints_folders(run):
    files = {
        "--cmake-dir": "keras_hepConfig.cmake",
        "--include-dir": "keras_hep/network.hpp",
        "--pkg-config-dir": "keras_hep.pc",
    }
    for option, file in files.items():
        outcome = run("cpp", option)
        assert outcome.code == 0 and (Path(outcome.out.strip()) / file).is_file()
    assert "keras-hep cpp --include-dir" in " ".join(run("cpp", "--help").out.split())


def test_cpp_writes_one_header(run, tmp_path):
    outcome = run("cpp", "amalgamate", "--output", tmp_path / "one.hpp")
    assert outcome.code == 0
    assert (tmp_path / "one.hpp").read_text() == amalgamated()


NET = Path(__file__).parents[1] / "fixtures" / "net_v1.json"


def test_cpp_writes_a_network_as_code(run, tmp_path):
    outcome = run("cpp", "codegen", NET, "--output", tmp_path / "made" / "tagger.hpp", "--name", "tagger")
    assert outcome.code == 0 and "tagger.hpp" in outcome.out
    assert list(content(tmp_path)) == ["made/tagger.hpp"]
    text = (tmp_path / "made" / "tagger.hpp").read_text()
    assert "namespace tagger {" in text and not re.search(r'^\s*#\s*include\s*"', text, re.MULTILINE)
    (tmp_path / "net.json").write_bytes(NET.read_bytes())
    assert run("cpp", "codegen", tmp_path / "net.json").code == 0
    assert "namespace net {" in (tmp_path / "net.hpp").read_text()


def test_cpp_says_what_cannot_be_code(refused, tmp_path):
    (tmp_path / "net.json").write_text(NET.read_text().replace('"type": "masked_sum"', '"type": "wished"'))
    refused(r"\$\.nodes\[6\]\.type: no code .* of the type 'wished'", "cpp", "codegen", tmp_path / "net.json")
    refused("'int' cannot be the namespace", "cpp", "codegen", NET, "--name", "int")
    refused("would replace the network", "cpp", "codegen", NET, "--output", NET)
    refused("cannot read the exported network", "cpp", "codegen", tmp_path / "none.json")
    assert not (tmp_path / "net.hpp").exists()
