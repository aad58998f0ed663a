"""What must hold of a simulated bureau after every step, looked at past the service: P1 to P10."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from domain.books.readings import Moment, Obtained, Reading
from domain.books.stretch import stretch_of

Connection = psycopg.Connection[dict[str, Any]]
Of = dict[str, str]
MOMENTS: Final = {"departure": Moment.DEPARTURE, "return": Moment.RETURN, "breakdown": Moment.RETURN}
FACTS: Final = ("decision", "reading", "refusal", "position", "finding", "visit_note", "ledger_payload", "month_seal")
"""Tables of which no row ever goes away."""
MADE: Final = {
    "/v1/complaints": ("complaint", "complaint_id", "complaint_id"),
    "/v1/trips": ("trip", "use_id", "trip_id"),
    "/v1/upkeep-orders": ("upkeep_order", "use_id", "use_id"),
    "/v1/readings": ("reading", "reading_id", "reading_id"),
}
"""What a request makes: the table, its key, and the key's name in the answer."""
STEP: Final = re.compile(r"/v1/(?:trips|upkeep-orders)/([0-9a-f-]{36})/(approve|depart|return|close|cancel)")
LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
LONG_AHEAD: Final = datetime(2040, 1, 1, tzinfo=UTC)


@dataclass
class Book:
    """What the simulation knows must be so."""

    odometer_m: int = 52_000_000
    open_trip: str | None = None
    approved: list[str] = field(default_factory=list)
    fixes: set[tuple[str, int, int]] = field(default_factory=set)
    seals: dict[date, bytes] = field(default_factory=dict)
    refused: int = 0
    renewed_on: date | None = None
    counts: dict[str, int] = field(default_factory=dict)
    payloads: dict[str, str] = field(default_factory=dict)
    made: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """What was acknowledged as made, by table."""
    steps: set[tuple[str, str]] = field(default_factory=set)
    """What was acknowledged as done with a use."""
    said: list[str] = field(default_factory=list)
    """What was done, for people who look at a failure."""

    def acknowledge(self, method: str, path: str, status: int, told: dict[str, Any]) -> None:
        """Keep what an answer promises."""
        if told.get("code") == "refused":
            self.refused += 1
        if method == "POST" and status == 201 and path in MADE:
            table, _, name = MADE[path]
            self.made[table].add(told[name])
        if status == 200 and (step := STEP.fullmatch(path)):
            self.steps.add((step[1], step[2]))


def check_promises(url: str, bureau_id: str, book: Book) -> None:
    """Fail with what was done last where a promise does not hold."""
    check_desk(url, bureau_id, book)
    with psycopg.connect(url, row_factory=dict_row) as connection:
        for holds in (_fixes_are_stored_once, _seals_stay):
            holds(connection, {"b": bureau_id}, book)


