import math
import sys

import pytest

from keras_hep._optional import require
from keras_hep.errors import MissingToolError


def test_an_installed_module_comes_back():
    assert require("math") is math
    assert require("os.path") is sys.modules["os.path"]


def test_a_missing_module_names_the_extra_that_brings_it():
    with pytest.raises(MissingToolError, match=r"'no_such_generator'.*pip install 'keras_hep\[samples\]'"):
        require("no_such_generator", extra="samples")


def test_without_extra_the_package_itself_is_named():
    with pytest.raises(MissingToolError, match=r"pip install 'keras_hep'$"):
        require("no_such_generator.part")


@pytest.fixture
def importable(tmp_path, monkeypatch):
    """A function that writes a module and makes it importable."""
    monkeypatch.syspath_prepend(str(tmp_path))
    written = []

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        written.append(name)

    yield write
    for name in written:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("missing", ["another_package", "heavy"])
def test_a_package_that_misses_another_one_is_not_reported_as_missing_itself(importable, missing):
    """Also when the name of the other one is the beginning of its own, as tensorflow is of tensorflow_probability."""
    importable("heavy_tool", f"import {missing}\n")
    with pytest.raises(ModuleNotFoundError, match=missing):
        require("heavy_tool", extra="samples")


def test_an_error_while_importing_passes_unchanged(importable):
    importable("broken_tool", "raise RuntimeError('broken inside')\n")
    with pytest.raises(RuntimeError, match="broken inside"):
        require("broken_tool")
