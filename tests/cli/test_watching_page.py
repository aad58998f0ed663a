"""docs/watching.md, followed word by word."""

from __future__ import annotations

import re
from pathlib import Path

from api.http.pages.admin.machine import NAMES
from tests.cli.follow import blocks_of, follow
from tests.live import free_port


def test_whether_all_is_well_is_seen_by_following_the_page(project: Path, tmp_path: Path) -> None:
    """What an operator types first is what the page says, and prints what it says."""
    port = str(free_port())
    follow(blocks_of(project / "docs" / "watching.md"), tmp_path / "home", instead={"8000": port}, port=port)


def test_every_check_is_explained(project: Path) -> None:
    """Whoever reads `not-well` finds what it means; what the page in the browser names is the same list."""
    page = (project / "docs" / "watching.md").read_text("utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == list(NAMES)
