"""One small design, built once a session: it takes yosys alone many seconds to start."""

from types import SimpleNamespace

import pytest

from keras_hep.firmware import Design, build, digitized
from keras_hep.quantization import firmware_core
from tests.firmware.quick import quick_compiler
from tests.quantization.networks import toy_twin

ROOMY = {"latency_ns": 1000, "initiation_interval": 1, "lut": 100_000, "ff": 100_000, "dsp": 0}


@pytest.fixture(scope="session")
def design():
    """A design for the networks of `toy_twin`."""
    precision = {"bits": 4, "input_bits": 6, "hardware_bits": 8}
    return Design(name="toy", device="xcvu13p", clock_mhz=200, precision=precision, budget=ROOMY)


@pytest.fixture(scope="session")
def twin():
    """A small quantised model, and the hardware integers of its events; not to be changed."""
    model, events = toy_twin()
    return SimpleNamespace(model=model, core=firmware_core(model), events=events, sample=digitized(model, events))


@pytest.fixture(scope="session")
def built(twin, design, tmp_path_factory):
    """The finished build of the small design, in a folder given relative to the working folder."""
    folder = tmp_path_factory.mktemp("built")
    steps = []
    with pytest.MonkeyPatch.context() as patch, quick_compiler():
        patch.chdir(folder)
        output = folder.__class__("toy")
        result = build(twin.model, design, output, twin.sample, progress=steps.append)
    return SimpleNamespace(result=result, folder=folder / "toy", steps=steps)
