"""The record of years in small: what `make years` does with ten million fixes is done with a thousand."""

from __future__ import annotations

import psycopg
import pytest

from tests.conftest import Server
from tests.db.nodes import empty_database
from tests.endure.years import run

FIXES, NOTES = 1_000, 10
HELD = "SELECT (SELECT count(*) FROM position), (SELECT count(*) FROM visit_note), (SELECT count(*) FROM attachment)"


@pytest.mark.one_server
def test_a_record_is_backed_up_brought_back_and_moved_with_all_its_rows(server: Server) -> None:
    """Whoever measures for hours learns at once where a step of it does not work any more."""
    with empty_database(server.superuser) as target:
        found = run(FIXES, NOTES, target)
        with psycopg.connect(target) as connection:
            assert connection.execute(HELD).fetchone() == (FIXES, NOTES, NOTES)
    assert len(found) == 6
    assert all(found.values())
