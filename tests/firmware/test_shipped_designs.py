"""The designs that come with the package: model, golden vectors and record belong together."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import keras_hep
from keras_hep.errors import FirmwareError
from keras_hep.firmware import Design, design_file, edge_vectors, golden_vectors
from keras_hep.quantization import firmware_core, load_quantized

FOLDERS = sorted(path.parent for path in (Path(keras_hep.__file__).parent / "designs").glob("*/design.yaml"))


@pytest.fixture(params=FOLDERS, ids=lambda path: path.name)
def design(request):
    return Design.load(request.param / "design.yaml")


def test_the_jet_tagger_is_there_and_unknown_names_are_told():
    assert design_file("jet_tagger").is_file()
    with pytest.raises(FirmwareError, match=r"no design 'jet_taggr' in the package: did you mean 'jet_tagger'"):
        design_file("jet_taggr")


def test_the_model_gives_the_golden_logits(design):
    inputs, logits = golden_vectors(design)
    assert len(inputs) == 1000
    core = firmware_core(load_quantized(design.folder / design.model))
    assert np.array_equal(core.predict(inputs.astype(np.float32), verbose=0), logits.astype(np.float32))


def test_the_record_is_of_this_design(design):
    report = json.loads((design.folder / "report.json").read_text())
    for name in ("hls", "hls_vivado", "rtl"):
        parity = report["parity"][name]
        assert parity["agrees"] and parity["equal_fraction"] == 1 and parity["max_abs_diff"] == 0
        assert parity["events"] == report["vectors"]["sample"] + report["vectors"]["edges"] >= 10_000
    core = firmware_core(load_quantized(design.folder / design.model))
    assert len(report["inputs"]) == core.input_shape[1]
    budget = {row["figure"]: row["budget"] for row in report["budget"] if row["budget"] is not None}
    assert budget["LUT"] == design.budget.lut and budget["latency"] == design.budget.latency_ns
    assert all(row["met"] is not False for row in report["budget"])


def test_the_readme_says_what_the_record_says(design):
    report = json.loads((design.folder / "report.json").read_text())
    text = (design.folder / "README.md").read_text()
    assert f"| LUT | {report['resources']['lut']:,} (estimate) |" in text
    assert f"| latency | {report['rtl']['cycles']} cycles |" in text
    for key in ("float", "quantized"):
        assert f"{report['metrics'][key]['accuracy']:.4f}" in text
    assert len(re.findall(r"2\^-?\d+", text)) == len(report["inputs"])


def test_the_edges_of_the_shipped_model_reach_every_input(design):
    inputs, _ = golden_vectors(design)
    core = firmware_core(load_quantized(design.folder / design.model))
    scaling = core.get_layer("scaling")
    edges = edge_vectors(core, inputs)
    for column, (bits, signed) in enumerate(zip(scaling.bits, scaling.signed, strict=True)):
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
        assert edges[:, column].min() == low
        assert edges[:, column].max() == high
