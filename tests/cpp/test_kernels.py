"""The kernels of the C++ runtime: each table against plain loops in double precision, and the bits of the reproducible one."""

import os
import platform
import shutil
import subprocess

import keras
import pytest
from keras import layers

from keras_hep.export import export
from tests.cpp.networks import randomised, rich_spec, sequences, tagger
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


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Networks with everything that rounds: functions, normalisations on both sides of products, transforms."""
    folder = tmp_path_factory.mktemp("networks")
    given = keras.Input((5,), name="x")
    x = layers.Dense(7, activation="gelu")(layers.BatchNormalization()(given))
    x = layers.BatchNormalization()(layers.Dense(6)(layers.BatchNormalization()(x)))
    x = layers.Activation("softplus")(x)
    x = layers.Add()([x, layers.Dense(6, activation="elu")(x)])
    x = layers.Concatenate()([x, layers.Dense(3, activation="softmax")(given)])
    steps = keras.Input((5, 3), name="steps")
    y = layers.GRU(9, return_sequences=True)(layers.LSTM(17, return_sequences=True)(steps))
    y = layers.GRU(4, activation="softsign")(layers.GRU(18, reset_after=False, return_sequences=True)(y))
    return [
        export(randomised(keras.Model(given, x)), folder / "mixed.json"),
        export(randomised(keras.Model(steps, y)), folder / "recurrent.json"),
        export(tagger("dense_tagger", rich_spec(), units=(17, 16)), folder / "dense.json"),
        export(tagger("deep_sets", rich_spec(3), phi=(6, 5), f=(4,)), folder / "sets.json"),
        export(sequences(), folder / "sequences.json"),
        export(images(), folder / "images.json"),
    ]


def images():
    """Return a model of convolutions, also transposed and of single channels, and of averages over windows."""
    given = keras.Input((7, 8, 3), name="x")
    x = layers.Conv2D(5, 3, padding="same", activation="gelu")(given)
    x = layers.AveragePooling2D(2)(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(2, depth_multiplier=2)(x)
    x = layers.GroupNormalization(2)(layers.Conv2DTranspose(4, 3, strides=2)(x))
    return randomised(keras.Model(given, layers.UnitNormalization()(x)))


BUILDS = [
    ("g++", "-O2"),
    ("g++", "-O3", "-march=native"),
    ("g++", "-O1", "-mavx2", "-mfma"),
    ("clang++", "-O2", "-march=native"),
]


@pytest.fixture(scope="module")
def reference_bits(networks, tmp_path_factory):
    program = build_program(HERE / "bits.cpp", tmp_path_factory.mktemp("bits") / "bits", "-O0")
    return subprocess.run([program, *networks], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("build", BUILDS, ids=" ".join)
def test_the_reproducible_mode_gives_the_same_bits_however_it_is_compiled(build, networks, reference_bits, tmp_path):
    compiler, *flags = build
    if shutil.which(compiler) is None or platform.machine() != "x86_64":
        pytest.skip(f"needs {compiler} on x86-64")
    program = build_program(HERE / "bits.cpp", tmp_path / "bits", *flags, compiler=compiler)
    without = {**os.environ, "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F,-AVX2_Usable,-FMA_Usable"}
    for environment in (dict(os.environ), without):  # the C library has an exp and a log with and without FMA
        done = subprocess.run([program, *networks], capture_output=True, text=True, check=False, env=environment)
        if done.returncode < 0 and flags != ["-O2"]:
            pytest.skip(f"this machine cannot run {' '.join(flags)}")
        assert done.stdout.splitlines() == reference_bits.splitlines()


def test_the_reproducible_mode_joins_no_layers_where_that_changes_the_bits(reference_bits):
    lines = reference_bits.splitlines()
    joined, apart = (
        [line.removeprefix(mode) for line in lines if line.startswith(mode)] for mode in ("network", "nodes apart")
    )
    assert len(joined) >= 3 and joined == apart
