"""Homes that throwaway servers left elsewhere: cleared when the next one starts, and no other home ever."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.db.embedded import start
from api.db.leftover import THROWAWAY_NOTE, clear_forsaken, mark_of
from tests.db.embedded import ROOT, gone


def home_in(place: Path) -> Path:
    """Return a home as a throwaway server leaves it whose data folder is gone."""
    home = place / "lib" / "data-12345678"
    (home / "pgdata").mkdir(parents=True)
    (home / "belongs-to").write_text(f"{place}/gone/data\n")
    (home / THROWAWAY_NOTE).touch()
    return home


def test_a_home_of_a_dead_throwaway_server_goes_when_its_data_folder_is_gone(place: Path) -> None:
    """Protects developers' disks: seventy gigabytes were found once."""
    home = home_in(place)
    (home / "pgdata" / "postmaster.pid").write_text(f"{2**22 + 1}\n")  # no process has such a number
    clear_forsaken(place / "lib")
    assert not home.exists()


def without_its_note(home: Path) -> None:
    """A server that was to keep its data never had one."""
    (home / THROWAWAY_NOTE).unlink()


def with_its_owner(home: Path) -> None:
    """Its data folder is there, even without the link to this home."""
    Path((home / "belongs-to").read_text().strip()).mkdir(parents=True)


def with_a_link_for_its_owner(home: Path) -> None:
    """Its data folder is a link to what is away just now."""
    owner = Path((home / "belongs-to").read_text().strip())
    owner.parent.mkdir(parents=True)
    owner.symlink_to(home.parent / "a disk that is away")


def without_its_owner_s_name(home: Path) -> None:
    """Nobody knows whose it was."""
    (home / "belongs-to").unlink()


def with_an_empty_name(home: Path) -> None:
    """What was written down was cut off."""
    (home / "belongs-to").write_text("")


def behind_a_link(home: Path) -> None:
    """A link planted beside the homes leads to a folder that is another's."""
    home.rename(home.parent.parent / "another")
    home.symlink_to(home.parent.parent / "another")


@pytest.mark.parametrize(
    "made",
    [
        without_its_note,
        with_its_owner,
        with_a_link_for_its_owner,
        without_its_owner_s_name,
        with_an_empty_name,
        behind_a_link,
    ],
)
def test_a_home_that_somebody_may_miss_stays(place: Path, made: Callable[[Path], None]) -> None:
    """Protects every database that is not certainly a dead throwaway server's: one doubt is enough."""
    home = home_in(place)
    made(home)
    clear_forsaken(place / "lib")
    assert (home / "pgdata").is_dir()


@pytest.mark.parametrize("by", ["mark", "number"])
def test_the_home_of_a_living_server_stays_though_its_data_folder_is_gone(place: Path, by: str) -> None:
    """Protects a test run whose folder was cleared from the temporary folder under it."""
    home = home_in(place)
    shutil.copy("/bin/sleep", place / "postgres")
    words, mark = [str(place / "postgres"), "60"], mark_of(home / "pgdata")
    if by == "mark":
        words = ["sh", "-c", "echo; sleep 60", "postgres", f"cluster_name={mark}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True) as process:
        if by == "mark":
            assert process.stdout is not None
            process.stdout.read(1)  # its command line can be read by now
        else:
            (home / "pgdata" / "postmaster.pid").write_text(f"{process.pid}\n{home}/pgdata\n")
        clear_forsaken(place / "lib")
        stayed = home.exists()
        os.killpg(process.pid, signal.SIGKILL)
    assert stayed
    clear_forsaken(place / "lib")
    assert not home.exists()


def test_what_a_killed_throwaway_server_left_elsewhere_goes_once_it_is_dead(place: Path, service: Any) -> None:
    """Protects the disk of whoever tests as root below a closed folder; what lives and what is kept stays."""
    closed, lib = place / "closed", place / "lib"
    closed.mkdir(mode=0o700)
    with start(closed / "kept", elsewhere=lib) as server:
        kept = server.folder.home
    process, said = service(closed / "left", elsewhere=str(lib))
    left = (closed / "left" / "postgres").resolve()
    process.kill()
    process.wait()
    shutil.rmtree(closed)
    with start(place / "next", durable=False, elsewhere=lib):
        assert (left.exists(), kept.exists()) == (ROOT, ROOT), "its server lives"
        os.kill(said["server"], signal.SIGKILL)
        assert gone(said["server"])
    with start(place / "next", durable=False, elsewhere=lib):
        assert (left.exists(), kept.exists()) == (False, ROOT)


def test_a_cluster_that_is_to_be_kept_from_some_day_on_is_no_throwaway_any_more(place: Path) -> None:
    """Protects data that grew out of a trial; and what was kept is not thrown away by a careless start later."""
    closed, lib = place / "closed", place / "lib"
    closed.mkdir(mode=0o700)
    with start(closed / "data", durable=False, elsewhere=lib) as server:
        note = server.folder.home / THROWAWAY_NOTE
        assert note.exists() is ROOT
    for durable in (True, False):
        with start(closed / "data", durable=durable, elsewhere=lib):
            assert not note.exists()