def check_desk(url: str, bureau_id: str, book: Book) -> None:
    """Fail where a promise about uses, readings, refusals and entries does not hold; positions and seals are apart."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        for holds in (
            _every_trip_has_its_permit,
            _one_use_at_a_time,
            _refusals_are_kept,
            _metres_add_up,
            _nothing_goes_away,
            _what_was_acknowledged_is_there,
        ):
            holds(connection, {"b": bureau_id}, book)


def _every_trip_has_its_permit(connection: Connection, of: Of, _: Book) -> None:
    """P1, P4."""
    bare = connection.execute(
        "SELECT u.use_id FROM vehicle_use u WHERE u.bureau_id = %(b)s AND u.kind = 'trip'"
        " AND u.actual_from IS NOT NULL AND NOT (EXISTS (SELECT 1 FROM decision d WHERE d.bureau_id = %(b)s"
        " AND d.use_id = u.use_id AND d.verb = 'depart' AND d.outcome = 'permit'"
        " AND cardinality(d.complaint_ids) > 0) AND EXISTS (SELECT 1 FROM trip_job j WHERE j.bureau_id = %(b)s"
        " AND j.use_id = u.use_id AND j.dropped_by IS NULL))",
        of,
    ).fetchall()
    assert not bare, bare


def _one_use_at_a_time(connection: Connection, of: Of, _: Book) -> None:
    """P2."""
    spans = connection.execute(
        "SELECT vehicle_id, actual_from, actual_until FROM vehicle_use WHERE bureau_id = %(b)s"
        " AND actual_from IS NOT NULL ORDER BY vehicle_id, actual_from, actual_until NULLS LAST",
        of,
    ).fetchall()
    for one, other in pairwise(spans):
        if one["vehicle_id"] != other["vehicle_id"]:
            continue
        assert one["actual_until"] is not None
        assert one["actual_until"] <= other["actual_from"]


def _refusals_are_kept(connection: Connection, of: Of, book: Book) -> None:
    """P3."""
    kept = connection.execute("SELECT count(*) AS n FROM refusal WHERE bureau_id = %(b)s", of).fetchone()
    assert kept is not None
    assert kept["n"] >= book.refused, (kept, book.refused)


def _metres_add_up(connection: Connection, of: Of, book: Book) -> None:
    """P5, with the readings as they lie in the database."""
    rows = connection.execute("SELECT * FROM reading WHERE bureau_id = %(b)s ORDER BY recorded_at", of).fetchall()
    for vehicle_id in {row["vehicle_id"] for row in rows}:
        books = stretch_of(_readings(row for row in rows if row["vehicle_id"] == vehicle_id), LONG_AGO, LONG_AHEAD)
        owned = sum(driven.length_m for driven in books.driven.values())
        assert owned + books.unaccounted_m == books.difference_m, book.said[-10:]


def _readings(rows: Iterable[dict[str, Any]]) -> list[Reading]:
    return [
        Reading(
            reading_id=row["reading_id"],
            odometer_m=row["odometer_m"],
            resolution_m=row["resolution_m"],
            read_at=row["read_at"],
            obtained=Obtained(row["obtained"]),
            segment=row["segment"],
            use_id=row["use_id"],
            moment=MOMENTS.get(row["occasion"], Moment.SPOT),
            corrects=row["corrects"],
            reason=row["reason"] or "",
        )
        for row in rows
    ]


def _nothing_goes_away(connection: Connection, of: Of, book: Book) -> None:
    """P6, and P9 as far as it can be without a key: no entry's body is ever another one."""
    for table in FACTS:
        row = connection.execute(
            sql.SQL("SELECT count(*) AS n FROM {} WHERE bureau_id = %(b)s").format(sql.Identifier(table)),
            of,
        ).fetchone()
        assert row is not None
        assert row["n"] >= book.counts.get(table, 0), table
        book.counts[table] = row["n"]
    for row in connection.execute(
        "SELECT entry_id::text AS id, kind, facts FROM ledger_payload WHERE bureau_id = %(b)s", of
    ):
        digest = hashlib.sha256(row["kind"].encode() + bytes(row["facts"] or b"")).hexdigest()
        assert book.payloads.setdefault(row["id"], digest) == digest, row["kind"]


def _fixes_are_stored_once(connection: Connection, of: Of, book: Book) -> None:
    """P7."""
    row = connection.execute("SELECT count(*) AS n FROM position WHERE bureau_id = %(b)s", of).fetchone()
    assert row is not None
    assert row["n"] == len(book.fixes), (row, book.said[-10:])


def _what_was_acknowledged_is_there(connection: Connection, of: Of, book: Book) -> None:
    """P7: once, and no complaint but those that were acknowledged, however often they were sent."""
    for table, key, _ in MADE.values():
        rows = connection.execute(
            sql.SQL("SELECT {}::text AS id FROM {} WHERE bureau_id = %(b)s").format(
                sql.Identifier(key), sql.Identifier(table)
            ),
            of,
        ).fetchall()
        there = {row["id"] for row in rows}
        assert there >= book.made[table], (table, book.made[table] - there, book.said[-10:])
        if table == "complaint":
            assert there == book.made[table], (there - book.made[table], book.said[-10:])
    rows = connection.execute(
        "SELECT use_id::text, verb, count(*) AS n FROM decision WHERE bureau_id = %(b)s AND outcome <> 'refusal'"
        " GROUP BY 1, 2",
        of,
    ).fetchall()
    done = {(row["use_id"], row["verb"]): row["n"] for row in rows}
    wrong = {step: done.get(step, 0) for step in book.steps if done.get(step, 0) != 1}
    assert not wrong, (wrong, book.said[-10:])


def _seals_stay(connection: Connection, of: Of, book: Book) -> None:
    """P10: what was sealed lies there byte for byte, and so it was told."""
    rows = connection.execute("SELECT month, statement FROM month_seal WHERE bureau_id = %(b)s", of).fetchall()
    assert {row["month"]: bytes(row["statement"]) for row in rows} == book.seals, book.said[-10:]
