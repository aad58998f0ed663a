"""Where the parties of a complaint are named in words, in whatever table: what can be taken out, and what cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from api.db.database import Reader
from api.db.queries.signed_acts import BECAME_NOTHING
from api.db.tables import metadata

TAKEN: Final = {
    "finding_act": "t.act_id",
    "paper_trip": "t.paper_trip_id",
    "form_submission": "CASE WHEN t.note_id IS NULL THEN t.submission_id END",
    "signed_act": f"CASE WHEN {BECAME_NOTHING} THEN t.act_id END",
}
"""Tables of which a row that names somebody can be taken out, once it is confirmed, with its id; else it is NULL."""
_OWN: Final = frozenset({"idempotency_key", "sign_in_session", "ledger_outbox", "position"})
"""Gone by itself, or without any word."""
_PARTIES: Final = ("complainant_name", "complainant_telephone", "respondent_name", "respondent_telephone")
_HELD_BACK: Final = (
    "(position(w IN t.was::text) > 0 OR position(encode(convert_to(w, 'UTF8'), 'hex') IN t.was::text) > 0)"
    " AND t.complaint_id <> :complaint_id"
)
"""Bytes are hexadecimal in what is held back."""
_LEAST: Final = 2
"""Letters of a word: one alone is in every sentence."""
_WORDS = text(
    f"SELECT {', '.join(_PARTIES)} FROM complaint_particulars"  # noqa: S608 - our own words
    " WHERE bureau_id = :bureau_id AND complaint_id = :complaint_id UNION"
    f" SELECT {', '.join(f'was ->> {name!r}' for name in _PARTIES)} FROM withheld_row"
    " WHERE bureau_id = :bureau_id AND complaint_id = :complaint_id AND table_name = 'complaint_particulars'"
)


# The rows that api/db/queries/erasure.py takes by their number are those driven since the complaint came.
_SO_NUMBERED = text(
    "SELECT p.paper_trip_id FROM paper_trip p JOIN complaint c ON c.bureau_id = p.bureau_id"
    " AND p.complaint_number IN (c.number, c.source_number) AND p.started_at < c.received_at"
    " WHERE p.bureau_id = :bureau_id AND c.bureau_id = :bureau_id AND c.complaint_id = :complaint_id"
    " AND p.complaint_number <> ''"
    " AND EXISTS (SELECT 1 FROM unnest(ARRAY[p.people, p.purpose, p.places, p.remark]) AS said"
    " WHERE said <> '' AND said NOT LIKE '〔%')"
)


@dataclass(frozen=True, slots=True, order=True)
class Named:
    """A row that names somebody: its table and column, and its id where it can be taken out."""

    table: str
    column: str
    row_id: UUID | None


async def words_for(reader: Reader, complaint_id: UUID, given: Collection[str]) -> list[str]:
    """Return the names and telephones of a complaint's parties, and what was given beside them."""
    rows = await reader.rows(_WORDS, {"bureau_id": reader.bureau_id, "complaint_id": complaint_id})
    words = {str(value).strip() for row in rows for value in row if value} | {word.strip() for word in given}
    return sorted(word for word in words if len(word) >= _LEAST and not word.startswith("〔"))


async def named_in(reader: Reader, words: Collection[str], complaint_id: UUID) -> list[Named]:
    """Return every row of the bureau in which one of the words stands, whatever its table.

    What is held back of the complaint itself is none; what is of another comes back when that one is lifted. A row of
    the old log that bears the complaint's number and is older names it, or another that the old log numbered so.
    """
    asked = {"bureau_id": reader.bureau_id, "complaint_id": complaint_id, "words": list(words)}
    numbered = await reader.rows(_SO_NUMBERED, asked)
    found = [Named("paper_trip", "complaint_number", row.paper_trip_id) for row in numbered]
    for table, column, condition in _columns() if words else ():
        key = TAKEN.get(table, "NULL::uuid")
        statement = text(
            f"SELECT {key} AS row_id FROM {table} t WHERE t.bureau_id = :bureau_id AND EXISTS"  # noqa: S608 - our own words
            f" (SELECT 1 FROM unnest(CAST(:words AS text[])) AS w WHERE {condition})"
        )
        rows = await reader.rows(statement, asked)
        found += [Named(table, column, row.row_id) for row in rows]
    return sorted(found, key=lambda one: (one.table, one.column, str(one.row_id)))


def _columns() -> Iterator[tuple[str, str, str]]:
    """Yield each column that can hold words, with how a word `w` is looked for in it."""
    for table in metadata.sorted_tables:
        if table.name in _OWN or "bureau_id" not in table.c:
            continue
        for column in table.c:
            if table.name == "withheld_row":
                if column.name == "was":
                    yield table.name, column.name, _HELD_BACK
            elif table.name == "signed_act" and column.name == "jws":
                part = "translate(split_part(t.jws, '.', 2), '-_', '+/')"
                bytes_ = f"decode(rpad({part}, (length({part}) + 3) / 4 * 4, '='), 'base64')"
                yield table.name, column.name, f"position(convert_to(w, 'UTF8') IN {bytes_}) > 0"
            elif isinstance(column.type, LargeBinary):
                yield table.name, column.name, f"position(convert_to(w, 'UTF8') IN t.{column.name}) > 0"
            elif isinstance(column.type, Text | JSONB | ARRAY) and not column.primary_key:
                yield table.name, column.name, f"position(w IN t.{column.name}::text) > 0"
