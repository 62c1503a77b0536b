import hypothesis
import numpy as np
import pytest
import qkeras
from hypothesis import strategies as st

from keras_hep.errors import UnsupportedLayerError
from keras_hep.quantization.formats import FixedPoint, fixed_point
from tests.quantization.networks import on_grid

BITS = st.integers(2, 12)
INTEGER = st.integers(-3, 6)


def dense_grid(form):
    """Every half and eighth of a step from well below the range to well above it, both sides of each half step."""
    low, high = form.minimum - 0.6 * (form.maximum + form.step), 1.6 * form.maximum + form.step
    eighths = np.arange(np.floor(low / form.step), np.ceil(high / form.step) + 1, 0.125) * form.step
    halves = (eighths[eighths / form.step % 1 == 0.5]).astype(np.float32)
    sides = [np.nextafter(halves, np.float32(sign * np.inf)) for sign in (-1, 1)]
    far = np.array([-100.0, 100.0]) * max(form.maximum, form.step)
    return np.unique(np.concatenate([eighths.astype(np.float32), *sides, far.astype(np.float32)]))


def check_format(quantizer, form, *independent):
    values = dense_grid(form)
    found = np.asarray(quantizer(values), np.float64)
    np.testing.assert_array_equal(found / form.step, np.rint(found / form.step))
    assert (found.min(), found.max()) == (form.minimum, form.maximum)
    np.testing.assert_array_equal(np.unique(np.diff(np.unique(found))), [form.step])
    np.testing.assert_array_equal(found, on_grid(values, *independent))


@hypothesis.given(BITS, INTEGER, st.booleans(), st.booleans())
@hypothesis.settings(max_examples=60)
def test_quantized_bits(bits, integer, negative, symmetric):
    quantizer = qkeras.quantized_bits(bits, integer, int(symmetric), keep_negative=negative, alpha=1.0)
    form = fixed_point(quantizer, "dense")
    assert form == FixedPoint(negative, bits, integer + negative, symmetric and negative)
    check_format(quantizer, form, bits, integer, negative, symmetric)


@hypothesis.given(st.integers(1, 12), st.integers(0, 6))
@hypothesis.settings(max_examples=40)
def test_quantized_relu(bits, integer):
    quantizer = qkeras.quantized_relu(bits, integer)
    form = fixed_point(quantizer, "relu")
    assert form == FixedPoint(False, bits, integer)
    check_format(quantizer, form, bits, integer, False)


def test_without_alpha_the_scale_is_one():
    quantizer = qkeras.quantized_bits(4, 1)
    check_format(quantizer, fixed_point(quantizer, "dense"), 4, 1, True)


def test_a_bound_that_does_not_act_is_allowed():
    quantizer = qkeras.quantized_relu(4, 2, relu_upper_bound=1.0)
    check_format(quantizer, fixed_point(quantizer, "relu"), 4, 2, False)


@pytest.mark.parametrize(
    ("form", "step", "minimum", "maximum"),
    [
        (FixedPoint(True, 6, 1), 0.03125, -1.0, 0.96875),
        (FixedPoint(True, 6, 1, symmetric=True), 0.03125, -0.96875, 0.96875),
        (FixedPoint(False, 6, 2), 0.0625, 0.0, 3.9375),
        (FixedPoint(True, 4, 6), 4.0, -32.0, 28.0),
    ],
)
def test_step_and_ends(form, step, minimum, maximum):
    assert (form.step, form.minimum, form.maximum) == (step, minimum, maximum)


@pytest.mark.parametrize(
    ("quantizer", "message"),
    [
        (qkeras.quantized_bits(4, 0, alpha="auto"), "'hidden' has a quantized_bits with alpha='auto'"),
        (qkeras.quantized_bits(4, 0, alpha="auto_po2"), "with alpha='auto_po2'; firmware equals the model only with"),
        (qkeras.quantized_bits(4, 0, alpha=0.5), "with alpha=0.5"),
        (qkeras.quantized_bits(4, 0, alpha=[1.0, 2.0]), r"with alpha=\[1.0, 2.0\]"),
        (qkeras.quantized_bits(4, 0, alpha=1.0, qnoise_factor=0.5), "'hidden' quantises in part only"),
        (qkeras.quantized_bits(1, 0, alpha=1.0), "'hidden' has a binary quantized_bits"),
        (qkeras.quantized_relu(4, 0, negative_slope=0.25), "'hidden' has a quantized_relu with a slope"),
        (qkeras.quantized_relu(4, 0, use_sigmoid=1), "with a slope, a sigmoid or an upper bound; use the plain one"),
        (qkeras.quantized_relu(4, 2, relu_upper_bound=1.0, is_quantized_clip=False), "or an upper bound"),
        (qkeras.quantized_relu(4, 0, qnoise_factor=0.9), "'hidden' quantises in part only"),
        (qkeras.ternary(), "'hidden' has the quantiser ternary; firmware knows quantized_bits and quantized_relu"),
        (qkeras.binary(), "has the quantiser binary"),
        (qkeras.quantized_po2(4), "has the quantiser quantized_po2"),
        (qkeras.quantized_tanh(4), "has the quantiser quantized_tanh"),
        (None, "has the quantiser NoneType"),
    ],
)
def test_what_firmware_does_not_compute_exactly_is_refused(quantizer, message):
    with pytest.raises(UnsupportedLayerError, match=message):
        fixed_point(quantizer, "hidden")
