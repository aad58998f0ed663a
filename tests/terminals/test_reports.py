"""What a terminal's messages mean: places, times, alarms, mileage, cards; and packages put together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ingest.fixes import Event, Received, attributes_json
from api.ingest.jt808 import words
from api.ingest.jt808.fields import Short
from api.ingest.jt808.frames import Frames
from api.ingest.jt808.identity import read_authentication, read_registration
from api.ingest.jt808.message import Message, read_message
from api.ingest.jt808.packages import ASKS_MOST, TERMINAL_BYTES, WAIT_S, Packages, Room
from api.ingest.jt808.replies import Address
from api.ingest.jt808.report import Alarms, Report
from domain.values import Datum, Point
from tests.terminal import ACC, CHINA, POSITIONED, Terminal, batch, bcd, location, padded, u8, u16, u32

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
MARKET = Point(25.4337, 118.9962)
SOS, POWER_CUT, TOW = 1 << 0, 1 << 8, 1 << 28


def message(frame: bytes) -> Message:
    """Return the message of a frame."""
    (piece,) = Frames().feed(frame)
    return read_message(piece)


def said(*frames: bytes, alarms: Alarms | None = None, zone: ZoneInfo | None = None) -> Received:
    """Return what frames of one terminal mean, all in one datum."""
    report = Report(zone, NOW, alarms)
    for frame in frames:
        report.add(message(frame))
    (received,) = report.received()
    return received


def kinds(received: Received) -> list[str]:
    """Return the kinds of event."""
    return [event.kind for event in received.events]


def test_a_location_is_read_in_the_units_of_the_standard() -> None:
    """Millionths of a degree, tenths of a km/h, metres, degrees, China's time, tenths of a kilometre."""
    items = u8(0x02, 2) + u16(425) + u8(0x30, 1, 31, 0x31, 1, 12) + u8(0xE0, 2, 1, 2)
    frame = Terminal().location(NOW, MARKET, speed_tenths=360, course=270, odometer_tenths=123_456, items=items)
    received = said(frame)
    (fix,) = received.fixes
    assert (fix.lat, fix.lon, fix.fixed_at) == (25.4337, 118.9962, NOW)
    assert fix.speed_mps == pytest.approx(10)
    assert (fix.altitude_m, fix.course_deg, fix.seq) == (12, 270, -1)
    assert received.datum == Datum.WGS84
    assert [(one.at, one.odometer_m) for one in received.mileages] == [(NOW, 12_345_600)]
    assert fix.attributes == {
        "acc": True,
        "status": "00000003",
        "fuel_l": 42.5,
        "signal": 31,
        "satellites": 12,
        "item_e0": "0102",
    }


PLACES = st.tuples(st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000))


@given(
    PLACES.filter(lambda place: place != (0, 0)),
    st.datetimes(datetime(2020, 1, 2), datetime(2026, 11, 24)),  # noqa: DTZ001 - the zone is added below
    st.integers(0, 65535),
    st.integers(0, 360),
    st.binary(max_size=60),
)
def test_every_place_time_and_speed_comes_through(
    place: tuple[int, int], at: datetime, speed: int, course: int, items: bytes
) -> None:
    """South and west, any second, any speed; and whatever follows, in order or not, harms none of it."""
    sent = at.replace(microsecond=0, tzinfo=CHINA)
    point = Point(place[0] / 1e6, place[1] / 1e6)
    (fix,) = said(Terminal().location(sent, point, speed_tenths=speed, course=course, items=items)).fixes
    assert (round(fix.lat * 1e6), round(fix.lon * 1e6), fix.fixed_at, fix.course_deg) == (*place, sent, course)
    assert fix.speed_mps == pytest.approx(speed / 36)
    assert attributes_json(fix.attributes)


@pytest.mark.parametrize(("sent", "metres"), [(0, 0), (0x7FFF, 32767), (0xFFFF, -1), (0x8064, -100), (0xFF9C, -100)])
def test_below_the_sea_an_altitude_is_told_in_two_ways(sent: int, metres: int) -> None:
    """Two's complement, or a sign bit and the amount: terminals do both."""
    (fix,) = said(Terminal().location(NOW, MARKET, altitude=sent)).fixes
    assert fix.altitude_m == metres


def test_a_terminal_in_another_zone_is_read_in_it_and_marked() -> None:
    """A terminal set to UTC tells eight hours less; the device's setting puts that right."""
    frame = Terminal().location(NOW, MARKET, zone=timezone(timedelta(0)))
    (fix,) = said(frame, zone=ZoneInfo("UTC")).fixes
    assert fix.fixed_at == NOW
    assert (fix.attributes or {})["time_repair"] == "device-zone"
    assert said(frame).fixes[0].fixed_at == NOW - timedelta(hours=8)


