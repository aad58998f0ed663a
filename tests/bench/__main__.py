"""`make bench`: measure, print, and write docs/performance.md.

.venv/bin/python -m tests.bench [ingest] [phones] [notes] [forms] [desk] [terminals] [watch] [boards] [tracks]
 [statement] [pages]

Of those that are named their rows alone are written anew.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.bench import boards, desk, forms, ingest, notes, pages, phones, statement, terminals, tracks, watch
from tests.bench.result import Line
from tests.endure.page import measured_on

BENCHES = {
    "ingest": ingest.measure,
    "phones": phones.measure_phones,
    "notes": notes.measure_notes,
    "forms": forms.measure_forms,
    "desk": desk.measure_desk,
    "terminals": terminals.measure,
    "watch": watch.measure,
    "boards": boards.measure,
    "tracks": tracks.measure_tracks,
    "statement": statement.measure_statement,
    "pages": pages.measure_pages,
}
LIMITS = """
## The limits

Service, bare handlers and benchmark run on the same server (granian, one process) and event loop (uvloop).

- **A bare Litestar handler** decodes the same body to the same struct and answers with a struct; it writes nothing.
  It is what a handler of this framework can reach; `/v1/positions` has a lane that bypasses the router.
- **A bare ASGI function** does the same without the framework: what the lane can reach.
- **Bare binary COPY of the same rows** puts the very bytes that the writer stages, made ready, into a table without
  index, partition, trigger or row-level security, 5,000 a transaction. Taking a fix adds HTTP and JSON, staging,
  the natural key's index and the partition. Rows of five short columns are given to compare with other systems.
- For phones the bare handlers decode with the product's own decoder of that protocol and answer what its client wants.
- A trip request is timed at the use case, without HTTP. Bureaus that ask at once ask for their own vehicles.
- Notes are of one bureau, by one officer, each of them judged by the vehicle's track; the first finishes its job.
- A track is of recorded drives with repeats, 0,0 and false places among them; pyproj's geodesics of the same fixes are
  what length alone would take. A trip's track is read from the database, cleaned and measured anew, in one process.
- Forms are of one bureau too, each with an instanceID of its own and judged like a note; each is a form, a note and an
  entry of the ledger for both, and a photo is another file, flushed to the disk before the answer.
"""
PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def table(lines: list[Line], heading: str) -> str:
    """Return lines as a table, after saying when and where they were measured."""
    rows = "".join(f"| {line.what} | {line.figure} | {line.ratio} |\n" for line in lines)
    return (
        f"{measured_on()}, embedded PostgreSQL with fsync on.\n\n| what | figure | {heading} |\n|---|---|---|\n{rows}"
    )


def measured_anew(page: str, lines: list[Line]) -> str:
    """Return the page with the rows of lines that were measured once more in the place of theirs of before."""
    for line in lines:
        row = re.compile(rf"^\| {re.escape(line.what)} \|.*$", re.MULTILINE)
        page = row.sub(lambda _, line=line: f"| {line.what} | {line.figure} | {line.ratio} |", page)  # type: ignore[misc]  # the default binds the loop's value
    return page


def main() -> None:
    """Run the benches named, or all, and write their rows of the page."""
    names = sys.argv[1:] or list(BENCHES)
    lines: list[Line] = []
    for name in names:
        for line in BENCHES[name]():
            lines.append(line)
            sys.stdout.write(f"| {line.what} | {line.figure} | {line.ratio} |\n")
    if names == list(BENCHES):
        measured = (
            "# Performance\n\nMeasured by `make bench`, which writes this page: service, database and load on the same"
            " machine.\n\n" + table(lines, "ratio to a limit in the same run") + LIMITS
        )
    else:
        measured = measured_anew(PAGE.read_text(), lines)
    PAGE.write_text(measured)


if __name__ == "__main__":
    main()
