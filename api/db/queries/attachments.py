"""Files on record: which are here, which nothing names, and what holds one that is about to be named."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from api.db.database import Reader, UnitOfWork

IS_HERE: Final = (
    "(SELECT count(*) % 2 FROM attachment_step t WHERE t.bureau_id = :bureau_id AND t.bureau_id = a.bureau_id"
    " AND t.sha256 = a.sha256) = 0"
)
"""Of a row `a` of `attachment`: it was not retired, or came again since. Steps go to and fro."""

HANDED_OUT: Final = (
    f"{IS_HERE} AND NOT EXISTS (SELECT 1 FROM withheld_file w WHERE w.bureau_id = :bureau_id"  # noqa: S608 - constants only
    " AND w.bureau_id = a.bureau_id AND w.sha256 = a.sha256)"
)
"""Of a row `a` of `attachment`: whoever names the file is handed it out; it was neither restricted nor erased."""

_HERE = text(
    "SELECT a.sha256 FROM attachment a WHERE a.bureau_id = :bureau_id AND a.sha256 = ANY(CAST(:hashes AS text[]))"  # noqa: S608 - constants only
    f" AND {IS_HERE}"
)
_WITHHELD = text(
    "SELECT sha256 FROM withheld_file WHERE bureau_id = :bureau_id AND sha256 = ANY(CAST(:hashes AS text[]))"
)
_LOCK = "(hashtextextended('files ' || :bureau_id, 0))"
_TO_NAME = text(f"SELECT pg_advisory_xact_lock_shared{_LOCK}")
_TO_RETIRE = text(f"SELECT pg_advisory_xact_lock{_LOCK}")
_LAST_STEPS = text(
    "SELECT sha256, max(no) AS no FROM attachment_step WHERE bureau_id = :bureau_id"
    " AND sha256 = ANY(CAST(:hashes AS text[])) GROUP BY sha256"
)
# The database lets nothing go earlier, whatever our clock says.
_BEFORE = "least(CAST(:before AS timestamptz), now() - interval '30 days')"
NAMING: Final = (
    ("note_attachment", "sha256"),
    ("form_media", "sha256"),
    ("finding_attachment", "sha256"),
    ("reading_photo", "sha256"),
    ("reading", "photo_sha256"),
    ("vehicle_document", "sha256"),
    ("vehicle_cost", "receipt_sha256"),
    ("withheld_file", "sha256"),
)
"""Every table whose rows name a file, and by which column; `file_is_named` of the database looks at the same."""
_NAMED_BY_NONE = "".join(
    f" AND NOT EXISTS (SELECT 1 FROM {table} c WHERE c.bureau_id = a.bureau_id AND c.bureau_id = :bureau_id"  # noqa: S608 - constants only
    f" AND c.{column} = a.sha256)"
    for table, column in NAMING
)
_UNCLAIMED = text(f"""
SELECT a.sha256, a.size_bytes FROM attachment a
WHERE a.bureau_id = :bureau_id AND a.recorded_at <= {_BEFORE} AND {IS_HERE}
    AND NOT EXISTS (SELECT 1 FROM attachment_step s WHERE s.bureau_id = a.bureau_id AND s.bureau_id = :bureau_id
        AND s.sha256 = a.sha256 AND s.recorded_at > {_BEFORE})
    {_NAMED_BY_NONE}
    AND (CAST(:hashes AS text[]) IS NULL OR a.sha256 = ANY(CAST(:hashes AS text[])))
