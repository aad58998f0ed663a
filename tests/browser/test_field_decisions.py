"""What the app's modules decide by themselves: what becomes of an act, what is kept how long, what was lost."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page

from domain.complaint.telephone import BadTelephone, check_telephone
from tests.browser.conftest import Opens
from tests.browser.field import called, ready


@pytest.fixture
async def phone(handset: Opens) -> Page:
    """Return a phone with the app open."""
    page = await handset("officer", "/field", lang="en")
    await ready(page)
    return page


OURS = {"id": "a", "receipt": {"entry": "e", "leaf": "l"}, "reasons": []}
ANSWERS: list[tuple[int, Any, str | None]] = [
    (201, OURS | {"outcome": "recorded"}, "confirmed"),
    (200, OURS | {"outcome": "conflict", "why": "already-departed"}, "conflict"),
    (201, OURS | {"outcome": "parked", "why": "acts-missing"}, "parked"),
    (201, OURS | {"outcome": "refused", "problem": {"code": "not-now", "detail": "Not now."}}, "refused"),
    (409, {"code": "chain-fork", "detail": "Another act stands there."}, "refused"),
    (400, {"code": "bad-signature", "detail": "It is not signed."}, "refused"),
    (200, "a gateway's page", None),
    (200, OURS | {"id": "another act's", "outcome": "recorded"}, None),
    (200, OURS | {"outcome": "toString"}, None),
    (201, {"id": "a", "outcome": "recorded"}, None),
    (304, {"code": "chain-fork"}, None),
    (403, {"code": "not-your-key", "detail": "It is another person's."}, None),
    (403, {"code": "password-change-required"}, None),
    (403, "a gateway's page", None),
    (404, {"code": "not-found"}, None),
    (405, None, None),
]


async def test_an_answer_decides_what_an_act_becomes(phone: Page) -> None:
    """Recorded is confirmed; what was kept aside, parked or refused for good is said so; all else is no answer."""
    for status, answer, state in ANSWERS:
        judged = await called(phone, "outbox", "m.judged('a', x[0], x[1])", [status, answer])
        assert (judged and judged["state"]) == state, answer
        if state == "refused":
            told = answer.get("problem", answer)
            assert [one["sentence"] for one in judged["reasons"]] == [told["detail"]]


TELEPHONES = ["13800000001", "+86 138-0000-0001", "0594 2345678 转 12", "12315", "(0594)2345678", "+1 415 555 0000"]
TELEPHONES += [
    "０５９４２３４５６７８",
    "0086 594 2345678",
    "+86594 2345678",
    "2345678 ext. 9",
    "1234",
    "",
    "打我电话",
    "138 0000",
    "00",
]
TELEPHONES += ["+86", "0", "1" * 20, "1" * 21, "12345,1234567", "<b>12345</b>", "\u202e12345", "12345 x1 x2"]


async def test_a_telephone_number_is_one_here_as_it_is_there(phone: Page) -> None:
    """A complaint taken without a network is not refused for its number hours later."""

    def taken(number: str) -> bool:
        try:
            return bool(check_telephone(number))
        except BadTelephone:
            return False

    told = await called(phone, "telephone", "x.map(m.isTelephone)", TELEPHONES)
    assert dict(zip(TELEPHONES, told, strict=True)) == {number: taken(number) for number in TELEPHONES}
    assert {True, False} == set(told)


async def test_no_text_is_signed_that_no_database_can_keep(phone: Page) -> None:
    """U+0000 goes, half an emoji becomes the sign for what cannot be read; whole ones and all other marks stay."""
    texts = await called(
        phone, "bytes", "m.storable({ a: ['x\\0y', 'half \\ud83d', '\\ude00 half', '😀 \\u202e'], n: 1, z: null })"
    )
    assert texts == {"a": ["xy", "half \ufffd", "\ufffd half", "😀 \u202e"], "n": 1, "z": None}


async def test_only_faults_that_pass_are_tried_again_and_ever_more_rarely(phone: Page) -> None:
    """401, 429 and the server's own faults; two seconds at first, five minutes at most."""
    tried = await called(phone, "server", "[200, 400, 401, 403, 409, 429, 500, 503].filter(m.again)")
    assert tried == [401, 429, 500, 503]
    assert await called(phone, "outbox", "[0, 1, 4, 30].map((tries) => m.pause(tries, 0.5))") == [2, 4, 32, 300]
    assert await called(phone, "outbox", "[m.pause(3, 0), m.pause(3, 1)]") == [12, 20]


