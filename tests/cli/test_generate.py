"""`keras-hep generate` as a user meets it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
import uproot

from keras_hep import cli
from keras_hep.data.samples import SAMPLES, sample_of

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command in an empty folder and give back exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HEP_CACHE", str(tmp_path / ".cache"))

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["keras-hep", "generate", *map(str, words)])
        try:
            cli.main()
            code: int | str | None = 0
        except SystemExit as left:
            code = left.code or 0
        captured = capsys.readouterr()
        assert isinstance(code, int)
        return code, captured.out, captured.err

    return run


def test_the_list_has_one_line_a_sample(run: Run) -> None:
    code, out, _ = run("--list")
    assert code == 0
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert {name: description.strip() for name, description in lines} == SAMPLES
    assert [name for name, _ in lines] == sorted(SAMPLES)


def test_a_description_shows_all_there_is_to_know(run: Run) -> None:
    code, out, _ = run("toys", "--describe")
    assert code == 0
    sample = sample_of("toys")
    words = " ".join(out.split())
    for text in (sample.description, sample.card["physics"], sample.card["leaves_out"], *sample.card["cite"]):
        assert " ".join(text.split()) in words
    for name, value in sample.options.items():
        assert f"{name}={value} {sample.card['option_meanings'][name]}" in words
    for name, meaning in sample.card["branches"].items():
        assert f"{name} {meaning}" in words
    for label, name in enumerate(sample.classes):
        assert f"{name} {label}" in words
    _, plain, _ = run("five-jets", "--describe")
    assert "Options" not in plain, "five-jets has none"
    assert "part_ptrel" in plain


def test_defaults_are_those_of_the_sample(run: Run, tmp_path: Path) -> None:
    code, out, err = run("toys", "--workers", 1)
    assert (code, out) == (0, "wrote toys.root and toys.card.json\n")
    assert "points" in err, "the progress names what is made"
    card = json.loads((tmp_path / "toys.card.json").read_text())
    assert card["entries"] == sample_of("toys").default_entries
    assert card["seed"] == 1
    with uproot.open(tmp_path / "toys.root") as file:
        assert file["points"].num_entries == card["entries"]


def test_every_choice_reaches_the_file(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(
        "toys", "-n", 30, "--output", "some.h5", "--seed", 5, "--workers", 1, "--classes", "bump, moons",
        "--set", "signal=0.5", "--set", "rings = 3",
    )  # fmt: skip
    assert (code, out) == (0, "wrote some.h5 and some.card.json\n")
    card = json.loads((tmp_path / "some.card.json").read_text())
    assert (card["entries"], card["seed"], card["format"]) == (30, 5, "hdf5")
    assert (card["options"]["signal"], card["options"]["rings"]) == (0.5, 3)
    with h5py.File(tmp_path / "some.h5") as file:
        assert sorted(set(file["points/label"][:].tolist())) == [0, 3]
    again = card["made_with"]["command"].split()[2:]
    assert run(*again, "--output", "again.h5")[0] == 0
    assert json.loads((tmp_path / "again.card.json").read_text()) == card, "the command on the card makes it again"


@pytest.mark.parametrize(("format", "name"), [("ttree", "toys.root"), ("rntuple", "toys.root"), ("hdf5", "toys.h5")])
def test_the_format_names_the_file(run: Run, tmp_path: Path, format: str, name: str) -> None:
    assert run("toys", "--entries", 8, "--workers", 1, "--format", format)[0] == 0
    assert (tmp_path / name).exists()
    assert json.loads((tmp_path / "toys.card.json").read_text())["format"] == format


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "which sample? `keras-hep generate --list` shows them all"),
        (("toy",), "there is no sample 'toy'; did you mean 'toys'"),
        (("toy", "--describe"), "there is no sample 'toy'; did you mean 'toys'"),
        (("toys", "--set", "noise"), "--set takes OPTION=VALUE, such as pileup=40; received 'noise'"),
        (("toys", "--set", "=3"), "--set takes OPTION=VALUE, such as pileup=40; received '=3'"),
        (("toys", "--set", "noise=0.1", "--set", "noise=0.2"), "the option 'noise' is set twice"),
        (("toys", "--set", "nois=0.1"), "toys has no option 'nois'; did you mean 'noise'"),
        (("toys", "--set", "rings=1.5"), "the option 'rings' of toys is a whole number (default: 2); received '1.5'"),
        (("toys", "--classes", "moon"), "toys has no class 'moon'; did you mean 'moons'"),
        (("toys", "--entries", 3), "toys needs at least 4 points, one for each of its classes"),
        (("toys", "--format", "root6"), "there is no file format 'root6'"),
        (("toys", "--format", "hdf5", "--output", "toys.root"), "in the format hdf5 must end in .h5 or .hdf5"),
        (("five-jets", "--set", "pileup=40"), "five-jets has no option 'pileup'; it has no options"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(run: Run, tmp_path: Path, words: tuple[object, ...], message: str) -> None:
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert err.startswith("error: DataError: ")
    assert message in err
    assert len(err.splitlines()) == 1
    assert [path for path in tmp_path.iterdir() if path.name != ".cache"] == []
