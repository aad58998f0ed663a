"""The table of commands as found: what a run writes is what the page shows."""

from __future__ import annotations

from tests.cli.apart import Ended
from tests.cli.as_found import Condition, Tried
from tests.endure.found import figures
from tests.endure.page import PAGE

WELL, REFUSED = Ended(0, "", "", 1.0), Ended(1, "", "zhuanche: No.\n", 1.0)


def test_commands_are_counted_by_how_they_ended_and_what_is_amiss_is_named() -> None:
    """Two at once that ended in two ways are counted in both."""
    table = figures(
        [
            Tried("backup", None, [WELL]),
            Tried("backup", Condition.TWICE, [WELL, REFUSED]),
            Tried("seal", Condition.TWICE, [REFUSED, REFUSED], ["half done"]),
        ]
    )
    assert "| plainly, as root | 1 | 1 | 0 | 0 | 0 |\n| two at once | 2 | 1 | 2 | 0 | 1 |\n" in table
    assert table.endswith("\nNot as promised:\n\n- seal, two at once: half done")


def test_the_page_has_the_table_that_a_run_writes() -> None:
    """With the same heads, and a line for each condition."""
    section = PAGE.read_text("utf-8").partition("\n## As found\n")[2].partition("\n## ")[0]
    assert figures([]) in section
    assert [one for one in Condition if f"\n| {one} | " not in section] == []
