"""What the database says, told apart: a rule that held, or work that may be sent again."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from api.db.faults import Busy, HeldByDatabase, is_worth_retrying, told_in_the_end

HELD = "zhuanche:vehicle-busy the vehicle is on another trip"


class Told(Exception):
    """What a driver raises, with its SQLSTATE."""

    def __init__(self, sentence: str, sqlstate: str | None) -> None:
        """Keep both."""
        super().__init__(sentence)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sentence", "sqlstate", "warned", "held"),
    [
        ("deadlock detected", "40P01", "", False),
        ("could not serialize access", "40001", "", False),
        ("duplicate key value", "23505", "", True),
        ("conflicting key value", "23P01", "", True),
        (HELD, "ZC001", "", True),
        ("could not commit transaction for shard 102 on any active node", "XX000", HELD, True),
        ("could not commit transaction for shard 102 on any active node", "XX000", "connection was lost", False),
        ("could not commit transaction for shard 102 on any active node", "XX000", "", False),
    ],
)
def test_a_rule_that_held_is_told_from_a_fault(sentence: str, sqlstate: str, warned: str, *, held: bool) -> None:
    """Both are tried again; but only a rule is a refusal in the end, also as a cluster tells it."""
    fault = DBAPIError("COMMIT", None, Told(sentence, sqlstate))
    if warned:
        fault.add_detail(warned)
    assert is_worth_retrying(fault)
    told = told_in_the_end(fault)
    assert isinstance(told, HeldByDatabase if held else Busy)
    assert told.detail == ({"detail": HELD if HELD in (sentence, warned) else sentence} if held else {})
