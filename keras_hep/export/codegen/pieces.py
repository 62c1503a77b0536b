"""The C++ that generated code calls, as text that stands within a namespace."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from keras_hep.cpp import include_dir

__all__ = ["pasted"]

_OWN = re.compile(r'\s*#\s*include\s*"([^"]+)"\s*')
_STANDARD = re.compile(r"\s*#\s*include\s*<([^>]+)>\s*")
_ONCE = "#pragma once"


def pasted(names: Iterable[str]) -> tuple[list[str], str]:
    """Return the headers of the standard library that some pieces need, and the text of the pieces with all that they include.

    Args:
        names: files of the folder of pieces.
    """
    headers: set[str] = set()
    done: set[Path] = set()
    lines: list[str] = []
    for name in sorted(names):
        _expand((include_dir().parent / "codegen" / name).resolve(), headers, done, lines)
    return sorted(headers), re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _expand(file: Path, headers: set[str], done: set[Path], lines: list[str]) -> None:
    if file in done:
        return
    text = file.read_text(encoding="utf-8").splitlines()
    if _ONCE in text:
        done.add(file)
    for line in text:
        if own := _OWN.fullmatch(line):
            _expand((file.parent / own[1]).resolve(), headers, done, lines)
        elif standard := _STANDARD.fullmatch(line):
            headers.add(standard[1])
        elif line.strip() != _ONCE:
            lines.append(line)
