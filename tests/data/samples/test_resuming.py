"""Seeds, shards, interrupts: what a generation gives does not depend on how it was made."""

from __future__ import annotations

import errno
import importlib
import os
import signal
import time
from pathlib import Path
from types import ModuleType

import pytest

from keras_hep.data.samples import card
from keras_hep.errors import DataError, KerasHepError, OutputError
from tests.data.samples import toy as toys
from tests.data.samples.toy import content, finished_shards, forget_shards, shards_made


def test_the_same_seed_gives_the_same_content_and_another_seed_another(toy: ModuleType, tmp_path: Path) -> None:
    first = toys.run(toy, tmp_path / "first.root", seed=1)
    forget_shards()
    again = toys.run(toy, tmp_path / "again.root", seed=1)
    other = toys.run(toy, tmp_path / "other.root", seed=2)
    assert content(first) == content(again)
    assert card(first) == card(again)
    assert set(content(first)["value"]).isdisjoint(content(other)["value"])
    assert card(first)["content_hash"] != card(other)["content_hash"]


def test_finished_shards_are_used_again(toy: ModuleType, tmp_path: Path) -> None:
    whole = toys.run(toy, tmp_path / "whole.root")
    assert shards_made(tmp_path) == len(finished_shards()) == 8
    for shard in finished_shards()[2:5]:
        shard.unlink()
    resumed = toys.run(toy, tmp_path / "resumed.root")
    assert shards_made(tmp_path) == 8 + 3
    assert content(resumed) == content(whole)
    assert card(resumed) == card(whole)


def test_a_larger_sample_begins_with_the_shards_of_a_smaller_one(toy: ModuleType, tmp_path: Path) -> None:
    small = content(toys.run(toy, tmp_path / "small.root", entries=20))
    large = content(toys.run(toy, tmp_path / "large.root", entries=40))
    assert shards_made(tmp_path) == 8
    assert {name: values[:20] for name, values in large.items()} == small


def test_an_interrupt_keeps_finished_shards_and_leaves_no_output(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out" / "toys.root"
    monkeypatch.setenv("TOY_INTERRUPT", "3")
    with pytest.raises(KeyboardInterrupt):
        toys.run(toy, output)
    assert not output.parent.exists()
    assert len(finished_shards()) == 3
    monkeypatch.delenv("TOY_INTERRUPT")
    toys.run(toy, output)
    assert shards_made(tmp_path) == 8
    assert sorted(path.name for path in output.parent.iterdir()) == ["toys.card.json", "toys.root"]


def test_a_killed_worker_is_an_error_that_says_how_to_go_on(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_KILL", "1_3")
    with pytest.raises(KerasHepError, match="start again to go on"):
        toys.run(toy, tmp_path / "toys.root", workers=2)
    assert not (tmp_path / "toys.root").exists()
    monkeypatch.delenv("TOY_KILL")
    resumed = content(toys.run(toy, tmp_path / "toys.root", workers=2))
    assert shards_made(tmp_path) >= 8
    forget_shards()
    assert content(toys.run(toy, tmp_path / "whole.root")) == resumed


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_a_process_stopped_in_the_middle_leaves_nothing_broken(toy: ModuleType, tmp_path: Path, sent: int) -> None:
    process = toys.start(tmp_path, workers=2)
    toys.wait_for_shards(2)
    # Ctrl-C reaches the whole group; a kill reaches the parent alone, and the workers must follow it.
    os.killpg(process.pid, sent) if sent == signal.SIGINT else process.kill()
    assert process.wait(timeout=30) != 0
    deadline = time.monotonic() + 10
    while group_alive(process.pid):
        assert time.monotonic() < deadline, "a worker outlives its parent"
        time.sleep(0.05)
    assert not (tmp_path / "out").exists()
    kept = len(finished_shards())
    assert 2 <= kept < 8
    before = shards_made(tmp_path)
    resumed = content(toys.run(toy, tmp_path / "out" / "toys.root"))
    assert shards_made(tmp_path) - before == 8 - kept
    forget_shards()
    assert content(toys.run(toy, tmp_path / "whole.root")) == resumed


def group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_full_disk_is_an_output_error(toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(importlib.import_module("keras_hep.data.samples.generate"), "compose", full)
    with pytest.raises(OutputError, match="no space left"):
        toys.run(toy, tmp_path / "out" / "toys.root")
    assert list((tmp_path / "out").iterdir()) == []
    assert len(finished_shards()) == 8


def test_a_folder_in_the_place_of_the_output_is_refused_at_once(toy: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "toys.root").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*toys\.root: it is a folder"):
        toys.run(toy, tmp_path / "toys.root")
    assert shards_made(tmp_path) == 0
    assert not (tmp_path / "toys.card.json").exists()


@pytest.mark.parametrize("keep", [0, 100])
def test_a_damaged_shard_is_named(toy: ModuleType, tmp_path: Path, keep: int) -> None:
    toys.run(toy, tmp_path / "toys.root")
    damaged = finished_shards()[3]
    damaged.write_bytes(damaged.read_bytes()[:keep])
    with pytest.raises(DataError, match=f"{damaged.name} is damaged; delete it"):
        toys.run(toy, tmp_path / "again.root")
    assert not (tmp_path / "again.root").exists()


def test_blocks_hold_every_class_and_seeds_differ(toy: ModuleType, tmp_path: Path) -> None:
    blocks = toys.order(toy, tmp_path / "toys.root", 33).blocks()
    assert [[request.entries for request in block] for block in blocks] == [[5, 5], [5, 5], [5, 5], [2, 1]]
    requests = [request for block in blocks for request in block]
    assert len({request.number for request in requests}) == len(requests)
    assert len({int(request.seeds().generate_state(1)[0]) for request in requests}) == len(requests)


def test_classes_are_mixed_in_another_way_in_each_block(toy: ModuleType, tmp_path: Path) -> None:
    label = content(toys.run(toy, tmp_path / "toys.root"))["label"]
    blocks = [tuple(label[start : start + 10]) for start in range(0, 40, 10)]
    assert [sum(block) for block in blocks] == [5] * 4
    assert len(set(blocks)) == 4