async def test_what_waits_changes_the_day_and_what_was_refused_does_not(phone: Page) -> None:
    """A departure that waits has departed here; one that was refused has not."""
    trip = {"trip_id": "t", "state": "approved", "vehicle": {}, "jobs": [{"job_id": "j"}]}
    acts = [
        {"state": "kept", "at": 0, "payload": {"act": "depart", "trip": "t", "body": {"reading": {"odometer_m": 7}}}},
        {"state": "sent", "at": 9, "payload": {"act": "stop", "trip": "t", "body": {"job_id": "j", "what": "arrive"}}},
        {
            "state": "confirmed",
            "at": 10,
            "payload": {"act": "note", "trip": "t", "body": {"job_id": "j", "note_id": "n"}},
        },
    ]
    [stands] = await called(phone, "day", "m.asItStands([x[0]], x[1])", [trip, acts])
    assert (stands["state"], stands["vehicle"]["odometer_m"], stands["waits"]) == ("departed", 7, 2)
    assert (stands["jobs"][0]["arrived_at"] is not None, stands["jobs"][0]["noted"]) == (True, ["n"])
    [refused] = await called(phone, "day", "m.asItStands([x[0]], x[1])", [trip, [acts[0] | {"state": "refused"}]])
    assert (refused["state"], len(refused["refused"]), refused["waits"]) == ("approved", 1, 0)
    [read] = await called(
        phone, "day", "m.asItStands([x[0]], x[1])", [trip, [acts[0] | {"state": "refused", "read_at": 9}]]
    )
    assert (read["state"], read["refused"]) == ("approved", [])


async def test_what_was_confirmed_or_read_is_kept_for_thirty_days_and_what_nobody_read_for_good(phone: Page) -> None:
    """To the millisecond; what waits is never forgotten, however old."""
    month = 30 * 86_400_000
    acts = [
        {"state": "confirmed", "answered_at": 1},
        {"state": "refused", "answered_at": 1, "read_at": 1},
        {"state": "conflict", "answered_at": 1, "read_at": 1},
        {"state": "refused", "answered_at": 1},
        {"state": "conflict", "answered_at": 1},
        {"state": "kept"},
        {"state": "sent"},
        {"state": "parked", "answered_at": 1},
    ]
    old = await called(
        phone,
        "outbox",
        "x.times.map((now) => x.acts.map((act) => m.isOld(act, now)))",
        {"times": [month + 1, month + 2], "acts": acts},
    )
    assert old == [[False] * 8, [True] * 3 + [False] * 5]


async def test_a_window_is_early_open_or_missed_with_its_grace(phone: Page) -> None:
    """Half an hour before and after: at the limit is within."""
    trip = {"planned_from": "2026-11-23T09:00:00+08:00", "planned_until": "2026-11-23T11:00:00+08:00", "grace_s": 1800}
    stood = await called(
        phone,
        "day",
        "x[1].map((minutes) => m.windowAt(x[0], Date.parse(x[0].planned_from) + minutes * 60000))",
        [trip, [-31, -30, 150, 151]],
    )
    assert stood == ["early", "open", "open", "missed"]


async def test_a_session_ends_by_itself_but_never_on_the_way(phone: Page) -> None:
    """After the duty day the phone shuts; who is out on a trip can still write down what happens."""
    for now, out, over in ((99, False, False), (100, False, True), (100, True, False)):
        assert await called(phone, "session", "m.isOver(new Date(100).toISOString(), x[0], x[1])", [now, out]) is over


async def test_a_mark_outside_the_storage_tells_what_was_lost(phone: Page) -> None:
    """Each key with the number of its last act; what arrived, what is here, and another person's key are no loss."""
    one, other = (f"01932b3c-7d5e-7a10-8c4f-0a1b2c3d4e{end}" for end in ("5f", "60"))
    cookies = f"a=b; zhuanche_field_kept={one}.12~{other}.7.3; c=d"
    marks = await called(phone, "eviction", "m.marksOf(x)", cookies)
    assert marks == [{"key_id": one, "made": 12, "lost": None}, {"key_id": other, "made": 7, "lost": 3}]
    cases: list[tuple[list[str], dict[str, int], tuple[int, int, bool] | None]] = [
        ([], {one: 9}, (12, 3, False)),
        ([], {one: 12}, (12, 0, False)),
        ([], {other: 1}, (7, 3, True)),
        ([one], {one: 9}, None),
        ([], {}, None),
    ]
    for here, theirs, found in cases:
        keys = [{"key_id": key, "seq": seq} for key, seq in theirs.items()]
        lost = await called(phone, "eviction", "m.lostOf(x[0], x[1], x[2])", [marks, here, keys])
        assert (lost and (lost["made"], lost["lost"], lost["told"])) == found
    for nonsense in ("", "zhuanche_field_kept=", "zhuanche_field_kept=<script>", "xzhuanche_field_kept=1.2"):
        assert await called(phone, "eviction", "m.marksOf(x)", nonsense) == []
