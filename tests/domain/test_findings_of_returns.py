"""Findings of a use that is over: late, a site nobody came near, notes that are missing or that nothing speaks for."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.findings.kinds import Colour
from domain.findings.late import late_return
from domain.findings.outing import DELIVERED
from domain.findings.visits import note_uncorroborated, site_not_reached, visit_note_missing
from domain.settings import BureauSettings
from domain.track.fixes import Fixes
from domain.use_rule.upkeep import UpkeepKind
from domain.values import Point
from domain.visit.corroboration import Doubt
from tests.drives import beside, joined, standing, straight
from tests.outings import HOUR, JOB, MINUTE, NOTE, TEN, job, note, outing, seen_at
from tests.scenes import BASE, NINE, SITE

DEFAULTS = BureauSettings({})
THIRD_JOB = UUID(int=14)
DELIVERED_AT = TEN + DELIVERED
NEXT_DAY = TEN + 24 * HOUR
ELEVEN = NINE + 2 * HOUR


@pytest.mark.parametrize(("late_s", "found"), [(0, False), (1_800, False), (1_801, True)])
def test_a_return_is_late_half_an_hour_after_its_window(late_s: int, *, found: bool) -> None:
    """Exactly half an hour is in time; how late it was is told."""
    back_at = ELEVEN + timedelta(seconds=late_s)
    shown = list(late_return(outing(until_at=back_at), back_at, DEFAULTS))
    assert [one.evidence for one in shown] == ([{"late_s": late_s}] if found else [])
    assert all(one.ended and one.colour is Colour.YELLOW for one in shown)


def test_a_vehicle_that_stays_away_is_one_happening_that_does_not_grow_by_the_minute() -> None:
    """Looked at for ten hours it is the same, until it is back."""
    out = outing(until_at=None)
    shown = {
        (one.from_at, one.until_at, one.ended)
        for m in range(600)
        for one in late_return(out, ELEVEN + m * MINUTE, DEFAULTS)
    }
    assert shown == {(ELEVEN, ELEVEN + 30 * MINUTE, False)}


@pytest.mark.parametrize(("upkeep", "found"), [(UpkeepKind.REPAIR, 0), (UpkeepKind.FUEL, 1)])
def test_what_a_workshop_takes_is_not_the_driver_s_and_a_fuel_run_is(upkeep: UpkeepKind, found: int) -> None:
    """An order to fetch fuel covers no afternoon."""
    late = outing(upkeep=upkeep, until_at=ELEVEN + 4 * HOUR)
    assert len(list(late_return(late, ELEVEN + 4 * HOUR, DEFAULTS))) == found


def test_a_job_without_a_note_a_day_after_the_return_is_found_and_not_before() -> None:
    """The setting says by when; a job that was cancelled on the way asks for none."""
    bare = outing(jobs=(job(),))
    assert list(visit_note_missing(bare, NEXT_DAY, DEFAULTS)) == []
    (shown,) = visit_note_missing(bare, NEXT_DAY + MINUTE, DEFAULTS)
    assert (shown.key, shown.ended, shown.colour) == (JOB, False, Colour.YELLOW)
    assert list(visit_note_missing(outing(jobs=(job(cancelled=True),)), NEXT_DAY + MINUTE, DEFAULTS)) == []
    assert list(visit_note_missing(outing(jobs=(job(),), until_at=None), NEXT_DAY + MINUTE, DEFAULTS)) == []


def test_a_note_made_in_time_shows_that_none_was_missing_and_one_made_later_only_ends_it() -> None:
    """A phone without a network sends late what was written in time."""
    sent_late = outing(jobs=(job(note()),))
    assert list(visit_note_missing(sent_late, NEXT_DAY + HOUR, DEFAULTS)) == []
    made_late = outing(jobs=(job(note(NEXT_DAY + MINUTE)),))
    assert [one.ended for one in visit_note_missing(made_late, NEXT_DAY + HOUR, DEFAULTS)] == [True]


def test_each_job_without_a_note_is_found_by_itself() -> None:
    """Two of three at one market."""
    jobs = (job(), job(job_id=NOTE), job(note(), job_id=THIRD_JOB))
    found = visit_note_missing(outing(jobs=jobs), NEXT_DAY + MINUTE, DEFAULTS)
    assert [one.key for one in found] == [JOB, NOTE]


def test_a_note_that_its_vehicle_speaks_for_is_no_finding() -> None:
    """Made at the site while the vehicle stood there."""
    assert list(note_uncorroborated(outing(jobs=(job(note()),)), DELIVERED_AT, DEFAULTS)) == []


@pytest.mark.parametrize(
    ("place", "vehicle", "doubts"),
    [
        (None, SITE, "no-position"),
        (BASE, BASE, "far-from-site"),
        (SITE, BASE, "vehicle-elsewhere"),
        (SITE, None, "vehicle-unobserved"),
    ],
)
def test_a_note_written_at_home_or_far_from_the_vehicle_is_found(
    place: Point | None, vehicle: Point | None, doubts: str
) -> None:
    """The attacker writes it without a position, at the desk, or lets somebody else drive the car elsewhere."""
    at = NINE + 30 * MINUTE
    seen = seen_at(vehicle or SITE, at)[: 0 if vehicle is None else 1]
    (shown,) = note_uncorroborated(outing(jobs=(job(note(at, place, vehicle=seen)),)), DELIVERED_AT, DEFAULTS)
    assert (shown.key, shown.evidence["doubts"], shown.ended) == (NOTE, doubts, True)


def test_a_note_is_judged_once_the_phones_have_had_time_to_tell() -> None:
    """The vehicle's own fixes come later than the note: until then nothing is said, and then by what came."""
    unobserved = outing(jobs=(job(note(vehicle=seen_at(SITE, NINE)[:0])),))
    assert list(note_uncorroborated(unobserved, DELIVERED_AT - MINUTE, DEFAULTS)) == []
    assert len(list(note_uncorroborated(unobserved, DELIVERED_AT, DEFAULTS))) == 1
    came_later = outing(jobs=(job(note(told=[Doubt.VEHICLE_UNOBSERVED])),))
    assert list(note_uncorroborated(came_later, DELIVERED_AT, DEFAULTS)) == []


