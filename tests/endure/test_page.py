"""docs/reliability.md: a run writes its own figures, and nothing else of the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.endure.page import PAGE, write

HEADINGS = ("Killed", "Power cut", "The long run", "The record of years", "As found")


def test_a_run_writes_the_figures_of_its_own_section(tmp_path: Path) -> None:
    """What is said of how it was tried stays, and so does every other section."""
    page = tmp_path / "page.md"
    page.write_text(
        "# A\n\n## One\n\nSo.\n\n### Figures\n\nold\n\n## Two\n\nThus.\n\n### Figures\n\nkept\n"
        "\n## Three\n\nNot run.\n\n## Four\n\n### Figures\n\nkept\n"
    )
    write("One", "| 1 |", page)
    assert page.read_text() == (
        "# A\n\n## One\n\nSo.\n\n### Figures\n\n| 1 |\n\n## Two\n\nThus.\n\n### Figures\n\nkept\n"
        "\n## Three\n\nNot run.\n\n## Four\n\n### Figures\n\nkept\n"
    )
    with pytest.raises(ValueError, match="Three"):
        write("Three", "", page)


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_run_has_its_section(tmp_path: Path, heading: str) -> None:
    """An hour's figures are not thrown away at the end for want of a place."""
    page = tmp_path / "page.md"
    before = PAGE.read_text("utf-8")
    page.write_text(before)
    write(heading, "| 42 |", page)
    changed = {
        was.partition("\n")[0]
        for was, now in zip(before.split("\n## "), page.read_text().split("\n## "), strict=True)
        if was.strip() != now.strip()
    }
    assert changed == {heading}
