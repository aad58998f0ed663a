"""Rows written by one statement are the same as those written one by one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from api.db.database import Database, UnitOfWork
from api.db.ledger_entry import EntryRows, entry_rows, new_id
from tests.world import World


async def test_entries_written_together_keep_their_bytes_and_their_order(world: World, database: Database) -> None:
    """The leaves are what is hashed: each byte of them, zero and backslash too, and the order they were given in."""

    def entry(number: int) -> EntryRows:
        facts = {"note_id": new_id(), "name": '文献路 \\x00 "', "no": number}
        return entry_rows(
            world.bureau_id,
            "visit-note-recorded",
            now=world.clock(),
            actor_id=None,
            facts=facts,
            person={"body_sha256": "00"} if number % 2 else None,
            place=None,
            previous=None,
        )

    entries = [entry(number) for number in range(20)]

    async def work(uow: UnitOfWork) -> list[Any]:
        await uow.enter_together(entries)
        rows = await uow.execute(
            text(
                "SELECT o.entry_id, o.leaf, o.recorded_at,"
                " p.kind, p.facts, p.facts_salt, p.person, p.person_salt, p.place FROM ledger_outbox o"
                " JOIN ledger_payload p ON p.bureau_id = o.bureau_id AND p.entry_id = o.entry_id"
                " WHERE o.bureau_id = :bureau_id AND o.entry_id = ANY(CAST(:ids AS uuid[])) ORDER BY o.outbox_id"
            ),
            {"bureau_id": world.bureau_id, "ids": [one.entry_id for one in entries]},
        )
        raise _Seen(list(rows))  # entries without a fact are no business of this bureau's ledger

    try:
        await database.write(world["admin"], work)
    except _Seen as seen:
        rows = seen.rows
    assert [row.entry_id for row in rows] == [one.entry_id for one in entries]
    for row, one in zip(rows, entries, strict=True):
        assert row.leaf == one.outbox["leaf"]
        assert row.recorded_at == world.clock()
        kept = {name: getattr(row, name) for name in ("kind", "facts", "facts_salt", "person", "person_salt", "place")}
        assert kept == {name: one.payload[name] for name in kept}


class _Seen(Exception):
    """Ends the transaction with what was read in it."""

    def __init__(self, rows: list[Any]) -> None:
        super().__init__()
        self.rows = rows