ORDER BY a.sha256
""")  # noqa: S608 - constants only
# What a phone signed is base64 without its padding; escaped, bytes that are no text are nothing to stumble over.
_PART = "translate(split_part(jws, '.', 2), '-_', '+/')"
SIGNED_WORDS: Final = f"encode(decode(rpad({_PART}, (length({_PART}) + 3) / 4 * 4, '='), 'base64'), 'escape')"
"""What a phone signed, of a row of `signed_act`."""
_LATELY = (
    "EXISTS (SELECT 1 FROM ledger_outbox o WHERE o.bureau_id = :bureau_id AND o.bureau_id = p.bureau_id"
    " AND o.entry_id = p.entry_id AND o.recorded_at >= :since)"
)


@dataclass(frozen=True, slots=True)
class Words:
    """Where a file may be named in words: a table, what of it is read, which rows, which of them came lately."""

    table: str
    key: str
    least: str
    said: str
    which: str
    lately: str = "recorded_at >= :since"

    @property
    def reads(self) -> str:
        """Return the statement that reads it, but for the end of its condition."""
        return (
            f"SELECT DISTINCT m[1] AS sha256 FROM {self.table} p, regexp_matches({self.said}, '[0-9a-f]{{64}}', 'g') m"  # noqa: S608 - our own words
            f" WHERE p.bureau_id = :bureau_id AND {self.which} AND m[1] = ANY(CAST(:hashes AS text[]))"
        )


_LEAST_ID = "CAST('00000000-0000-0000-0000-000000000000' AS uuid)"
WORDS: Final = (
    # The name under which a fact names a file ends in these; most facts name none, and that is seen much faster.
    Words(
        "ledger_payload",
        "entry_id",
        _LEAST_ID,
        "encode(facts, 'escape')",
        "kind NOT LIKE 'attachment-%' AND (position('sha256\":' IN facts) > 0 OR position('files\":' IN facts) > 0)",
        _LATELY,
    ),
    Words("visit_note_conflict", "conflict_id", _LEAST_ID, "encode(body, 'escape')", "true"),
    Words("signed_act", "digest", "''", SIGNED_WORDS, "jws <> ''"),
)
"""What a fact says, and what was kept as it came and became none: an act of a phone that waits or was refused."""
SLICE: Final = 5000
"""Rows of a table that one statement reads: the longest ledger is read without a statement that takes long."""


async def files_here(reader: Reader, hashes: Collection[str]) -> set[str]:
    """Return which of the files are on record and were not retired."""
    if not hashes:
        return set()
    return set((await reader.execute(_HERE, {"bureau_id": reader.bureau_id, "hashes": sorted(hashes)})).scalars())


async def hold_files(uow: UnitOfWork, hashes: Collection[str | None]) -> set[str]:
    """Keep files that this transaction names from being retired before it ends, and return which of them are here.

    One that is retired already is not here: who named it is told that it is missing, and sends it again. Neither is one
    that was restricted or erased.
    """
    named = {sha256 for sha256 in hashes if sha256 is not None}
    if not named:
        return set()
    await uow.execute(_TO_NAME, {"bureau_id": uow.bureau_id})
    return await files_here(uow, named) - await files_withheld(uow, named)


async def files_withheld(reader: Reader, hashes: Collection[str]) -> set[str]:
    """Return which of the files were restricted or erased."""
    return set((await reader.execute(_WITHHELD, {"bureau_id": reader.bureau_id, "hashes": sorted(hashes)})).scalars())


async def hold_naming(uow: UnitOfWork) -> None:
    """Wait for those who name files now, and let nobody else name one before this transaction ends."""
    await uow.execute(_TO_RETIRE, {"bureau_id": uow.bureau_id})


async def last_steps(reader: Reader, hashes: Collection[str]) -> dict[str, int]:
    """Return the number of the last step of each file that was ever retired."""
    asked = {"bureau_id": reader.bureau_id, "hashes": sorted(hashes)}
    return {row.sha256: row.no for row in await reader.execute(_LAST_STEPS, asked)}


async def unclaimed_files(reader: Reader, before: datetime, hashes: Collection[str] | None = None) -> dict[str, int]:
    """Return the files, of those given or of all, that came before and that no row names, with their size in bytes."""
    asked = {"bureau_id": reader.bureau_id, "before": before, "hashes": None if hashes is None else sorted(hashes)}
    return {row.sha256: row.size_bytes for row in await reader.execute(_UNCLAIMED, asked)}


async def files_in_slice(
    reader: Reader, words: Words, hashes: Collection[str], after: object = None, rows: int = SLICE
) -> tuple[set[str], object]:
    """Return which of the files so many rows after a key name, and the last one's key: None where they are the last."""
    asked = {"bureau_id": reader.bureau_id, "hashes": sorted(hashes), "after": after, "rows": rows}
    beyond = f"p.{words.key} > {words.least if after is None else ':after'}"
    last = text(
        f"SELECT p.{words.key} FROM {words.table} p WHERE p.bureau_id = :bureau_id AND {beyond}"  # noqa: S608 - our own words
        f" ORDER BY p.{words.key} OFFSET CAST(:rows AS int) - 1 LIMIT 1"
    )
    until = (await reader.execute(last, asked)).scalar_one_or_none()
    upto = "true" if until is None else f"p.{words.key} <= :until"
    found = await reader.execute(text(f"{words.reads} AND {beyond} AND {upto}"), asked | {"until": until})
    return {row.sha256 for row in found}, until


async def files_in_words(reader: Reader, hashes: Collection[str], but: Collection[str]) -> set[str]:
    """Return which of the files something names that stands under another key than those."""
    asked = {"bureau_id": reader.bureau_id, "hashes": sorted(hashes), "but": sorted(but)}
    others = "CAST(p.{} AS text) <> ALL(CAST(:but AS text[]))"
    return {
        row.sha256
        for words in WORDS
        for row in await reader.execute(text(f"{words.reads} AND {others.format(words.key)}"), asked)
    }


async def files_lately_in_words(reader: Reader, hashes: Collection[str], since: datetime) -> set[str]:
    """Return which of the files something recorded since then names."""
    asked = {"bureau_id": reader.bureau_id, "hashes": sorted(hashes), "since": since}
    return {
        row.sha256 for words in WORDS for row in await reader.execute(text(f"{words.reads} AND {words.lately}"), asked)
    }
