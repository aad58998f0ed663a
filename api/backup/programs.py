"""PostgreSQL's own programs that a backup is made and restored by: `pg_dump` and `pg_restore`."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from psycopg import pq

from api.backup.faults import BackupFailed
from api.db.cluster import ProgramsUnusable, installed_tree
from api.db.datafolder import ENVIRONMENT

OLDEST: Final = 17
"""Major version of the programs: an older one knows other options, and dumps no newer server."""
SECTION: Final = "zhuanche"
WORDS: Final = 600
"""Of what a program said, so many characters at the end are told."""


def program(name: str) -> Path:
    """Return a program of the installed tree, or the system's where that one does not run.

    Raises:
        BackupFailed: neither runs.
    """
    with contextlib.suppress(ProgramsUnusable):
        if _major(own := installed_tree() / "bin" / name) is not None:
            return own
    found = shutil.which(name)
    major = _major(Path(found)) if found is not None else None
    if found is not None and major is not None and major >= OLDEST:
        return Path(found)
    lacks = "does not run here" if major is None else f"is of version {major} here"
    raise BackupFailed(
        f"{name} of PostgreSQL {lacks}: install PostgreSQL's client programs, {OLDEST} or newer, and let PATH find them"
        " first."
    )


def _major(path: Path) -> int | None:
    """Return the major version of a program, or None where it does not run."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, check=False, timeout=60, text=True)  # noqa: S603 - PostgreSQL's own
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\) (\d+)", said.stdout)
    return int(found[1]) if said.returncode == 0 and found else None


def connected(url: str, service: Path) -> dict[str, str]:
    """Return the environment in which a program of PostgreSQL connects to a URL as this process does.

    A list of processes shows everybody the arguments of each, and to nobody else its environment. What no variable
    tells is written into a file, `service`. What the caller's own variables and files tell holds as it does here.

    Raises:
        BackupFailed: it names a section of the caller's own such file, and tells besides what no variable tells.
    """
    named = {option.keyword: option.envvar for option in pq.Conninfo.get_defaults()}
    told = {option.keyword: option.val for option in pq.Conninfo.parse(url.encode()) if option.val is not None}
    own = {name: value for name, value in os.environ.items() if name == "HOME" or name.startswith("PG")}
    more = {keyword: value for keyword, value in told.items() if not named.get(keyword)}
    if more and (b"service" in told or "PGSERVICE" in own):
        besides = b", ".join(more).decode()
        raise BackupFailed(
            f"The URL of the database tells {besides} beside a service (PGSERVICE), and pg_dump can be told one of"
            f" both: write {besides} into the service's section instead."
        )
    if more:
        lines = [f"{keyword.decode()}={value.decode()}\n" for keyword, value in more.items()]
        service.write_text("".join([f"[{SECTION}]\n", *lines]), "utf-8")
        own |= {"PGSERVICEFILE": str(service), "PGSERVICE": SECTION}
    return (
        ENVIRONMENT
        | own
        | {variable.decode(): value.decode() for keyword, value in told.items() if (variable := named.get(keyword))}
    )


@contextmanager
def running(
    command: Sequence[str | Path], url: str, *, reads: bool = False, writes: bool = False
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Run a program that connects to a URL; yield its process and what it says. It is ended with the block.

    It does not hear Ctrl-C itself: whoever runs it decides.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory(prefix="zhuanche-") as aside:
        process = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
            command,
            env=connected(url, Path(aside) / "service"),
            stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
            stdout=subprocess.PIPE if writes else subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            yield process, said
        finally:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    # Ctrl-C in the midst of a write leaves Python a buffer that it refuses to close: ValueError.
                    with contextlib.suppress(BrokenPipeError, ValueError):
                        pipe.close()
            process.wait()


def last_words(said: IO[bytes]) -> str:
    """Return the end of what a program said."""
    said.seek(0)
    return " / ".join(said.read().decode(errors="replace").strip().splitlines())[-WORDS:] or "nothing"
