import json

import numpy as np
import pytest

from keras_hep import Parity
from keras_hep.errors import ParityError

VALUES = {"dense": np.arange(12.0).reshape(4, 3), "output": np.arange(8.0).reshape(4, 2)}


def changed(layer, event, by):
    values = {name: array.copy() for name, array in VALUES.items()}
    values[layer][event, -1] += by
    return values


def test_equal_values_agree_bit_for_bit():
    parity = Parity.compare("Keras", "C++", VALUES, VALUES)
    assert parity.agrees
    assert parity.first_difference is None
    assert parity.max_abs_diff == 0
    assert [layer.name for layer in parity.layers] == ["dense", "output"]
    assert parity.require() is parity
    assert str(parity).startswith("C++ against Keras, bit for bit: equal")


def test_one_last_bit_is_a_difference():
    values = {name: array.copy() for name, array in VALUES.items()}
    values["output"][2, 1] = np.nextafter(values["output"][2, 1], np.inf)
    parity = Parity.compare("Keras", "C++", VALUES, values)
    assert not parity.agrees
    assert parity.output.first_event == 2
    assert parity.output.equal_fraction == 0.75
    assert "DIFFERENT" in str(parity)


def test_the_first_layer_that_differs_is_named_with_its_figures():
    values = changed("dense", 1, 0.5)
    values["output"][3] += 2.0
    parity = Parity.compare("Keras", "firmware", VALUES, values)
    assert parity.first_difference.name == "dense"
    assert parity.first_difference.max_abs_diff == 0.5
    assert parity.max_abs_diff == 2.0
    with pytest.raises(
        ParityError, match=r"firmware differs from Keras first in layer 'dense': 75\.0+% of 4 .* 0\.5, .*event 1"
    ):
        parity.require()


@pytest.mark.parametrize(("difference", "agrees"), [(0.25, True), (0.5, False)])
def test_the_tolerance_is_the_largest_difference_that_counts_as_equal(difference, agrees):
    parity = Parity.compare("a", "b", VALUES, changed("output", 0, difference), tolerance=0.25)
    assert parity.agrees is agrees
    assert parity.output.max_abs_diff == difference


@pytest.mark.parametrize(
    ("a", "b", "agrees"),
    [
        (np.nan, np.nan, True),
        (np.inf, np.inf, True),
        (np.inf, -np.inf, False),
        (np.nan, 0.0, False),
        (0.0, np.nan, False),
        (np.inf, 1.0, False),
    ],
)
def test_values_that_are_not_finite_agree_only_with_themselves(a, b, agrees):
    parity = Parity.compare("a", "b", {"x": [[1.0, a]]}, {"x": [[1.0, b]]}, tolerance=10.0)
    assert parity.agrees is agrees
    assert parity.max_abs_diff == (0.0 if agrees else np.inf)
    assert json.loads(json.dumps(parity.to_dict(), allow_nan=False))["agrees"] is agrees


def test_layers_that_the_candidate_lacks_are_left_out_but_not_the_output():
    parity = Parity.compare("a", "b", VALUES, {"output": VALUES["output"]})
    assert [layer.name for layer in parity.layers] == ["output"]
    with pytest.raises(ParityError, match="b gives no values for the output layer 'output'"):
        Parity.compare("a", "b", VALUES, {"dense": VALUES["dense"]})


def test_a_flattened_candidate_is_compared_event_by_event():
    image = np.arange(24.0).reshape(2, 3, 4)
    assert Parity.compare("a", "b", {"x": image}, {"x": image.reshape(2, 12)}).agrees


@pytest.mark.parametrize("shape", [(4, 2), (3, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ParityError, match=r"layer 'x': shapes differ, \(4, 3\) against"):
        Parity.compare("a", "b", {"x": np.zeros((4, 3))}, {"x": np.zeros(shape)})


@pytest.mark.parametrize("shape", [(0, 5), (0,), (4, 0)])
def test_nothing_to_compare_is_no_agreement(shape):
    with pytest.raises(ParityError, match="no values to compare"):
        Parity.compare("a", "b", {"x": np.zeros(shape)}, {"x": np.zeros(shape)})


def test_no_layers_are_no_agreement():
    with pytest.raises(ParityError, match="no layer to compare"):
        Parity.compare("a", "b", {}, {})


def test_the_dictionary_tells_the_same():
    told = Parity.compare("Keras", "C++", VALUES, changed("output", 0, 1.0)).to_dict()
    assert told["reference"] == "Keras"
    assert told["events"] == 4
    assert told["equal_fraction"] == 0.75
    assert told["max_abs_diff"] == 1.0
    assert [layer["first_event"] for layer in told["layers"]] == [None, 0]