def test_a_receiver_whose_weeks_ran_over_is_put_right_and_marked() -> None:
    """1,024 weeks ago it says, and means a minute ago: fix and mileage are of that time."""
    at = NOW - timedelta(minutes=1)
    received = said(Terminal().location(at - timedelta(weeks=1024), MARKET, odometer_tenths=7))
    (fix,) = received.fixes
    assert (fix.fixed_at, (fix.attributes or {})["time_repair"]) == (at, "gps-week")
    assert received.mileages[0].at == at


def test_without_a_place_there_is_an_event_and_no_fix() -> None:
    """Last known coordinates of a receiver without a fix never count as distance; nor does 0, 0."""
    lost = Terminal().location(NOW, MARKET, status=ACC, odometer_tenths=500)
    received = said(lost, Terminal().location(NOW, Point(0, 0)))
    assert received.fixes == []
    assert received.events[0] == Event(kind="no-fix", at=NOW, detail={"acc": True})
    assert kinds(received) == ["no-fix"]
    assert [one.odometer_m for one in received.mileages] == [50_000]


def test_a_car_that_stands_where_there_is_no_sky_says_so_once() -> None:
    """A report every thirty seconds for days is one event, and another when the place is lost again."""
    terminal = Terminal()
    under_roof = [0, 1, 2, 3, 5, 6]
    frames = [
        terminal.location(NOW + timedelta(seconds=i), MARKET, status=ACC if i in under_roof else POSITIONED | ACC)
        for i in range(7)
    ]
    received = said(*frames)
    assert [(event.kind, event.at) for event in received.events] == [
        ("no-fix", NOW),
        ("no-fix", NOW + timedelta(seconds=5)),
    ]
    assert len(received.fixes) == 1


def test_coordinates_through_the_plug_in_are_gcj02() -> None:
    """Status bit 5 says that the mapping authority's plug-in moved them."""
    report = Report(None, NOW)
    report.add(message(Terminal().location(NOW, MARKET, status=POSITIONED | 1 << 5)))
    report.add(message(Terminal().location(NOW, MARKET)))
    assert [(one.datum, len(one.fixes)) for one in report.received()] == [(Datum.GCJ02, 1), (Datum.WGS84, 1)]


@pytest.mark.parametrize(
    ("bcd_time", "place", "code"),
    [
        ("261323000000", MARKET, "bad-time"),
        ("2611230a0000", MARKET, "bad-time"),
        ("261123090000", Point(90.000001, 0), "bad-place"),
        ("261123090000", Point(0, 180.000001), "bad-place"),
    ],
)
def test_what_can_never_count_is_kept_aside(bcd_time: str, place: Point, code: str) -> None:
    """A 13th month, a digit A, a place beyond the earth: counted by reason, kept as sent, and acknowledged."""
    body = location(NOW, place)
    body = body[:22] + bytes.fromhex(bcd_time) + body[28:]
    report = Report(None, NOW)
    assert report.add(message(Terminal().frame(0x0200, body))) == words.OK
    (received,) = report.received()
    assert received.fixes == []
    assert [(one.reason, one.raw) for one in received.asides] == [(code, body)]
    assert [fault.code for fault in received.faults] == [code]


def test_a_report_that_ends_too_early_is_a_bad_message() -> None:
    """Of 28 bytes one less is none; 28 are enough."""
    body = location(NOW, MARKET)
    report = Report(None, NOW)
    assert report.add(message(Terminal().frame(0x0200, body[:27]))) == words.BAD_MESSAGE
    assert report.add(message(Terminal().frame(0x0200, body[:28]))) == words.OK
    (received,) = report.received()
    assert (len(received.fixes), [one.reason for one in received.asides]) == (1, ["bad-message"])


def test_a_mileage_of_an_impossible_time_is_no_reading() -> None:
    """A clock that was never set, or runs a day ahead, dates no reading of the odometer."""
    for at in (datetime(2019, 12, 31, tzinfo=UTC), NOW + timedelta(hours=24, seconds=1)):
        assert said(Terminal().location(at, MARKET, odometer_tenths=1)).mileages == []
    assert len(said(Terminal().location(NOW + timedelta(hours=24), MARKET, odometer_tenths=1)).mileages) == 1


def test_a_mileage_beyond_any_vehicle_is_no_reading() -> None:
    """FFFFFFFF stands for an odometer that is not known."""
    assert said(Terminal().location(NOW, MARKET, odometer_tenths=0xFFFFFFFF)).mileages == []


