"""What an officer went along for 人员用车, month by month and vehicle by vehicle: taken from the statements alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, cast
from uuid import UUID

from domain.books.statement import Statement

FORM: Final = "zhuanche-officer-statement/1"

SUMS: Final = ("trips", "metres", "seconds", "fen")


def officer_statement(
    person_id: UUID, name: str, first: date, last: date, months: Iterable[tuple[Mapping[str, Any], bool]]
) -> Statement:
    """Return an officer's part of months: their rows as the statements have them, and the sums.

    Args:
        person_id: the officer.
        name: as it is now; a sealed statement may have another.
        first: the first day of the first month.
        last: that of the last.
        months: statements of vehicles and months in any order, each with whether it is sealed.
    """
    rows = [
        {
            "month": told["month"],
            "vehicle_id": told["vehicle_id"],
            "plate": told["plate"],
            "sealed": sealed,
            **{sum_name: row[sum_name] for sum_name in SUMS},
        }
        for told, sealed in months
        for row in told["officers"]
        if row["person_id"] == str(person_id)
    ]
    rows.sort(key=lambda row: (row["month"], row["plate"]))
    value = {
        "form": FORM,
        "person_id": str(person_id),
        "name": name,
        "first_month": f"{first:%Y-%m}",
        "last_month": f"{last:%Y-%m}",
        "months": rows,
        "totals": {sum_name: sum(row[sum_name] for row in rows) for sum_name in SUMS},
    }
    return cast("Statement", value)
