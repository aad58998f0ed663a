"""The time a device means: every way to write it, and the three ways its clock is known to be wrong, each marked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from api.ingest import gpslogger, osmand, owntracks
from api.ingest.protocol import Read, Sent
from api.ingest.times import GPS_WEEKS, REPAIRED_WITHIN, Repair, Told, mended, number, since_2001, when

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        1795395600,
        1795395600.0,
        1795395600000,
        "1795395600",
        "1795395600000",
        "2026-11-23T01:00:00Z",
        "2026-11-23T01:00:00.000Z",
        "2026-11-23T09:00:00+08:00",
        "2026-11-23T09:00:00+0800",
        "2026-11-23T09:00:00 0800",
        "2026-11-22T18:00:00-0700",
        "2026-11-23 01:00:00",
        "2026-11-23T01:00:00",
    ],
    ids=repr,
)
def test_every_way_to_write_the_same_time_is_read_the_same(sent: object) -> None:
    """Nothing, a number, a text of one, ISO 8601 with and without a colon or its plus; and none of it is marked."""
    assert when(sent, NOW) == Told(NOW)


@pytest.mark.parametrize(
    "sent", ["yesterday", "nan", "1e30", -1e30, True, [], {}, "2026-13-01T00:00:00Z", "1_795"], ids=repr
)
def test_what_is_no_time_is_none(sent: object) -> None:
    """It is told as such, not guessed."""
    assert when(sent, NOW) is None


@pytest.mark.parametrize("sent", ["2026-11-23 09:00:00", "2026-11-23T09:00:00", "2026-11-23T09:00:00.000"])
def test_a_time_without_an_offset_is_read_in_the_device_s_zone_and_marked(sent: str) -> None:
    """Where a zone is set for the device; one with an offset needs none."""
    assert when(sent, NOW, SHANGHAI) == Told(NOW, Repair.DEVICE_ZONE)
    assert when("2026-11-23T01:00:00Z", NOW, SHANGHAI) == Told(NOW)
    assert when("1795395600", NOW, SHANGHAI) == Told(NOW)


@pytest.mark.parametrize("weeks", [1, 2])
def test_a_receiver_whose_count_of_weeks_ran_over_is_put_right(weeks: int) -> None:
    """By 1,024 weeks or twice as many, where that lands in the year before now; the ends of the year included."""
    for meant in (NOW, NOW - SECOND, NOW - REPAIRED_WITHIN):
        assert when((meant - weeks * GPS_WEEKS).timestamp(), NOW) == Told(meant, Repair.GPS_WEEK)
    for off in (NOW + SECOND, NOW - REPAIRED_WITHIN - SECOND):
        assert mended(off - weeks * GPS_WEEKS, NOW) == Told(off - weeks * GPS_WEEKS)


def test_a_receiver_that_counts_too_many_weeks_is_put_right_too() -> None:
    """One that was told of a rollover which had not happened."""
    assert mended(NOW + GPS_WEEKS, NOW) == Told(NOW, Repair.GPS_WEEK)


@pytest.mark.parametrize("year", [1970, 1980, 1995, 2000, 2019, 2030, 9999])
def test_another_wrong_year_is_left_as_it_is(year: int) -> None:
    """The writer sets it aside: it is far past or far ahead, and no guess would be better."""
    at = datetime(year, 6, 1, tzinfo=UTC)
    assert mended(at, NOW) == Told(at)


def test_seconds_since_2001_are_read_so_only_where_they_mean_of_late() -> None:
    """Overland counts them in one of its modes; a count of today's from 1970 is none of those."""
    count = NOW.timestamp() - 978_307_200
    assert since_2001(count, NOW) == Told(NOW, Repair.EPOCH_2001)
    assert since_2001(count - 367 * 86_400, NOW) is None
    assert since_2001(NOW.timestamp(), NOW) is None


def test_a_phone_of_another_make_in_1995_is_not_taken_for_overland() -> None:
    """It has a tracker id, or another name: its point goes aside as far past."""
    body = {"_type": "location", "lat": 25.4, "lon": 119, "tst": 817088400, "tid": "li"}
    sent = Sent(content_type="application/json", body=msgspec.json.encode(body))
    [fix] = owntracks.decode(sent, Read(now=NOW)).fixes
    assert (fix.fixed_at.year, fix.attributes) == (1995, None)
    named = Sent(content_type="application/json", body=sent.body, headers={b"user-agent": b"Overland/1.3 (iPhone)"})
    [fix] = owntracks.decode(named, Read(now=NOW)).fixes
    assert (fix.fixed_at, fix.attributes) == (NOW, {"time_repair": "epoch-2001"})


def test_how_a_time_was_repaired_stands_on_the_fix_and_nobody_can_say_so_themselves() -> None:
    """The mark is ours: a client that sends one of that name is not believed."""
    read = Read(now=NOW, zone=SHANGHAI)
    for decode in (osmand.decode, gpslogger.decode):
        query = b"lat=25.4&lon=119&timestamp=2026-11-23+09:00:00&time_repair=none"
        [fix] = decode(Sent(query=query), read).fixes
        assert (fix.fixed_at, fix.attributes) == (NOW, {"time_repair": "device-zone"})
    [fix] = osmand.decode(Sent(query=b"lat=25.4&lon=119&timestamp=1795395600&time_repair=gps-week"), read).fixes
    assert fix.attributes is None


def test_a_number_is_what_anybody_would_write_as_one() -> None:
    """Not what only Python reads as such, nor what is none at all."""
    assert [number(text) for text in ("1.5", " 2 ", "-3", "4e-4")] == [1.5, 2.0, -3.0, 0.0004]
    assert [number(text) for text in ("1_0", "nan", "inf", "", "north", None, True, [], 10**400)] == [None] * 9