def test_wifi_stations_and_cells_are_not_kept() -> None:
    """Where somebody was by the stations around is no business of the product, whoever's terminal lists them."""
    items = b"".join(u8(item, 2, 1, 1) for item in (0x54, 0xE1, 0xEB, 0xEC))
    (fix,) = said(Terminal().location(NOW, MARKET, items=items)).fixes
    assert set(fix.attributes or {}) == {"acc", "status"}
    (aside,) = said(Terminal().location(NOW, Point(91, 0), items=u8(0x54, 6) + b"\xaa\xbb\xcc\xdd\xee\xff")).asides
    assert (aside.reason, b"\xaa\xbb" in aside.raw) == ("bad-place", False)


def test_an_alarm_is_an_event_when_it_rises() -> None:
    """Power cut: once when it begins, not with every report, and again when it comes again."""
    terminal = Terminal()
    bits = [0, POWER_CUT, POWER_CUT, POWER_CUT | SOS, 0, POWER_CUT]
    frames = [terminal.location(NOW + timedelta(seconds=i), MARKET, alarms=one) for i, one in enumerate(bits)]
    received = said(*frames)
    assert [(event.kind, event.at) for event in received.events] == [
        ("power-cut", NOW + timedelta(seconds=1)),
        ("sos", NOW + timedelta(seconds=3)),
        ("power-cut", NOW + timedelta(seconds=5)),
    ]
    assert len(received.fixes) == 6


def test_every_alarm_bit_has_its_event() -> None:
    """All bits but the reserved ones, by name; the ones that matter most are spelt out."""
    received = said(Terminal().location(NOW, MARKET, alarms=0xFFFFFFFF))
    assert len(kinds(received)) == len(set(kinds(received))) == 29
    wanted = {0: "sos", 5: "antenna-cut", 6: "antenna-short", 7: "power-low", 8: "power-cut", 26: "stolen", 28: "tow"}
    for bit, kind in wanted.items():
        assert kinds(said(Terminal().location(NOW, MARKET, alarms=1 << bit))) == [kind]


def test_alarms_of_kept_reports_do_not_hide_live_ones() -> None:
    """A batch from a blind area tells of the past; the alarm that is on now has been told already."""
    report = Report(None, NOW, Alarms(live=POWER_CUT))
    old = [location(NOW - timedelta(minutes=i), MARKET, alarms=one) for i, one in ((9, 0), (8, TOW), (7, TOW))]
    report.add(message(Terminal().frame(0x0704, batch(old))))
    report.add(message(Terminal().location(NOW, MARKET, alarms=POWER_CUT)))
    assert kinds(report.received()[0]) == ["tow"]
    assert report.alarms == Alarms(live=POWER_CUT, kept=TOW)


def test_a_batch_brings_every_report_that_can_be_read() -> None:
    """One that is too short harms no other; what is cut at the end is kept aside."""
    bodies = [location(NOW + timedelta(seconds=i), MARKET) for i in range(3)]
    whole = batch([bodies[0], b"short", bodies[1], bodies[2]], kind=0)
    for left_out in (0, 1, 20):
        received = said(Terminal().frame(0x0704, whole[: len(whole) - left_out]))
        assert len(received.fixes) == (3 if left_out == 0 else 2)
        assert [one.reason for one in received.asides] == ["bad-message"] * (1 if left_out == 0 else 2)


def test_a_vendors_batch_has_short_lengths_and_may_tell_the_battery() -> None:
    """0x0210: reports after one byte of length each; seven bytes are a level and a time."""
    body = b"".join(u8(28) + location(NOW + timedelta(seconds=i), MARKET) for i in range(2))
    assert len(said(Terminal().frame(0x0210, body)).fixes) == 2
    received = said(Terminal().frame(0x0210, u8(79) + bcd("261123090000", 6)))
    assert received.health is not None
    assert received.health.battery_percent == 79


def card(act: int, *rest: bytes) -> bytes:
    """Return a body of 0x0702."""
    return u8(act) + bcd("261123090000", 6) + b"".join(rest)


def test_what_a_terminal_tells_without_a_time_is_of_the_moment_it_came() -> None:
    """A card of the 2011 form, an alarm of a clock that is broken: today's is no repeat of yesterday's."""
    body = u8(4) + "张三".encode("gbk") + padded("35030219", 20) + padded("C1", 40) + u8(2) + "局".encode("gbk")
    broken = bytearray(location(NOW, MARKET, alarms=POWER_CUT))
    broken[22:28] = b"\xff" * 6
    received = said(Terminal().frame(0x0702, body), Terminal().frame(0x0200, bytes(broken)))
    assert [(event.kind, event.at) for event in received.events] == [("driver-card", NOW), ("power-cut", NOW)]


