"""Never an object of another bureau: named in an address, a body or a filter, it is what one is that does not exist.

The walk is over every route of the application. A parameter or a field that is new must be told what it names in
`NAMES`, or the walk fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from api.db.database import Database
from api.db.ledger_entry import new_id
from api.http.access import by_device_token, public
from domain.values import Role
from tests.house.rights import ROLES, Route, routes
from tests.objects import Desk, one_of_each
from tests.world import HeldClock, World, make_world

NAMES: Mapping[str, str] = {
    "about_id": "upkeep order",
    "after_use_id": "trip",
    "approver_id": "person",
    "complaint_id": "complaint",
    "conflict_id": "note conflict",
    "corrects": "note",
    "cost_id": "cost",
    "decision_id": "site decision",
    "delegation_id": "delegation",
    "device_id": "device",
    "digest": "signed act",
    "entry_id": "ledger entry",
    "driver_id": "person",
    "finding_id": "finding",
    "into": "complaint",
    "job": "job",
    "hook_id": "webhook",
    "job_id": "job",
    "job_ids": "job",
    "key_id": "device key",
    "mandate_id": "mandate",
    "of": "person",
    "note_id": "note",
    "officer_id": "person",
    "person_id": "person",
    "place_id": "upkeep place",
    "reading_id": "reading",
    "requester_id": "person",
    "session_id": "session",
    "sha256": "attachment",
    "shift_id": "shift",
    "statement_id": "statement",
    "submission_id": "form",
    "subscription_id": "push subscription",
    "to_person_id": "person",
    "trip_id": "trip",
    "unit_id": "unit",
    "use_id": "trip",
    "vehicle_id": "vehicle",
}
"""What a parameter or a field of that name names."""
BODIES: Mapping[str, list[Any]] = {
    "POST /v1/trips/{trip_id}/depart": [
        {"reading": {"odometer_m": 60_000_000}, "check": dict.fromkeys(("tyres", "lights", "fuel", "papers"), True)}
    ],
    "POST /v1/devices/{device_id}/commands": [{"kind": "report-interval", "interval_s": 30}],
    "POST /v1/devices": [{"name": "手机", "person_id": str(uuid4())}, {"name": "终端", "vehicle_id": str(uuid4())}],
}
"""Bodies that get further than the example, which names everything there is to name at once."""
OF_NO_BUREAU = {"name", "key", "home_person_id", "month", "year", "line_no"}
"""Settings, registers, months and rows are the same everywhere; whom a mandate is for is of another bureau."""
AT_HOME = {"key": "people", "month": "2026-10", "year": "2026", "line_no": "2"}
"""What is asked for of them; any other is a setting."""
MADE_BY_THE_CLIENT = {
    ("POST /v1/visit-notes", "note_id"),
    ("POST /v1/trips/check", "draft_id"),
    ("POST /v1/device-keys", "key_id"),
}
"""The client makes this id: in each bureau it is another note."""
AS_SAID = {("POST /v1/visit-notes", "device_id")}
"""What a phone says of itself inside a note is kept as it says it and looked up nowhere."""
OF_ONESELF = "POST /v1/devices/{device_id}/acknowledge"
"""Done of one's own phone alone."""
AN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")

Ids = Mapping[str, str]


@pytest.fixture
async def other(owner: Database, database: Database, clock: HeldClock) -> World:
    """Return the other bureau."""
    return await make_world(owner, database, clock)


def nowhere(ids: Ids) -> Ids:
    """Return ids that nobody has, one a kind."""
    named = {"attachment": "0" * 64, "signed act": "A" * 43}
    return {kind: named.get(kind) or str(uuid4()) for kind in ids}


def kind_of(route: str, name: str) -> str:
    """Return what a parameter or field names."""
    if name == "use_id" and "upkeep" in route:
        return "upkeep order"
    if route == OF_ONESELF:
        return "phone"
    if name == "trip_id" and route.startswith("POST /v1/trips/"):
        return "asked trip"
    return NAMES[name]


def guarded(app: Litestar) -> Iterator[Route]:
    """Return the routes of people: not the public ones, nor those of devices."""
    return (route for route in routes(app) if public not in route.guards and by_device_token not in route.guards)


def address(route: Route, ids: Ids, replaced: Mapping[str, str] | None = None) -> str:
    """Return the route's path with ids filled in; `replaced` by the parameter's name goes first."""
    path = route.path
    for name, _ in route.parameters:
        value = AT_HOME.get(name, "site_tolerance_m") if name in OF_NO_BUREAU else ids[kind_of(route.key, name)]
        path = path.replace("{" + name + "}", (replaced or {}).get(name, value))
    return path


