"""What is said of a vehicle in time: of papers and dues, by day and by kilometre, in both languages."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from domain.upkeep.dues import Due, DueKind, Odometer, Standing
from domain.upkeep.warned import PaperKind, Validity, due_warnings, paper_standing

TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)
FAR, NEAR, PASSED = Standing.FAR, Standing.NEAR, Standing.PASSED
VALID = (date(2026, 1, 1), date(2027, 12, 31))


def said(
    *dues: Due, odometer: Odometer | None = None, inspection: tuple[Validity, ...] = (VALID,)
) -> list[tuple[str, str, str, str]]:
    """Return kind, standing and both sentences of what is said 30 days and 500 km ahead."""
    papers = {PaperKind.INSPECTION: inspection, PaperKind.INSURANCE: (VALID,)}
    found = due_warnings(papers, dues, TODAY, odometer, warn_days=30, warn_m=500_000)
    return [(one.kind.value, one.standing.value, one.zh, one.en) for one in found]


def service(due_on: date | None = None, due_m: int | None = None) -> Due:
    """Return a service of the first odometer."""
    return Due(UUID(int=1), DueKind.SERVICE, due_on, due_m, None if due_m is None else 0)


@pytest.mark.parametrize(
    ("last", "stands"),
    [(TODAY + 31 * DAY, FAR), (TODAY + 30 * DAY, NEAR), (TODAY, NEAR), (TODAY - DAY, PASSED), (None, PASSED)],
)
def test_a_paper_is_near_from_its_warning_day_to_its_last(last: date | None, stands: Standing) -> None:
    """And passed on the day after, or where there is none."""
    papers = () if last is None else ((date(2026, 1, 1), last),)
    assert paper_standing(papers, TODAY, warn_days=30) == (stands, last)


@pytest.mark.parametrize(("first", "stands"), [(TODAY + 6 * DAY, FAR), (TODAY + 7 * DAY, FAR), (TODAY + 8 * DAY, NEAR)])
def test_a_paper_that_was_renewed_in_time_warns_of_nothing(first: date, stands: Standing) -> None:
    """One that begins on the day after the last goes on with it; a day later there is a gap."""
    old, renewed = (date(2026, 1, 1), TODAY + 6 * DAY), (first, date(2027, 12, 31))
    assert paper_standing((renewed, old), TODAY, warn_days=30)[0] is stands


def test_an_older_paper_does_not_outlast_the_newest_that_has_begun() -> None:
    """The insurer ended it early: the newest entry holds."""
    assert paper_standing(((date(2026, 6, 1), TODAY), VALID), TODAY, warn_days=30) == (NEAR, TODAY)


def test_what_is_far_is_not_said() -> None:
    """A desk that is warned of everything reads nothing."""
    assert said(service(TODAY + 31 * DAY, 53_000_000), odometer=Odometer(0, 52_499_999)) == []


def test_a_service_is_said_by_its_day_its_kilometre_or_both() -> None:
    """Half a thousand kilometres before, to the metre, and thirty days."""
    ((*_, zh, en),) = said(service(TODAY + 30 * DAY))
    assert (zh, en) == ("保养于 2026-12-24 到期，还有 30 日。", "Service is due by 2026-12-24, 30 days left.")
    ((*_, zh, en),) = said(service(None, 53_000_000), odometer=Odometer(0, 52_500_000))
    assert (zh, en) == ("保养于里程表 53000 公里到期，还有 500 公里。", "Service is due at 53000 km, 500 km left.")
    ((*_, zh, en),) = said(service(TODAY, 53_000_000), odometer=Odometer(0, 53_000_000))
    assert zh == "保养于 2026-11-24 到期，还有 0 日；于里程表 53000 公里到期，还有 0 公里。"
    assert en == "Service is due by 2026-11-24, 0 days left, and is due at 53000 km, 0 km left."


def test_what_is_passed_keeps_the_vehicle_at_home_and_says_so() -> None:
    """An inspection that ended, none at all, and a service a metre late."""
    ended = (date(2026, 1, 1), TODAY - DAY)
    assert said(inspection=(ended,)) == [
        (
            "inspection",
            "passed",
            "检验已于 2026-11-23 到期，车辆不得出车。",
            "Inspection ended on 2026-11-23: the vehicle goes on no trip.",
        )
    ]
    ((kind, stands, zh, _),) = said(inspection=())
    assert (kind, stands, zh) == ("inspection", "passed", "检验没有有效记录，车辆不得出车。")
    ((kind, stands, zh, _),) = said(service(None, 53_000_000), odometer=Odometer(0, 53_000_001))
    assert (kind, stands, zh) == ("service", "passed", "保养已到期，车辆不得出车。")


def test_a_kilometre_of_an_odometer_that_was_replaced_is_said_to_be_entered_anew() -> None:
    """Nobody can count on from it."""
    ((_, stands, zh, en),) = said(service(None, 53_000_000), odometer=Odometer(1, 10_000))
    assert (stands, zh) == ("near", "保养按里程无法推算（里程表已更换），请重新登记。")
    assert en == "Service cannot be counted on a replaced odometer: enter it anew."
