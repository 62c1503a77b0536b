"""Samples in the cache directory: made once, whoever asks and however many ask at once."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from keras_hep.data import samples
from keras_hep.data.samples import card, card_path
from keras_hep.data.samples.cached import cached_sample
from keras_hep.data.samples.formats import named_format
from keras_hep.data.samples.order import place_order
from keras_hep.errors import DataError
from tests.data.samples.toy import content, shards_made

OTHER = """
import toy_sample
from keras_hep.data.samples.cached import cached_sample
from keras_hep.data.samples.formats import named_format
from keras_hep.data.samples.order import place_order
order = place_order(toy_sample.SAMPLE, 40, 1, None, None, named_format("ttree"))
path = cached_sample(order, workers=1, progress=False)
print(path.stat().st_ino, path)
"""


def cached(toy: ModuleType, entries: int = 40, format: str = "root", **wishes: Any) -> Path:
    wishes = {"seed": 1, "classes": None, "options": None, **wishes}
    order = place_order(toy.SAMPLE, entries, format=named_format(format), **wishes)
    return cached_sample(order, workers=1, progress=False)


def test_a_sample_is_made_once(toy: ModuleType, tmp_path: Path, cache: Path) -> None:
    path = cached(toy)
    assert path.parent == cache / "samples" / "files"
    assert path.name.startswith("toy-40-") and path.suffix == ".root"
    assert len(content(path)["event"]) == card(path)["entries"] == 40
    before = path.stat()
    assert cached(toy) == path
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert shards_made(tmp_path) == 8


def test_every_wish_has_a_file_of_its_own(toy: ModuleType) -> None:
    wishes: list[dict[str, Any]] = [
        {}, {"entries": 20}, {"seed": 2}, {"classes": ["a"]}, {"classes": ["b"]}, {"options": {"depth": 4}},
        {"format": "rntuple"}, {"format": "hdf5"},
    ]  # fmt: skip
    paths = [cached(toy, **wish) for wish in wishes]
    assert len(set(paths)) == len(wishes)
    assert [path.suffix for path in paths[-2:]] == [".root", ".h5"]
    for path, wish in zip(paths, wishes, strict=True):
        described = card(path)
        assert described["entries"] == wish.get("entries", 40)
        assert list(described["classes"]) == wish.get("classes", ["a", "b"])
    assert cached(toy, classes=["b", "a"], options={"depth": 3}, format="ttree") == paths[0], "the same in other words"


def test_a_file_without_its_card_is_made_again(toy: ModuleType) -> None:
    path = cached(toy)
    card_path(path).unlink()
    assert cached(toy) == path
    assert card(path)["entries"] == 40


@pytest.mark.parametrize("lockable", [True, False])
def test_two_processes_at_once(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lockable: bool
) -> None:
    if not lockable:

        def refuse(*_: object) -> None:
            raise OSError("no locks here")

        monkeypatch.setattr(fcntl, "flock", refuse)
    search = os.pathsep.join([str(tmp_path / "modules"), str(Path(__file__).parents[3])])
    slow = {**os.environ, "TOY_STEPS": "2", "PYTHONPATH": search}
    other = subprocess.Popen([sys.executable, "-c", OTHER], env=slow, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 40
    while shards_made(tmp_path) == 0:
        assert time.monotonic() < deadline and other.poll() is None, "the other process makes nothing"
        time.sleep(0.01)
    path = cached(toy)
    first = content(path)
    printed, _ = other.communicate(timeout=30)
    assert other.returncode == 0
    inode, name = printed.split(maxsplit=1)
    assert Path(name.strip()) == path
    assert content(path) == first
    assert len(first["event"]) == len(set(first["event"])) == 40
    if lockable:
        assert shards_made(tmp_path) == 8, "this process waited for the other one"
        assert int(inode) == path.stat().st_ino, "and took its file"
    left = {file.name for file in path.parent.iterdir()}
    assert left == {path.name, card_path(path).name, path.with_suffix(".lock").name}


def test_a_named_sample(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = samples.load("toys", 40, classes=["moons"], progress=False, workers=1)
    assert path.name.startswith("toys-40-")
    assert card(path)["classes"] == {"moons": {"label": 0, "entries": 40}}
    default = samples.load("toys", format="hdf5", progress=False, workers=1)
    assert card(default)["entries"] == samples.sample_of("toys").default_entries
    with pytest.raises(DataError, match="there is no sample 'toy'; did you mean 'toys'"):
        samples.load("toy", 10)
    with pytest.raises(DataError, match="there is no file format 'csv'"):
        samples.load("toys", 10, format="csv")
