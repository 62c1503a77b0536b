from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.data.samples.toy import SOURCE


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory of the test's own."""
    monkeypatch.setenv("KERAS_HEP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def toy(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module of the toy sample, which worker processes can import too."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "toy_sample.py").write_text(SOURCE)
    (tmp_path / "log").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    yield importlib.import_module("toy_sample")
    del sys.modules["toy_sample"]