def test_a_drivers_card_is_an_event() -> None:
    """In with a name, in but not readable, out: each as it was told; the identity card's number is left out."""
    person = (
        u8(4) + "张三".encode("gbk") + padded("350302123456", 20) + u8(6) + "莆田局".encode("gbk") + bcd("20300101", 4)
    )
    inserted = said(Terminal().frame(0x0702, card(1, u8(0), person)), Terminal().frame(0x0702, card(1, u8(2))))
    removed = said(Terminal(year=2019).frame(0x0702, card(2)))
    assert inserted.events == [
        Event(
            kind="driver-card",
            at=NOW,
            detail={
                "act": "inserted",
                "result": "read",
                "name": "张三",
                "certificate": "350302123456",
                "issuer": "莆田局",
                "valid_until": "20300101",
            },
        ),
        Event(kind="driver-card", at=NOW, detail={"act": "inserted", "result": "locked"}),
    ]
    assert removed.events == [Event(kind="driver-card", at=NOW, detail={"act": "removed"})]
    body_2011 = u8(4) + "张三".encode("gbk") + padded("35030219", 20) + padded("C1", 40) + u8(2) + "局".encode("gbk")
    assert said(Terminal().frame(0x0702, body_2011)).events[0].detail["name"] == "张三"
    assert "35030219" not in str(said(Terminal().frame(0x0702, body_2011)).events)


@pytest.mark.parametrize("year", [2011, 2013, 2019])
def test_a_registration_is_read_in_the_form_of_its_year(year: int) -> None:
    """Maker, model and terminal id grew from edition to edition; the plate is the rest, in GBK."""
    read = read_registration(message(Terminal(year=year).register("0567872", "闽B12345", color=1)))
    assert (read.phone, read.terminal_id, read.plate, read.plate_color) == ("13900000001", "0567872", "闽B12345", 1)
    assert (read.maker, read.model) == ("70111", "BSJ-A6")


@pytest.mark.parametrize("year", [2013, 2019])
def test_an_authentication_brings_the_code(year: int) -> None:
    """The whole body is the code, or (2019) a length stands before it and what the terminal is after it."""
    read = read_authentication(message(Terminal(year=year).authenticate("350302-k7m2-9xqd")))
    assert (read.code, read.software) == ("350302-k7m2-9xqd", "v2.0.0" if year == 2019 else "")


@given(st.integers(0, 0xFFFF), st.binary(max_size=300), st.booleans())
def test_no_body_breaks_a_decoder(message_id: int, body: bytes, versioned: bool) -> None:  # noqa: FBT001 - hypothesis
    """Every kind of message with any bytes is read, kept aside or unsupported."""
    for kind in (message_id, *sorted({0x0100, 0x0102, 0x0200, 0x0201, 0x0210, 0x0702, 0x0704})):
        sent = Message(id=kind, phone=bytes(6), serial=0, body=body, versioned=versioned)
        report = Report(None, NOW)
        assert report.add(sent) in (words.OK, words.BAD_MESSAGE, words.UNSUPPORTED)
        report.received()
        for read in (read_registration, read_authentication):
            try:
                read(sent)
            except Short:
                continue


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 0, 2, 2, 1), (1, 2, 0)])
def test_packages_are_put_together_in_any_order(order: tuple[int, ...]) -> None:
    """Doubled or reordered, the whole comes out once, with every package's serial to answer."""
    body = bytes(range(256)) * 2
    parts = [message(frame) for frame in Terminal(serial=65535).packages(0x0704, body, 200)]
    packages = Packages(room := Room())
    added = [packages.add(parts[place], 0.0) for place in order]
    ((joined, serials),) = [whole for whole in added if whole is not None]
    assert all(packages.is_finished(part) for part in parts)
    assert (joined.body, joined.total, serials) == (body, 0, [65535, 0, 1])
    assert room.taken == 0


def test_missing_packages_are_asked_for_then_given_up() -> None:
    """After a wait, a few times; the request counts them in one byte, in 2019 in two."""
    for year, count in ((2013, u8(2)), (2019, u16(2))):
        parts = [message(frame) for frame in Terminal(year=year, serial=7).packages(0x0704, bytes(300), 100)]
        packages = Packages(room := Room())
        packages.add(parts[1], 0.0)
        assert packages.due(WAIT_S - 0.001) == []
        (missing,) = packages.due(WAIT_S)
        told = Terminal(year=year).told(Address(parts[1]).ask_packages(missing))
        assert (told.id, told.body) == (0x8003, u16(7) + count + u16(1, 3))
        for asked in range(2, ASKS_MOST + 1):
            assert len(packages.due(WAIT_S * asked)) == 1
        assert packages.due(WAIT_S * (ASKS_MOST + 1)) == []
        assert (packages.given_up, room.taken) == (1, 0)


