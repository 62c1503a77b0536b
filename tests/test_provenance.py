import hashlib
import json
import platform
import shutil
import subprocess
from importlib.metadata import version

import pytest

from keras_hep import provenance as module
from keras_hep.provenance import git_state, provenance, versions

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A git checkout with one commit."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)

    def git(*arguments):
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments],
            cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip

    git("init", "--quiet")
    (tmp_path / "analysis.py").write_text("1\n")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    return tmp_path


def test_versions_are_those_of_what_is_installed(monkeypatch):
    found = versions()
    assert found["python"] == platform.python_version()
    assert found["keras"] == version("keras")
    assert found["keras_hep"] == version("keras_hep")
    monkeypatch.setattr(module, "_PACKAGES", ("keras", "no-such-package"))
    assert set(versions()) == {"python", "keras"}


@needs_git
def test_a_checkout_is_named_and_whether_it_is_clean(checkout):
    state = git_state(checkout)
    assert len(state["commit"]) == 40
    assert int(state["commit"], 16)
    assert state["clean"] is True
    (checkout / "analysis.py").write_text("2\n")
    assert git_state(checkout) == {"commit": state["commit"], "clean": False}


@needs_git
def test_the_checkout_is_the_one_that_the_run_started_in(checkout, monkeypatch):
    monkeypatch.chdir(checkout)
    assert git_state() == git_state(checkout)


@needs_git
def test_outside_of_a_checkout_there_is_no_state(tmp_path):
    assert git_state(tmp_path) is None


def test_without_git_there_is_no_state(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state() is None


def test_samples_are_told_by_their_content(tmp_path):
    for folder, content in (("a", b"one"), ("b", b"two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "jets.root").write_bytes(content)
    first, second = tmp_path / "a" / "jets.root", tmp_path / "b" / "jets.root"
    record = provenance(7, [first, "root://server//far.root"])
    assert record["seeds"] == {"run": 7}
    assert record["samples"] == {"jets.root": hashlib.sha256(b"one").hexdigest()}
    assert record["versions"] == versions()
    assert set(record) == {"seeds", "versions", "git", "samples"}
    json.dumps(record, allow_nan=False)
    both = provenance(7, [str(first), second])["samples"]
    assert both == {str(first): hashlib.sha256(b"one").hexdigest(), str(second): hashlib.sha256(b"two").hexdigest()}
