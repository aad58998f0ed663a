"""A year's statement 年度结算表: its months as they are sealed, or stand, side by side and summed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from domain.books.statement import Statement, in_order

FORM: Final = "zhuanche-year-statement/1"

_SUMMED_COSTS: Final = ("total_fen", "fuel_ml")
_CHARGED: Final = ("trips", "metres", "seconds")


@dataclass(frozen=True, slots=True)
class MonthOfYear:
    """A month's statement with its digest; `amended` counts what became known after its seal, None of a draft."""

    told: Mapping[str, Any]
    sha256: str
    amended: int | None


def year_statement(year: int, months: Iterable[MonthOfYear]) -> Statement:
    """Return the statement of a year of at least one month; its sums are those of the months as they are given."""
    given = list(months)
    last = given[-1].told
    rows = [
        {
            "month": one.told["month"],
            "sealed": one.amended is not None,
            "statement_sha256": one.sha256,
            "amendments": one.amended or 0,
            "opening_m": one.told["odometer"]["opening_m"],
            "closing_m": one.told["odometer"]["closing_m"],
            "totals": one.told["totals"],
            "costs": {name: one.told["costs"][name] for name in _SUMMED_COSTS},
        }
        for one in given
    ]
    value = {
        "form": FORM,
        **{
            name: last[name] for name in ("bureau_id", "bureau", "unit", "answerable", "vehicle_id", "plate", "vehicle")
        },
        "year": year,
        "zone": last["zone"],
        "months": rows,
        "totals": _summed([row["totals"] for row in rows]),
        "costs": _summed([row["costs"] for row in rows]),
        "complaints": _together(given, "complaints", "complaint_id", "number", _CHARGED),
        "officers": _together(given, "officers", "person_id", "name", (*_CHARGED, "fen")),
    }
    return cast("Statement", value)


def _summed(parts: list[dict[str, int]]) -> dict[str, int]:
    return {name: sum(part[name] for part in parts) for name in parts[0]}


def _together(
    months: list[MonthOfYear], section: str, id_name: str, named: str, summed: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return a section's rows of all months, one an object; under the name it has last."""
    found: dict[str, dict[str, Any]] = {}
    for month in months:
        for row in month.told[section]:
            known = found.setdefault(row[id_name], {id_name: row[id_name], **dict.fromkeys(summed, 0)})
            known[named] = row[named]
            for name in summed:
                known[name] += row[name]
    return sorted(found.values(), key=lambda row: (in_order(row[named]), row[id_name]))
