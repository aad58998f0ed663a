"""What speaks against a visit note: each doubt at its limit, and what can never make a note better."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from geopy.distance import geodesic
from hypothesis import given
from hypothesis import strategies as st

from domain.complaint.words import VisitResult
from domain.settings import SETTINGS, BureauSettings
from domain.track.fixes import FIX, as_fixes
from domain.values import Point
from domain.visit.corroboration import VEHICLE_WITHIN_S, Doubt, NoteFacts, Outing, Sighting, corroborate
from domain.visit.note import JobStep, step_after

SITE = Point(25.4337, 118.9962)
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DEFAULTS = BureauSettings({})


def beside(metres: float, bearing: float = 90) -> Point:
    """Return the place that many metres from the site."""
    there = geodesic(meters=metres).destination((SITE.lat, SITE.lon), bearing)
    return Point(there.latitude, there.longitude)


def good(**changes: Any) -> NoteFacts:
    """Return the facts of a note that nothing speaks against, with some of them changed."""
    facts = NoteFacts(
        made_at=AT,
        received_at=AT + timedelta(seconds=5),
        sent_at=AT + timedelta(seconds=5),
        sighting=Sighting(SITE, 10.0),
        site=SITE,
        outing=Outing(AT - timedelta(hours=1), None, carries_job=True, officer_aboard=True),
        vehicle=as_fixes([AT], [SITE.lat], [SITE.lon]),
    )
    return replace(facts, **changes)


def doubts(facts: NoteFacts, settings: BureauSettings = DEFAULTS) -> set[str]:
    """Return the codes of what speaks against it."""
    return {doubt.value for doubt in corroborate(facts, settings).doubts}


def test_a_note_made_at_the_site_beside_the_vehicle_is_corroborated() -> None:
    """Nothing speaks against it, and the measures say how near it was."""
    result = corroborate(good(), DEFAULTS)
    assert result.corroborated
    assert (result.distance_m, result.vehicle_distance_m, result.vehicle_fixes, result.skew_s) == (0, 0, 1, 0)


@pytest.mark.parametrize(("off_m", "told"), [(-0.5, set()), (0.5, {"far-from-site"})])
@pytest.mark.parametrize("limit_m", [SETTINGS["note_near_m"].least, 300, SETTINGS["note_near_m"].most])
def test_a_note_may_be_as_far_from_the_site_as_the_setting_says(limit_m: int, off_m: float, told: set[str]) -> None:
    """Just within is near, just beyond is far, for the least, the usual and the most a bureau may set."""
    place = beside(limit_m + off_m)
    facts = good(sighting=Sighting(place, 10.0), vehicle=as_fixes([AT], [place.lat], [place.lon]))
    assert doubts(facts, BureauSettings({"note_near_m": limit_m})) == told


@pytest.mark.parametrize(("accuracy_m", "told"), [(299.9, set()), (300.0, set()), (300.1, {"accuracy-poor"})])
def test_a_position_coarser_than_the_distance_allowed_tells_nothing(accuracy_m: float, told: set[str]) -> None:
    """Up to the limit an accuracy is good enough."""
    assert doubts(good(sighting=Sighting(SITE, accuracy_m))) == told


@pytest.mark.parametrize(("off_m", "told"), [(-0.5, set()), (0.5, {"vehicle-elsewhere"})])
@pytest.mark.parametrize("limit_m", [SETTINGS["vehicle_near_m"].least, 500, SETTINGS["vehicle_near_m"].most])
def test_the_vehicle_may_be_as_far_from_the_note_as_the_setting_says(
    limit_m: int, off_m: float, told: set[str]
) -> None:
    """Just within is near, just beyond is elsewhere."""
    place = beside(limit_m + off_m, 45)
    facts = good(vehicle=as_fixes([AT], [place.lat], [place.lon]))
    assert doubts(facts, BureauSettings({"vehicle_near_m": limit_m})) == told


@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize(("off_s", "told"), [(-1, set()), (0, set()), (1, {"vehicle-unobserved"})])
def test_the_vehicle_is_asked_ten_minutes_around_the_note(direction: int, off_s: int, told: set[str]) -> None:
    """A fix just within or at ten minutes counts, one just beyond does not."""
    then = AT + timedelta(seconds=direction * (VEHICLE_WITHIN_S + off_s))
    assert doubts(good(vehicle=as_fixes([then], [SITE.lat], [SITE.lon]))) == told


@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize(("off_s", "told"), [(-1, set()), (0, set()), (1, {"clock-skew"})])
def test_a_clock_may_be_off_as_far_as_the_setting_says(direction: int, off_s: int, told: set[str]) -> None:
    """Ahead or behind: just under and at the limit is fine, just over is said."""
    received = AT + timedelta(days=3)
    skewed = received + timedelta(seconds=direction * (120 + off_s))
    assert doubts(good(received_at=received, sent_at=skewed)) == told


@pytest.mark.parametrize(("ahead_s", "told"), [(120, set()), (121, {"clock-skew"})])
def test_a_note_from_the_future_shows_a_wrong_clock(ahead_s: int, told: set[str]) -> None:
    """Without the device's clock at sending, only a note made after it came tells of a skew."""
    facts = good(received_at=AT - timedelta(seconds=ahead_s), sent_at=None)
    assert doubts(facts) == told
    assert corroborate(good(received_at=AT + timedelta(days=9), sent_at=None), DEFAULTS).skew_s is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sighting": None}, {"no-position"}),
        ({"sighting": Sighting(SITE)}, {"accuracy-unknown"}),
        ({"sighting": Sighting(SITE, 10.0, mock=True)}, {"mock-location"}),
        ({"outing": None}, {"no-trip"}),
        ({"outing": Outing(AT, None, carries_job=False, officer_aboard=True)}, {"job-not-carried"}),
        ({"outing": Outing(AT, None, carries_job=True, officer_aboard=False)}, {"officer-not-aboard"}),
        ({"vehicle": np.empty(0, dtype=FIX)}, {"vehicle-unobserved"}),
        ({"vehicle": as_fixes([AT], [0.0], [0.0])}, {"vehicle-unobserved"}),
        ({"vehicle": as_fixes([AT], [SITE.lat], [SITE.lon], valid=[False])}, {"vehicle-unobserved"}),
    ],
)
def test_each_doubt_stands_alone(changes: dict[str, Any], told: set[str]) -> None:
    """One thing wrong is one code, and a place at 0,0 or without a fix is no witness."""
    assert doubts(good(**changes)) == told


