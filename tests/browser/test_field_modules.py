"""The app's modules in Chromium: bytes, seals, the outbox, the chain's signatures, photos and what they claim."""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from playwright.async_api import Page

from tests.browser.conftest import Opens
from tests.browser.field import called, ready


@pytest.fixture
async def phone(handset: Opens) -> Page:
    """Return a phone with the app open."""
    page = await handset("officer", "/field", lang="en")
    await ready(page)
    return page


async def test_ids_hashes_and_base64url_are_those_of_their_standards(phone: Page) -> None:
    """What the phone writes, others read: RFC 9562, FIPS 180-4, RFC 7515."""
    made = await called(phone, "bytes", "m.uuid7(1795395600123)")
    assert UUID(made).version == 7
    assert int(made.replace("-", "")[:12], 16) == 1795395600123
    assert await called(phone, "bytes", "m.hex(await m.sha256(m.utf8('abc')))") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert await called(phone, "bytes", "m.base64url(new Uint8Array([251, 255, 0]))") == "-_8A"
    assert (
        await called(phone, "bytes", "[...m.fromBase64url(m.base64url(new Uint8Array(300000).fill(9)))].length")
        == 300000
    )


async def test_what_is_sealed_opens_with_its_key_and_name_alone(phone: Page) -> None:
    """Another person's key, or the same box put in another place, opens nothing; no script can read the key."""
    key = b64encode(b"k" * 32).decode().rstrip("=")
    other = b64encode(b"o" * 32).decode().rstrip("=")
    expression = """await (async () => {
      const mine = await m.vaultKey(x[0]), other = await m.vaultKey(x[1]);
      const box = await m.sealJson(mine, 'day', { name: '林某' });
      const failed = async (key, name) => m.unsealJson(key, name, box).then(() => null, (fault) => fault.name);
      return {
        opened: await m.unsealJson(mine, 'day', box),
        other: await failed(other, 'day'),
        elsewhere: await failed(mine, 'draft'),
        exported: await crypto.subtle.exportKey('raw', mine).then(() => null, (fault) => fault.name),
      };
    })()"""
    assert await called(phone, "seal", expression, [key, other]) == {
        "opened": {"name": "林某"},
        "other": "OperationError",
        "elsewhere": "OperationError",
        "exported": "InvalidAccessError",
    }


ANSWERS: list[tuple[int, dict[str, Any], str]] = [
    (201, {"outcome": "recorded", "reasons": []}, "confirmed"),
    (200, {"outcome": "conflict", "why": "already-departed", "reasons": []}, "conflict"),
    (201, {"outcome": "parked", "why": "acts-missing", "reasons": []}, "parked"),
    (201, {"outcome": "refused", "problem": {"code": "not-now", "detail": "Not now."}}, "refused"),
    (409, {"code": "chain-fork", "detail": "Another act stands there."}, "refused"),
    (400, {"code": "bad-signature", "detail": "It is not signed."}, "refused"),
]


async def test_an_answer_decides_what_an_act_becomes(phone: Page) -> None:
    """Recorded is confirmed; what the server kept aside, parked or refused for good is said so, with its words."""
    for status, answer, state in ANSWERS:
        judged = await called(phone, "outbox", "m.judged(x[0], x[1])", [status, answer])
        assert judged["state"] == state
        if state == "refused":
            told = answer.get("problem", answer)
            assert [one["sentence"] for one in judged["reasons"]] == [told["detail"]]


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
    assert (refused["state"], len(refused["refused"])) == ("approved", 1)


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


async def test_storage_that_was_thrown_away_is_noticed_and_counted(phone: Page) -> None:
    """The mark outside the storage tells how many acts were signed; the server, how many of them arrived."""
    key = "0193a0c4-7c00-7000-8000-000000000001"
    mark = await called(phone, "eviction", "m.markOf(x)", f"a=b; zhuanche_field_kept={key}.12; c=d")
    assert mark == {"key_id": key, "seq": 12}
    assert await called(phone, "eviction", "m.lost(x[0], [x[1]], [])", [mark, key]) is None
    told = {"key_id": key, "seq": 9}
    assert await called(phone, "eviction", "m.lost(x[0], [], [x[1]])", [mark, told]) == {
        "key_id": key,
        "made": 12,
        "known": 9,
    }
    assert await called(phone, "eviction", "m.lost(null, [], [x])", told) is None


