"""The examples of frameworks, each with a small stand-in for its framework, give the scores of Keras."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from keras_hep.export import export, include_dir
from tests.cpp.networks import tagger
from tests.cpp.test_runtime import HERE, STRICT, build_program, example_spec

EXAMPLES = include_dir().parent / "examples"
STANDINS = HERE / "standins"

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A tagger of pt, eta and mass, four jets, and their scores of the class b."""
    folder = tmp_path_factory.mktemp("network")
    model = tagger("dense_tagger", example_spec(), units=(8,))
    jets = np.array([[50, 1.5, 80], [30, -0.5, 10], [120, 2.0, 170], [20, 0, 5]], np.float32)
    (folder / "jets").write_text("".join(f"{pt} {eta} {mass}\n" for pt, eta, mass in jets))
    (folder / "events").write_text(
        "\n".join(
            f"{len(part)} " + " ".join(str(value) for value in part.ravel()) for part in (jets[:1], jets[:0], jets[1:])
        )
    )
    scores = np.asarray(model({"jet": jets}))[:, 1]
    assert len(set(scores.round(3))) == 4
    return export(model, folder / "net.json"), folder, scores


def test_rdataframe(network, tmp_path):
    net, folder, scores = network
    main = EXAMPLES / "rdataframe" / "main.cpp"
    program = build_program(main, tmp_path / "scores", "-O0", *STRICT, "-I", str(STANDINS))
    subprocess.run([program, net, folder / "events", tmp_path / "output"], check=True)
    np.testing.assert_allclose(np.loadtxt(tmp_path / "output"), scores, atol=1e-5)


def test_algorithm(network, tmp_path):
    net, folder, scores = network
    source = tmp_path / "all.cpp"
    source.write_text('#include "JetTagAlg.cxx"\n#include "algorithm_driver.cpp"\n')
    flags = ["-O0", *STRICT, "-I", str(STANDINS), "-I", str(EXAMPLES / "algorithm")]
    program = build_program(source, tmp_path / "algorithm", *flags)
    done = subprocess.run([program, net, folder / "jets"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "has no label nobody" in done.stderr and "network of" in done.stderr
    np.testing.assert_allclose([float(line) for line in done.stdout.split()], scores, atol=1e-5)


def test_event_setup(network, tmp_path):
    net, folder, scores = network
    example = EXAMPLES / "event_setup"
    # All headers of the framework are one stand-in.
    text = "".join(file.read_text() for file in example.iterdir())
    for name in set(re.findall(r'#include "((?:FWCore|DataFormats)/[^"]+)"', text)):
        header = tmp_path / "framework" / name
        header.parent.mkdir(parents=True, exist_ok=True)
        header.write_text('#include "cmssw.hpp"\n')
    folders = [tmp_path / "framework", STANDINS, example]
    flags = ["-O0", *STRICT, *(part for place in folders for part in ("-I", str(place)))]
    program = build_program(STANDINS / "event_setup_driver.cpp", tmp_path / "event_setup", *flags)
    done = subprocess.run([program, net, folder / "jets"], capture_output=True, text=True, check=True)
    np.testing.assert_allclose([float(line) for line in done.stdout.split()], scores, atol=1e-5)


def test_every_example_is_compiled_by_a_test():
    tests = Path(__file__).read_text() + (HERE / "test_runtime.py").read_text()
    for example in EXAMPLES.iterdir():
        assert f'"{example.name}"' in tests, example
