"""docs/retention.md says of every setting of keeping why it is no shorter and no longer."""

from __future__ import annotations

import re
from pathlib import Path

from domain.settings import SETTINGS


def test_the_page_of_retention_gives_every_bound_its_reason(project: Path) -> None:
    """A bound that nobody can explain is asked about ten years later."""
    page = (project / "docs" / "retention.md").read_text("utf-8")
    row = r"^\|[^|\n]+\| `(keep_\w+)`, (\d+) \((\d+)–(\d+)\) \| ([^|\n]+) \| ([^|\n]+) \|$"
    rows = re.findall(row, page, re.MULTILINE)
    written = {name: tuple(map(int, numbers)) for name, *numbers, _, _ in rows}
    assert written == {
        name: (one.default, one.least, one.most) for name, one in SETTINGS.items() if name.startswith("keep_")
    }
    assert all(len(reason.strip()) > 20 for *_, shorter, longer in rows for reason in (shorter, longer))
