"""The schema on a cluster: distributed once, and left alone after that."""

from __future__ import annotations

import pytest

from api.db.distribute import Distributed, distribute
from tests.conftest import Server


def test_to_distribute_again_changes_nothing(server: Server) -> None:
    """An operator may run it after every release, whether there is anything new or not."""
    if not server.distributed:
        pytest.skip("asks a cluster")
    assert distribute(server.superuser) == Distributed(by_bureau=(), reference=(), functions=())
