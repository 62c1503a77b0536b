import numpy as np
import pytest

from keras_hep.errors import FirmwareError
from keras_hep.firmware.exactness import require_exact
from keras_hep.quantization import firmware_core
from tests.quantization.networks import exact_outputs, toy_twin


@pytest.mark.parametrize(("bits", "input_bits"), [(4, 6), (6, 10), (8, 10)])
def test_usual_precisions_are_exact_at_the_ends_of_every_input(bits, input_bits):
    core = firmware_core(toy_twin(units=(16,), bits=bits, input_bits=input_bits, hardware_bits=16)[0])
    require_exact(core)
    scaling = core.get_layer("scaling")
    ends = [
        (-(1 << (b - 1)), (1 << (b - 1)) - 1) if s else (0, (1 << b) - 1)
        for b, s in zip(scaling.bits, scaling.signed, strict=True)
    ]
    corners = np.stack(np.meshgrid(*ends), -1).reshape(-1, len(ends))
    logits = list(exact_outputs(core, corners).values())[-1]
    assert np.array_equal(core.predict(corners.astype(np.float32), verbose=0), logits)


def test_sums_that_float32_cannot_hold_are_refused_with_the_layer():
    core = firmware_core(toy_twin(units=(16,), bits=16, input_bits=16, hardware_bits=16)[0])
    with pytest.raises(FirmwareError, match=r"the sums of the layer 'dense_1' can need \d+ bits, more than the 24"):
        require_exact(core)
