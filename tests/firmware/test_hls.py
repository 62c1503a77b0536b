import functools
import tempfile
from pathlib import Path

import numpy as np
import pytest
import qkeras

from keras_hep.errors import FirmwareError, MissingToolError
from keras_hep.firmware import Design, digitized, edge_vectors
from keras_hep.firmware.hls import as_keras_names, layer_outputs, write_project
from keras_hep.quantization import firmware_core
from tests.contracts.quantizable import check_quantizable
from tests.firmware.quick import quick_compiler
from tests.quantization.networks import exact_outputs, float_model, toy_problem, toy_twin

SMALL = Design(name="tiny", device="xcku115", clock_mhz=240, hls={"backends": ["Vivado"], "strategy": "Resource"})


@functools.cache
def small():
    """Return the core of a very small twin, and vectors with all edges of its inputs."""
    model, events = toy_twin(units=(3,), bits=3, input_bits=4)
    core = firmware_core(model)
    integers = digitized(model, events)
    return core, np.concatenate([integers, edge_vectors(core, integers)])


def project_of(core, folder):
    return write_project(core, SMALL, "Vitis", Path(folder), (small()[1][:10], np.zeros((10, 3))))


def test_the_c_simulation_is_integer_arithmetic_in_every_layer():
    core, vectors = small()
    expected = exact_outputs(core, vectors)
    with tempfile.TemporaryDirectory() as folder, quick_compiler():
        found = as_keras_names(core, project_of(core, folder).simulate(vectors))
    assert list(found) == ["input_quantizer", "activation_1", "logits"]
    for name, values in found.items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)


def test_the_hls_project_of_a_tagger_keeps_the_contract(tmp_path):
    events, spec = toy_problem()
    with quick_compiler():
        _, found = check_quantizable(float_model(spec, (4, 3)), events, tmp_path, bits=3, hls=SMALL)
    names = [layer.name for layer in found["hls"].layers]
    assert names == ["input_quantizer", "activation_1", "activation_2", "logits"]


def test_the_project_states_the_design(tmp_path):
    core, _ = small()
    project = project_of(core, tmp_path / "new" / "project")
    assert (project.folder, project.backend) == (tmp_path / "new" / "project", "Vitis")
    text = (project.folder / "project.tcl").read_text()
    assert 'set part "xcku115-flvb2104-2-i"' in text
    assert f"set clock_period {1000 / 240}" in text
    assert 'set project_name "tiny_top"' in text
    assert "nnet::resource" in (project.folder / "firmware" / "parameters.h").read_text()
    inputs = np.loadtxt(project.folder / "tb_data" / "tb_input_features.dat")
    np.testing.assert_array_equal(inputs, small()[1][:10])


def test_layer_outputs_are_those_of_the_core():
    core, vectors = small()
    found = layer_outputs(core, vectors[:20])
    assert list(found) == [layer.name for layer in core.layers[1:]]
    np.testing.assert_array_equal(found["logits"], np.asarray(core(vectors[:20].astype(np.float32))))


def test_what_was_merged_stands_under_the_name_of_the_quantiser():
    core, _ = small()
    merged = {"scaling_integers": 0, "scaling": 1, "dense_1": 2, "logits": 3}
    assert as_keras_names(core, merged) == {"input_quantizer": 1, "activation_1": 2, "logits": 3}


def test_what_was_not_merged_keeps_its_name():
    core, _ = small()
    every = {layer.name: number for number, layer in enumerate(core.layers[1:])}
    assert as_keras_names(core, every) == every
    some = {"scaling": 1, "dense_1": 2, "activation_1": 3, "logits": 4}
    assert as_keras_names(core, some) == {"input_quantizer": 1, "dense_1": 2, "activation_1": 3, "logits": 4}


def test_a_quantiser_that_hls_cannot_compute_is_named(tmp_path):
    core = firmware_core(toy_twin(units=(3,), bits=3, input_bits=4)[0])
    core.get_layer("activation_1").activation = qkeras.quantized_tanh(4)
    with pytest.raises(
        FirmwareError, match=r"converting with hls4ml failed: .*'activation_1' has the quantiser quantized_tanh"
    ):
        project_of(core, tmp_path)


def test_without_a_compiler_the_simulation_says_so(tmp_path, monkeypatch):
    core, vectors = small()
    project = project_of(core, tmp_path)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match=r"the program 'g\+\+' was not found; install g\+\+ "):
        project.simulate(vectors)


def test_a_compiler_that_fails_is_reported(tmp_path, monkeypatch):
    core, vectors = small()
    project = project_of(core, tmp_path / "project")
    (tmp_path / "g++").write_text("#!/bin/sh\necho 'no space for objects' >&2\nexit 1\n")
    (tmp_path / "g++").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(FirmwareError, match="compiling the C simulation failed"):
        project.simulate(vectors)
