"""Who opens personal data is recorded before it is shown, for the heads and the auditor, and holds none of it."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import text

from api.db.database import Actor, Database
from api.db.faults import DatabaseAway
from api.db.ledger_entry import new_id
from api.db.roles import SERVICE
from api.http.access import by_device_token, public
from api.http.shown import NOTHING, NOTHING_BY_TOKEN, PERSONAL, PERSONAL_BY_TOKEN, Accesses, allowed
from api.jobs.forgetting import forget
from api.openrosa.form import FORM_ID, JOBS_FILE
from api.usecases.record_access import Opened, record_accesses
from domain.shown import Door, Shown
from tests.complaints import registered_complaint
from tests.conftest import Server, SignIn, problem_code
from tests.db.any_row import attempt, become
from tests.house.rights import application, routes
from tests.phones import enrol
from tests.trips import a_complaint_job, departed_trip
from tests.world import HeldClock, World, make_world

CONSUMERS = {
    "complainant", "complainant_name", "complainant_telephone", "telephone", "claim", "present", "agreed", "signatures",
    "passengers", "answers", "site", "places",
}  # fmt: skip
"""Names of fields in which answers tell of consumers."""


def fields_of(kind: Any, seen: set[Any] | None = None) -> set[str]:
    """Return the names of all fields of an answer's type, however deep."""
    seen = set() if seen is None else seen
    if typing.get_origin(kind) is not None:
        return set().union(*(fields_of(part, seen) for part in typing.get_args(kind)))
    if not inspect.isclass(kind) or kind in seen:
        return set()
    if not (hasattr(kind, "__struct_fields__") or dataclasses.is_dataclass(kind)):
        return set()
    seen.add(kind)
    hints = typing.get_type_hints(kind)
    return set(hints).union(*(fields_of(part, seen) for part in hints.values()))


def test_of_every_address_it_is_decided_whether_it_shows_personal_data() -> None:
    """A route that is new is in one of the two tables, or the build fails; none of them names a route that is gone."""
    asked = {
        one.path
        for one in routes(application())
        if one.method == "GET" and public not in one.guards and by_device_token not in one.guards
    }
    assert set(PERSONAL) | NOTHING == asked
    assert not set(PERSONAL) & NOTHING
    assert all(allowed(one.handler) for one in routes(application()) if one.path in PERSONAL and one.method == "GET")


def test_of_every_address_that_a_device_s_token_opens_it_is_decided_too() -> None:
    """What shows personal data asks whose phone it is, which is where it is recorded."""
    asked = {one.path: one for one in routes(application()) if one.method == "GET" and by_device_token in one.guards}
    assert set(PERSONAL_BY_TOKEN) | NOTHING_BY_TOKEN == set(asked)
    assert not set(PERSONAL_BY_TOKEN) & NOTHING_BY_TOKEN
    assert all("holder" in asked[path].handler.parsed_fn_signature.parameters for path in PERSONAL_BY_TOKEN)


def test_every_answer_that_has_a_field_of_consumers_is_recorded() -> None:
    """By the types of the answers, not by what somebody thought of."""
    telling = {
        one.path: found
        for one in routes(application())
        if one.method == "GET"
        and (found := fields_of(one.handler.parsed_fn_signature.return_type.annotation) & CONSUMERS)
    }
    assert len(telling) >= 6
    assert {path: found for path, found in telling.items() if path not in {*PERSONAL, *PERSONAL_BY_TOKEN}} == {}


async def accesses(client: httpx.AsyncClient, **asked: Any) -> list[tuple[str, str, str | None, str]]:
    """Return who opened what, which and by which door, the newest first, page by page."""
    found: list[tuple[str, str, str | None, str]] = []
    asked["limit"] = 2
    while True:
        page = (await client.get("/v1/accesses", params=asked)).json()
        found += [(one["name"], one["kind"], one["subject"], one["door"]) for one in page["items"]]
        if page["next"] is None:
            return found
        asked["after"] = page["next"]


