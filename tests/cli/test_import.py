"""Networks of other tools become models."""

import json
from pathlib import Path

import numpy as np

from benchmarks.lwtnn.numbers import as_numbers
from keras_hep.models import load
from tests.export.lwtnn_samples import SAMPLES

LEGACY = Path(__file__).parents[1] / "fixtures" / "legacy"


def test_a_network_of_lwtnn_and_back(run, work):
    (work / "net.json").write_text(json.dumps(SAMPLES["recurrent"]))
    outcome = run("import", "net.json", "--output", "net.keras", "--length", 9)
    assert outcome.code == 0 and outcome.out == "wrote net.keras\n"
    assert load("net.keras").inputs[0].shape == (None, 9, 3)
    assert run("export", "net.keras", "--format", "lwtnn", "--output", "again.json").code == 0
    assert as_numbers(json.loads((work / "again.json").read_text())) == as_numbers(SAMPLES["recurrent"])
    assert run("export", "net.keras", "--format", "lwtnn", "--dialect", "graph", "--output", "graph.json").code == 0
    assert (
        json.loads((work / "graph.json").read_text())["outputs"]["outputs"]["labels"] == SAMPLES["recurrent"]["outputs"]
    )


def test_a_model_of_keras_2(run, work):
    assert run("import", LEGACY / "dense.h5", "--output", "old.keras").code == 0
    stored = np.load(LEGACY / "dense.npz")
    np.testing.assert_allclose(np.asarray(load("old.keras")(stored["input_0"])), stored["output_0"], atol=2e-6)


def test_what_cannot_be_read_is_named(refused, work):
    (work / "half.json").write_text('{"inputs": [')
    refused("half.json is not valid JSON", "import", "half.json", "--output", "net.keras")
    (work / "half.h5").write_bytes(b"half")
    refused("the model 'half.h5' cannot be read", "import", "half.h5", "--output", "net.keras")
    refused("absent.h5", "import", "absent.h5", "--output", "net.keras")
    refused("--dialect belongs to the format lwtnn", "export", "net.keras", "--dialect", "graph")
    (work / "net.json").write_text(json.dumps(SAMPLES["strings"]))
    refused("a model is saved as .keras", "import", "net.json", "--output", "net.json.txt")
