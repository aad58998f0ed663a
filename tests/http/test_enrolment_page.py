"""A device is handed over by a page: what is tracked first, then how each app is set up."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import unescape
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from sqlalchemy import text

from api.openrosa.settings_code import collect_settings, settings_text
from api.web.handover import qr_code
from domain.tracking_notice import NOTICE, VERSION
from domain.values import Role
from tests.conftest import SignIn, problem_code
from tests.house.rights import application, routes
from tests.phones import enrol, enrol_untold
from tests.world import World

ADDRESS = "http://desk"
LANGUAGES = {"zh": ("zh-CN,zh;q=0.9", "zh-CN"), "en": ("en-GB,en;q=0.8", "en")}


def values(page: str) -> list[str]:
    """Return what the page gives to type or copy."""
    return [unescape(value) for value in re.findall(r'<code class="value">(.*?)</code>', page)]


def links(page: str) -> dict[str, str]:
    """Return the links that open an app, by their scheme."""
    found = [unescape(link) for link in re.findall(r'<a class="button" href="(.*?)"', page)]
    return {urlsplit(link).scheme: link for link in found}


async def test_an_enrolment_answers_a_link_and_so_does_another_token(signed_in: SignIn, world: World) -> None:
    """The link holds the token, so it is shown as seldom as the token is."""
    admin = await signed_in("admin")
    asked = {"name": "终端", "vehicle_id": str(world.vehicle_id)}
    first = (await admin.post("/v1/devices", json=asked, headers={"Idempotency-Key": "one"})).json()
    assert first["link"] == f"{ADDRESS}/enrol/{first['token']}"
    again = (await admin.post("/v1/devices", json=asked, headers={"Idempotency-Key": "one"})).json()
    assert (again["token"], again["link"]) == (None, None)
    rotated = (await admin.post(f"/v1/devices/{first['device_id']}/rotate")).json()
    assert rotated["link"] == f"{ADDRESS}/enrol/{rotated['token']}"
    assert (await admin.get(first["link"])).status_code == 404
    assert (await admin.get(rotated["link"])).status_code == 200


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_person_is_told_what_is_tracked_before_anything_else(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, language: str
) -> None:
    """No address, no code and no link stands on the page before the notice was acknowledged; that is a fact."""
    device_id, token = await enrol_untold(signed_in, person_id=world["officer"].person_id)
    accept, tag = LANGUAGES[language]
    anonymous.headers["Accept-Language"] = accept
    page = await anonymous.get(f"/enrol/{token}")
    assert (page.status_code, page.headers["content-language"]) == (200, tag)
    assert f'<html lang="{tag}" ' in page.text
    assert all(told.answer in unescape(page.text) for told in NOTICE[language])
    assert (values(page.text), links(page.text)) == ([], {})
    assert "<svg" not in page.text
    assert token not in page.text
    done = await anonymous.post(f"/enrol/{token}?lang={language}", data={"notice": VERSION})
    assert (done.status_code, done.headers["location"]) == (303, f"?lang={language}")
    shown = await anonymous.get(f"/enrol/{token}", params={"lang": language})
    assert f"{ADDRESS}/in/{token}" in values(shown.text)
    assert all(told.answer in unescape(shown.text) for told in NOTICE[language])
    async with world.database.read(world.bureau_id) as reader:
        found = await reader.execute(
            text(
                "SELECT t.*, p.kind, p.facts FROM tracking_acknowledgement t JOIN ledger_payload p"
                " ON p.bureau_id = t.bureau_id AND p.entry_id = t.entry_id WHERE t.bureau_id = :b"
            ),
            {"b": world.bureau_id},
        )
        [fact] = found.all()
    assert (fact.person_id, fact.device_id, fact.notice) == (world["officer"].person_id, device_id, VERSION)
    assert (fact.obtained, fact.kind) == ("link", "tracking-acknowledged")
    assert VERSION.encode() in bytes(fact.facts)


async def test_a_notice_read_twice_is_one_fact_and_another_wording_none(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """A second click, a second phone of the same person, an old page, and nonsense."""
    _, token = await enrol_untold(signed_in, person_id=world["officer"].person_id)
    for sent in ({"notice": "1999-01"}, {}, {"other": "x"}):
        assert (await anonymous.post(f"/enrol/{token}", data=sent)).status_code == 303
        assert values((await anonymous.get(f"/enrol/{token}")).text) == []
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await anonymous.post(f"/enrol/{token}", content=b"\xff=%&&;", headers=form)).status_code == 303
    assert (await anonymous.post(f"/enrol/{token}", json={"notice": VERSION})).status_code == 415
    for _ in range(2):
        assert (await anonymous.post(f"/enrol/{token}", data={"notice": VERSION})).status_code == 303
    _, second = await enrol_untold(signed_in, person_id=world["officer"].person_id)
    assert values((await anonymous.get(f"/enrol/{second}")).text)
    async with world.database.read(world.bureau_id) as reader:
        count = await reader.execute(
            text("SELECT count(*) FROM tracking_acknowledgement WHERE bureau_id = :b"), {"b": world.bureau_id}
        )
        assert count.scalar_one() == 1


async def test_each_app_is_given_one_value_and_what_opens_it(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Links and codes say what the page says to type; GPSLogger's profile is fetched by its link."""
    _, token = await enrol(signed_in, person_id=world["officer"].person_id)
    page = (await anonymous.get(f"/enrol/{token}")).text
    url = f"{ADDRESS}/in/{token}"
    assert values(page) == [url, url, url, url, f"{url}?%ALL", f"{ADDRESS}/openrosa/{token}"]
    assert page.count("<details") == 7
    server = f"{ADDRESS}/openrosa/{token}"
    collect = settings_text(collect_settings(server, f"专车 {world['officer'].name} 某"))
    scanned = f"{url}?accuracy=highest&distance=20&interval=10&heartbeat=300&buffer=true"
    assert [qr_code(said) in page for said in (scanned, collect, f"{ADDRESS}/enrol/{token}")] == [True] * 3
    opened = links(page)
    assert set(opened) == {"org.traccar.client", "owntracks", "overland", "gpslogger"}
    traccar = parse_qs(urlsplit(opened["org.traccar.client"]).query)
    assert (traccar["url"], traccar["accuracy"], traccar["interval"]) == ([url], ["highest"], ["10"])
    inline = unquote(opened["owntracks"].removeprefix("owntracks:///config?inline="))
    owntracks = json.loads(base64.b64decode(inline, validate=True))
    assert (owntracks["_type"], owntracks["mode"], owntracks["url"]) == ("configuration", 3, url)
    assert parse_qs(urlsplit(opened["overland"]).query) == {"url": [url]}
    profile = opened["gpslogger"].removeprefix("gpslogger://properties/")
    fetched = await anonymous.get(profile)
    assert fetched.headers["content-type"].startswith("text/plain")
    assert dict(line.split("=", 1) for line in fetched.text.splitlines())["log_customurl_url"] == f"{url}?%ALL"


