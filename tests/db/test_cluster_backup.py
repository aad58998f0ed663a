"""A backup is not restored onto a coordinator alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from api.backup.faults import RestoreRefused
from api.backup.manifest import snapshot, take_manifest
from api.backup.read import Checked
from api.backup.restore import Into, restore
from api.backup.write import FORMAT, Contents
from api.files import FileStore
from api.settings import Settings
from tests.backup.conftest import Quiet
from tests.conftest import Server


async def test_a_backup_is_not_restored_into_a_cluster(server: Server, settings: Settings, tmp_path: Path) -> None:
    """All would lie undistributed on the one node."""
    if not server.distributed:
        pytest.skip("this run is on one server")
    with snapshot(server.superuser) as connection:
        contents = Contents(FORMAT, take_manifest(connection), [], [])
    into = Into(server.superuser, settings, FileStore.of(settings))
    with pytest.raises(RestoreRefused, match="coordinator of a cluster"):
        await asyncio.to_thread(restore, Checked(tmp_path, "", contents), None, into, Quiet())
