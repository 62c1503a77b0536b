"""The HDF5 layouts of public data sets: top tagging, hls4ml jets, the CaloChallenge, and ADC 2021."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import awkward as ak
import h5py
import numpy as np

from keras_hep.data.files.columns import reason_of
from keras_hep.data.files.layouts import Field, LayoutColumns, unpadded, whole
from keras_hep.errors import DataError, FileReadError

__all__ = ["open_public_hdf5"]

_CONSTITUENTS = 200
_COMPONENTS = ("energy", "px", "py", "pz")
_KINDS = {"electron": 2, "muon": 3, "jet": 4}
_OBJECTS = 19

Parts = tuple[dict[str, Any], dict[str, Field]]


def open_public_hdf5(file: str) -> LayoutColumns | None:
    """Open an HDF5 file in the layout of a public data set.

    - Top tagging reference (arXiv:1902.09914): ``part_energy, part_px, part_py, part_pz`` and the derived ``part_pt,
      part_eta, part_phi`` without the padding, ``truth_energy, truth_px, truth_py, truth_pz`` (GeV), ``ttv``,
      ``is_signal_new``.
    - hls4ml LHC jets (arXiv:1908.05318): the names in the file for jets, such as ``j_pt``; ``part_pt`` and so on for
      constituents without the padding; images as they are.
    - CaloChallenge (arXiv:2410.21611): ``incident_energy`` and ``showers`` of shape (entries, voxels), in MeV as stored.
    - ADC 2021 (arXiv:2107.02157): ``objects_pt, objects_eta, objects_phi, objects_kind`` of shape (entries, 19) as stored;
      ``met_pt, met_phi``; ``electron_pt``, ``muon_eta``, ``jet_phi`` and so on without the padding.

    Returns:
        The columns, or None when the file has none of these layouts.

    Raises:
        FileReadError: the file cannot be opened, is cut short or damaged.
        DataError: a dataset does not have the shape that belongs to the layout.
    """
    with ExitStack() as opened:
        try:
            handle = opened.enter_context(h5py.File(file, "r"))
            found = next((parts for present, parts in _LAYOUTS if present(handle)), None)
            if found is None:
                return None
            blocks, fields = found(handle, file)
        except DataError:
            raise
        except Exception as error:  # a damaged file fails in many ways
            raise FileReadError(
                f"'{file}' cannot be opened as an HDF5 file ({reason_of(error)}); it may be cut short, or damaged"
            ) from error
        sizes = {name: len(block) for name, block in blocks.items()}
        if len(set(sizes.values())) != 1:
            raise DataError(f"{file}: the datasets differ in their number of entries: {sizes}")
        return LayoutColumns(file, blocks, fields, opened.pop_all())


def _top_tagging(handle: Any, file: str) -> Parts:
    table = handle["table/table"]
    width = 4 * (_CONSTITUENTS + 1)
    for name, columns in (("values_block_0", width), ("values_block_1", 2)):
        if name not in table.dtype.names or table.dtype[name].shape != (columns,):
            shape = table.dtype[name].shape if name in table.dtype.names else None
            raise DataError(
                f"{file}: the field '{name}' of '/table/table' has shape {shape}; expected ({columns},), as in the top "
                f"tagging reference data"
            )
    blocks = {name: table.fields(name) for name in ("values_block_0", "values_block_1")}
    fields = {f"part_{name}": Field("values_block_0", _constituent(i)) for i, name in enumerate(_COMPONENTS)}
    for name in ("pt", "eta", "phi"):
        fields[f"part_{name}"] = Field("values_block_0", _derived(name))
    for i, name in enumerate(_COMPONENTS):
        fields[f"truth_{name}"] = Field("values_block_0", _item(width - 4 + i))
    for i, name in enumerate(("ttv", "is_signal_new")):
        fields[name] = Field("values_block_1", _item(i))
    return {name: _Records(view, len(table)) for name, view in blocks.items()}, fields


class _Records:
    """One field of a table of records, which h5py gives without a length."""

    def __init__(self, view: Any, entries: int):
        self._view = view
        self._entries = entries

    def __len__(self) -> int:
        return self._entries

    def __getitem__(self, entries: slice) -> Any:
        return self._view[entries]


def _constituents(block: Any) -> Any:
    """Return (entries, constituents, (E, px, py, pz)) of interleaved numbers."""
    return block[:, :-4].reshape(len(block), _CONSTITUENTS, 4)


def _constituent(component: int) -> Callable[[Any], ak.Array]:
    def make(block: Any) -> ak.Array:
        momenta = _constituents(block)
        return unpadded(momenta[..., component], momenta[..., 0] != 0)

    return make


def _derived(name: str) -> Callable[[Any], ak.Array]:
    def make(block: Any) -> ak.Array:
        momenta = _constituents(block)
        kept = momenta[..., 0] != 0
        px, py, pz = (momenta[..., i].astype(np.float64) for i in (1, 2, 3))
        pt = np.hypot(px, py)
        if name == "pt":
            values = pt
        elif name == "phi":
            values = np.arctan2(py, px)
        else:
            values = np.arcsinh(np.divide(pz, pt, out=np.copysign(np.full_like(pt, np.inf), pz), where=pt > 0))
        return unpadded(values.astype(np.float32), kept)

    return make


def _item(*index: int) -> Callable[[Any], ak.Array]:
    """Return the maker of one number of each entry."""
    return lambda block: whole(block[(slice(None), *index)])


def _hls4ml(handle: Any, file: str) -> Parts:
    blocks = {"jets": handle["jets"]}
    names = _texts(handle["jetFeatureNames"])
    if handle["jets"].ndim != 2 or handle["jets"].shape[1] != len(names):
        raise DataError(
            f"{file}: the dataset 'jets' has shape {handle['jets'].shape}; expected (entries, {len(names)}), one column for "
            f"each of 'jetFeatureNames'"
        )
    fields = {name: Field("jets", _item(i)) for i, name in enumerate(names)}
    if "jetConstituentList" in handle:
        particles = handle["jetConstituentList"]
        features = _texts(handle["particleFeatureNames"]) if "particleFeatureNames" in handle else []
        # The published files name one feature more, the PDG id, than they hold.
        if particles.ndim != 3 or not 0 <= len(features) - particles.shape[2] <= 1:
            raise DataError(
                f"{file}: the dataset 'jetConstituentList' has shape {particles.shape}; expected (entries, particles, "
                f"features) with the features of 'particleFeatureNames', of which there are {len(features)}"
            )
        blocks["jetConstituentList"] = particles
        for i, name in enumerate(features[: particles.shape[2]]):
            fields[f"part_{name.removeprefix('j1_')}"] = Field("jetConstituentList", _particle(i))
    for name in handle:
        if name.startswith("jetImage"):
            blocks[name] = handle[name]
            fields[name] = Field(name, whole)
    return blocks, fields


def _texts(names: Any) -> list[str]:
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names[:]]


def _particle(feature: int) -> Callable[[Any], ak.Array]:
    # A single feature of a real particle may be 0, all of them are not.
    return lambda block: unpadded(block[..., feature], np.any(block != 0, axis=2))


def _calo_challenge(handle: Any, file: str) -> Parts:
    blocks = {name: handle[name] for name in ("incident_energies", "showers")}
    energies, showers = blocks.values()
    if energies.ndim != 2 or energies.shape[1] != 1:
        raise DataError(f"{file}: the dataset 'incident_energies' has shape {energies.shape}; expected (entries, 1)")
    if showers.ndim != 2:
        raise DataError(f"{file}: the dataset 'showers' has shape {showers.shape}; expected (entries, voxels)")
    return blocks, {"incident_energy": Field("incident_energies", _item(0)), "showers": Field("showers", whole)}


def _adc(handle: Any, file: str) -> Parts:
    objects = handle["Particles"]
    if objects.ndim != 3 or objects.shape[1:] != (_OBJECTS, 4):
        raise DataError(f"{file}: the dataset 'Particles' has shape {objects.shape}; expected (entries, {_OBJECTS}, 4)")
    numbers = {"pt": 0, "eta": 1, "phi": 2}
    fields = {f"objects_{name}": Field("Particles", _item(*_EVERY, i)) for name, i in (numbers | {"kind": 3}).items()}
    fields |= {f"met_{name}": Field("Particles", _item(0, numbers[name])) for name in ("pt", "phi")}
    for kind, code in _KINDS.items():
        fields |= {f"{kind}_{name}": Field("Particles", _objects(code, i)) for name, i in numbers.items()}
    return {"Particles": objects}, fields


_EVERY: Any = (slice(None),)


def _objects(code: int, number: int) -> Callable[[Any], ak.Array]:
    return lambda block: unpadded(block[..., number], block[..., 3] == code)


def _is_top_tagging(handle: Any) -> bool:
    table = handle.get("table/table")
    return isinstance(table, h5py.Dataset) and "values_block_0" in (table.dtype.names or ())


def _has(*names: str) -> Callable[[Any], bool]:
    return lambda handle: all(isinstance(handle.get(name), h5py.Dataset) for name in names)


_LAYOUTS: tuple[tuple[Callable[[Any], bool], Callable[[Any, str], Parts]], ...] = (
    (_is_top_tagging, _top_tagging),
    (_has("jets", "jetFeatureNames"), _hls4ml),
    (_has("incident_energies", "showers"), _calo_challenge),
    (_has("Particles", "Particles_Names"), _adc),
)