def add_all(packages: Packages, part: Message) -> None:
    """Add every package of a message."""
    for index in range(1, part.total + 1):
        packages.add(msgspec.structs.replace(part, index=index, serial=index), 0.0)


def test_unfinished_messages_take_no_more_than_their_room() -> None:
    """The oldest gives way; one that alone is too large, or finds all terminals' room taken, is refused."""
    packages = Packages(room := Room())
    for message_id in range(200):
        packages.add(Message(id=message_id, phone=b"", serial=1, body=bytes(1000), total=9, index=1), 0.0)
        assert room.taken <= TERMINAL_BYTES
    assert packages.given_up > 100
    with pytest.raises(ValueError, match="no room"):
        add_all(packages, Message(id=7000, phone=b"", serial=0, body=bytes(1000), total=99))
    other = Packages(Room(most=100))
    with pytest.raises(ValueError, match="no room"):
        other.add(Message(id=1, phone=b"", serial=1, body=bytes(101), total=2, index=1), 0.0)
    packages.clear()
    assert room.taken == 0


def test_empty_packages_take_no_endless_room() -> None:
    """Packages without a byte in them, of as many messages as can be told apart: few are kept at once."""
    packages = Packages(Room())
    for total in range(2, 256):
        packages.add(Message(id=0x0704, phone=b"", serial=1, body=b"", total=total, index=1), 0.0)
    assert packages.given_up == 254 - 8
    assert len(packages.due(10.0)) == 8


@pytest.mark.parametrize(("total", "index"), [(0, 0), (2, 0), (2, 3), (256, 1)])
def test_impossible_package_numbers_are_refused(total: int, index: int) -> None:
    """Nothing is kept of a package that cannot belong to a message."""
    packages = Packages(Room())
    with pytest.raises(ValueError, match="numbers"):
        packages.add(Message(id=1, phone=b"", serial=1, body=b"x", total=total, index=index), 0.0)


def test_a_terminal_that_begins_anew_is_followed() -> None:
    """The first package again, of another serial: what was kept of the message before is of no use."""
    packages = Packages(Room())
    old = [message(frame) for frame in Terminal(serial=0).packages(0x0704, b"a" * 20, 10)]
    new = [message(frame) for frame in Terminal(serial=50).packages(0x0704, b"b" * 20, 10)]
    assert packages.add(old[0], 0.0) is None
    assert packages.add(new[0], 0.0) is None
    whole = packages.add(new[1], 0.0)
    assert whole is not None
    assert [packages.is_finished(part) for part in (*old, *new)] == [False, False, True, True]
    packages.forget_finished()
    assert not packages.is_finished(new[0])
    assert whole[0].body == b"b" * 20
    assert packages.given_up == 1


@pytest.mark.parametrize("year", [2013, 2019])
def test_answers_are_headed_as_the_terminal_is(year: int) -> None:
    """Its number as it sent it, its header, its own count of frames; bodies by the standard's tables."""
    terminal = Terminal(year=year)
    address = Address(message(terminal.heartbeat()))
    told = [
        terminal.told(frame)
        for frame in (
            address.answer(0x0002, 7, 0),
            address.registered(8, 0, "350302-k7m2"),
            address.registered(8, 3),
            address.time(NOW),
            address.time_vendor(NOW),
            address.set_parameter(words.REPORT_INTERVAL, 30),
            address.set_parameter(words.ODOMETER, 123_456),
            address.locate(),
            address.text("请立即返回"),
        )
    ]
    assert [one.serial for one in told] == list(range(9))
    assert {one.phone for one in told} == {terminal.phone.rjust(20 if year == 2019 else 12, "0")}
    shown = u8(12, 1) if year == 2019 else u8(12)
    assert [(one.id, one.body) for one in told] == [
        (0x8001, u16(7, 0x0002) + u8(0)),
        (0x8100, u16(8) + u8(0) + b"350302-k7m2"),
        (0x8100, u16(8) + u8(3)),
        (0x8004, bcd("261123010000", 6)),
        (0x8109, u16(2026) + u8(11, 23, 1, 0, 0, 0)),
        (0x8103, u8(1) + u32(0x0029) + u8(4) + u32(30)),
        (0x8103, u8(1) + u32(0x0080) + u8(4) + u32(123_456)),
        (0x8201, b""),
        (0x8300, shown + "请立即返回".encode("gbk")),
    ]
