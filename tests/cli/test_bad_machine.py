"""No compiler, no space, no permission: one message, and the disk as it was before."""

import errno
import importlib
import os
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_hep import training
from tests.cli.conftest import content, full_disk, write_train


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
