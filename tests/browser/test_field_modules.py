"""The app's modules in Chromium: bytes, seals, the outbox, the chain's signatures, photos and what they claim."""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from playwright.async_api import Page, Route

from api.web.assets import asset
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


async def test_times_are_the_bureaus_whatever_zone_the_phone_is_set_to(handset: Opens) -> None:
    """A window of 18:06 to 21:36 is read so in a phone that was left on New York's time; so is the day it is of."""
    page = await handset("officer", "/field", lang="en", timezone_id="America/New_York")
    await ready(page)
    window = ["2026-11-23T18:06:00+08:00", "2026-11-23T21:36:00+08:00"]
    assert await called(page, "words", "m.span(...x)", window) == "Mon 23/11 18:06 – 21:36"
    days = ["2026-11-23T00:01:00+08:00", "2026-11-23T23:59:00+08:00", "2026-11-24T00:01:00+08:00"]
    assert await called(page, "words", "[m.sameDay(x[0], x[1]), m.sameDay(x[1], x[2])]", days) == [True, False]


async def test_the_next_step_is_one_that_the_person_may_take(phone: Page) -> None:
    """Who writes notes is led to the note; a driver leaves the site and drives back."""
    there = {"job_id": "j", "arrived_at": "2026-11-23T10:00:00+08:00", "left_at": None, "noted": []}
    left = there | {"left_at": "2026-11-23T11:00:00+08:00"}
    for job, roles, step in (
        (there, ["officer"], "note"),
        (there, ["driver"], "leave"),
        (there, ["driver", "officer"], "note"),
        (there | {"noted": ["n"]}, ["officer"], "leave"),
        (left, ["driver"], "return"),
    ):
        trip = {"state": "departed", "jobs": [job]}
        assert (await called(phone, "day", "m.nextStep(x[0], x[1])", [trip, roles]))["step"] == step
    allowed = "x.map((role) => [m.writesNotes([role]), m.takesComplaints([role])])"
    assert await called(phone, "day", allowed, ["officer", "driver", "dispatcher", "desk_chief"]) == [
        [True, True],
        [False, False],
        [False, True],
        [False, True],
    ]


async def test_kilometres_are_read_as_people_type_them_and_compared_as_the_dashboard_shows_them(phone: Page) -> None:
    """Commas of thousands or decimals, full-width digits; 18289 after 18289.6 is no step back on whole kilometres."""
    typed = {
        "18289": 18_289_000,
        " 18289.6 ": 18_289_600,
        "18289,6": 18_289_600,
        "18,289": 18_289_000,
        "18,289.6": 18_289_600,
        "1,018,289": 1_018_289_000,
        "１８２８９．６": 18_289_600,
        "18，289": 18_289_000,
        "0": 0,
        "": None,
        "abc": None,
        "-3": None,
        "1.2.3": None,
        "1e9": None,
    }
    assert await called(phone, "screens/parts", "x.map(m.metresOf)", list(typed)) == list(typed.values())
    compared = [
        [18_289_600, 18_289_000, 1000],
        [18_289_600, 18_289_500, 100],
        [18_289_600, 18_288_000, 1000],
        [None, 0, 1000],
    ]
    assert await called(phone, "screens/parts", "x.map((one) => m.wentBack(...one))", compared) == [
        False,
        True,
        True,
        False,
    ]


async def test_a_signature_stays_whole_when_the_phone_is_turned(phone: Page) -> None:
    """Its strokes get smaller together, and keep what else the pad tells of them."""
    stroke = {"penColor": "#000", "points": [{"x": 10, "y": 4, "pressure": 0.5}, {"x": 20, "y": 8, "pressure": 1}]}
    [scaled] = await called(phone, "signature", "m.scaledStrokes(x, 0.5)", [stroke])
    assert scaled["points"] == [{"x": 5, "y": 2, "pressure": 0.5}, {"x": 10, "y": 4, "pressure": 1}]
    assert scaled["penColor"] == "#000"


SEALED_BY_ANOTHER = """await (async () => {
  const [{ vaultKey }, { keepFixes, sendFixes }] = await Promise.all([x.seal, x.fixes].map((one) => import(one)));
  const [former, now] = await Promise.all(['Zm9y', 'bm93'].map((three) => vaultKey(three.repeat(11).slice(0, 43))));
  const owner = '350302/somebody';
  const kept = async (key, text) => m.putFile({ owner, key }, new Blob([text], { type: 'image/png' }));
  const files = [await kept(former, 'former'), await kept(now, 'now')];
  await keepFixes({ owner, key: former }, [{ lat: 1 }]);
  await keepFixes({ owner, key: now }, [{ lat: 2 }]);
  await m.put({ owner, key: now }, 'device', { token: 'a-token' });
  const who = { owner, key: now };
  const opened = await Promise.all(files.map(async (name) => (await m.getFile(who, name))?.text() ?? null));
  return { opened, sent: await sendFixes(who) };
})()"""


