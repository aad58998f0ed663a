"""The daily backup: once a day from its hour on, by a process of its own, and again an hour after a failure."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.backup.place import Failure, State, note_failure
from api.db.database import Database
from api.jobs import backup as jobs
from api.jobs.backup import Backups, copy_due, due
from api.settings import Settings
from tests.cli.test_serve import eventually
from tests.world import HeldClock

HOUR = 2
TWO = datetime(2026, 11, 25, 18, tzinfo=UTC)
"""Two in the morning of the 26th in Beijing."""


def state(taken_at: datetime | None, failed_at: datetime | None = None) -> State:
    """Return how it stands."""
    return State(None, taken_at, Failure(failed_at, "no room") if failed_at else None)


@pytest.mark.parametrize(
    ("stands", "now", "is_due"),
    [
        (state(None), TWO - timedelta(hours=5), True),
        (state(TWO - timedelta(days=1)), TWO - timedelta(minutes=1), False),
        (state(TWO - timedelta(days=1)), TWO, True),
        (state(TWO + timedelta(minutes=1)), TWO + timedelta(hours=20), False),
        (state(TWO - timedelta(days=3)), TWO + timedelta(hours=7), True),
        (state(TWO - timedelta(days=1), TWO), TWO + timedelta(minutes=59), False),
        (state(TWO - timedelta(days=1), TWO), TWO + timedelta(minutes=60), True),
        (state(TWO - timedelta(days=1), TWO + timedelta(days=9)), TWO + timedelta(minutes=5), True),
    ],
    ids=[
        "never",
        "not-yet",
        "at-its-hour",
        "made",
        "machine-was-off",
        "just-failed",
        "an-hour-later",
        "clock-set-back",
    ],
)
def test_a_backup_is_due_once_a_day(stands: State, now: datetime, *, is_due: bool) -> None:
    """A machine that was off at that hour makes it when it is on again."""
    assert due(stands, now, HOUR) is is_due


async def test_a_process_of_its_own_makes_it(database: Database, clock: HeldClock, tmp_path: Path) -> None:
    """It is begun when due, and ended when the service stops; what it says of a failure is logged and no more."""
    clock.at = TWO
    settings = Settings(data=tmp_path, backup_to=tmp_path)
    made = tmp_path / "zhuanche-20261125T180000Z.tar"
    (job,) = Backups(settings, (sys.executable, "-c", f"open({str(made)!r}, 'x')")).jobs
    await job.run(database)
    await job.run(database)  # it is there: another try would fail to make it anew
    assert made.exists()
    made.unlink()
    await Backups(settings, (sys.executable, "-c", "raise SystemExit('no room')")).make(database)
    waits = "import sys, time\ntry:\n time.sleep(60)\nexcept KeyboardInterrupt:\n open(sys.argv[1], 'x')"
    task = asyncio.create_task(Backups(settings, (sys.executable, "-c", waits, str(tmp_path / "told"))).make(database))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (tmp_path / "told").exists()


async def test_a_copy_that_failed_is_tried_again_within_the_hour_and_no_backup_with_it(
    database: Database, clock: HeldClock, tmp_path: Path
) -> None:
    """The backup of the night is there: only what the other house lacks of it is sent."""
    clock.at = TWO + timedelta(minutes=10)
    settings = Settings(data=tmp_path, backup_to=tmp_path, backup_copy="s3://desk")
    (tmp_path / "zhuanche-20261125T180000Z.tar").touch()
    note_failure(tmp_path, Failure(TWO, "no line", is_copy=True))
    asked = f"import sys; open({str(tmp_path / 'asked')!r}, 'a').write(' '.join(sys.argv[1:]) + chr(10))"
    backups = Backups(settings, (sys.executable, "-c", asked))
    await backups.make(database)
    assert not (tmp_path / "asked").exists()
    clock.at = TWO + timedelta(hours=1)
    await backups.make(database)
    assert (tmp_path / "asked").read_text() == "--copy-only\n"
    failed_otherwise = State(None, TWO, Failure(TWO, "no room"))
    assert not copy_due(failed_otherwise, TWO + timedelta(hours=2))


async def test_a_folder_that_is_not_there_is_tried_once_an_hour(
    database: Database, clock: HeldClock, tmp_path: Path
) -> None:
    """Its disk is not mounted, so nothing can be kept there of why it failed; a process each minute would be many."""
    clock.at = TWO
    settings = Settings(data=tmp_path, backup_to=tmp_path / "disk" / "backups")
    count = f"open({str(tmp_path / 'tried')!r}, 'a').write('x'); raise SystemExit('not mounted')"
    backups = Backups(settings, (sys.executable, "-c", count))
    for minutes in (0, 1, 59, 60, 61):
        clock.at = TWO + timedelta(minutes=minutes)
        await backups.make(database)
    assert (tmp_path / "tried").read_text() == "xx"


async def test_a_backup_that_does_not_hear_keeps_no_service_from_ending(
    database: Database, clock: HeldClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has ten seconds to clean up; then the service's supervisor would kill the database with it."""
    clock.at = TWO
    monkeypatch.setattr(jobs, "END_S", 0.5)
    deaf = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)"
    settings = Settings(data=tmp_path, backup_to=tmp_path)
    task = asyncio.create_task(Backups(settings, (sys.executable, "-c", deaf)).make(database))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 20)


async def test_a_backup_that_nobody_waits_for_any_more_is_ended(
    database: Database, clock: HeldClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would outlive the service, and hang on the same silent database."""
    clock.at = TWO
    monkeypatch.setattr(jobs, "END_S", 600.0)
    deaf = (
        "import os, signal, sys, time\ndef note(name): print(os.getpid(), end='', file=open(name, 'x'), flush=True)\n"
        "signal.signal(signal.SIGINT, lambda *_: note(sys.argv[2]))\nnote(sys.argv[1])\nwhile True: time.sleep(60)"
    )
    pid, heard = tmp_path / "pid", tmp_path / "heard"
    command = (sys.executable, "-c", deaf, str(pid), str(heard))
    task = asyncio.create_task(Backups(Settings(data=tmp_path, backup_to=tmp_path), command).make(database))
    for told in (pid, heard):
        await asyncio.to_thread(eventually, lambda told=told: told.exists() and told.read_text() != "")
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(eventually, lambda: not Path("/proc", pid.read_text()).exists())


def test_without_a_folder_none_are_made_by_themselves(tmp_path: Path) -> None:
    """Where to is for the operator to say: on the same disk they protect little, and fill it."""
    assert Backups(Settings(data=tmp_path)).jobs == ()
