"""Whether all is well: each check just under, at and just over its limit; what is not known is no fault."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.doctor.facts import Backup, BureauFacts, Certificate, Disk, Facts, Files, Forgotten
from domain.doctor.machine import AUTHORITY_ENDS
from domain.doctor.verdict import State
from domain.doctor.verdicts import is_well, verdicts_of

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
HOUR, DAY, MIB = timedelta(hours=1), timedelta(days=1), 1024 * 1024
BUREAU = BureauFacts("350302")
WELL = Facts(
    now=NOW,
    release="1.0",
    address="https://car.desk",
    answers=True,
    numbers={"zhuanche_ingest_waiting_fixes": 0.0},
    server="17.10",
    revision="0021",
    needed="0021",
    months_ahead=3,
    calendar_years=frozenset({2025, 2026}),
    bureaus=(BUREAU,),
    disks=(Disk(("data",), "/data", 1024 * MIB, 50, 512 * MIB),),
    time_server="time.desk",
    clock_ahead=timedelta(0),
    certificates=(Certificate("HTTPS", NOW + 90 * DAY),),
    backup=Backup("/data/backups", NOW - HOUR),
    files=Files("/data/files"),
    ingest_queue=100,
)


def amiss(**changes: Any) -> list[str]:
    """Return what is not well where some facts are others; each says what helps in both languages."""
    found = [one for one in verdicts_of(replace(WELL, **changes)) if one.state is State.UNWELL]
    assert all(one.helps and all(one.helps) and all(one.said) for one in found)
    return [one.check for one in found]


def of_bureau(**changes: Any) -> dict[str, Any]:
    """Return the facts with a bureau that has others."""
    return {"bureaus": (replace(BUREAU, **changes),)}


def test_where_all_is_well_every_check_says_so() -> None:
    """The page tells each thing that was looked at, once."""
    verdicts = verdicts_of(WELL)
    assert {one.state for one in verdicts} == {State.WELL}
    assert is_well(verdicts)
    assert len({one.check for one in verdicts}) == len(verdicts) == 20


def test_what_is_not_known_is_no_fault() -> None:
    """A machine without a network, looked at by a user who may not see everything, is not ill for that."""
    facts = replace(
        WELL,
        months_ahead=None,
        calendar_years=None,
        clock_ahead=None,
        backup=None,
        files=None,
        forgotten=None,
        disks=(),
        numbers={},
        **of_bureau(erasures_undone=None),
    )
    verdicts = verdicts_of(facts)
    unknown = {one.check for one in verdicts if one.state is State.UNKNOWN}
    assert unknown == {"positions", "calendar", "clock", "backup", "files", "homes", "disk", "ingest", "erasures"}
    assert is_well(verdicts)


@pytest.mark.parametrize(
    ("changes", "checks"),
    [
        ({"answers": False}, ["service"]),
        ({"database_fault": "away", "revision": None}, ["database"]),
        ({"revision": "0020"}, ["database"]),
        ({"revision": "0022"}, ["database"]),
        ({"runs": "1.0"}, []),
        ({"runs": "0.9"}, ["service"]),
        ({"jobs_led": True}, []),
        ({"jobs_led": False}, ["jobs"]),
        ({"jobs_led": False, "failed_jobs": {"forget": 1.0}}, ["jobs"] * 2),
        ({"jobs_led": False, "answers": False}, ["service"]),
        ({"backup": Backup("/b", None)}, ["backup"]),
        ({"backup": Backup("/b", NOW - 36 * HOUR)}, []),
        ({"backup": Backup("/b", NOW - 36 * HOUR - timedelta(seconds=1))}, ["backup"]),
        ({"backup": Backup("/b", NOW - HOUR, "no room")}, ["backup"]),
        ({"backup": Backup("/b", NOW - HOUR, is_beside_data=True)}, ["backup"]),
        ({"disks": (Disk(("data",), "/", 2048 * MIB, 79, 512 * MIB),)}, []),
        ({"disks": (Disk(("data",), "/", 2048 * MIB, 80, 512 * MIB),)}, ["disk"]),
        ({"disks": (Disk(("data",), "/", 512 * MIB, 10, 512 * MIB),)}, []),
        ({"hanging": ("/nas",)}, ["disk"]),
        ({"disks": (Disk(("files",), "/f", 512 * MIB - 1, 10, 512 * MIB),)}, ["disk"]),
        ({"disks": (Disk(("backups",), "/b", 2048 * MIB, 80),)}, ["disk"]),
        ({"files": Files("s3://desk", "no such bucket")}, ["files"]),
        ({"clock_ahead": timedelta(seconds=-10)}, []),
        ({"clock_ahead": timedelta(seconds=10.1)}, ["clock"]),
        ({"clock_ahead": timedelta(seconds=-10.1)}, ["clock"]),
        ({"numbers": {"zhuanche_clock_held": 1.0}}, ["clock"]),
        ({"numbers": {"zhuanche_clock_held": 1.0}, "clock_doubt": ("可疑", "doubted")}, ["clock"]),
        ({"clock_doubt": ("可疑", "doubted")}, ["clock"]),
        ({"months_ahead": 2}, []),
        ({"months_ahead": 1}, ["positions"]),
        ({"certificates": (Certificate("HTTPS", NOW + 30 * DAY),)}, []),
        ({"certificates": (Certificate("HTTPS", NOW + 30 * DAY - HOUR),)}, ["certificate"]),
        ({"certificates": (Certificate("HTTPS", NOW - DAY), Certificate("JT/T 808", None))}, ["certificate"] * 2),
        ({"certificates": (Certificate("HTTPS", NOW + 90 * DAY, True, NOW + 730 * DAY),)}, []),
        ({"certificates": (Certificate("HTTPS", NOW + 90 * DAY, True, NOW + 729 * DAY),)}, ["certificate"]),
        ({"certificates": (Certificate("HTTPS", NOW + 9 * DAY, True, NOW + 9 * DAY),)}, ["certificate"] * 2),
        ({"numbers": {"zhuanche_ingest_waiting_fixes": 79.0}}, []),
        ({"numbers": {"zhuanche_ingest_waiting_fixes": 80.0}}, ["ingest"]),
        ({"failed_jobs": {"forget": 0.0}}, []),
        ({"failed_jobs": {"forget": 1.0}}, ["jobs"]),
        (of_bureau(came_late=("2026-000001",)), ["came-late"]),
        (of_bureau(kept_over_time=9), []),
        (of_bureau(kept_over_time=9, kept_too_long=("2026-000001",)), ["kept-too-long"]),
        (of_bureau(notices_failing=9), []),
        (of_bureau(notices_overdue=1), ["notices"]),
        (of_bureau(held=9, aside=9, clock_jumps=2), []),
        (of_bureau(held_overdue=1), ["held"]),
        (of_bureau(silent_terminals=tuple("abcdefg")), ["terminals"]),
        (of_bureau(unsealed=(("闽B·12345", date(2026, 11, 1)),)), []),
        (of_bureau(unsealed=(("闽B·12345", date(2026, 10, 1)),)), ["seals"]),
        ({"forgotten": (Forgotten("/var/lib/zhuanche/data-1", "/gone"),)}, ["homes"]),
    ],
)
def test_each_thing_that_is_amiss_is_told_with_what_helps_and_no_other(
    changes: dict[str, Any], checks: list[str]
) -> None:
    """Whoever has no administrator is told what to do, and is not frightened without need."""
    assert amiss(**changes) == checks


def test_who_looks_with_another_release_is_told_which_is_which() -> None:
    """After an installation the old one goes on until somebody starts the service anew."""
    (told, *_) = verdicts_of(replace(WELL, runs="0.9"))
    assert told.said[1] == "answers at https://car.desk as release 0.9; this is 1.0"
    assert told.helps
    assert "Restart" in told.helps[1]


@pytest.mark.parametrize(("revision", "command"), [("0020", "zhuanche upgrade"), ("0022", "newer"), ("ae10", "newer")])
def test_what_helps_with_another_schema_is_what_can_be_done(revision: str, command: str) -> None:
    """An older one is upgraded, with a backup first; nothing of this release brings back a newer one."""
    (told,) = (one for one in verdicts_of(replace(WELL, revision=revision)) if one.check == "database")
    assert told.helps
    assert command in told.helps[1]
    assert "migrate" not in told.helps[1]


def test_no_phone_is_surprised_by_another_authority() -> None:
    """Its end is named two years before, with what to do: nothing renews it by itself."""
    ends_together = Certificate("HTTPS", NOW + 9 * DAY, own=True, authority_until=NOW + 9 * DAY)
    told = [one for one in verdicts_of(replace(WELL, certificates=(ends_together,))) if one.check == "certificate"]
    assert "2026-12-05" in told[1].said[0]
    assert {one.helps for one in told} == {AUTHORITY_ENDS}


@pytest.mark.parametrize(("days", "checks"), [(10, []), (11, ["seals"])])
def test_a_month_may_wait_ten_days_for_its_seal(days: int, checks: list[str]) -> None:
    """October ends when November begins."""
    unsealed = of_bureau(unsealed=(("闽B·12345", date(2026, 10, 1)),))
    assert amiss(now=datetime(2026, 11, 1, tzinfo=UTC) + days * DAY, backup=None, **unsealed) == checks


@pytest.mark.parametrize(
    ("now", "checks"),
    [
        (datetime(2026, 11, 30, 15, tzinfo=UTC), []),
        (datetime(2026, 12, 1, tzinfo=UTC), ["calendar"]),
        (datetime(2027, 1, 1, tzinfo=UTC), ["calendar"]),
    ],
)
def test_the_holidays_of_the_next_year_are_missed_from_december_on(now: datetime, checks: list[str]) -> None:
    """The notice comes out around November; a year without one is missed as long as it runs."""
    well_then = {"backup": None, "certificates": ()}
    assert amiss(now=now, **well_then) == checks
    assert amiss(now=now, calendar_years=frozenset({2026, 2027}), **well_then) == []


def test_of_many_silent_terminals_five_are_named_and_the_rest_counted() -> None:
    """A page stays a page."""
    told = verdicts_of(replace(WELL, **of_bureau(silent_terminals=tuple("abcdefg"))))
    (silent,) = (one for one in told if one.check == "terminals")
    assert silent.said == ("失联：a、b、c、d、e 等 7 台", "silent: a, b, c, d, e and 2 more")
    assert silent.of == "350302"