async def test_what_another_key_sealed_holds_nothing_up(phone: Page) -> None:
    """The server's secret was changed: an old picture does not open, an old position stays, the new ones are sent."""
    told: list[Any] = []

    async def taken(route: Route) -> None:
        told.append(route.request.post_data_json["fixes"])
        await route.fulfill(status=200, json={})

    await phone.route("**/v1/positions", taken)
    addresses = {"seal": asset("js/field/seal.js"), "fixes": asset("js/field/fixes.js")}
    assert await called(phone, "sealed", SEALED_BY_ANOTHER, addresses) == {"opened": [None, "now"], "sent": True}
    assert told == [[{"lat": 2}]]


LEFT = """await (async () => {
  const { vaultKey } = await import(x.seal);
  const who = { owner: '350302/left', key: await vaultKey('Zm9y'.repeat(11).slice(0, 43)) };
  const kept = (of) => m.putFile(who, new Blob([of]));
  const [drafts, left, asked] = [await kept('draft'), await kept('left'), await kept('asked')];
  await m.put(who, 'draft note 1', { photos: [{ sha256: drafts }] });
  await m.put(who, 'draft another 1', { name: '' });
  await m.put(who, 'photograph', { trip: '1', sha256: asked });
  const here = async () => Promise.all([drafts, left, asked].map(async (name) => Boolean(await m.getFile(who, name))));
  const stood = [];
  for (const hours of [23, 25]) {
    await m.dropLeft(who, Date.now() + hours * 3_600_000);
    stood.push(await here());
  }
  return stood;
})()"""


async def test_photos_of_a_screen_that_was_left_go_after_a_day_and_those_of_a_draft_stay(phone: Page) -> None:
    """Retaken, or never signed: they do not fill the phone; what a draft names, or a lot asked for, is not touched."""
    stood = await called(phone, "sealed", LEFT, {"seal": asset("js/field/seal.js")})
    assert stood == [[True, True, True], [True, False, True]]


async def test_a_trip_is_tomorrows_only_where_it_is(phone: Page) -> None:
    """One of yesterday, on a phone that has not heard from the server since, keeps the name of its day."""
    trip = {"state": "approved"}
    days = [[f"2020-11-{day}T09:00:00+08:00", f"2020-11-{day}T11:00:00+08:00"] for day in (22, 24, 25)]
    told = await called(
        phone,
        "screens/today",
        "x.days.map(([planned_from, planned_until]) => m.timeOf({ ...x.trip, planned_from, planned_until }, x.now))",
        {"trip": trip, "days": days, "now": int(datetime(2020, 11, 23, 2, tzinfo=UTC).timestamp() * 1000)},
    )
    assert told == [
        "Sun 22/11 09:00 – 11:00",
        "tomorrow Tue 24/11 09:00 – 11:00",
        "Wed 25/11 09:00 – 11:00",
    ]


AWAKE = """await (async () => {
  let granted, released = 0;
  const lock = { release: async () => { released += 1; } };
  const request = () => new Promise((done) => { granted = done; });
  Object.defineProperty(navigator, 'wakeLock', { value: { request } });
  const following = new m.Following({ owner: 'o' }, () => {});
  following.start();
  following.stop();
  granted(lock);
  await new Promise((done) => setTimeout(done));
  const late = released;
  following.start();
  granted(lock);
  await new Promise((done) => setTimeout(done));
  const held = released - late;
  following.stop();
  return [late, held, released];
})()"""


async def test_the_screen_may_sleep_again_once_the_trip_is_over(phone: Page) -> None:
    """Also where the browser grants the lock only after the trip ended; on a trip it is held."""
    assert await called(phone, "position", AWAKE) == [1, 0, 2]


NOWHERE = """await (async () => {
  const { vaultKey } = await import(x);
  navigator.geolocation.getCurrentPosition = (_found, failed) => failed({ code: 2 });
  const kept = [];
  const app = {
    who: { owner: '350302/nowhere', key: await vaultKey('Zm9y'.repeat(11).slice(0, 43)) },
    trip: () => ({ state: 'departed', jobs: [] }),
    keep: async (act) => kept.push(act),
    go: () => {},
  };
  const { nodes } = await m.another(app, 'a-trip');
  const screen = document.createElement('div');
  screen.append(...nodes.filter(Boolean));
  document.body.append(screen);
  for (const control of screen.querySelectorAll(':is(input, textarea)[maxlength]')) {
    control.value = control.type === 'tel' ? '13905940000' : 'something';
    control.dispatchEvent(new Event('input'));
  }
  screen.querySelector('form').requestSubmit();
  await new Promise((done) => setTimeout(done, 500));
  return { kept, told: screen.querySelector('form [role=alert]').textContent };
})()"""


async def test_a_complaint_on_the_spot_needs_to_know_where_that_is(phone: Page) -> None:
    """A trip whose jobs were all dropped, and no position: it is said, and nothing is signed with a place made up."""
    told = await called(phone, "screens/another", NOWHERE, asset("js/field/seal.js"))
    assert told == {
        "kept": [],
        "told": "Nobody knows where this is: allow the position, and try again in the open.",
    }
