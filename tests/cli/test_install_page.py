"""docs/install.md, followed word by word."""

from __future__ import annotations

from pathlib import Path

from tests.cli.follow import blocks_of, follow
from tests.live import free_port


def test_a_bureau_is_installed_by_following_the_page(project: Path, tmp_path: Path) -> None:
    """From nothing to a service that answers, by what the page types and nothing else."""
    port = str(free_port())
    page = project / "docs" / "install.md"
    blocks = [*blocks_of(page, "A bureau"), *blocks_of(page, "Serve")]
    follow(blocks, tmp_path / "home", instead={"8000": port}, port=port)
