"""The contract of a model that can be quantised."""

import keras
import numpy as np

from keras_hep.firmware import digitized, edge_vectors
from keras_hep.firmware.hls import as_keras_names, layer_outputs, write_project
from keras_hep.firmware.rtl import build_rtl, simulate
from keras_hep.layers import feature_spec_of
from keras_hep.models import save
from keras_hep.parity import Parity
from keras_hep.quantization import firmware_core, hardware_table, is_quantized, load_quantized, quantize
from keras_hep.quantization.formats import fixed_point

__all__ = ["check_quantizable"]


def check_quantizable(model, events, folder, bits=4, input_bits=6, hardware_bits=8, hls=None, rtl=None):
    """Check that a model has a quantised twin from which firmware can be made.

    1. The twin takes the same raw inputs, gives one logit a class, and states a hardware format for every input.
    2. Every weight it computes with, and every activation, lies on the grid of its fixed-point format; a layer has at most
       2**bits different weights.
    3. Saved and loaded, it gives equal outputs.
    4. Its core, given the hardware integers, gives the same logits bit for bit.
    5. With `hls` or `rtl`, the C simulation of hls4ml (in every layer) or the simulated Verilog (at the logits) equals the
       core bit for bit, on the events and on the edges of every input.

    Args:
        model: trained float model.
        events: `Events` that it was trained on.
        folder: where files may be written.
        bits: bits of weights and activations.
        input_bits: bits of the network inputs.
        hardware_bits: bits of the hardware integers that are chosen.
        hls: a Design, to check the hls4ml project for its first back end.
        rtl: a Design, to check the Verilog.

    Returns:
        The twin, and a dictionary with the parities that were compared.
    """
    twin = quantize(model, events, bits=bits, input_bits=input_bits, hardware_bits=hardware_bits)
    spec = feature_spec_of(twin)
    assert is_quantized(twin)
    assert not is_quantized(model)
    assert [tensor.name for tensor in twin.inputs] == [entry.name for entry in spec.inputs]
    assert twin.output_shape == (None, len(spec.classes))
    assert [row["name"] for row in hardware_table(spec)] == [f.name for f in spec.inputs[0].features]

    inputs = {entry.name: events.inputs[entry.name] for entry in spec.inputs}
    logits = _numpy(twin(inputs))
    assert np.isfinite(logits).all()
    assert np.ptp(logits, axis=0).max() > 0, "the output does not depend on the input"
    _check_grids(twin, inputs, bits)

    loaded = load_quantized(save(twin, folder / "twin.keras"))
    np.testing.assert_array_equal(_numpy(loaded(inputs)), logits)
    assert feature_spec_of(loaded) == spec

    core = firmware_core(twin)
    integers = digitized(twin, events)
    np.testing.assert_array_equal(_numpy(core(integers.astype(np.float32))), logits)

    vectors = np.concatenate([integers, edge_vectors(core, integers)])
    reference = layer_outputs(core, vectors)
    last = list(reference)[-1]
    found = {}
    if hls is not None:
        project = write_project(core, hls, hls.hls.backends[0], folder / "hls", (integers, logits))
        candidate = as_keras_names(core, project.simulate(vectors))
        found["hls"] = Parity.compare("Keras", "hls4ml", reference, candidate).require()
    if rtl is not None:
        simulated = simulate(build_rtl(core, rtl, folder / "rtl"), vectors)
        found["rtl"] = Parity.compare("Keras", "RTL", {last: reference[last]}, {last: simulated.outputs}).require()
    return twin, found


def _check_grids(twin, inputs, bits):
    watched = [layer for layer in twin.layers if type(layer).__name__ == "QActivation"]
    values = keras.Model(twin.inputs, [layer.output for layer in watched])(inputs)
    for layer, value in zip(watched, values, strict=True):
        _check_grid(_numpy(value), fixed_point(layer.activation, layer.name), layer.name)
    for layer in twin.layers:
        for what in ("kernel", "bias"):
            quantizer = getattr(layer, f"{what}_quantizer_internal", None)
            if quantizer is not None:
                weights = _numpy(quantizer(getattr(layer, what)))
                _check_grid(weights, fixed_point(quantizer, layer.name), f"{what} of {layer.name}")
                assert len(np.unique(weights)) <= 2**bits


def _check_grid(values, form, what):
    steps = np.asarray(values, np.float64) / form.step
    np.testing.assert_array_equal(steps, np.rint(steps), err_msg=f"{what} lies beside its grid")
    assert form.minimum <= values.min() and values.max() <= form.maximum, f"{what} leaves its range"


def _numpy(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor))
