"""`audit.csv`, Collect's own log of how a form was filled: read as far as it can be, whatever its columns.

Its columns depend on the form's options and on Collect's version; times are milliseconds since 1970
(https://docs.getodk.org/form-audit-log).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

AUDIT_FILE: Final = "audit.csv"
AUDIT_BYTES: Final = 2 * 1024 * 1024
"""More than a day of filling one form; what is beyond is not read."""
ROWS_MOST: Final = 5_000
_COLUMNS: Final = ("event", "node", "start", "end")


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line: what was done, at which question, from when until when; whatever else stands there."""

    event: str
    node: str
    start_at: datetime | None
    end_at: datetime | None
    more: dict[str, str]


def read_audit(data: bytes) -> list[AuditRow]:
    """Return the lines that say what was done; a line that does not is left out, as is a time that is none."""
    text = data.decode("utf-8-sig", "replace").replace("\x00", "")
    # A field may hold a whole answer, old and new; one longer than the csv module takes ends the reading there.
    rows: list[AuditRow] = []
    try:
        for row in csv.DictReader(io.StringIO(text, newline="")):
            named = {key: value for key, value in row.items() if isinstance(key, str) and isinstance(value, str)}
            event = named.get("event", "").strip()
            if event:
                more = {key: value for key, value in named.items() if key not in _COLUMNS and value}
                rows.append(
                    AuditRow(event, named.get("node", ""), _at(named.get("start")), _at(named.get("end")), more)
                )
            if len(rows) >= ROWS_MOST:
                break
    except csv.Error:
        return rows
    return rows


def _at(milliseconds: str | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(milliseconds or "") / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
