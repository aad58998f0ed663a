"""Each command on a machine as found, all of them under every condition.

.venv/bin/python -m tests.endure.found [--only WORD] [--workers N] [--write]

As root: accounts are changed, networks and small disks are made.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

from tests.cli.as_found import Condition, Machine, Tried, commands
from tests.cli.places import Places, make_places
from tests.endure.page import measured_on, write

WORKERS = 2


@contextmanager
def places_for_all() -> Iterator[Places]:
    """Yield places that are gone afterwards; they lie where any account may pass through."""
    root = Path(tempfile.mkdtemp(prefix="zhuanche-found-", dir="/tmp"))
    try:
        yield make_places(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def try_all(places: Places, names: list[str], conditions: list[Condition]) -> list[Tried]:
    """Try some commands under some conditions, one after another, and say how each went."""
    machine, tried = Machine(places), list[Tried]()
    try:
        for name in names:
            for one in (None, *conditions):
                done = machine.plainly(name) if one is None else machine.tried(name, one)
                tried.append(done)
                sys.stderr.write(f"{done.told}\n")
    finally:
        machine.close()
    return tried


def figures(tried: list[Tried]) -> str:
    """Return a table of how the commands ended under each condition, and what was not as promised."""
    rows = [
        "| | commands | exit 0 | exit 1 | exit 130 | not as promised |",
        "|---|---|---|---|---|---|",
    ]
    for condition in (None, *Condition):
        these = [one for one in tried if one.condition is condition]
        if these:
            codes = [{ended.code for ended in one.ended} for one in these]
            counts = (
                len(these),
                *(sum(code in one for one in codes) for code in (0, 1, 130)),
                sum(bool(one.amiss) for one in these),
            )
            rows.append(f"| {condition or 'plainly, as root'} | {' | '.join(map(str, counts))} |")
    amiss = [f"- {one.command}, {one.condition or 'plainly'}: {'; '.join(one.amiss)}" for one in tried if one.amiss]
    return "\n".join([*rows, *(["\nNot as promised:\n", *amiss] if amiss else [])])


def main() -> int:
    """Try all, print the table, write it into the page where asked; 1 where anything was not as promised."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--only", help="commands whose name begins so, or conditions that hold this word")
    asked.add_argument("--workers", type=int, default=WORKERS)
    asked.add_argument("--write", action="store_true", help="write the figures into docs/reliability.md")
    options = asked.parse_args()
    if options.only and options.write:
        asked.error("the page has the figures of all commands: --write goes without --only")
    if os.geteuid() != 0:
        sys.stderr.write("Accounts, networks and small disks are made by root alone.\n")
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    names = sorted(commands())
    conditions = list(Condition)
    if options.only:
        conditions = [one for one in conditions if options.only in one.value] or conditions
        names = [one for one in names if one.startswith(options.only)] or names
    began_at, tried = monotonic(), list[Tried]()
    with places_for_all() as places, ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        shares = [names[number :: options.workers] for number in range(options.workers)]
        for done in as_completed([pool.submit(try_all, places, share, conditions) for share in shares if share]):
            tried += done.result()
    table = figures(tried)
    sys.stdout.write(f"{table}\n{len(tried)} trials, {monotonic() - began_at:.0f} s\n")
    for one in tried:
        if one.amiss:
            sys.stdout.write(f"NOT AS PROMISED: {one.told}\n")
    if options.write:
        write("As found", f"{measured_on()}, `make found`, {len(tried)} trials of {len(names)} commands.\n\n{table}")
    return int(any(one.amiss for one in tried))


if __name__ == "__main__":
    sys.exit(main())
