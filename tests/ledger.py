"""No fact without a ledger entry, no entry without a fact: asked of a whole database, whatever use cases filled it.

A row's system column `xmin` is the transaction that wrote it (last). A use case writes its facts and their entries in
one transaction, so every row of a table that holds facts must share it with an entry, or with the step that took
personal data out of it. Nothing here is a list of facts: only the tables whose rows have no entry are named; a table
that is new is asked for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

import psycopg
from psycopg import sql

from api.db.tables import metadata
from tests.db.catalogue import statement
from tests.world import World

NO_ENTRY: Final = {
    "bureau_directory": "says which bureaus there are, for background work",
    "bureau": "the frame that facts are entered in; it comes with its desk and administrator, which are facts",
    "boundary_part": "the bureau's boundary once more, in a form for the trigger",
    "calendar_notice": "public data, the same for every bureau",
    "calendar_day": "the same",
    "ledger_payload": "the entry itself",
    "ledger_outbox": "the same",
    "idempotency_key": "what was answered, kept to be answered again",
    "complaint_counter": "the number that was given is with its complaint",
    "dispatch_order_counter": "the number that was given is with its order",
    "sign_in_session": "opens doors; who acted is in every entry",
    "person": "tries and locks come and go; everything else is a `person_act`, which a trigger asks for",
    "remembered_place": "convenience, taken from complaints and jobs",
    "withheld_row": "what a restriction took out; the step is the fact",
    "withheld_file": "the same",
    "file_to_drop": "what the store still has of a retired file; the step is the fact",
    "position": "committed to by the hour, in `position_digest`",
    "position_held": "not a fact yet; dropped after a day",
    "position_aside": "can never count",
    "device_event": "committed to by the hour, in `position_digest`",
    "terminal_reading": "the same",
    "device_day": "counts of what came, for health",
    "trip_measure": "what positions, which are committed to, measure; made anew whenever it is asked",
    "watch_mark": "how far background work has come",
    "books_mark": "the same",
    "notice": "whom to tell of what is entered; that it was sent is no fact",
    "notice_delivery": "the same",
    "personal_access": "who opened what, before it was shown; kept for its time, held by the database for half a year",
    "push_subscription": "where a person's own browser is reached",
    "notice_choice": "what a person wants to be told by",
    "device_command": "entered when it is asked for; that it was sent and answered is its state",
}
"""Tables whose rows have no entry of their own, and why."""


_FORGED: set[str] = set()


def forged(world: World) -> None:
    """Say that this test writes rows of its bureau past the use cases, so that they are no one's fault."""
    _FORGED.add(world.bureau_id)


def facts_without_entry(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, str]]:
    """Yield (bureau, what) for rows whose transaction entered nothing, or nothing for them."""
    for table in metadata.sorted_tables:
        if table.name in NO_ENTRY:
            continue
        own = "AND o.entry_id = f.entry_id" if "entry_id" in table.columns and table.info.get("append_only") else ""
        rows = connection.execute(
            statement(
                "SELECT f.bureau_id, count(*) FROM {table} f WHERE NOT EXISTS (SELECT 1 FROM ledger_outbox o"
                f" WHERE o.bureau_id = f.bureau_id AND o.xmin = f.xmin {own}) AND NOT EXISTS (SELECT 1 FROM erasure e"
                " WHERE e.bureau_id = f.bureau_id AND e.xmin = f.xmin) GROUP BY 1 ORDER BY 1",
                table.name,
            )
        )
        for bureau_id, count in rows:
            yield bureau_id, f"{count} of {table.name} without an entry in their transaction"


def entries_without_fact(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, str]]:
    """Yield (bureau, what) for entries that no row names, or that have no leaf."""
    named = sql.SQL(" UNION ALL ").join(
        statement("SELECT bureau_id, entry_id FROM {table}", table.name)
        for table in metadata.sorted_tables
        if "entry_id" in table.columns and not table.name.startswith("ledger_")
    )
    rows = connection.execute(
        sql.SQL(
            "SELECT p.bureau_id, p.kind, count(*) FROM ledger_payload p WHERE"
            " NOT EXISTS (SELECT 1 FROM ({}) f WHERE f.bureau_id = p.bureau_id AND f.entry_id = p.entry_id) OR"
            " NOT EXISTS (SELECT 1 FROM ledger_outbox o WHERE o.bureau_id = p.bureau_id AND o.entry_id = p.entry_id)"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        ).format(named)
    )
    for bureau_id, kind, count in rows:
        yield bureau_id, f"{count} entries {kind} without a fact"


def ledger_faults(connection: psycopg.Connection[Any]) -> list[str]:
    """Return what does not match, both ways, in every bureau where no test forged rows; empty when all does."""
    found = chain(facts_without_entry(connection), entries_without_fact(connection))
    return [f"bureau {bureau_id}: {what}" for bureau_id, what in found if bureau_id not in _FORGED]
