"""What is kept apart on the machine: the roles' connections, logs that are full, and a folder for nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.connections import NoDatabase, check_schema, named
from api.settings import Settings
from tests.conftest import Server
from tests.live import zhuanche

FULL_LOG = """
import sys
from pathlib import Path
import structlog
import api.log
from api.settings import Settings
api.log.ROTATED_BYTES, api.log.KEPT_FILES = 2_000, 2
api.log.start_logging(Settings(data=Path(), log_file=Path(sys.argv[1])))
for number in range(200):
    structlog.get_logger().warning("full", number=number)
"""


def test_a_service_is_given_no_connection_of_the_owner(server: Server, tmp_path: Path) -> None:
    """A process may serve with the URLs of service and ingest alone; what the owner does is refused in a sentence."""
    settings = Settings(data=tmp_path, service_url=server.service, ingest_url=server.ingest)
    connections = named(settings)
    assert connections is not None
    check_schema(connections)
    with pytest.raises(NoDatabase, match="ZHUANCHE_OWNER_URL"):
        _ = connections.owner_url
    migrated = zhuanche("migrate", data=tmp_path, service_url=server.service, ingest_url=server.ingest)
    assert migrated.returncode == 1
    assert "ZHUANCHE_OWNER_URL" in migrated.stderr
    with pytest.raises(NoDatabase, match="ZHUANCHE_INGEST_URL"):
        named(Settings(data=tmp_path, service_url=server.service))


def test_a_log_that_is_full_makes_room_for_the_next(tmp_path: Path) -> None:
    """Only the newest files are kept, none beyond its size, and no line is cut in two."""
    log = tmp_path / "zhuanche.log"
    subprocess.run([sys.executable, "-c", FULL_LOG, str(log)], check=True, timeout=60)
    files = [log.with_name(f"{log.name}.2"), log.with_name(f"{log.name}.1"), log]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert all(file.stat().st_size <= 2_000 for file in files)
    told = [json.loads(line)["number"] for file in files for line in file.read_text().splitlines()]
    assert told == list(range(200 - len(told), 200))


def test_the_document_is_printed_without_leaving_anything_behind(tmp_path: Path) -> None:
    """It needs no folder of files, and a file of that name in the machine's common folder is in nobody's way."""
    (tmp_path / "files").write_text("somebody's own")
    printed = subprocess.run(
        [sys.executable, "-c", "from api.cli.openapi import openapi; openapi()"],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout)["openapi"].startswith("3.1")
    assert [one.name for one in tmp_path.iterdir()] == ["files"]