async def test_a_signature_made_here_is_verified_there(phone: Page) -> None:
    """ES256 as WebCrypto makes it, in a compact JWS as joserfc reads it; the key cannot be exported."""
    made = await called(
        phone,
        "chain",
        """await (async () => {
          const { told, key } = await m.newKey({ owner: 'o', bureau: '350302', person: x }, x);
          const exported = await crypto.subtle.exportKey('pkcs8', key.private).then(() => null, (fault) => fault.name);
          return { told, kid: key.kid, exported };
        })()""",
        "0193a0c4-7c00-7000-8000-000000000002",
    )
    public = ECKey.import_key(made["told"]["jwk"])
    assert public.thumbprint() == made["kid"]
    verified = jws.deserialize_compact(made["told"]["proof"], public, algorithms=["ES256"])
    assert verified.headers() == {"alg": "ES256", "typ": "key+jws", "kid": made["kid"]}
    assert made["exported"] == "InvalidAccessError"


def with_exif(jpeg: bytes, *, little: bool) -> bytes:
    """Return the picture with an Exif part that claims a place and a time."""
    order = "<" if little else ">"

    def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
        return struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\0")

    def at(offset: int) -> bytes:
        return struct.pack(order + "I", offset)

    taken, zone = b"2026:11:23 09:00:00\0", b"+08:00\0"
    first, exif, gps = 8, 8 + 2 + 24 + 4, 8 + 2 + 24 + 4 + 2 + 24 + 4
    tail = gps + 2 + 48 + 4
    texts = tail + 48
    degrees = b"".join(
        struct.pack(order + "II", *one) for one in ((25, 1), (26, 1), (132, 100), (118, 1), (59, 1), (4560, 100))
    )
    tiff = (b"II*\0" if little else b"MM\0*") + at(first)
    tiff += struct.pack(order + "H", 2) + entry(0x8769, 4, 1, at(exif)) + entry(0x8825, 4, 1, at(gps)) + at(0)
    tiff += struct.pack(order + "H", 2) + entry(0x9003, 2, 20, at(texts)) + entry(0x9011, 2, 7, at(texts + 20)) + at(0)
    tiff += struct.pack(order + "H", 4) + entry(1, 2, 2, b"N") + entry(2, 5, 3, at(tail)) + entry(3, 2, 2, b"W")
    tiff += entry(4, 5, 3, at(tail + 24)) + at(0) + degrees + taken + zone
    part = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part + jpeg[2:]


DRAWN = """await (async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: x[0], height: x[1] });
  canvas.getContext('2d').fillRect(0, 0, 5, 5);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg'));
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(''));
})()"""
TAKEN = """await (async () => {
  const file = new File([Uint8Array.from(atob(x), (one) => one.charCodeAt(0))], 'x.jpg', { type: 'image/jpeg' });
  const { blob, claim } = await m.scaled(file);
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const { width, height } = await createImageBitmap(blob);
  const kept = btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(''));
  return { claim, width, height, type: blob.type, kept };
})()"""


async def test_a_photo_is_scaled_and_its_files_claims_are_kept_apart_from_it(phone: Page) -> None:
    """Place and time of the file become a claim of the note; the picture that is kept carries no Exif."""
    jpeg = b64decode(await called(phone, "photo", DRAWN, [2400, 1200]))
    for little in (True, False):
        taken = await called(phone, "photo", TAKEN, b64encode(with_exif(jpeg, little=little)).decode())
        assert (taken["width"], taken["height"], taken["type"]) == (1600, 800, "image/jpeg")
        assert taken["claim"] == {
            "lat": pytest.approx(25.4337, abs=1e-6),
            "lon": pytest.approx(-118.996, abs=1e-6),
            "taken_at": "2026-11-23T01:00:00.000Z",
        }
        assert b"Exif" not in b64decode(taken["kept"])


async def test_a_photo_whose_file_is_odd_claims_nothing(phone: Page) -> None:
    """Cut short at any byte, or pointing outside itself: no claim, and never a fault."""
    jpeg = b64decode(await called(phone, "photo", DRAWN, [40, 30]))
    whole = with_exif(jpeg, little=True)
    claims = await called(
        phone,
        "exif",
        """Array.from({ length: 240 }, (_, cut) => {
          const bytes = Uint8Array.from(atob(x), (one) => one.charCodeAt(0)).slice(0, cut);
          return m.claimOf(bytes.buffer).lat;
        })""",
        b64encode(whole).decode(),
    )
    assert all(lat is None or lat == pytest.approx(25.4337, abs=1e-6) for lat in claims)
    assert claims[100] is None
    small = await called(phone, "photo", TAKEN, b64encode(jpeg).decode())
    assert (small["width"], small["claim"]) == (40, {"lat": None, "lon": None, "taken_at": None})


async def test_a_code_holds_what_fits_and_says_that_it_was_cut(phone: Page) -> None:
    """A code that a phone can still read over a screen; a short text stays whole."""
    assert await called(phone, "code", "m.readable('短')") == "短"
    cut = await called(phone, "code", "m.readable('协'.repeat(2000))")
    assert cut.endswith("…")
    assert 900 < len(cut.encode()) <= 1003
    assert await called(phone, "code", "m.codeOf('协'.repeat(2000), 'a code').width > 20")
