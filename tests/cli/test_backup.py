"""`zhuanche backup` as an operator runs it: beside a running service, told in a sentence what went wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.backup.place import Failure, note_failure, state_of
from tests.buckets import reached
from tests.live import PATIENCE_S, ZHUANCHE, environment, free_port, serving, zhuanche


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder whose database is migrated."""
    folder = tmp_path_factory.mktemp("backup") / "data"
    assert zhuanche("migrate", data=folder).returncode == 0
    return folder


def test_a_backup_is_made_beside_a_running_service(data: Path, tmp_path: Path) -> None:
    """Nobody has to stop anything; what is left out of one that is not encrypted is said once."""
    (data / "field-vault.key").write_bytes(bytes(32))
    with serving(tmp_path / "log", data=data):
        made = zhuanche("backup", data=data, backup_to=tmp_path / "to")
    assert made.returncode == 0, made.stderr
    assert made.stderr == "Not encrypted, so left out: field-vault.key.\n"
    name = Path(made.stdout.split()[0])
    assert state_of(tmp_path / "to", datetime.now(UTC)).newest == name
    assert "bytes, SHA-256 " in made.stdout


NO_NICE = """
import ctypes, os, platform, struct, sys
number = {"x86_64": 141, "aarch64": 140}[platform.machine()]
steps = ((0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000))
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
here = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(program)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, here, 0, 0) == 0
try:
    os.nice(1)
except PermissionError:
    os.execv(sys.argv[1], sys.argv[1:])
"""
"""Run what follows where setpriority is answered EPERM, as the unit's filter of system calls answers it."""


def test_a_backup_is_made_where_no_priority_may_be_lowered(data: Path, tmp_path: Path) -> None:
    """The unit of docs/install refuses `nice`: the daily backup is made all the same."""
    made = subprocess.run(
        [sys.executable, "-c", NO_NICE, ZHUANCHE, "backup"],
        env=environment(data=data, backup_to=tmp_path / "to"),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert "bytes, SHA-256 " in made.stdout


def test_what_went_wrong_is_one_sentence_and_is_kept_for_others(data: Path, tmp_path: Path) -> None:
    """A folder that cannot be one, a key that is none, a database that is not there."""
    (tmp_path / "file.tar").touch()
    for arguments, said in (
        (("--to", str(tmp_path / "file.tar" / "below")), "cannot be written"),
        (("--to", str(tmp_path / "file.tar")), "not overwritten"),
        (("--to", "/proc/backups"), "cannot be written to /proc/backups"),  # not for root either
        (("--for", "age1nonsense"), "begins with age1"),
    ):
        told = zhuanche("backup", *arguments, data=data)
        assert told.returncode == 1
        assert said in told.stderr
        assert len(told.stderr.strip().splitlines()) == 1
    (tmp_path / "to").mkdir()
    assert zhuanche("backup", data=tmp_path / "empty", backup_to=tmp_path / "to").returncode == 1
    failure = state_of(tmp_path / "to", datetime.now(UTC)).failure
    assert failure is not None
    assert "There is no database in" in failure.reason


def test_ctrl_c_leaves_nothing_of_a_backup(data: Path, tmp_path: Path) -> None:
    """Pressed while it is written: 130 and one sentence."""
    folder = tmp_path / "to"
    with subprocess.Popen(
        [ZHUANCHE, "backup"], env=environment(data=data, backup_to=folder), stderr=subprocess.PIPE, text=True
    ) as process:
        end = time.monotonic() + PATIENCE_S
        while not list(folder.glob(".zhuanche-*.part")):
            assert time.monotonic() < end
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert told == "zhuanche: Interrupted: no backup was made, and nothing is left of it.\n"
    assert list(folder.iterdir()) == []


def test_what_the_other_house_lacks_is_sent_without_a_new_backup(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No database is asked: the daily job does this within the hour where only the copy failed."""
    for name, value in (reached(s3) | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}).items():
        monkeypatch.setenv(name, value)
    folder, bucket = tmp_path / "to", f"s3://desk/{tmp_path.name}"
    folder.mkdir()
    (folder / "zhuanche-20261125T180000Z.tar").write_bytes(b"whole")
    settings = {"data": tmp_path / "data", "backup_to": folder, "backup_copy": bucket}
    failed = zhuanche("backup", "--copy-only", **settings)
    assert failed.returncode == 1
    assert "is whole, but it was not copied" in failed.stderr
    failure = state_of(folder, datetime.now(UTC)).failure
    assert failure is not None
    assert failure.is_copy
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    done = zhuanche("backup", "--copy-only", **settings)
    assert done.stdout == f"{bucket} has the backups of {folder}.\n"
    assert state_of(folder, datetime.now(UTC)).failure is None
    lost = Failure(datetime.now(UTC), "attachments are lost")
    note_failure(folder, lost)
    assert zhuanche("backup", "--copy-only", **settings).returncode == 0
    assert state_of(folder, datetime.now(UTC)).failure == lost  # that is not mended by a copy
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("command", "switch"), [("backup", "--copy-only"), ("upgrade", "--backed-up")])
def test_nothing_is_given_up_where_no_backup_is_made(tmp_path: Path, command: str, switch: str) -> None:
    """Whoever gives up attachments with it is told that it was not heard, rather than nothing."""
    answer = zhuanche(command, switch, "--accept-gone", "3", data=tmp_path)
    assert answer.returncode == 2
    assert switch in answer.stderr
    assert "--accept-gone" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """The second time nothing is overwritten: that would lock every backup made by then."""
    made = zhuanche("backup-key", str(tmp_path / "key"))
    assert made.stdout.startswith("age1")
    again = zhuanche("backup-key", str(tmp_path / "key"))
    assert again.returncode == 1
    assert "never overwritten" in again.stderr
    assert "cannot be written" in zhuanche("backup-key", str(tmp_path / "nowhere" / "key")).stderr
