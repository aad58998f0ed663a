"""`make bench`: measure, print, and write docs/performance.md.

.venv/bin/python -m tests.bench [ingest] [notes] [desk]
"""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import desk, ingest, notes

BENCHES = {"ingest": ingest.measure, "notes": notes.measure_notes, "desk": desk.measure_desk}
PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def processor() -> str:
    """Return the processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    """Run the benches named, or all, and write the page when all ran."""
    names = sys.argv[1:] or list(BENCHES)
    rows = []
    for name in names:
        for line in BENCHES[name]():
            rows.append(f"| {line.what} | {line.figure} | {line.ratio} |")
            sys.stdout.write(rows[-1] + "\n")
    if names == list(BENCHES):
        PAGE.write_text(
            "# Performance\n\nMeasured by `make bench`, which writes this page: service, database and load on the same"
            f" machine.\n\n{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {processor()},"
            f" Python {platform.python_version()}, embedded PostgreSQL with fsync on.\n\n"
            "| what | figure | ratio to a limit in the same run |\n|---|---|---|\n" + "\n".join(rows) + "\n"
        )


if __name__ == "__main__":
    main()
