"""Every payload of the ledger against the commitment in its leaf: what no sum of a file can tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from msgspec import UNSET

from api.backup.manifest import Connection
from domain.ledger.leaf import BadLeaf, Group, read_leaf, verify_commitment

AT_ONCE: Final = 1000
"""Entries fetched at once."""

_GROUPS: Final = ("person", "person_salt", "place", "place_salt")
_ENTRIES: Final = (
    "SELECT p.bureau_id, p.entry_id, p.kind, o.leaf, p.erased_at IS NOT NULL, p.facts, p.facts_salt, {groups}"
    " FROM ledger_payload p LEFT JOIN ledger_outbox o ON o.bureau_id = p.bureau_id AND o.entry_id = p.entry_id{held}"
)
_HELD: Final = (
    " LEFT JOIN withheld_row w ON w.bureau_id = p.bureau_id AND w.table_name = 'ledger_payload'"
    " AND w.key ->> 'entry_id' = CAST(p.entry_id AS text)"
)


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """How many entries were looked at, how many do not fit, and the first of these in words."""

    entries: int
    faults: int
    first: str | None


def check_ledger(connection: Connection, count: Callable[[int], None] = lambda _: None) -> LedgerCheck:
    """Hold every payload against its leaf, streamed; what was erased is not asked for, what is restricted is.

    `connection` is from `snapshot`; `count` is told how many entries more were looked at.
    """
    entries, faults, first = 0, 0, None
    with connection.cursor("ledger") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(_entries(connection))
        for bureau_id, entry_id, *entry in cursor:
            entries += 1
            why = _fault(bureau_id, entry_id, *entry)
            if why is not None:
                faults += 1
                first = first or f"entry {entry_id} of bureau {bureau_id}: {why}"
            if entries % AT_ONCE == 0:
                count(AT_ONCE)
    return LedgerCheck(entries, faults, first)


def _entries(connection: Connection) -> bytes:
    """Return the query of all entries: what is restricted lies beside the ledger, where the schema knows of that."""
    known = connection.execute("SELECT to_regclass('withheld_row') IS NOT NULL").fetchone()
    if known != (True,):
        return _ENTRIES.format(groups=", ".join(f"p.{name}" for name in _GROUPS), held="").encode()
    groups = ", ".join(f"coalesce(p.{name}, decode(w.was ->> '{name}', 'hex'))" for name in _GROUPS)
    return _ENTRIES.format(groups=groups, held=_HELD).encode()


def _fault(
    bureau_id: str, entry_id: Any, kind: str, leaf: bytes | None, erased: Any, *groups: bytes | None
) -> str | None:
    """Return what does not fit of an entry, or None."""
    if leaf is None:
        return "it has no leaf"
    try:
        told = read_leaf(leaf)
    except BadLeaf as fault:
        return f"its leaf is none ({fault})"
    if (told.log, told.ref, told.kind) != (bureau_id, entry_id, kind):
        return "its leaf is another entry's"
    for number, group in enumerate(Group):
        payload, salt = groups[2 * number : 2 * number + 2]
        if payload is not None and salt is not None:
            if not verify_commitment(leaf, group, payload, salt):
                return f"its {group.value} are not what its leaf commits to"
        elif getattr(told.c, group.value) is not UNSET and not erased:
            return f"its {group.value} are gone, and were not erased"
    return None
