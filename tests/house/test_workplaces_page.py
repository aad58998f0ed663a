"""docs/workplaces.md says of each task what the browser tests count."""

from __future__ import annotations

from pathlib import Path

from tests.browser.test_ask import REGISTER_AND_ASK
from tests.browser.test_main_job import APPROVE, CHECK_A_DAY, DEPART_NOTE_RETURN


def test_the_table_of_tasks_has_the_numbers_that_the_tests_count(project: Path) -> None:
    """Who makes a task longer sees it in the table, and who writes a better number there has to reach it."""
    page = (project / "docs" / "workplaces.md").read_text("utf-8")
    ask, approve, drive = REGISTER_AND_ASK, APPROVE, DEPART_NOTE_RETURN
    for said in (
        f"| {ask['pages']} page, {ask['fields']} fields, {ask['keys']} keys beside the texts",
        f"| 1 page, {approve['taps']} tap |",
        f"| {drive['taps']} taps (2 of them the drawn signatures), {drive['fields']} fields;",
        f"| {CHECK_A_DAY['taps']} clicks: the log",
    ):
        assert said in page, said