async def test_heads_and_auditor_see_who_opened_a_complaint_and_a_trip(world: World, signed_in: SignIn) -> None:
    """Whoever it was, by id; and nobody else sees the record."""
    complaint_id = str((await registered_complaint(world)).complaint_id)
    trip_id = str(await departed_trip(world))
    for who in ("dispatcher", "officer", "custodian"):
        assert (await (await signed_in(who)).get(f"/v1/complaints/{complaint_id}")).status_code == 200
        world.clock.advance(seconds=1)
    await (await signed_in("driver")).get(f"/v1/trips/{trip_id}")
    expected = [
        ("driver 某", "trip", trip_id, "api"),
        ("custodian 某", "complaint", complaint_id, "api"),
        ("officer 某", "complaint", complaint_id, "api"),
        ("dispatcher 某", "complaint", complaint_id, "api"),
    ]
    for who in ("custodian", "desk_chief", "auditor"):
        assert await accesses(await signed_in(who)) == expected
    chief = await signed_in("desk_chief")
    assert await accesses(chief, subject=trip_id) == expected[:1]
    assert await accesses(chief, kind="complaint", person_id=str(world["officer"].who)) == expected[2:3]
    for who in ("officer", "driver", "dispatcher", "admin"):
        assert problem_code(await (await signed_in(who)).get("/v1/accesses")) == "forbidden"


async def test_the_same_again_a_moment_later_is_the_same_and_a_page_is_told_from_the_api(
    world: World, signed_in: SignIn
) -> None:
    """A quarter of an hour later it is another; a page is another door."""
    complaint_id = str((await registered_complaint(world)).complaint_id)
    officer, head = await signed_in("officer"), await signed_in("custodian")
    for minutes in (0, 14, 1):
        world.clock.advance(minutes=minutes)
        await officer.get(f"/v1/complaints/{complaint_id}")
    assert await accesses(head) == [("officer 某", "complaint", complaint_id, "api")] * 2
    cookie = officer.headers.pop("Authorization").removeprefix("Bearer ")
    officer.cookies.set("zhuanche_session", cookie)
    await officer.get("/board/jobs")
    assert (await accesses(head))[0] == ("officer 某", "board", None, "page")
    trip_id = str(await departed_trip(world))
    await officer.get(f"/board/trips/{trip_id}")
    assert (await accesses(head, subject=trip_id)) == [("officer 某", "trip", trip_id, "page")]


async def test_a_record_says_nothing_of_the_data_and_nothing_of_who_was_refused(signed_in: SignIn) -> None:
    """No search words; neither what a route refuses, nor what concerns nobody."""
    dispatcher, driver = await signed_in("dispatcher"), await signed_in("driver")
    await dispatcher.get("/v1/complaints", params={"q": "林女士", "telephone": "13800000001"})
    await dispatcher.get("/v1/attachments/13800000001")
    await dispatcher.get("/v1/vehicles")
    assert problem_code(await driver.get("/v1/complaints")) == "forbidden"
    assert await accesses(await signed_in("auditor")) == [
        ("dispatcher 某", "file", None, "api"),
        ("dispatcher 某", "complaints", None, "api"),
    ]


async def test_lists_of_forms_and_jobs_the_old_log_and_places_are_opened_too(world: World, signed_in: SignIn) -> None:
    """Answers of forms are whole in their list; a site may be where a consumer lives, and old rows name people."""
    custodian = await signed_in("custodian")
    vehicle_id = str(world.vehicle_id)
    for address in ("/v1/form-submissions", "/v1/jobs", f"/v1/vehicles/{vehicle_id}/history", "/v1/places?q=霞林"):
        assert (await custodian.get(address)).status_code == 200, address
        world.clock.advance(minutes=20)
    assert [one[1:3] for one in await accesses(await signed_in("auditor"))] == [
        ("job", None),
        ("log", vehicle_id),
        ("job", None),
        ("form", None),
    ]


