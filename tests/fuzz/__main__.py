"""`make fuzz`: each target for some minutes, with coverage by atheris, from the kept corpus and back into it.

.venv/bin/python -m tests.fuzz [--seconds N] [NAME...]

A fault ends the run; the input that made it is left in the folder that is printed, and belongs into the corpus, which
the suite plays through every target (tests/ingest/test_fuzz.py).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.corpus import files_of, keep, unpack
from tests.fuzz.targets import TARGETS

SECONDS = 600
INPUT_S = 5
"""An input that takes longer is a hang: a decoder has nothing to wait for."""
MEMORY_MIB = 1024
"""Of the whole process, the fuzzer's own tables included."""
INPUT_BYTES = 16_384


def fuzz(name: str, seconds: int, folder: Path) -> bool:
    """Fuzz one target and return whether nothing was found."""
    found = folder / name / "found"
    unpack(name, found)
    artifacts = f"-artifact_prefix={folder / name}/fault-"
    limits = [f"-timeout={INPUT_S}", f"-rss_limit_mb={MEMORY_MIB}", f"-max_len={INPUT_BYTES}", artifacts]
    one = [sys.executable, "-m", "tests.fuzz.one", name, *limits]
    done = subprocess.run([*one, f"-max_total_time={seconds}", "-print_final_stats=1", found], check=False)
    sys.stdout.write(f"{name}: {keep(name, files_of(found))} inputs kept\n")
    return done.returncode == 0


def main() -> int:
    """Fuzz the targets that are named, or all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(TARGETS)}; all without one")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="how long each target is fuzzed")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="zhuanche-fuzz-"))
    faulty = [name for name in asked.names or TARGETS if not fuzz(name, asked.seconds, folder)]
    if faulty:
        sys.stdout.write(f"faults of {', '.join(faulty)} are in {folder}\n")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
