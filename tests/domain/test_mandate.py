"""When a mandate of an outside auditor holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.people import BadMandate, check_mandate, mandate_holds

BEGINS = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ENDS = BEGINS + timedelta(days=3)
A_MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        (BEGINS - A_MOMENT, False),
        (BEGINS, True),
        (BEGINS + A_MOMENT, True),
        (ENDS - A_MOMENT, True),
        (ENDS, False),
        (ENDS + A_MOMENT, False),
    ],
)
def test_a_mandate_holds_from_its_first_instant_up_to_its_last(now: datetime, *, holds: bool) -> None:
    """Two mandates, one after the other, never hold together and leave no gap."""
    assert mandate_holds(BEGINS, ENDS, ended=False, now=now) is holds
    assert not mandate_holds(BEGINS, ENDS, ended=True, now=now)


def test_a_mandate_is_for_the_auditor_of_another_bureau() -> None:
    """One's own auditor reads without any."""
    check_mandate("350302", "350300")
    with pytest.raises(BadMandate):
        check_mandate("350302", "350302")
