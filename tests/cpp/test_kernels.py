"""The kernels of the C++ runtime: each table against plain loops in double precision, and the bits of the reproducible one."""

import shutil
import subprocess

import pytest

from tests.cpp.programs import HERE, STRICT, build_program

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    return build_program(HERE / "kernels.cpp", tmp_path_factory.mktemp("kernels") / "kernels", "-O2", *STRICT)


@pytest.mark.parametrize("table", ["baseline", "avx2", "avx512", "reproducible", "double"])
def test_kernels(table, kernels):
    done = subprocess.run([kernels, table], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip(f"this machine has no {table}")
    assert done.returncode == 0, done.stdout[-200:] + done.stderr
