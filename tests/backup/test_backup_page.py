"""docs/backup.md, followed word by word."""

from __future__ import annotations

from pathlib import Path

from tests.cli.follow import blocks_of, follow
from tests.live import zhuanche


def test_backups_are_made_by_following_the_page(project: Path, tmp_path: Path) -> None:
    """A key, a backup by hand, two manifests compared: as the page shows them."""
    data = tmp_path / "data"
    assert zhuanche("migrate", data=data).returncode == 0
    follow(blocks_of(project / "docs" / "backup.md"), tmp_path / "home", data=data)
