"""The table of tables: written into docs/schema.md from the row classes and what is marked on them.

`.venv/bin/python -m tests.house.schema` prints the table; with `--write` it brings the document up to date.
"""

from __future__ import annotations

import inspect
import re
import runpy
import sys
from pathlib import Path

from sqlalchemy import Table
from sqlmodel import SQLModel

from api.db.tables import metadata

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "schema.md"
UPDATES = {
    table: columns
    for migration in sorted((DOCUMENT.parents[1] / "migrations" / "versions").glob("*.py"))
    for table, columns in runpy.run_path(str(migration)).get("SERVICE_UPDATES", {}).items()
}
"""What the service may change, as its rights are written."""
COMMAND = ".venv/bin/python -m tests.house.schema --write"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"

PURGED = {
    "device_day": "after `keep_device_days`; of a phone, a day of which nothing counts when the next is over",
    "file_to_drop": "when the store has dropped the file, or it came again",
    "idempotency_key": "`keep_answers_days` after it was used",
    "personal_access": "`keep_accesses_days` after it was opened",
    "position_aside": "`keep_aside_days` after it came",
    "position_held": "24 hours after it came, or when it is found to count",
    "sign_in_session": "`keep_sessions_days` after it ended",
}
"""What the service deletes, and when. A test compares with its grants."""
OTHERWISE = {
    "calendar_day": "replaced with its notice",
    "calendar_notice": "replaced by the same year's newer one",
    "ledger_payload": "never; a body can be erased, by the owner",
    "withheld_file": "never; gone when a restriction is lifted",
    "withheld_row": "when it is lifted or erased, by the owner",
    "position": "never; old months are the owner's to retire",
}
"""What becomes of other rows that do not simply stay."""


def rows_by_table() -> dict[str, type[SQLModel]]:
    """Return the row class of every table."""
    found: dict[str, type[SQLModel]] = {}
    waiting = list(SQLModel.__subclasses__())
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if isinstance(table := getattr(one, "__table__", None), Table):
            found[table.name] = one
    return found


def changes(table: Table) -> str:
    """Return how a row of a table may change."""
    if table.info.get("append_only"):
        return "append-only"
    if acts := table.info.get("acts"):
        return f"by a `{acts}`"
    if table.info.get("reference"):
        return "reference data"
    columns = UPDATES.get(table.name, "").split()
    return ", ".join(f"`{column}`" for column in columns) or "never"


def expected() -> list[str]:
    """Return the table's lines as the row classes have it."""
    classes = rows_by_table()
    lines = ["| table | a row is | changes | ledger entry | purged |", "|---|---|---|---|---|"]
    for name in sorted(metadata.tables):
        table = metadata.tables[name]
        says = " ".join((inspect.getdoc(classes[name]) or "").split("\n\n")[0].split())
        entered = "yes" if table.info.get("fact") or table.info.get("acts") else "–"
        purged = PURGED.get(name) or OTHERWISE.get(name, "never")
        lines.append(f"| `{name}` | {says} | {changes(table)} | {entered} | {purged} |")
    return lines


def written() -> list[str]:
    """Return the table's lines as the document has it."""
    found = re.search(f"{BEGIN}\n(.*){END}", DOCUMENT.read_text("utf-8"), re.DOTALL)
    if found is None:
        raise ValueError(f"{DOCUMENT} has lost the marks of its table")
    return found[1].splitlines()


def write() -> None:
    """Bring the table of the document up to date; the rest of it stays."""
    table = "\n".join([BEGIN, *expected(), END])
    text = DOCUMENT.read_text("utf-8")
    DOCUMENT.write_text(re.sub(f"{BEGIN}\n.*{END}", lambda _: table, text, flags=re.DOTALL), "utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv:
        write()
    sys.stdout.write("\n".join([*expected(), ""]))
