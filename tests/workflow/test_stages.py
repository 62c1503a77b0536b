"""Stages: what is done is skipped, what has changed runs again with everything behind it."""

import json

import pytest

from keras_hep.errors import DataError, OutputError
from keras_hep.workflow.stages import Stages

NAMES = ("first", "second", "third")


def everything(folder, keys=("1", "2", "3"), stop=None):
    """Run three stages, each writing one file with its key; return which of them ran, and the results."""
    ran, told = [], []
    stages = Stages(folder, lambda name, skipped: told.append((name, skipped)))
    results = []
    for name, key in zip(NAMES, keys, strict=True):

        def work(name=name, key=key):
            ran.append(name)
            (folder / name).write_text(key)
            if name == stop:
                raise KeyboardInterrupt
            return {"key": key}

        results.append(stages.run(name, key, [name], work))
    assert told == [(name, name not in ran) for name in NAMES]
    assert set(stages.seconds) == set(NAMES)
    return ran, results


def record(folder):
    return json.loads((folder / "stages.json").read_text())


def test_what_is_done_is_skipped_with_its_result(tmp_path):
    folder = tmp_path / "deep" / "run"
    ran, results = everything(folder)
    assert ran == list(NAMES)
    assert everything(folder) == ([], results)
    assert results == [{"key": "1"}, {"key": "2"}, {"key": "3"}]
    assert list(record(folder)) == list(NAMES)


@pytest.mark.parametrize("changed", range(3))
def test_a_changed_key_runs_its_stage_and_all_behind_it(tmp_path, changed):
    everything(tmp_path)
    keys = ["1", "2", "3"]
    keys[changed] = "other"
    assert everything(tmp_path, keys)[0] == list(NAMES[changed:])
    assert everything(tmp_path, keys)[0] == []


@pytest.mark.parametrize("deleted", range(3))
def test_a_deleted_output_runs_its_stage_and_all_behind_it(tmp_path, deleted):
    everything(tmp_path)
    (tmp_path / NAMES[deleted]).unlink()
    assert everything(tmp_path)[0] == list(NAMES[deleted:])


def test_an_interrupted_stage_is_not_done(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        everything(tmp_path, stop="second")
    assert list(record(tmp_path)) == ["first"]
    assert everything(tmp_path)[0] == ["second", "third"]


def test_an_interrupt_does_not_bring_an_older_result_back(tmp_path):
    everything(tmp_path)
    (tmp_path / "second").unlink()
    with pytest.raises(KeyboardInterrupt):
        everything(tmp_path, stop="second")
    assert (tmp_path / "second").exists()
    assert everything(tmp_path)[0] == ["second", "third"]


def test_an_error_in_a_stage_passes_and_the_stage_is_not_done(tmp_path):
    def fail():
        raise DataError("no jets")

    with pytest.raises(DataError, match="no jets"):
        Stages(tmp_path).run("first", "1", [], fail)
    assert list(tmp_path.iterdir()) == []


def test_the_seconds_of_a_skipped_stage_are_those_of_its_run(tmp_path):
    everything(tmp_path)
    stages = Stages(tmp_path)
    stages.run("first", "1", ["first"], lambda: pytest.fail("ran again"))
    assert stages.seconds == {"first": record(tmp_path)["first"]["seconds"]}


def test_the_chain_tells_runs_apart(tmp_path):
    def chain(folder, key):
        stages = Stages(folder)
        stages.run("first", key, [], dict)
        return stages.chain

    assert chain(tmp_path / "a", "1") == chain(tmp_path / "b", "1") != chain(tmp_path / "c", "2")


@pytest.mark.parametrize("text", ["{", "[]", '{"first": 3}', '{"first": {"key": "1"}}'])
def test_a_damaged_record_is_named(tmp_path, text):
    everything(tmp_path)
    (tmp_path / "stages.json").write_text(text)
    with pytest.raises(DataError, match=r"stages\.json is not "):
        Stages(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_an_output_error(tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(OutputError, match=r"cannot make the folder .*run"):
        Stages(tmp_path / "run")