async def test_the_list_of_jobs_that_a_phone_fetches_is_opened_by_its_person(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """However it says whose it is, once a quarter of an hour; what it asks beside tells of no consumer."""
    job_id = str(await a_complaint_job(world))
    _, token = await enrol(signed_in, person_id=world["officer"].who)
    by_password = httpx.DigestAuth(f"{world.bureau_id}.officer", token)
    head = await signed_in("custodian")
    opened = ("officer 某", "job", None, "api")
    for path in ("formList", f"manifest/{FORM_ID}", f"forms/{FORM_ID}.xml", "settings.svg"):
        assert (await anonymous.get(f"/openrosa/{token}/{path}")).status_code == 200, path
    assert await accesses(head) == []
    for minutes, known in ((0, 1), (14, 1), (2, 2)):
        world.clock.advance(minutes=minutes)
        assert job_id in (await anonymous.get(f"/openrosa/{token}/media/{JOBS_FILE}")).text
        assert await accesses(head) == [opened] * known
    world.clock.advance(minutes=20)
    assert job_id in (await anonymous.get(f"/openrosa/media/{JOBS_FILE}", auth=by_password)).text
    assert await accesses(head) == [opened] * 3


async def test_a_list_of_jobs_that_is_empty_for_a_phone_is_no_access(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """Who is no officer is shown none, and nobody's token shows nothing."""
    _, token = await enrol(signed_in, person_id=world["driver"].who)
    assert (await anonymous.get(f"/openrosa/{token}/media/{JOBS_FILE}")).status_code == 200
    assert (await anonymous.get(f"/openrosa/{token[:-1]}/media/{JOBS_FILE}")).status_code in {401, 404}
    assert await accesses(await signed_in("auditor")) == []


async def test_a_list_of_jobs_that_cannot_be_recorded_is_not_sent_to_a_phone(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same holds for a phone as for a person at a desk."""
    await a_complaint_job(world)
    _, token = await enrol(signed_in, person_id=world["officer"].who)

    async def away(*_: object) -> None:
        raise DatabaseAway

    monkeypatch.setattr("api.db.database.UnitOfWork.insert_together", away)
    answer = await anonymous.get(f"/openrosa/{token}/media/{JOBS_FILE}")
    assert answer.status_code == 503
    assert "文献步行街" not in answer.text


async def test_what_cannot_be_recorded_is_not_shown(
    world: World, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is there before the answer, or there is no answer."""
    complaint_id = (await registered_complaint(world)).complaint_id
    officer = await signed_in("officer")

    async def away(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(Accesses, "__call__", away)
    answer = await officer.get(f"/v1/complaints/{complaint_id}")
    assert answer.status_code == 500
    assert "林" not in answer.text


async def test_the_page_shows_who_opened_what(world: World, signed_in: SignIn) -> None:
    """In words, the newest first, with what of one person or one thing."""
    complaint_id = str((await registered_complaint(world)).complaint_id)
    await (await signed_in("officer")).get(f"/v1/complaints/{complaint_id}")
    auditor = await signed_in("auditor")
    html = {"Accept": "text/html"}
    shown = await auditor.get("/audit/accesses", headers=html)
    assert "a complaint: its parties, claim and facts" in shown.text
    assert complaint_id in shown.text
    other = await auditor.get("/audit/accesses", params={"subject": str(new_id())}, headers=html)
    assert "Nothing was opened yet." in other.text


async def test_another_bureau_s_record_is_its_own(
    signed_in: SignIn, owner: Database, database: Database, clock: HeldClock
) -> None:
    """Row-level security, as everywhere."""
    await (await signed_in("officer")).get("/v1/complaints")
    other = await make_world(owner, database, clock)
    async with database.read(other.bureau_id) as reader:
        assert (await reader.execute(text("SELECT count(*) FROM personal_access"))).scalar_one() == 0


async def test_a_record_is_kept_for_its_time_and_never_less_than_half_a_year(
    world: World, database: Database, server: Server
) -> None:
    """By the setting, and by the database's own clock where the service's is ahead; nobody changes it."""
    opened = Opened(world["officer"].who, Shown.COMPLAINTS, None, Door.API)
    now = datetime.now(UTC)
    for age in (timedelta(days=1097), timedelta(days=1095), timedelta(days=1)):
        world.clock.at = now - age
        await record_accesses(database, world.bureau_id, [opened])
    world.clock.at = now
    await database.write(Actor(world.bureau_id), forget)

    async def left() -> int:
        async with database.read(world.bureau_id) as reader:
            return int((await reader.execute(text("SELECT count(*) FROM personal_access"))).scalar_one())

    assert await left() == 2
    world.clock.at = now + timedelta(days=3000)
    await database.write(Actor(world.bureau_id), forget)
    assert await left() == 1
    with psycopg.connect(server.superuser) as connection:
        become(connection, SERVICE, world.bureau_id)
        assert attempt(connection, "DELETE FROM personal_access") == "ZC006"
        assert attempt(connection, "UPDATE personal_access SET subject = NULL") == "42501"