def bodies(document: dict[str, Any], route: Route) -> list[Any]:
    """Return the examples of a route's JSON body, or [None] where it takes none."""
    if route.key in BODIES:
        return BODIES[route.key]
    described = document["paths"].get(route.path, {}).get(route.method.lower(), {})  # a page is not described
    content = described.get("requestBody", {}).get("content", {})
    examples = content.get("application/json", {}).get("examples", {})
    return [example["value"] for example in examples.values()] or [None]


def fields(body: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Return where a body names objects by their UUIDs."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield from fields(value, (*path, name))
    elif isinstance(body, list):
        for value in body[:1]:
            yield from fields(value, (*path, "0"))
    elif isinstance(body, str) and re.fullmatch(AN_ID, body) and len(body) == len(str(uuid4())):
        yield path


def field_name(path: tuple[str, ...]) -> str:
    """Return the name of the field a path leads to."""
    return [step for step in path if step != "0"][-1]


def with_ids(route: str, body: Any, ids: Ids, replaced: Mapping[tuple[str, ...], str] | None = None) -> Any:
    """Return a body with its ids filled in; `replaced` by the field's path goes first."""
    told = json.loads(json.dumps(body))
    for path in fields(body):
        if field_name(path) in OF_NO_BUREAU:
            continue
        at: Any = told
        for step in path[:-1]:
            at = at[0 if step == "0" else step]
        last: Any = 0 if path[-1] == "0" else path[-1]
        if (route, field_name(path)) in MADE_BY_THE_CLIENT:
            at[last] = str(new_id())
        else:
            at[last] = (replaced or {}).get(path, ids[kind_of(route, field_name(path))])
    return told


def said(answer: httpx.Response, *named: str) -> tuple[int, str]:
    """Return status and whole body, but the request's id and the ids that the request itself named."""
    text = answer.text
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        problem = answer.json()
        problem.pop("request_id")
        text = json.dumps(problem, ensure_ascii=False, sort_keys=True)
    for one in named:
        text = text.replace(one, "<named>")
    return answer.status_code, text


def request(method: str, body: Any) -> dict[str, Any]:
    """Return what httpx is told of a body."""
    return {"json": body} if body is not None and method != "GET" else {}


async def document_of(client: httpx.AsyncClient) -> dict[str, Any]:
    """Return the API's description."""
    found: dict[str, Any] = (await client.get("/schema/openapi.json")).json()
    return found


async def test_an_address_that_names_an_object_of_another_bureau_answers_like_one_that_names_nothing(
    app: Litestar, world: World, other: World, anonymous: httpx.AsyncClient
) -> None:
    """Every route with an id, every role: the same 404, whole, and at home the same request finds its object."""
    desk, there = Desk(anonymous, world), Desk(anonymous, other)
    own, foreign = await one_of_each(desk), await one_of_each(there)
    none, document, wrong = nowhere(own), await document_of(anonymous), []
    for route in guarded(app):
        named = [name for name, _ in route.parameters if name not in OF_NO_BUREAU]
        for role, body, chosen in product(ROLES, bodies(document, route), product((False, True), repeat=len(named))):
            if not any(chosen):
                continue
            answers = []
            for ids in (foreign, none):
                replaced = {
                    name: ids[kind_of(route.key, name)] for name, away in zip(named, chosen, strict=True) if away
                }
                told = request(route.method, with_ids(route.key, body, own))
                answer = await desk.ask(role.value, route.method, asked(route, own, replaced), **told)
                answers.append(said(answer, *replaced.values()))
            status = 404 if route.allow and role in route.allow.roles else 403
            if answers[0] != answers[1] or (answers[0][0] != status and route.key not in NO_LOOKUP):
                wrong.append(f"{route.key} {chosen} as {role}: {answers} {body}")
    assert not wrong, "\n".join(wrong)


NO_LOOKUP = {
    "PUT /v1/attachments/{sha256}",
    "PUT /v1/webhooks/{hook_id}",
    "POST /v1/webhooks/{hook_id}/try",
    "GET /board/admin/{key}/{of}",
}
"""Nothing to find: a file is named by its own hash; a webhook by its maker, so that the walk has made one of that id at
home before it is tried; a register's page fetches by `/v1`. Both answers are the same all the same."""


def asked(route: Route, own: Ids, replaced: Mapping[str, str]) -> str:
    """Return the address with what it needs beside: a month, a job."""
    monthly = ("ratio", "log", "account")
    needed = {f"GET /v1/vehicles/{{vehicle_id}}/{one}": {"month": "2026-11"} for one in monthly} | {
        "GET /v1/vehicles/{vehicle_id}/slots": {"job": own["job"]},
        "GET /v1/people/{person_id}/vehicle-use": {"month": "2026-11"},
    }
    query = needed.get(route.key)
    return address(route, own, replaced) + (f"?{urlencode(query)}" if query else "")


async def test_at_home_every_address_finds_its_object(
    app: Litestar, world: World, anonymous: httpx.AsyncClient
) -> None:
    """The control of the walk: the ids it tries elsewhere are ones that are found where they belong."""
    desk = Desk(anonymous, world)
    own = await one_of_each(desk)
    document = await document_of(anonymous)
    for route in sorted(guarded(app), key=lambda one: one.method != "GET"):
        if not {name for name, _ in route.parameters} - OF_NO_BUREAU:
            continue
        assert route.allow is not None
        # Session, phone and subscription are the officer's own: whoever else may, does the rest.
        own_alone = "/sessions/" in route.path or "/push-" in route.path or route.key == OF_ONESELF
        roles = [Role.OFFICER] if own_alone else sorted(route.allow.roles - {Role.OFFICER})
        body = with_ids(route.key, bodies(document, route)[-1], own)
        answer = await desk.ask(roles[0].value, route.method, asked(route, own, {}), **request(route.method, body))
        if route.method == "GET":
            assert answer.status_code == 200, (route.key, answer.text)
        else:
            # A rule may refuse what it has found.
            assert answer.status_code < 500, (route.key, answer.text)
            assert not re.search('"(not-found|not-signed-in|forbidden)"', answer.text), (route.key, answer.text)


async def test_a_body_that_names_an_object_of_another_bureau_is_answered_like_one_that_names_nothing(
    app: Litestar, world: World, other: World, anonymous: httpx.AsyncClient
) -> None:
    """Each id in each body, one at a time, with everything else at home in order."""
    desk, there = Desk(anonymous, world), Desk(anonymous, other)
    own, foreign = await one_of_each(desk), await one_of_each(there)
    none, document, wrong, tried = nowhere(own), await document_of(anonymous), [], 0
    for route in guarded(app):
        roles = sorted(route.allow.roles) if route.allow else []
        for body, role in product(bodies(document, route), roles):
            for path in fields(body):
                name = field_name(path)
                if name in OF_NO_BUREAU or (route.key, name) in MADE_BY_THE_CLIENT | AS_SAID:
                    continue
                answers = []
                for ids in (none, foreign):
                    wanted = ids[kind_of(route.key, name)]
                    told = with_ids(route.key, body, own, {path: wanted})
                    answer = await desk.ask(role.value, route.method, asked(route, own, {}), json=told)
                    answers.append(said(answer, wanted))
                tried += 1
                if answers[0] != answers[1] or answers[0][0] < 400:
                    wrong.append(f"{route.key} {path} as {role}: {answers}")
    assert tried > 20
    assert not wrong, "\n".join(wrong)


def filters(document: dict[str, Any], route: Route) -> Iterator[str]:
    """Return the query parameters of a route that are UUIDs."""
    for parameter in document["paths"].get(route.path, {}).get("get", {}).get("parameters", ()):
        schema = parameter["schema"]
        kinds = [schema, *schema.get("oneOf", ()), *schema.get("anyOf", ())]
        if parameter["in"] == "query" and any(one.get("format") == "uuid" for one in kinds):
            yield parameter["name"]


async def test_a_filter_that_names_an_object_of_another_bureau_finds_what_one_finds_that_names_nothing(
    app: Litestar, world: World, other: World, anonymous: httpx.AsyncClient
) -> None:
    """Each filter by an id of each list, and each search by the words of another bureau's complaint, as every role."""
    desk, there = Desk(anonymous, world), Desk(anonymous, other)
    own, foreign = await one_of_each(desk), await one_of_each(there)
    none, document, wrong, tried = nowhere(own), await document_of(anonymous), [], 0
    words = {
        "q": f"林{other.bureau_id}",
        "name": f"林{other.bureau_id}",
        "telephone": f"13800{other.bureau_id}",
        "source_number": f"12315-{other.bureau_id}",
    }
    for name, word in words.items():
        known = await there.made("auditor", "GET", f"/v1/complaints?{urlencode({name: word})}")
        assert [one["complaint_id"] for one in known["items"]] == [foreign["complaint"]], name
    for route in guarded(app):
        if route.method != "GET":
            continue
        kinds = {name: kind_of(route.key, name) for name in filters(document, route)}
        tries = [(name, foreign[kind], none[kind]) for name, kind in kinds.items()]
        if route.path == "/v1/complaints":
            tries += [(name, word, word + "0") for name, word in words.items()]
        for (name, *values), role in product(tries, ROLES):
            answers = []
            for value in values:
                answer = await desk.ask(role.value, "GET", f"{address(route, own)}?{urlencode({name: value})}")
                answers.append(said(answer, *values))
            tried += 1
            if answers[0] != answers[1] or answers[0][0] >= 500:
                wrong.append(f"{route.key} {name} as {role}: {answers}")
    assert tried > 100
    assert not wrong, "\n".join(wrong)
