"""Stock Collect is given an address, and finds the form with the officer's open jobs."""

from __future__ import annotations

import base64
import csv
import json
import zlib

import httpx
import pytest

from api.db.database import Database
from api.openrosa.form import FORM_ID
from api.openrosa.settings_code import collect_settings, settings_text
from api.usecases.enrol_device import NewDevice, enrol_device
from tests.conftest import SignIn
from tests.openrosa.collect import Collect, CollectError
from tests.openrosa.forms import phone_of
from tests.phones import enrol
from tests.trips import a_complaint_job, approved_trip
from tests.world import World, make_world


async def test_collect_finds_the_form_with_the_open_jobs(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """With only the address typed in: list, form and jobs pass every check that Collect makes."""
    job_id = await a_complaint_job(world)
    phone = await phone_of(signed_in, world, anonymous)
    (form,) = await phone.form_list()
    assert form.form_id == FORM_ID
    xml, media = await phone.download(form)
    assert form.version is not None
    assert f'version="{form.version}"'.encode() in xml
    rows = list(csv.DictReader(media["jobs.csv"].decode().splitlines()))
    assert [row["name"] for row in rows] == [str(job_id), "none"]
    assert "文献步行街 12 号店" in rows[0]["label"]
    assert "11-23 09:00–12:00" in rows[0]["label"], "the window is told in the bureau's zone"


async def test_the_list_of_jobs_changes_as_soon_as_a_job_comes(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Collect fetches the manifest anew, and the file only where its hash is another."""
    phone = await phone_of(signed_in, world, anonymous)
    (form,) = await phone.form_list()
    _, before = await phone.download(form)
    _, same = await phone.download(form)
    await a_complaint_job(world)
    _, after = await phone.download(form)
    assert before == same
    assert after["jobs.csv"] != before["jobs.csv"]


async def test_the_jobs_of_the_officers_own_trip_come_first(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Who stands at a market stall does not search a list of the whole desk."""
    other = await a_complaint_job(world)
    mine = await a_complaint_job(world)
    await approved_trip(world, job_ids=(mine,))
    phone = await phone_of(signed_in, world, anonymous)
    _, media = await phone.download((await phone.form_list())[0])
    rows = list(csv.DictReader(media["jobs.csv"].decode().splitlines()))
    assert [row["name"] for row in rows] == [str(mine), str(other), "none"]
    assert rows[0]["label"].startswith("★ ")


async def test_a_job_of_another_bureau_is_in_no_list(
    signed_in: SignIn, world: World, owner: Database, anonymous: httpx.AsyncClient
) -> None:
    """A token opens its own bureau and no other."""
    await a_complaint_job(await make_world(owner, world.database, world.clock))
    phone = await phone_of(signed_in, world, anonymous)
    _, media = await phone.download((await phone.form_list())[0])
    assert [line.partition(",")[0] for line in media["jobs.csv"].decode().splitlines()] == ["name", "none"]


async def test_who_is_no_officer_has_no_form_to_fill(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """The list is there and empty, so that Collect says nothing is amiss."""
    phone = await phone_of(signed_in, world, anonymous, who="driver")
    assert await phone.form_list() == []


@pytest.mark.parametrize("kind", ["nobody's", "a vehicle's", "revoked", "of who has left"])
async def test_only_a_bad_identity_is_answered_401(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, kind: str
) -> None:
    """Collect asks for credentials then, and says so in the officer's language."""
    if kind == "a vehicle's":
        _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    else:
        device_id, token = await enrol(signed_in, person_id=world["officer"].who)
    if kind == "revoked":
        admin = await signed_in("admin")
        answer = await admin.post(f"/v1/devices/{device_id}/revoke", json={"reason": "手机丢失"})
        assert answer.is_success, answer.text
    if kind == "of who has left":
        admin = await signed_in("admin")
        answer = await admin.post(f"/v1/people/{world['officer'].who}/deactivate", json={"reason": "调离"})
        assert answer.is_success, answer.text
    if kind == "nobody's":
        token = f"{world.bureau_id}-aaaa-aaaa-aaaa-aaaa"
    answer = await anonymous.get(f"/openrosa/{token}/formList")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Digest ")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert "没有使用该令牌的设备" in answer.text
    with pytest.raises(CollectError, match="401"):
        await Collect(anonymous, f"http://desk/openrosa/{token}").form_list()


@pytest.mark.parametrize("path", ["formlist", "forms/other.xml", "manifest/other", "media/other.csv", "x/y/z"])
async def test_what_is_not_there_is_told_in_openrosa_too(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, path: str
) -> None:
    """No problem in JSON ever reaches a client that reads XML."""
    phone = await phone_of(signed_in, world, anonymous)
    answer = await anonymous.get(f"{phone.server_url}/{path}", headers={"Accept-Language": "en"})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert "There is no" in answer.text


async def test_the_qr_code_sets_collect_up(signed_in: SignIn, world: World, anonymous: httpx.AsyncClient) -> None:
    """Scanned once, nothing is typed: base64 of zlib of JSON with `general` and `admin` (CompressionUtils.kt)."""
    phone = await phone_of(signed_in, world, anonymous)
    answer = await anonymous.get(f"{phone.server_url}/settings.svg")
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert b"<svg" in answer.content
    read = json.loads(zlib.decompress(base64.b64decode(settings_text(collect_settings(phone.server_url, "专车 林")))))
    assert read["general"]["server_url"] == phone.server_url
    assert read["admin"] == {}
    assert read["project"]["name"] == "专车 林"


@pytest.mark.parametrize("by", ["token", "digest"])
async def test_before_its_person_is_told_what_is_tracked_a_phone_is_given_nothing(
    world: World, anonymous: httpx.AsyncClient, by: str
) -> None:
    """403 with the sentence: with 401 Collect would ask for other credentials, and these are good."""
    device = NewDevice(name="phone", person_id=world["officer"].who)
    token = (await enrol_device(world.database, world["admin"], device)).token or ""
    if by == "token":
        phone = Collect(anonymous, f"http://desk/openrosa/{token}")
    else:
        phone = Collect(anonymous, "http://desk/openrosa", f"{world.bureau_id}.officer", token)
    with pytest.raises(CollectError, match="尚未阅读并确认"):
        await phone.send(b"<data/>")
    assert phone.requests[-1] == ("POST", 403)
