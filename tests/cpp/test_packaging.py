"""How the runtime reaches other programs: one header, pkg-config, the wheel, the program of the README."""

import fnmatch
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import keras_hep
from keras_hep import cpp
from keras_hep.cpp.amalgamation import amalgamated
from keras_hep.data import FeatureSpec
from keras_hep.export import export, include_dir
from tests.cpp.networks import tagger
from tests.cpp.test_runtime import FIXTURE, STRICT

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")

PROGRAM = """#include "keras_hep.hpp"
int main(int, char** argv) { return keras_hep::Network::load(argv[1]).self_check() < 1e-5 ? 0 : 1; }
"""


def test_one_header_is_the_whole_runtime(tmp_path):
    text = amalgamated()
    assert not re.search(r'^\s*#\s*include\s*"', text, re.MULTILINE)
    assert text == amalgamated()
    kernels = (include_dir() / "keras_hep" / "simd" / "body.inl").read_text().splitlines()[1]
    assert text.count(kernels) == 4, "once for each instruction set, and once reproducible"
    (tmp_path / "keras_hep.hpp").write_text(text)
    (tmp_path / "main.cpp").write_text(PROGRAM)
    command = ["g++", "-std=c++17", "-O0", *STRICT, tmp_path / "main.cpp", "-o", tmp_path / "main"]
    subprocess.run(command, check=True)
    subprocess.run([tmp_path / "main", FIXTURE], check=True)


def test_a_file_that_is_included_below_a_condition_is_there_for_those_behind_it(tmp_path, monkeypatch):
    files = {
        "entry.hpp": '#pragma once\n#ifdef NEVER\n#include "part.hpp"\n#endif\n#include "user.hpp"\n#include "part.hpp"\n',
        "user.hpp": '#pragma once\n#include "part.hpp"\n#include "rest.inl"\n#include "rest.inl"\n',
        "part.hpp": "#pragma once\n#include <cstdio>\nstruct Part {};\n",
        "rest.inl": "int value();\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr("keras_hep.cpp.amalgamation.include_dir", lambda: tmp_path)
    text = amalgamated("entry.hpp")
    assert text.count("struct Part") == 2 and text.count("int value();") == 2
    source = tmp_path / "main.cpp"
    source.write_text(text + "int main() { Part part; (void)part; }\n")
    for flags in ([], ["-DNEVER"]):
        subprocess.run(["g++", "-w", *flags, "-fsyntax-only", source], check=True)


def test_pkg_config_says_where_the_headers_are():
    text = (cpp.pkg_config_dir() / "keras_hep.pc").read_text()
    assert re.search(rf"^Version: {re.escape(keras_hep.__version__)}$", text, re.MULTILINE)
    if shutil.which("pkg-config") is None:
        pytest.skip("needs pkg-config")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(cpp.pkg_config_dir())}
    command = ["pkg-config", "--cflags", "keras_hep"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("-I")
    assert Path(done.stdout.removeprefix("-I").strip()).resolve() == include_dir()


def test_the_wheel_takes_all_files_of_the_runtime():
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["keras_hep"]
    names = [pattern.removeprefix("**/") for pattern in patterns] + ["*.py"]
    folder = include_dir().parent
    files = [file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert {".hpp", ".inl", ".pc", ".cmake", ".cpp", ".txt"} <= {file.suffix for file in files}
    left = [str(file) for file in files if not any(fnmatch.fnmatch(file.name, name) for name in names)]
    assert not left


def test_the_program_of_the_readme_compiles_and_runs_as_shown(tmp_path):
    (source,) = re.findall(r"^```cpp\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "main.cpp").write_text(source)
    (line,) = re.findall(r"^g\+\+ .*main\.cpp.*$", README, re.MULTILINE)
    place = "$(keras-hep cpp --include-dir)"
    assert place in line
    subprocess.run(line.replace(place, str(include_dir())), shell=True, cwd=tmp_path, check=True)

    names = [
        "Jet_pt",
        "Jet_eta",
        "Jet_mass",
        "Jet_btagDeepFlavB",
        "Jet_qgl",
        "Jet_nConstituents",
        "Jet_chHEF",
        "Jet_neEmEF",
    ]
    default = {"Jet_btagDeepFlavB": 0.0, "Jet_qgl": 0.0}
    features = [{"name": name, "offset": -1.0, "scale": 0.1, "default": default.get(name)} for name in names]
    spec = FeatureSpec.from_dict(
        {"inputs": [{"name": "jet", "features": features}], "classes": {"light": "x == 0", "b": "x == 1"}}
    )
    (tmp_path / "bjets").mkdir()
    export(tagger("dense_tagger", spec, units=(8,)), tmp_path / "bjets" / "net.json")
    done = subprocess.run([tmp_path / "tag"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert float(re.search(r"largest difference from Keras: (\S+)", done.stdout)[1]) < 1e-5
    values = {label: float(value) for label, value in re.findall(r"^(\w+): (\S+)$", done.stdout, re.MULTILINE)}
    assert set(values) == {"light", "b"} and sum(values.values()) == pytest.approx(1, abs=1e-4)
