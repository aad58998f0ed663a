"""A dump goes into a database of any version: as a script, of which what only some versions know is left out.

`pg_restore` of 17 begins with a setting that 15 and 16 do not have, and some builds of 15 keep a number beside each
column, which no other server takes. Neither says anything of what is restored.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Final

from psycopg.conninfo import conninfo_to_dict

from api.backup.faults import RestoreFailed
from api.backup.programs import last_words, program, running

UNKNOWN: Final = re.compile(
    rb"SET transaction_timeout = 0;\n"
    rb'|ALTER TABLE ONLY public\.[\w"]+ ALTER COLUMN [\w"]+ SET \(pg_attver=\d+\);\n'
)
ROWS: Final = re.compile(rb"COPY public\..* FROM stdin;\n")
GUARD: Final = rb"\restrict "
"""With this line psql stops to heed commands of its own (a shell's among them), until a word that nobody can know."""
END: Final = b"\\.\n"
"""After the rows of a table; no row is written like that."""


class Dump:
    """A dump on its way into a database."""

    def __init__(self, fed: IO[bytes]) -> None:
        self._fed = fed

    def write(self, data: bytes) -> None:
        """Bring the next piece; why it cannot be brought any more, the end of the block says."""
        with suppress(BrokenPipeError):
            self._fed.write(data)

    def end(self) -> None:
        """Say that this was all."""
        with suppress(BrokenPipeError):
            self._fed.close()


@contextmanager
def restoring(url: str) -> Iterator[Dump]:
    """Yield a dump that is restored as it is written, all of it in one transaction, which the end of the block awaits.

    Raises:
        RestoreFailed: the server, or the dump, said no; it says what.
    """
    into: list[str] = ["--no-psqlrc", "--quiet", "--no-password", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    into.append(f"--dbname={conninfo_to_dict(url).get('dbname') or ''}")
    with (
        running([program("psql"), *into], url, reads=True) as (server, refused),
        running([program("pg_restore"), "--file=-"], url, reads=True, writes=True) as (script, said),
    ):
        assert script.stdin is not None  # noqa: S101 - it was asked to read
        guarded = threading.Event()
        carrier = threading.Thread(target=carry, args=(script.stdout, server.stdin, guarded))
        carrier.start()
        dump = Dump(script.stdin)
        try:
            yield dump
            dump.end()
        except BaseException:
            script.kill()
            server.kill()
            raise
        finally:
            carrier.join()
        if script.wait() == 0 and not guarded.is_set():
            raise RestoreFailed("PostgreSQL's pg_restore is too old here: install its client programs, 17.6 or newer.")
        for process, words in ((server, refused), (script, said)):
            if process.wait() != 0:
                raise RestoreFailed(f"The database was not restored. PostgreSQL said: {last_words(words)}")


def carry(script: IO[bytes], into: IO[bytes], guarded: threading.Event) -> None:
    """Hand a script on to psql, line by line; closed at either end, the other one hears of it.

    Whoever makes a dump up may write what he likes into it: nothing is handed on before `guarded` is set by a line that
    lets psql read SQL only.
    """
    rows = False
    with suppress(BrokenPipeError, ValueError), script, into:  # ended at the other end, or closed here by Ctrl-C
        for line in script:
            if not guarded.is_set():
                if line.startswith(GUARD):
                    guarded.set()
                elif line.strip() and not line.startswith(b"--"):
                    return
            elif rows:
                rows = line != END
            elif UNKNOWN.fullmatch(line):
                continue
            else:
                rows = ROWS.fullmatch(line) is not None
            into.write(line)
