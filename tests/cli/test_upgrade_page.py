"""docs/upgrade.md, followed word by word."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.db.embedded import start
from api.db.migrate import migrate
from tests.cli.follow import blocks_of, follow
from tests.cli.test_upgrade import BEFORE
from tests.conftest import Server
from tests.db.nodes import empty_database
from tests.live import zhuanche

pytestmark = pytest.mark.one_server


def test_a_release_is_upgraded_by_following_the_page(project: Path, tmp_path: Path) -> None:
    """What the operator reads is what is printed."""
    data = tmp_path / "data"
    with start(data, durable=False) as embedded:
        migrate(embedded.dsn("postgres"), BEFORE)
    follow(blocks_of(project / "docs" / "upgrade.md", "To the next release"), tmp_path / "home", data=data)


def test_the_embedded_database_is_moved_by_following_the_page(
    server: Server, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a service of its own to a server that is there, whose URL no process shows."""
    data = tmp_path / "data"
    assert zhuanche("migrate", data=data).returncode == 0
    with empty_database(server.superuser) as target:
        monkeypatch.setenv("MOVE_TO", target)
        page = blocks_of(project / "docs" / "upgrade.md", "Move to another server")
        follow(page, tmp_path / "home", data=data)
    again = zhuanche("serve", data=data, port=0)
    assert again.returncode == 1
    assert "was moved to" in again.stderr
    monkeypatch.delenv("MOVE_TO")
    assert zhuanche("move", "--reopen", data=data).stdout == "Open again.\n"
