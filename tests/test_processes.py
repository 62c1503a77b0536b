"""A pool's processes do not run the script that started them."""

import subprocess
import sys

SCRIPT = """
import math
from keras_hep._processes import SpawnedPool
print("once")
with SpawnedPool(2) as pool:
    print(sorted(pool.map(math.sqrt, [9.0, 4.0])))
"""


def test_a_script_without_a_guard_runs_once(tmp_path):
    script = tmp_path / "plain.py"
    script.write_text(SCRIPT)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split("\n")[:2] == ["once", "[2.0, 3.0]"]


def test_a_script_from_standard_input_serves_too():
    command = [sys.executable, "-"]
    done = subprocess.run(command, input=SCRIPT, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split("\n")[:2] == ["once", "[2.0, 3.0]"]
