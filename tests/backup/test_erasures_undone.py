"""What a restored record is to take again, of the steps that the list beside the backups has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.backup.erasures import Listed, to_take_again
from domain.erasure import Ground, Step

BUREAU, COMPLAINT, FIRST = "350302", UUID(int=1), datetime(2026, 5, 1, tzinfo=UTC)
RESTRICTED, LIFTED, ERASED = Step.RESTRICTED, Step.LIFTED, Step.ERASED


def listed(day: int, step: Step) -> Listed:
    """Return a step of a day as the list has it."""
    return Listed(
        recorded_at=FIRST + timedelta(days=day),
        bureau_id=BUREAU,
        complaint_id=COMPLAINT,
        number="2026-000001",
        step=step,
        ground=Ground.UNLAWFUL,
    )


TWICE = [(0, RESTRICTED), (1, ERASED), (9, RESTRICTED), (10, ERASED)]
"""What came late was restricted and erased too."""
STEPS = [
    pytest.param(TWICE, TWICE[:2], (10, ERASED), id="erased-a-second-time-since"),
    pytest.param(TWICE, TWICE[:3], (10, ERASED), id="restricted-a-second-time-and-no-more"),
    pytest.param(TWICE, TWICE, None, id="all-there"),
    pytest.param(TWICE, [], (10, ERASED), id="none-there"),
    pytest.param(TWICE[:3], TWICE[:2], (9, RESTRICTED), id="erased-and-then-restricted-since"),
    pytest.param(TWICE[:3], TWICE[:1], (1, ERASED), id="erased-is-more"),
    pytest.param([*TWICE[:3], (10, LIFTED)], TWICE[:2], None, id="lifted-in-the-end"),
]


@pytest.mark.parametrize(("taken", "record", "due"), STEPS)
def test_a_second_step_that_a_restore_undid_is_named_though_the_record_has_the_first(
    taken: Any, record: Any, due: Any
) -> None:
    """By the last erasing and by the last step, whichever the record has not."""
    on_record = [(step.value, FIRST + timedelta(days=day)) for day, step in record]
    again = to_take_again([listed(*one) for one in taken], on_record)
    assert again == (None if due is None else listed(*due))
