"""Compiling the test programs."""

import subprocess
from pathlib import Path

from keras_hep.export import include_dir

HERE = Path(__file__).parent
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


def build_program(source, target, *flags, compiler="g++"):
    """Compile one file with the runtime and return the program."""
    folders = ["-I", str(include_dir()), "-I", str(HERE)]
    subprocess.run([compiler, "-std=c++17", *flags, *folders, str(source), "-o", str(target)], check=True)
    return target
