"""The systemd unit of docs/install: well-formed, and with no more rights than the service needs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from api.cli import ending
from api.db import leftover, work
from api.jobs import backup
from api.settings import PREFIX, Settings

EXPOSURE_TENTHS = 15
"""By the scale of `systemd-analyze security`, 0 to 10; what serves the network comes no lower than about 1.3."""


@pytest.fixture
def unit(project: Path) -> Path:
    """Return the unit's file."""
    return project / "docs" / "install" / "zhuanche.service"


def test_the_unit_names_settings_that_there_are(unit: Path) -> None:
    """An unknown one would keep the service from starting."""
    words = {word.split("=")[0] for line in unit.read_text().splitlines() for word in line.split("=", 1)[1:]}
    named = {word.removesuffix("_FILE") for word in words if word.startswith(PREFIX)}
    known = {PREFIX + name.upper() for name in Settings.__dataclass_fields__}
    assert f"{PREFIX}DATA" in named
    assert named - {PREFIX} <= known | {f"{PREFIX}…"}


def test_the_unit_promises_no_capability_and_takes_no_memory_of_others(unit: Path) -> None:
    """A capability is none in a user namespace; RemoveIPC would end another PostgreSQL of the same user."""
    text = unit.read_text()
    assert "PrivateUsers=yes" in text
    assert "AmbientCapabilities" not in text
    assert "\nRemoveIPC=no\n" in text


def test_the_unit_waits_for_the_longest_end(unit: Path) -> None:
    """A service whose database is slow to end is killed by nobody meanwhile, nor the database's server with it."""
    (told,) = [line for line in unit.read_text().splitlines() if line.startswith("TimeoutStopSec=")]
    longest_s = ending.LONGEST_S + ending.CLEARED_S + work.END_S + leftover.FAST_S + 2 * leftover.KILLED_S
    assert ending.CLEARED_S > backup.END_S
    assert int(told.partition("=")[2]) > longest_s


def test_a_command_is_run_with_the_settings_and_secrets_of_the_service(unit: Path, tmp_path: Path) -> None:
    """A backup by hand goes where the service's go, of the service's database: spaces, signs and quotes as they are."""
    (tmp_path / "database_url").write_text("postgresql://zc:pa$$`id`%40@db/zhuanche?sslmode=require\n")
    (tmp_path / "settings").write_text(
        '# what is set\nZHUANCHE_BACKUP_TO=/media/the backups\nZHUANCHE_BACKUP_FOR="age1a, age1b"\n'
        "ZHUANCHE_BASE_URL=https://desk.lan/?a=$HOME;b\nPATH=/nowhere\nunit=mine\n9=x\nno setting\n"
        "AWS_ACCESS_KEY_ID=desk\n  AWS_SECRET_ACCESS_KEY='a secret/+='\nPGPASSFILE=/etc/zhuanche/pgpass\n"
        "TMPDIR=/media/room\nhttps_proxy=http://proxy.lan:3128\n"
    )
    told = unit.read_text().replace("/etc/zhuanche", str(tmp_path))
    for commented in ("LoadCredential=", "Environment=ZHUANCHE_DATABASE_URL_FILE="):
        assert f"\n#{commented}" in told
        told = told.replace(f"\n#{commented}", f"\n{commented}")
    (tmp_path / "unit").write_text(told)
    for name, does in (
        ("systemctl", f"cat {tmp_path}/unit"),
        ("runuser", 'echo "$*"; shift 3; exec "$@"'),
        ("zhuanche", 'printf "%s\\n" "$@"; env'),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    ran = subprocess.run(
        [unit.with_name("as-zhuanche"), "backup", "--to", "a b"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    who, *rest = ran.stdout.splitlines()
    assert (who, rest[:3]) == ("-u zhuanche -- zhuanche backup --to a b", ["backup", "--to", "a b"])
    assert {line for line in rest[3:] if not line.startswith(("PATH=", "PWD=", "OLDPWD=", "SHLVL=", "_="))} == {
        "ZHUANCHE_DATA=/var/lib/zhuanche",
        "ZHUANCHE_DATABASE_URL=postgresql://zc:pa$$`id`%40@db/zhuanche?sslmode=require",
        "ZHUANCHE_BACKUP_TO=/media/the backups",
        "ZHUANCHE_BACKUP_FOR=age1a, age1b",
        "ZHUANCHE_BASE_URL=https://desk.lan/?a=$HOME;b",
        "AWS_ACCESS_KEY_ID=desk",
        "AWS_SECRET_ACCESS_KEY=a secret/+=",
        "PGPASSFILE=/etc/zhuanche/pgpass",
        "TMPDIR=/media/room",
        "https_proxy=http://proxy.lan:3128",
    }
    assert f"PATH={tmp_path}:/usr/bin:/bin" in rest


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd to ask")
def test_systemd_takes_the_unit_and_finds_it_little_exposed(unit: Path, tmp_path: Path) -> None:
    """It verifies without a word, and its exposure stays where it was brought."""
    here = tmp_path / unit.name
    here.write_text(unit.read_text().replace("/usr/local/bin/zhuanche", shutil.which("true") or ""))
    verified = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_TENTHS}", here],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout[-300:]
