"""A compiler for the tests: g++, without the optimisation that hls4ml's build script asks for."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from unittest import mock

__all__ = ["quick_compiler"]


@contextlib.contextmanager
def quick_compiler():
    """Put a g++ on PATH that compiles quickly."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "g++"
        script.write_text(f'#!/bin/bash\nexec "{shutil.which("g++")}" "${{@/#-O3/-O0}}"\n')
        script.chmod(0o755)
        with mock.patch.dict(os.environ, {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}):
            yield
