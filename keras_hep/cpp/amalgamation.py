"""The whole runtime as one header, for programs that want to carry a single file."""

from __future__ import annotations

import re
from pathlib import Path

import keras_hep
from keras_hep.cpp import include_dir

__all__ = ["amalgamated"]

_INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"\s*')
_ONCE = "#pragma once"
_HEAD = """// keras_hep {version}, the whole C++ runtime in one header; made by `keras-hep cpp amalgamate`.
//
// Copyright the authors of keras_hep. SPDX-License-Identifier: Apache-2.0 (http://www.apache.org/licenses/LICENSE-2.0)
#pragma once
"""


def amalgamated(entry: str = "keras_hep/network.hpp") -> str:
    """Return the header `entry` of the include folder with all that it includes of the runtime in its place.

    A file that says ``#pragma once`` stands where it is included first, others each time. Headers of the standard library
    stay includes.
    """
    writer = _Writer()
    writer.expand((include_dir() / entry).resolve())
    return _HEAD.format(version=keras_hep.__version__) + "".join(f"{line}\n" for line in writer.lines)


class _Writer:
    """The lines so far, and which files stand in them.

    Attributes:
        lines: the text.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._depth = 0  # of #if
        self._whole: set[Path] = set()  # files that stand there under no condition
        self._conditional: set[Path] = set()  # files that stand there below an #if

    def expand(self, file: Path) -> None:
        """Append a file, and what it includes."""
        if file in self._whole:
            return
        text = file.read_text(encoding="utf-8").splitlines()
        once = _ONCE in text
        # Below an #if the file may not be compiled, and then the next one that includes it needs it.
        guard = f"KERAS_HEP_{re.sub(r'[^A-Z0-9]', '_', file.relative_to(include_dir()).as_posix().upper())}_"
        guarded = once and (self._depth > 0 or file in self._conditional)
        if once:
            (self._whole if self._depth == 0 else self._conditional).add(file)
        if guarded:
            self.lines += [f"#ifndef {guard}", f"#define {guard}"]
        depth = self._depth
        for line in text:
            self._append(line, file)
        assert self._depth == depth, f"{file.name}: an #if without its #endif"
        if guarded:
            self.lines.append("#endif")

    def _append(self, line: str, file: Path) -> None:
        if line.strip() == _ONCE:
            return
        if found := _INCLUDE.fullmatch(line):
            self.expand((file.parent / found[1]).resolve())
            return
        word = re.match(r"\s*#\s*(if|ifdef|ifndef|endif)\b", line)
        if word is not None:
            self._depth += -1 if word[1] == "endif" else 1
        self.lines.append(line)
