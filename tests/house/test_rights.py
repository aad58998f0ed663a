"""Every route as every role, as nobody, and from another unit: what is answered is what docs/rights.md says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar
from sqlmodel import select

from api.db.database import Actor
from api.db.tables.people import Person
from api.http.access import Allow, by_device_token, public
from api.usecases.add_person import NewPerson, add_person
from api.usecases.add_unit import add_unit
from api.usecases.change_password import reset_password
from domain.values import Role
from tests.conftest import token_of
from tests.house.rights import COMMAND, ROLES, YES, Route, application, differences, routes, written
from tests.world import World, password_hash

PUBLIC = {
    "GET /enrol/{token}",
    "GET /enrol/{token}/code.svg",
    "GET /enrol/{token}/zhuanche.properties",
    "POST /enrol/{token}",
    "GET /field",
    "GET /field/sw.js",
    "GET /healthz",
    "GET /metrics",
    "GET /verify/{bureau_id}/{year}/{number}/{code}",
    "GET /readyz",
    "GET /notices/worker.js",
    "POST /v1/session",
    "GET /schema",
    "GET /schema/oauth2-redirect.html",
    "GET /schema/openapi.json",
    "GET /schema/viewer/{file_path}",
    "GET /schema/{path}",
    "GET /sign-in",
    "GET /trust",
    "GET /trust/zhuanche.crt",
    "GET /assets/{of_build}/{name}",
}
"""What anybody may call. One more is a decision, taken here and told in docs/rights.md."""
BEFORE_PASSWORD_CHANGE = {"GET /sign-in/password", "GET /v1/session", "DELETE /v1/session", "POST /v1/session/password"}
STAND_INS: dict[type, Any] = {UUID: uuid4, int: lambda: 2026, str: lambda: "x", Path: lambda: "x"}


def test_every_route_has_a_guard_that_names_who_may() -> None:
    """No route is open by forgetting, and none has two guards that could disagree."""
    for route in routes(application()):
        kinds = [guard for guard in route.guards if isinstance(guard, Allow) or guard in (public, by_device_token)]
        assert len(kinds) == 1, f"{route.key} needs one guard on its handler: Allow(…), public or by_device_token"
        assert route.allow is None or route.allow.roles, f"{route.key} lets nobody in"


def test_only_the_listed_routes_are_public() -> None:
    """A new public route is a decision of its own."""
    assert {route.key for route in routes(application()) if public in route.guards} == PUBLIC


def test_only_the_session_answers_before_the_pass_word_is_changed() -> None:
    """See who I am, change it (by its page too), or go."""
    before = {route.key for route in routes(application()) if route.allow and route.allow.before_password_change}
    assert before == BEFORE_PASSWORD_CHANGE


def test_the_table_of_rights_is_up_to_date() -> None:
    """docs/rights.md has a row for every route, and none for what is no more."""
    found = differences(application())
    assert not found, "\n".join([f"docs/rights.md: run `{COMMAND}` and look at what changed", *found])


async def try_route(client: httpx.AsyncClient, route: Route, token: str | None) -> httpx.Response:
    """Call a route with ids that nobody has and an empty body."""
    path = route.path
    for name, kind in route.parameters:
        path = path.replace("{" + name + "}", str(STAND_INS[kind]()))
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    body = {"json": {}} if route.method in ("POST", "PUT", "PATCH") else {}
    answer = await client.request(route.method, path, headers=headers, **body)  # type: ignore[arg-type]  # json or none
    client.cookies.clear()
    return answer


def refused(answer: httpx.Response) -> bool:
    """Tell whether a guard refused: what a rule refuses has another status, or got past the guard first."""
    assert answer.status_code < 500, answer.text
    return answer.status_code in (401, 403)


async def people_of_another_unit(world: World) -> dict[Role, str]:
    """Add a person a role to a station of the same bureau; return their logins."""
    station = await add_unit(world.database, world["admin"], "龙桥所", "station")
    logins = {}
    for role in ROLES:
        logins[role] = f"station-{role.replace('_', '-')}"
        await add_person(
            world.database,
            world["admin"],
            NewPerson(
                unit_id=station,
                name="所员",
                login=logins[role],
                password_hash=password_hash(),
                must_change_password=False,
                roles=frozenset({role}),
            ),
        )
    return logins


@pytest.mark.parametrize("unit", ["own", "other"])
async def test_every_route_answers_every_role_as_the_table_says(
    app: Litestar, world: World, anonymous: httpx.AsyncClient, unit: str
) -> None:
    """The walk: each role of the desk, and each of another unit, at each route."""
    logins = {role: role.value for role in ROLES} if unit == "own" else await people_of_another_unit(world)
    table, wrong = written(), []
    for route in routes(app):
        if by_device_token in route.guards:
            continue
        for role, cell in zip(ROLES, table[route.key], strict=False):
            answer = await try_route(anonymous, route, await token_of(world, logins[role]))
            if route.key == "POST /v1/session":
                assert answer.status_code == 400, answer.text
            elif refused(answer) == (cell == YES):
                wrong.append(f"{route.key} as {role}: table says {cell}, answer is {answer.status_code} {answer.text}")
    assert not wrong, "\n".join(wrong)


async def test_nobody_gets_past_a_guard(app: Litestar, anonymous: httpx.AsyncClient) -> None:
    """Without a session, and with one that is none, every route that is not public answers 401."""
    for route in routes(app):
        for token in (None, "350302." + "x" * 43, "nonsense"):
            answer = await try_route(anonymous, route, token)
            if public in route.guards:
                assert not refused(answer), route.key
            elif by_device_token in route.guards:
                assert answer.status_code in (400, 401, 404), route.key
            else:
                assert answer.status_code == 401, route.key


async def test_before_the_pass_word_is_changed_every_other_route_is_closed(
    app: Litestar, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Also for an administrator, and whatever the route."""
    await reset_password(world.database, await root_of(world), world["admin"].who, "forgotten")
    for route in routes(app):
        if route.allow is None or route.key in BEFORE_PASSWORD_CHANGE:
            continue
        answer = await try_route(anonymous, route, await token_of(world, "admin"))
        assert answer.status_code == 403, route.key
        assert answer.json()["code"] == "password-change-required", route.key


async def root_of(world: World) -> Actor:
    """Return the bureau's first administrator."""
    async with world.database.read(world.bureau_id) as reader:
        person_id = await reader.one(
            select(Person.person_id).where(Person.bureau_id == world.bureau_id, Person.login == "root")
        )
    return replace(world["admin"], person_id=person_id)