async def test_every_address_the_page_gives_takes_a_fix(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """What a person typed from it works."""
    _, token = await enrol(signed_in, person_id=world["officer"].person_id)
    page = (await anonymous.get(f"/enrol/{token}")).text
    for address in {value for value in values(page) if "/in/" in value}:
        fix = f"lat=25.4&lon=119&timestamp={int(world.clock().timestamp())}"
        path = address.replace("%ALL", fix) if "%ALL" in address else f"{address}?id=1&{fix}"
        assert (await anonymous.get(path)).status_code == 200
    async with world.database.read(world.bureau_id) as reader:
        held = text("SELECT count(*) FROM position_held WHERE bureau_id = :b")
        assert (await reader.execute(held, {"b": world.bureau_id})).scalar_one() == 1
    [collect] = [value for value in values(page) if "/openrosa/" in value]
    assert (await anonymous.get(f"{collect}/formList")).status_code == 200


async def test_a_vehicle_s_device_is_shown_without_a_notice_or_forms(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """A terminal has nobody to tell; without a port for terminals none is explained."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    page = (await anonymous.get(f"/enrol/{token}")).text
    assert "闽B12315" in page
    assert not any("openrosa" in value for value in values(page))
    assert NOTICE["zh"][0].answer not in page
    assert "JT/T 808" not in page
    assert (await anonymous.post(f"/enrol/{token}", data={"notice": VERSION})).status_code == 303


async def test_a_link_that_opens_nothing_is_answered_alike_whatever_the_reason(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Revoked, never there, of another bureau, or no token at all: one page, 404."""
    device_id, token = await enrol(signed_in, person_id=world["officer"].person_id)
    admin = await signed_in("admin")
    await admin.post(f"/v1/devices/{device_id}/revoke", json={"reason": "遗失"})
    forged = "999999" + token[6:]
    answers = set()
    for one in (token, forged, f"{world.bureau_id}-0000-0000-0000-0000", "nonsense", "%F0%9F%9A%97", "x" * 3_000):
        for method, path in (("GET", ""), ("POST", ""), ("GET", "/zhuanche.properties")):
            answer = await anonymous.request(method, f"/enrol/{one}{path}")
            answers.add((answer.status_code, answer.text, answer.headers["cache-control"]))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404


async def test_the_page_is_kept_to_who_opened_it_and_lets_nothing_else_in(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Not stored, not framed, not indexed, no address of it told on, and no script, file or style but its own."""
    _, token = await enrol(signed_in, person_id=world["officer"].person_id)
    for path in (f"/enrol/{token}", "/enrol/nonsense", f"/enrol/{token}/zhuanche.properties"):
        page = await anonymous.get(path)
        headers = page.headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert "noindex" in headers["x-robots-tag"]
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "frame-ancestors 'none'" in policy
        if "<html" in page.text:
            assert "script-src 'self'; style-src 'self';" in policy
            assert not re.search(r"<style|<script(?! (type=\"module\" )?src=\"/assets/)|\s(style|on[a-z]+)=", page.text)
            assert not re.search(r'src="(?!/assets/)', page.text)
            assert not re.search(r'href="https?://', page.text)


async def test_a_name_that_is_markup_is_shown_as_it_was_entered(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Whatever an administrator calls a device, it is text."""
    name = "<script>alert(1)</script>&\"'"
    admin = await signed_in("admin")
    enrolled = await admin.post("/v1/devices", json={"name": name, "person_id": str(world["officer"].person_id)})
    page = (await anonymous.get(enrolled.json()["link"])).text
    assert "<script>" not in page
    assert name in unescape(page)


def test_the_notice_has_another_version_when_a_word_of_it_changes() -> None:
    """Who acknowledged a version acknowledged these words: give new words a new version, and write its digest here."""
    words = json.dumps({key: [(one.question, one.answer) for one in told] for key, told in NOTICE.items()})
    assert {VERSION: hashlib.sha256(words.encode()).hexdigest()} == {
        "2026-11": "f09ebd0e4c5bade6c50f24fd15d8abef8a86190568628429f47b4301b0476c30"
    }
    assert {key: len(told) for key, told in NOTICE.items()} == {"zh": 7, "en": 7}


def test_the_notice_names_everybody_who_sees_a_track() -> None:
    """Whoever lets another role see tracks tells those who are tracked."""
    [seen] = [route for route in routes(application()) if route.key == "GET /v1/trips/{use_id}/track.geojson"]
    named = ("现场调解人员", "驾驶员", "调度员", "用车单位领导", "台长", "审计人员")
    by_role = dict(zip(Role, (*named, "系统管理员"), strict=True))
    [answer] = [told.answer for told in NOTICE["zh"] if told.question == "谁能看到"]
    assert seen.allow is not None
    assert {role for role in Role if by_role[role] in answer} == seen.allow.roles


@pytest.mark.parametrize("host", ["desk:x", "desk:99999999", ""])
async def test_a_host_that_is_no_address_is_refused(
    anonymous: httpx.AsyncClient, signed_in: SignIn, world: World, host: str
) -> None:
    """The links on the page begin with it where no address is set: it is what the sender got wrong, not the service."""
    _, token = await enrol_untold(signed_in, person_id=world["officer"].person_id)
    answer = await anonymous.get(f"/enrol/{token}", headers={"Host": host})
    assert (answer.status_code, problem_code(answer)) == (400, "invalid-input")
