"""Compiling small C++ programs against the runtime, each once for its sources and compiler."""

from __future__ import annotations

import hashlib
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from keras_hep._compiler import compiler
from keras_hep._io import atomic_path, cache_dir
from keras_hep.cpp import include_dir
from keras_hep.errors import ExportError

__all__ = ["compiled", "compiler", "run"]

_FLAGS = ["-std=c++17", "-O2"]
_TAIL = 2000  # characters of a failing program's messages that are shown


def compiled(source: Path, *flags: str) -> Path:
    """Compile a program, or return the one that was compiled before from the same sources by the same compiler.

    Args:
        source: its only source, beside the headers of the runtime.
        flags: more flags of the compiler, such as those of a shared library.

    Raises:
        MissingToolError: there is no C++ compiler.
        ExportError: the compiler fails.
    """
    command = [*compiler(), *_FLAGS, *flags]
    digest = hashlib.sha256(run([*compiler(), "--version"], "asking the C++ compiler for its version").encode())
    digest.update(shlex.join(command).encode())
    for file in [source, *sorted([*include_dir().rglob("*.hpp"), *include_dir().rglob("*.inl")])]:
        digest.update(f"{file.name}\0".encode() + file.read_bytes())
    program = cache_dir() / "cpp" / f"{source.stem}-{digest.hexdigest()[:32]}"
    if not program.exists():
        with atomic_path(program) as temporary:
            run([*command, "-I", include_dir(), source, "-o", temporary], f"compiling {source.name}")
            temporary.chmod(0o755)
    return program


def run(command: Sequence[str | Path], what: str) -> str:
    """Run a program and return what it prints.

    Args:
        command: program and arguments.
        what: what it does, used in the error.

    Raises:
        ExportError: it fails; the message ends with the last that it wrote.
    """
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        raise ExportError(f"{what} failed (exit code {done.returncode}): {done.stderr.strip()[-_TAIL:]}")
    return done.stdout
