"""What a stranger, another site or the next person at the machine tries on the pages, at every page and every act."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import httpx
from litestar import Litestar

from api.http.requests import SESSION_COOKIE
from domain.values import Role
from tests.conftest import SignIn, problem_code, token_of
from tests.house.rights import Route, routes
from tests.house.test_rights import STAND_INS
from tests.http.test_attachments import JPEG
from tests.http.test_attachments import address as address_of_file
from tests.notes import note_body, send_note
from tests.trips import departed_trip
from tests.world import World

OURS = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
BROWSER = {"Accept": "text/html,*/*", "Accept-Language": "en"}


def address(route: Route) -> str:
    """Return an address of the route, with ids that nobody has."""
    path = route.path
    for name, kind in route.parameters:
        path = path.replace("{" + name + "}", str(STAND_INS[kind]()))
    return path


def pages(app: Litestar) -> Iterator[Route]:
    """Yield the pages that somebody must be signed in for, with who may see them."""
    for route in routes(app):
        if route.handler.opt.get("page") and route.method == "GET" and route.allow is not None:
            yield route


async def test_no_page_is_framed_kept_told_on_or_runs_what_is_not_ours(
    app: Litestar, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Each page, also one of what is not there: nothing of it stays in a cache or goes elsewhere by an address."""
    sessions = {role: await token_of(world, role.value) for role in Role}
    seen = 0
    for route in pages(app):
        assert route.allow is not None
        role = min(route.allow.roles)
        cookie = {"Cookie": f"{SESSION_COOKIE}={sessions[role]}"}
        answer = await anonymous.get(address(route), headers=BROWSER | cookie)
        if answer.status_code == 303:
            continue
        seen += 1
        headers = answer.headers
        assert headers["cache-control"] == "no-store", route.key
        assert headers["x-frame-options"] == "DENY", route.key
        assert headers["referrer-policy"] == "no-referrer", route.key
        assert headers["x-content-type-options"] == "nosniff", route.key
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"), (
            route.key
        )
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
    assert seen > 15


async def test_another_site_makes_nobody_do_anything(app: Litestar, world: World, anonymous: httpx.AsyncClient) -> None:
    """Every act there is, sent with the cookie but without what our own pages send, as a form of another site would."""
    cookies = {role: f"{SESSION_COOKIE}={await token_of(world, role.value)}" for role in Role}
    tried = 0
    for route in routes(app):
        if route.method == "GET" or route.allow is None:
            continue
        cookie = cookies[min(route.allow.roles)]
        answer = await anonymous.request(route.method, address(route), headers={"Cookie": cookie}, json={})
        assert (answer.status_code, problem_code(answer)) == (403, "cross-site"), route.key
        tried += 1
    assert tried > 80


async def test_the_next_person_at_the_machine_sees_no_page_of_the_last(
    app: Litestar, world: World, anonymous: httpx.AsyncClient
) -> None:
    """After the sign-out each page leads to the sign-in, whatever cookie is still there, and says nothing else."""
    token = await token_of(world, "custodian")
    anonymous.headers["Cookie"] = f"{SESSION_COOKIE}={token}"
    assert (await anonymous.get("/board", headers=BROWSER)).status_code == 200
    assert (await anonymous.delete("/v1/session", headers={"X-Zhuanche-Page": "1"})).status_code == 204
    for route in pages(app):
        answer = await anonymous.get(address(route), headers=BROWSER)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in"), route.key
        assert not answer.content
        assert answer.headers["cache-control"] == "no-store", route.key


async def test_a_stolen_link_to_a_note_or_to_what_it_shows_opens_nothing(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """Without a session the note, its paper, its photo, its trip and what was signed are not there for anybody."""
    officer = await signed_in("officer")
    trip_id = await departed_trip(world)
    job_id = (await officer.get(f"/v1/trips/{trip_id}")).json()["jobs"][0]["job_id"]
    note = note_body(UUID(job_id), world.clock(), trip_id=trip_id)
    assert (await send_note(officer, note)).status_code == 201
    photo = address_of_file(JPEG)
    assert (await officer.put(photo, content=JPEG, headers={"Content-Type": "image/jpeg"})).status_code == 201
    for path in (
        f"/v1/visit-notes/{note['note_id']}",
        f"/v1/visit-notes/{note['note_id']}/note.pdf",
        photo,
        f"/v1/trips/{trip_id}",
        f"/v1/trips/{trip_id}/order.pdf",
        f"/board/trips/{trip_id}",
    ):
        assert (await officer.get(path)).status_code == 200, path
        assert (await officer.get(path)).headers["cache-control"] == "no-store", path
        answer = await anonymous.get(path)
        assert answer.status_code in (303, 401), path
        assert "褪色" not in answer.text
