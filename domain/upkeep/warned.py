"""What is said of a vehicle in time 到期提醒: inspection, insurance, service, before they are passed and after.

It is said where people look anyway, in the list of vehicles and with each trip that is asked for; the file has it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias
from uuid import UUID

from domain.upkeep.dues import Due, DueKind, Odometer, Standing, standing
from domain.values import Named

_A_DAY = timedelta(days=1)
_NOBODY = UUID(int=0)

Validity: TypeAlias = tuple[date, date]
"""From which day to which a paper is valid, both included."""


class PaperKind(Named):
    """What a vehicle must have a valid paper of."""

    INSPECTION = "inspection", "检验", "inspection"
    INSURANCE = "insurance", "保险", "insurance"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWarning:
    """What is near or passed, by the last day, by the kilometre, or both; `zh` and `en` say it in a sentence."""

    kind: PaperKind | DueKind
    standing: Standing
    due_on: date | None
    due_m: int | None
    zh: str
    en: str


def paper_standing(papers: Sequence[Validity], today: date, *, warn_days: int) -> tuple[Standing, date | None]:
    """Return how the papers of one kind stand, and until which day they go on; None where none is valid.

    Args:
        papers: the newest entry first; the newest that has begun holds, and those that are to begin follow it.
        today: in the bureau's zone.
        warn_days: how many days before the last one it is near.
    """
    until = next((last for first, last in papers if first <= today), None)
    if until is None or until < today:
        return Standing.PASSED, until
    for first, last in sorted(paper for paper in papers if paper[0] > today):
        if first <= until + _A_DAY:
            until = max(until, last)
    due = Due(_NOBODY, DueKind.OTHER, until, None, None)
    return standing(due, today, None, warn_days=warn_days, warn_m=0), until


def due_warnings(
    papers: dict[PaperKind, Sequence[Validity]],
    dues: Iterable[Due],
    today: date,
    odometer: Odometer | None,
    *,
    warn_days: int,
    warn_m: int,
) -> Iterator[DueWarning]:
    """Yield what of a vehicle is near or passed, papers first."""
    for kind in PaperKind:
        stands, until = paper_standing(papers.get(kind, ()), today, warn_days=warn_days)
        if stands is not Standing.FAR:
            yield _of_paper(kind, stands, until, today)
    for due in sorted(dues, key=lambda one: one.kind):
        stands = standing(due, today, odometer, warn_days=warn_days, warn_m=warn_m)
        if stands is Standing.PASSED:
            yield _warning(due.kind, stands, due, ("已到期，车辆不得出车", "is passed: the vehicle goes on no trip"))
        elif stands is Standing.NEAR:
            yield _warning(due.kind, stands, due, _how_near(due, today, odometer, warn_days, warn_m))


def _of_paper(kind: PaperKind, stands: Standing, until: date | None, today: date) -> DueWarning:
    due = Due(_NOBODY, DueKind.OTHER, until, None, None)
    if until is None:
        said = "没有有效记录，车辆不得出车", "has no valid paper: the vehicle goes on no trip"
    elif stands is Standing.PASSED:
        said = f"已于 {until} 到期，车辆不得出车", f"ended on {until}: the vehicle goes on no trip"
    else:
        said = _by_day(until, today, "is valid until")
    return _warning(kind, stands, due, said)


def _how_near(due: Due, today: date, odometer: Odometer | None, warn_days: int, warn_m: int) -> tuple[str, str]:
    """Say by what a due is near: its day, its kilometre, or both."""
    said = []
    if due.due_on is not None and due.due_on - timedelta(days=warn_days) <= today:
        said.append(_by_day(due.due_on, today, "is due by"))
    if due.due_m is not None and odometer is not None:
        left_m = due.due_m - odometer.odometer_m
        if due.segment != odometer.segment:
            said.append(
                (
                    "按里程无法推算（里程表已更换），请重新登记",
                    "cannot be counted on a replaced odometer: enter it anew",
                )
            )
        elif left_m <= warn_m:
            said.append(
                (
                    f"于里程表 {due.due_m / 1000:.0f} 公里到期，还有 {left_m / 1000:.0f} 公里",
                    f"is due at {due.due_m / 1000:.0f} km, {left_m / 1000:.0f} km left",
                )
            )
    return "；".join(zh for zh, _ in said), ", and ".join(en for _, en in said)


def _by_day(last: date, today: date, verb: str) -> tuple[str, str]:
    days = (last - today).days
    return f"于 {last} 到期，还有 {days} 日", f"{verb} {last}, {days} days left"


def _warning(kind: PaperKind | DueKind, stands: Standing, due: Due, said: tuple[str, str]) -> DueWarning:
    return DueWarning(
        kind=kind,
        standing=stands,
        due_on=due.due_on,
        due_m=due.due_m,
        zh=f"{kind.zh}{said[0]}。",
        en=f"{kind.en.capitalize()} {said[1]}.",
    )