@pytest.mark.parametrize(
    ("departed_s", "returned_s", "told"),
    [
        (120, None, set()),
        (121, None, {"trip-not-under-way"}),
        (-3600, -120, set()),
        (-3600, -121, {"trip-not-under-way"}),
    ],
)
def test_a_note_is_made_while_its_trip_is_out(departed_s: int, returned_s: int | None, told: set[str]) -> None:
    """Before departure or after return by more than a clock may be off is said."""
    returned = None if returned_s is None else AT + timedelta(seconds=returned_s)
    outing = Outing(AT + timedelta(seconds=departed_s), returned, carries_job=True, officer_aboard=True)
    assert doubts(good(outing=outing)) == told


def test_a_late_note_is_as_good_as_one_sent_at_once() -> None:
    """Days without a network speak against nobody; the delay is told."""
    late = good(received_at=AT + timedelta(days=3), sent_at=AT + timedelta(days=3))
    result = corroborate(late, DEFAULTS)
    assert result.corroborated
    assert result.late_s == 3 * 86_400


@given(near=st.floats(0, 5_000), farther=st.floats(0, 50_000), bearing=st.floats(0, 360))
def test_farther_from_the_site_is_never_better(near: float, farther: float, bearing: float) -> None:
    """Moving a note away from its site, and its vehicle with it, takes no doubt away."""
    close, far = (
        good(sighting=Sighting(place, 10.0), vehicle=as_fixes([AT], [place.lat], [place.lon]))
        for place in (beside(near, bearing), beside(near + farther, bearing))
    )
    assert doubts(close) <= doubts(far)


@given(near=st.floats(0, 5_000), farther=st.floats(0, 50_000), bearing=st.floats(0, 360))
def test_a_vehicle_farther_away_is_never_a_better_witness(near: float, farther: float, bearing: float) -> None:
    """The farther the vehicle was, the more doubt there is."""
    close, far = (
        good(vehicle=as_fixes([AT], [place.lat], [place.lon]))
        for place in (beside(near, bearing), beside(near + farther, bearing))
    )
    assert doubts(close) <= doubts(far)


@given(limit=st.integers(50, 2_000), wider=st.integers(0, 1_000), metres=st.floats(0, 4_000))
def test_a_wider_setting_never_adds_a_doubt(limit: int, wider: int, metres: float) -> None:
    """What was near at a limit is near at a wider one."""
    facts = good(sighting=Sighting(beside(metres), 10.0))
    narrow = BureauSettings({"note_near_m": limit, "vehicle_near_m": limit})
    wide = BureauSettings({"note_near_m": limit + wider, "vehicle_near_m": limit + wider})
    assert doubts(facts, wide) <= doubts(facts, narrow)


@given(order=st.permutations(range(5)))
def test_the_order_of_fixes_does_not_matter(order: list[int]) -> None:
    """The vehicle's track is judged by where it was, not by how it arrived."""
    places = [beside(300 * step) for step in range(5)]
    told = [corroborate(good(vehicle=_fixes([places[i] for i in order])), DEFAULTS)]
    assert told == [corroborate(good(vehicle=_fixes(places)), DEFAULTS)]


def _fixes(places: list[Point]) -> Any:
    return as_fixes([AT] * len(places), [place.lat for place in places], [place.lon for place in places])


def test_every_doubt_has_a_sentence_in_both_languages() -> None:
    """People read why a note is not corroborated."""
    assert all(doubt.zh and doubt.en for doubt in Doubt)


@pytest.mark.parametrize("result", list(VisitResult))
def test_only_done_finishes_a_job(result: VisitResult) -> None:
    """Any other result leaves the job open and asks for a new window; a job that is over is left alone."""
    wanted = JobStep.FINISH if result is VisitResult.DONE else JobStep.NEW_WINDOW
    assert step_after(result, job_open=True) is wanted
    assert step_after(result, job_open=False) is JobStep.NONE
