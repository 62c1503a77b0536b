import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from keras_hep import _io
from keras_hep._io import atomic_path, cache_dir, content_hash, file_hash, parse_json, read_text, write_json, write_text
from keras_hep.errors import DataError, OutputError


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def failing(number):
    def fail(*arguments, **keywords):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_file_appears_under_its_name_only_at_the_end(tmp_path):
    target = tmp_path / "deep" / "net.json"
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert temporary.parent == target.parent
        assert temporary.suffix == ".json"
        assert not target.exists()
    assert target.read_text() == "new"
    assert names(target.parent) == ["net.json"]
    assert target.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path, error):
    target = write_text(tmp_path / "net.json", "old")
    with pytest.raises(error), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert names(tmp_path) == ["net.json"]


def test_an_error_where_nothing_was_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "net.json") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    target = tmp_path / "project"
    for content in ("first", "second"):
        with atomic_path(target, directory=True) as temporary:
            assert names(temporary) == []
            (temporary / content).write_text(content)
    assert names(target) == ["second"]
    assert names(tmp_path) == ["project"]


def test_an_error_leaves_the_old_folder(tmp_path):
    target = tmp_path / "project"
    with atomic_path(target, directory=True) as temporary:
        (temporary / "old").touch()
    with pytest.raises(RuntimeError), atomic_path(target, directory=True) as temporary:
        (temporary / "half").touch()
        raise RuntimeError
    assert names(target) == ["old"]
    assert names(tmp_path) == ["project"]


def test_the_old_folder_comes_back_when_the_new_one_cannot_be_moved(tmp_path, monkeypatch):
    target = tmp_path / "project"
    with atomic_path(target, directory=True) as temporary:
        (temporary / "old").touch()
    move = Path.replace

    def replace(self, to):
        if self.name.startswith(".project.") and Path(to) == target:
            raise OSError(errno.EACCES, "Permission denied")
        return move(self, to)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OutputError, match="Permission denied"), atomic_path(target, directory=True) as temporary:
        (temporary / "new").touch()
    assert names(target) == ["old"]
    assert names(tmp_path) == ["project"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_and_leaves_the_old_file(tmp_path, monkeypatch, number):
    target = write_text(tmp_path / "net.json", "old")
    monkeypatch.setattr(Path, "write_text", failing(number))
    with pytest.raises(OutputError, match=r"no space left on the disk while writing .*net\.json"):
        write_text(target, "new")
    assert target.read_text() == "old"
    assert names(tmp_path) == ["net.json"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_forbidden_place_is_named(tmp_path, monkeypatch, number):
    monkeypatch.setattr(_io.tempfile, "mkstemp", failing(number))
    with pytest.raises(OutputError, match=rf"cannot write .*net\.json: {os.strerror(number)}"):
        write_text(tmp_path / "net.json", "new")
    assert names(tmp_path) == []


def test_a_full_disk_while_moving_removes_the_temporary_file(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "replace", failing(errno.ENOSPC))
    with pytest.raises(OutputError, match="no space"):
        write_text(tmp_path / "net.json", "new")
    assert names(tmp_path) == []


def test_a_parent_that_is_a_file_is_an_output_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        write_text(tmp_path / "file" / "net.json", "new")


def test_a_folder_in_the_place_of_a_file_is_an_output_error(tmp_path):
    (tmp_path / "net.json").mkdir()
    with pytest.raises(OutputError, match="cannot write"):
        write_text(tmp_path / "net.json", "new")
    assert names(tmp_path) == ["net.json"]


def test_other_operating_system_errors_pass_unchanged(tmp_path):
    with pytest.raises(OSError, match="Input/output error") as caught, atomic_path(tmp_path / "net.json"):
        raise OSError(errno.EIO, "Input/output error")
    assert not isinstance(caught.value, OutputError)


def test_json_goes_out_and_comes_back(tmp_path):
    value = {"a": [1, 2.5, None], "b": "µ"}
    assert parse_json(write_json(tmp_path / "x.json", value)) == value


def test_json_refuses_nan_and_keeps_the_old_file(tmp_path):
    target = write_json(tmp_path / "x.json", 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(target, float("nan"))
    assert json.loads(target.read_text()) == 1


def test_bad_json_names_file_and_line(tmp_path):
    path = write_text(tmp_path / "x.json", '{"a": 1,\n "b": }\n')
    with pytest.raises(DataError, match=r"the network .*x\.json is not valid JSON: line 2"):
        parse_json(path, "network")


def test_a_missing_file_is_named_with_its_purpose(tmp_path):
    with pytest.raises(DataError, match=r"cannot read the network .*absent\.json: No such file"):
        read_text(tmp_path / "absent.json", "network")


def test_binary_is_not_text(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not a UTF-8 text file"):
        read_text(path)


def test_file_hash_is_sha256_across_blocks(tmp_path):
    content = bytes(range(256)) * 5000  # more than one block of 1 MiB
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    assert file_hash(path) == hashlib.sha256(content).hexdigest()


def test_content_hash_looks_at_content_and_not_at_the_order_of_keys():
    assert content_hash({"a": 1, "b": [1, 2]}) == content_hash({"b": [1, 2], "a": 1})
    assert content_hash({"a": [1, 2]}) != content_hash({"a": [2, 1]})
    assert len(content_hash(None)) == 64


def test_cache_dir_follows_the_environment_and_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HEP_CACHE", str(tmp_path / "a" / "b"))
    assert cache_dir() == tmp_path / "a" / "b"
    assert cache_dir().is_dir()


def test_cache_dir_without_the_variable_is_the_users(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_HEP_CACHE")
    monkeypatch.setattr(_io.platformdirs, "user_cache_dir", lambda name: str(tmp_path / name))
    assert cache_dir() == tmp_path / "keras_hep"
