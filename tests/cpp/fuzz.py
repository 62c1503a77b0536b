"""Fuzz the loader of the C++ runtime: python -m tests.cpp.fuzz FOLDER SECONDS (needs clang++ with libFuzzer).

FOLDER keeps the corpus from run to run. What is found is written beside it, as small as the fuzzer can make it; once it is mended,
`--keep` takes the files that reach new code into the regression corpus, tests/fixtures/fuzz_corpus.zip.
"""

import argparse
import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

from tests.cpp.fuzz_seeds import write_seeds
from tests.cpp.programs import HERE, build_program

CORPUS = HERE.parent / "fixtures" / "fuzz_corpus.zip"
FLAGS = ("-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all", "-DKERAS_HEP_LIBFUZZER")
LIMITS = ("-timeout=10", "-rss_limit_mb=1024", "-max_len=12000", "-print_final_stats=1")
LONGEST = 3000  # bytes of a file that is kept


def fuzz(program: Path, folder: Path, seconds: int) -> int:
    """Begin with the seeds, the regression corpus and what the folder holds; return the exit code of the fuzzer."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    write_seeds(corpus)
    with zipfile.ZipFile(CORPUS) as known:
        known.extractall(corpus)
    found = f"-artifact_prefix={folder}/found-"
    return subprocess.run([program, *LIMITS, found, f"-max_total_time={seconds}", corpus], check=False).returncode


def keep(program: Path, folder: Path) -> None:
    """Write the regression corpus anew: the fewest short files that reach all that the corpus and the finds reach."""
    with tempfile.TemporaryDirectory() as name:
        chosen = Path(name) / "chosen"
        chosen.mkdir()
        finds = [path for path in folder.glob("found-*") if path.stat().st_size <= LONGEST]
        limit = f"-max_len={LONGEST}"
        subprocess.run([program, "-merge=1", limit, chosen, folder / "corpus"], check=True)
        contents = sorted(
            {path.read_bytes() for path in [*chosen.iterdir(), *finds]}, key=lambda text: (len(text), text)
        )
    with zipfile.ZipFile(CORPUS, "w", zipfile.ZIP_DEFLATED) as corpus:
        for number, content in enumerate(contents):
            corpus.writestr(zipfile.ZipInfo(f"{number:04}", (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("seconds", type=int)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    compiler = os.environ.get("CXX", "clang++")
    program = build_program(HERE / "fuzz_load.cpp", options.folder / "fuzz_load", *FLAGS, compiler=compiler)
    code = fuzz(program, options.folder, options.seconds)
    if options.keep:
        keep(program, options.folder)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
