"""Generated headers in compiled libraries: many networks in few, called from Python."""

import ctypes
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from keras_hep.export import Network, codegen

__all__ = ["build", "evaluate", "same_bits", "sequences", "written"]

_PER_FILE = 12  # networks of one compiler run


def written(networks, folder):
    """Write the header of each network, name -> JSON file, and sources that call them; return the sources."""
    sources = []
    names = list(networks)
    for number, first in enumerate(range(0, len(names), _PER_FILE)):
        some = names[first : first + _PER_FILE]
        for name in some:
            (folder / f"{name}.hpp").write_text(codegen.generate(networks[name], f"net_{name}"))
        text = "".join(f'#include "{name}.hpp"\n' for name in some)
        source = folder / f"part_{number}.cpp"
        source.write_text(text + "".join(_caller(name, networks[name]) for name in some))
        sources.append(source)
    return sources


def build(sources, folder, *flags, compiler="g++"):
    """Compile sources to one library, and return it."""
    folder.mkdir()

    def compiled(source):
        target = folder / f"{source.stem}.o"
        subprocess.run([compiler, "-std=c++17", "-fPIC", *flags, "-c", source, "-o", target], check=True)
        return target

    with ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(compiled, sources))
    library = folder / "library.so"
    subprocess.run([compiler, "-shared", *objects, "-o", library], check=True)
    return ctypes.CDLL(str(library))


def sequences(path):
    """Return the names of the inputs of a network that are sequences."""
    return {entry["name"] for entry in json.loads(path.read_text())["inputs"] if entry["length"] is not None}


def evaluate(library, name, path, inputs):
    """Return the outputs of events: name -> values, (events, labels). Each sequence has its mask in `inputs`."""
    network = Network(path)
    values = [np.ascontiguousarray(inputs[key], np.float32) for key in network.inputs]
    events = len(values[0])
    variable = sequences(path)
    rows = [
        inputs[f"{key}_mask"].sum(axis=1).astype(np.uintp) if key in variable else np.zeros(events, np.uintp)
        for key in network.inputs
    ]
    outputs = {key: np.empty((events, len(labels)), np.float32) for key, labels in network.outputs.items()}
    pointers = [_pointers(arrays) for arrays in (values, rows, outputs.values())]
    getattr(library, f"run_{name}")(pointers[0], pointers[1], ctypes.c_size_t(events), pointers[2])
    return outputs


def same_bits(a, b):
    """Whether two arrays hold the same numbers bit for bit; any NaN is like another."""
    return a.shape == b.shape and bool(((a.view(np.uint32) == b.view(np.uint32)) | (np.isnan(a) & np.isnan(b))).all())


def _caller(name, path):
    network = Network(path)
    arguments, outputs = [], []
    variable = sequences(path)
    for number, (key, shape) in enumerate(network.inputs.items()):
        arguments.append(f"in[{number}] + event * {int(np.prod(shape))}")
        arguments += [f"rows[{number}][event]"] * (key in variable)
    for number, labels in enumerate(network.outputs.values()):
        outputs.append(f"out[{number}] + event * {len(labels)}")
    return f"""
extern "C" void run_{name}(const float* const* in, [[maybe_unused]] const std::size_t* const* rows, std::size_t events, float* const* out) {{
    static thread_local net_{name}::Workspace space;
    for (std::size_t event = 0; event < events; ++event) net_{name}::evaluate({", ".join(arguments + outputs)}, space);
}}
"""


def _pointers(arrays):
    arrays = list(arrays)
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
