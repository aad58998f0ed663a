"""`zhuanche restore` as an operator runs it: refused beside a running service, gone without a trace after Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.backup.place import state_of
from tests.live import PATIENCE_S, ZHUANCHE, environment, serving, zhuanche


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a backup of a migrated database."""
    folder = tmp_path_factory.mktemp("restore")
    assert zhuanche("migrate", data=folder / "data").returncode == 0
    assert zhuanche("backup", data=folder / "data", backup_to=folder / "to").returncode == 0
    newest = state_of(folder / "to", datetime.now(UTC)).newest
    assert newest is not None
    return newest


def test_what_was_restored_serves_and_is_not_restored_over(backed_up: Path, tmp_path: Path) -> None:
    """A restore beside a running service is refused, and one into what was restored as well."""
    data = tmp_path / "new"
    made = zhuanche("restore", str(backed_up), data=data)
    assert made.returncode == 0, made.stderr
    assert "Restored and checked" in made.stdout
    with serving(tmp_path / "log", data=data):
        beside = zhuanche("restore", str(backed_up), data=data)
    assert beside.returncode == 1
    assert "uses the data folder" in beside.stderr
    over = zhuanche("restore", str(backed_up), data=data)
    assert over.returncode == 1
    assert "The database is not empty" in over.stderr


def test_ctrl_c_leaves_a_place_into_which_one_can_restore_again(backed_up: Path, tmp_path: Path) -> None:
    """Pressed as soon as the database runs: 130, one sentence, and the next one succeeds."""
    data = tmp_path / "new"
    with subprocess.Popen(
        [ZHUANCHE, "restore", str(backed_up)], env=environment(data=data), stderr=subprocess.PIPE, text=True
    ) as process:
        end = time.monotonic() + PATIENCE_S
        while not (data / "postgres" / "pgdata" / "postmaster.pid").exists():
            assert time.monotonic() < end
            time.sleep(0.005)
        time.sleep(0.1)  # a second later a quick machine has restored it all
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, told
    assert told == "zhuanche: Interrupted: nothing was restored, and nothing is left of it.\n"
    assert zhuanche("restore", str(backed_up), data=data).returncode == 0


def test_what_went_wrong_is_one_sentence(backed_up: Path, tmp_path: Path) -> None:
    """A backup cut short, and no file at all."""
    (tmp_path / "cut.tar").write_bytes(backed_up.read_bytes()[:5_000])
    for name, said in (("cut.tar", "was cut short: it ends"), ("nowhere.tar", "cannot be read")):
        told = zhuanche("restore", str(tmp_path / name), "--check", data=tmp_path / "new")
        assert told.returncode == 1
        assert said in told.stderr
        assert len(told.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "new").exists()