def test_what_only_the_moment_of_receipt_could_tell_stays_a_doubt() -> None:
    """A clock that was off when the note came, a simulated position."""
    for doubt in (Doubt.CLOCK_SKEW, Doubt.MOCK_LOCATION):
        (shown,) = note_uncorroborated(outing(jobs=(job(note(told=[doubt])),)), DELIVERED_AT, DEFAULTS)
        assert shown.evidence["doubts"] == doubt


def test_a_correction_written_at_the_desk_is_no_finding_and_clears_none() -> None:
    """The first note stays what it was."""
    at_desk = note(TEN + 20 * MINUTE, BASE, correction=True, note_id=JOB)
    assert list(note_uncorroborated(outing(jobs=(job(note(), at_desk),)), DELIVERED_AT, DEFAULTS)) == []
    first = note(place=None)
    assert len(list(note_uncorroborated(outing(jobs=(job(first, at_desk),)), DELIVERED_AT, DEFAULTS))) == 1


def out_and_back(*places: Point) -> Fixes:
    """Return a drive from the base over some places and home, with a rest at the base until ten."""
    way = straight([BASE, *places, BASE], NINE, every_s=10)
    home_at = NINE + timedelta(microseconds=int(way["at_us"][-1] - way["at_us"][0]))
    return joined(way, standing(BASE, home_at + MINUTE / 2, TEN))


def test_a_trip_that_passed_by_its_site_reached_it() -> None:
    """Officers walk the last few hundred metres."""
    near = outing(jobs=(job(),), told=(out_and_back(beside(SITE, east_m=450)),))
    assert list(site_not_reached(near, DELIVERED_AT, DEFAULTS)) == []


def test_a_trip_that_went_elsewhere_did_not_reach_its_site_and_that_is_red() -> None:
    """The whole hour is observed; it is told how near it came."""
    elsewhere = outing(jobs=(job(),), told=(out_and_back(beside(BASE, east_m=4_000)),))
    (shown,) = site_not_reached(elsewhere, DELIVERED_AT, DEFAULTS)
    assert (shown.key, shown.colour) == (JOB, Colour.RED)
    assert shown.evidence["nearest_m"] == pytest.approx(3_000, abs=50)
    assert list(site_not_reached(elsewhere, DELIVERED_AT - MINUTE, DEFAULTS)) == [], "a phone may still tell"


@pytest.mark.parametrize("excuse", [{"cancelled": True}, {"arrived": True}])
def test_a_job_that_was_cancelled_on_the_way_need_not_be_reached(excuse: dict[str, bool]) -> None:
    """The complaint was withdrawn while the car was under way; or a measured way led there."""
    elsewhere = outing(jobs=(job(**excuse),), told=(out_and_back(beside(BASE, east_m=4_000)),))
    assert list(site_not_reached(elsewhere, DELIVERED_AT, DEFAULTS)) == []


def test_one_device_that_came_near_is_enough() -> None:
    """The phone went along; what the terminal says is another finding."""
    told = (out_and_back(beside(BASE, east_m=4_000)), out_and_back(SITE))
    assert list(site_not_reached(outing(jobs=(job(),), told=told), DELIVERED_AT, DEFAULTS)) == []


def test_where_nobody_saw_the_vehicle_nobody_can_say_that_it_was_not_there() -> None:
    """No device, or a silence long enough for going there, stopping and coming back: that is a finding of its own."""
    assert list(site_not_reached(outing(jobs=(job(),)), DELIVERED_AT, DEFAULTS)) == []
    way = out_and_back(beside(BASE, east_m=4_000))
    minutes = (way["at_us"] - way["at_us"][0]) / 60e6
    asleep = way[(minutes < 20) | (minutes > 30)]
    assert list(site_not_reached(outing(jobs=(job(),), told=(asleep,)), DELIVERED_AT, DEFAULTS)) == []


def test_a_phone_switched_off_for_two_minutes_hides_no_visit() -> None:
    """Too short for the way there at the highest lawful speed and a stop."""
    way = out_and_back(beside(BASE, east_m=4_000))
    minutes = (way["at_us"] - way["at_us"][0]) / 60e6
    off = way[(minutes < 20) | (minutes > 22)]
    assert len(list(site_not_reached(outing(jobs=(job(),), told=(off,)), DELIVERED_AT, DEFAULTS))) == 1
