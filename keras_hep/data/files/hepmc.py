"""Particles of generated events: the ASCII format of HepMC3 (arXiv:1912.08005)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

import awkward as ak
import numpy as np

from keras_hep.data.files.columns import ColumnFile
from keras_hep.data.files.layouts import jagged
from keras_hep.data.files.packing import open_packed, tell_of_size
from keras_hep.errors import DataError

__all__ = ["HepMCColumns", "is_hepmc"]

# Fields of a line "P id vertex pid px py pz e m status".
_FIELDS = {
    "particle_pid": 3,
    "particle_px": 4,
    "particle_py": 5,
    "particle_pz": 6,
    "particle_energy": 7,
    "particle_mass": 8,
    "particle_status": 9,
}
_WHOLE = ("particle_pid", "particle_status")
_GEV = {b"GEV": 1.0, b"MEV": 1e-3}


def is_hepmc(first: str) -> bool:
    """Tell whether the first line that is not empty is that of a HepMC text."""
    return first.startswith("HepMC::")


class HepMCColumns(ColumnFile):
    """All particles of each event of a HepMC3 text, plain or packed.

    The columns are ``event``, the number of the event; ``weight``, the first of its weights, and 1 without any; and, as
    lists in the order of the file, ``particle_pid``, ``particle_status``, ``particle_px``, ``particle_py``, ``particle_pz``,
    ``particle_energy`` and ``particle_mass`` (GeV, also from a text in MeV).

    Args:
        file: path.

    Raises:
        DataError: the text is of another version of the format.
    """

    def __init__(self, file: str):
        self.where = file
        self.names = ("event", "weight", *_FIELDS)
        self._stream: IO[bytes] = open_packed(file)
        try:
            self._starts = self._index()
        except BaseException:
            self.close()
            raise
        self.entries = len(self._starts) - 1

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _index(self) -> list[int]:
        """Return where each event begins, and where the last one ends."""
        tell_of_size(self.where, "once, to find its events")
        starts, position, end, kind = [], 0, None, b""
        for line in self._stream:
            if line.startswith(b"HepMC::") and b"START_EVENT_LISTING" in line:
                kind = line.strip()
            elif line.startswith(b"E "):
                starts.append(position)
            elif line.startswith(b"HepMC::") and b"END_EVENT_LISTING" in line:
                end = position
            position += len(line)
        if kind != b"HepMC::Asciiv3-START_EVENT_LISTING":
            raise DataError(
                f"'{self.where}' is not in the ASCII format of HepMC3 ('{kind.decode(errors='replace') or 'no listing'}'); "
                f"convert it with HepMC3"
            )
        return [*starts, position if end is None else end]

    def _read(self, names: Sequence[str], start: int, stop: int) -> dict[str, ak.Array]:
        self._stream.seek(self._starts[start])
        events = [_Event(self._stream.read(self._starts[i + 1] - self._starts[i])) for i in range(start, stop)]
        counts = [len(event.particles) for event in events]
        columns: dict[str, ak.Array] = {}
        for name in names:
            if name == "event":
                columns[name] = ak.from_numpy(np.array([event.number for event in events], dtype=np.int64))
            elif name == "weight":
                columns[name] = ak.from_numpy(np.array([event.weight for event in events], dtype=np.float64))
            elif name in _WHOLE:
                flat = [int(particle[_FIELDS[name]]) for event in events for particle in event.particles]
                columns[name] = jagged(np.array(flat, dtype=np.int64), counts)
            else:
                scaled = [event.unit * float(p[_FIELDS[name]]) for event in events for p in event.particles]
                columns[name] = jagged(np.array(scaled, dtype=np.float64), counts)
        return columns


class _Event:
    """The fields of the lines of one event."""

    def __init__(self, text: bytes):
        self.weight = 1.0
        self.unit = 1.0
        self.particles: list[Any] = []
        lines = text.splitlines()
        _, number, _, particles = lines[0].split()[:4]
        self.number = int(number)
        for line in lines[1:]:
            if line.startswith(b"P "):
                self.particles.append(line.split())
            elif line.startswith(b"W "):
                self.weight = float(line.split()[1])
            elif line.startswith(b"U "):
                self.unit = _GEV[line.split()[1]]
        if len(self.particles) != int(particles):
            raise ValueError(f"event {self.number} has {len(self.particles)} of its {int(particles)} particles")
