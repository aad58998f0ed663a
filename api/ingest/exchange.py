"""What the writer says to the database: a whole transaction in two exchanges, by statements prepared once.

psycopg's own cursor takes five exchanges for the same (BEGIN, COPY, its end, INSERT, COMMIT), each with a turn of the
event loop: twice the time of this process for a batch of thirty requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

import psycopg
from psycopg import generators
from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

STAGING: Final = """
CREATE TEMP TABLE incoming (
    bureau_id text, device_id uuid, fixed_at timestamptz, lat_e7 integer, lon_e7 integer, source_seq bigint,
    received_at timestamptz, datum text, raw_lat double precision, raw_lon double precision, accuracy_m real,
    altitude_m real, speed_mps real, course_deg real, fixed boolean, mock boolean, request_no integer,
    counts boolean, attributes jsonb
) ON COMMIT DELETE ROWS
"""

_FIX: Final = (
    "bureau_id, device_id, fixed_at, lat_e7, lon_e7, source_seq, received_at, datum, raw_lat, raw_lon, "
    "{numbers}, fixed, mock, attributes, request_no"
)
_NUMBERS: Final = ("accuracy_m", "altitude_m", "speed_mps", "course_deg")
_INTO: Final = _FIX.format(numbers=", ".join(_NUMBERS))
_FROM: Final = _FIX.format(numbers=", ".join(f"nullif({name}, 'NaN')" for name in _NUMBERS))
_MOVE: Final = (
    f"PREPARE {{name}} AS INSERT INTO {{table}} ({_INTO})"  # noqa: S608 - constants only
    f" SELECT {_FROM} FROM incoming WHERE {{which}}{{but}} RETURNING request_no"
)
_BUT_REPEATS: Final = " ON CONFLICT DO NOTHING"


class Move(StrEnum):
    """A statement prepared on the writer's connection that moves staged rows to where they stay.

    It returns the number of the request of each row it moved. (Without anything to return a cluster would take a
    plain INSERT … SELECT for a COPY, which row-level security forbids.)
    """

    NEW = "move_new"
    """What counts, none of it known already: a repeat is a `UniqueViolation`. Takes three fifths of the time."""
    UNKNOWN = "move_unknown"
    """What counts and is not known already."""
    HELD = "move_held"
    """The same of what does not count."""


_PREPARE: Final = (
    _MOVE.format(name=Move.NEW, table="position", which="counts", but=""),
    _MOVE.format(name=Move.UNKNOWN, table="position", which="counts", but=_BUT_REPEATS),
    _MOVE.format(name=Move.HELD, table="position_held", which="NOT counts", but=_BUT_REPEATS),
)
_SLICE_BYTES: Final = 128 * 1024
"""libpq may not take more at once without blocking."""


async def prepare(connection: psycopg.AsyncConnection[Any]) -> None:
    """Make the staging table and the statements on a new connection."""
    for statement in (STAGING, *_PREPARE):
        await connection.execute(statement)


async def move(connection: psycopg.AsyncConnection[Any], stream: bytes, moves: Sequence[Move]) -> list[PGresult]:
    """Copy the stream into the staging table, move its rows, and commit; return what each move returned.

    The transaction is begun here unless it was before.

    Raises:
        psycopg.Error: what the database said; the transaction stands open and is to be rolled back.
    """
    begun = connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
    return await connection.wait(_exchange(connection.pgconn, stream, moves, begun=begun))


def _exchange(pgconn: PGconn, stream: bytes, moves: Sequence[Move], *, begun: bool) -> PQGen[list[PGresult]]:
    pgconn.send_query((b"" if begun else b"BEGIN; ") + b"COPY incoming FROM STDIN (FORMAT BINARY)")
    _checked((yield from generators.execute(pgconn)), ExecStatus.COPY_IN)
    for start in range(0, len(stream), _SLICE_BYTES):
        yield from generators.copy_to(pgconn, stream[start : start + _SLICE_BYTES], flush=True)
    yield from generators.copy_end(pgconn, None)
    pgconn.send_query("; ".join([*(f"EXECUTE {one}" for one in moves), "COMMIT"]).encode())
    return _checked((yield from generators.execute(pgconn)), ExecStatus.COMMAND_OK)[:-1]


def moved_by_request(result: PGresult | None, staged: Sequence[int]) -> list[int]:
    """Return how many rows of each request were moved, of as many as were staged of it: nearly always all of them."""
    if result is None:
        return [0] * len(staged)
    if result.ntuples == sum(staged):
        return list(staged)
    moved = [0] * len(staged)
    for row in range(result.ntuples):
        moved[int(result.get_value(row, 0) or 0)] += 1
    return moved


def _checked(results: list[PGresult], last: ExecStatus) -> list[PGresult]:
    if results[-1].status != last:
        raise error_from_result(results[-1])
    return results
