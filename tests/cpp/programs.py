"""Compiling the test programs."""

import functools
import subprocess
import tempfile
from pathlib import Path

from keras_hep.export import include_dir

HERE = Path(__file__).parent
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
ADDRESS = ("-O1", "-g", "-pthread", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
THREAD = ("-O1", "-g", "-pthread", "-fsanitize=thread")


def build_program(source, target, *flags, compiler="g++"):
    """Compile one file with the runtime and return the program."""
    folders = ["-I", str(include_dir()), "-I", str(HERE)]
    subprocess.run([compiler, "-std=c++17", *flags, *folders, str(source), "-o", str(target)], check=True)
    return target


def build_with_sanitiser(source, target, flags, *strict):
    """Compile one file with the declarations of the runtime; the runtime itself is compiled once for all programs with these flags."""
    return build_program(source, target, *flags, *strict, "-DKERAS_HEP_SEPARATE", _runtime(flags))


@functools.cache
def _runtime(flags):
    target = Path(_folder().name) / f"runtime_{len(list(Path(_folder().name).iterdir()))}.o"
    return build_program(include_dir().parent / "src" / "keras_hep.cpp", target, *flags, "-c")


@functools.cache
def _folder():
    return tempfile.TemporaryDirectory(prefix="keras_hep_")
