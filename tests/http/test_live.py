"""What open pages hear, over real sockets: what was stored, what was decided, and what they missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from litestar import Litestar
from litestar.types import HTTPRequestEvent, Message

from api.app import create_app
from api.db.database import Actor, Database, UnitOfWork
from api.db.ledger_entry import new_id
from api.live.bureau import REMEMBERED, WAITING_BYTES
from api.live.events import SEEN_BY, Kind
from api.live.hub import Hub
from api.settings import Settings
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.approve_trip import approve_trip
from api.usecases.change_account import deactivate_person
from api.usecases.raise_finding import raise_finding
from api.usecases.return_trip import Return, return_trip
from api.usecases.sign_in import actors_of_tokens, sign_out
from domain.complaint.acts import Withdraw
from domain.findings.kinds import FindingKind
from tests.complaints import accepted_complaint, job_of
from tests.conftest import Server, SignIn, problem_code, running, token_of
from tests.house.rights import routes
from tests.phones import drive, enrol, rows, send
from tests.sse import page
from tests.trips import dashboard, departed_trip, requested_trip
from tests.world import INSIDE, World, make_world


@pytest.fixture
async def socket(port: int) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client over real sockets, as many as there are pages."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits) as client:
        yield client


@pytest.fixture
def hub(app: Litestar) -> Hub:
    """Return the hub of the running application."""
    found: Hub = app.state.hub
    return found


async def speeding(uow: UnitOfWork, world: World) -> UUID:
    """Raise a finding of the world's vehicle."""
    return await raise_finding(
        uow, FindingKind.SPEEDING, vehicle_id=world.vehicle_id, use_id=None, subject_id=new_id(), evidence={}
    )


async def a_finding(world: World) -> UUID:
    """Raise one and commit it."""
    return await world.database.write(Actor(world.bureau_id), lambda uow: speeding(uow, world))


async def test_a_vehicle_that_moves_is_seen_on_an_open_page(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """Once a terminal's fix is durable the page hears where the vehicle is, by ids of the bureau's own."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    async with page(socket, await token_of(world, "dispatcher")) as board:
        (fix,) = drive(world.clock(), 1)
        await send(socket, token, [fix | {"course_deg": 12.5}])
        heard = await board.hears("fix")
    assert heard == {
        "vehicle_id": str(world.vehicle_id),
        "at": "2026-11-23T01:00:00Z",
        "lat": pytest.approx(INSIDE.lat),
        "lon": pytest.approx(INSIDE.lon),
        "speed_mps": 2.5,
        "course": 12.5,
        "source": "terminal",
    }


async def test_places_come_no_oftener_than_a_page_can_draw(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """Forty fixes within a second are a handful of events, and the last of them is the last that was stored."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    way = drive(world.clock(), 40)
    async with page(socket, await token_of(world, "dispatcher")) as board:
        began = monotonic()
        for fix in way:
            world.clock.advance(seconds=5)
            await send(socket, token, [fix])
        took_s = monotonic() - began
        await board.until(lambda: bool(board.named("fix")) and board.named("fix")[-1]["lat"] == way[-1]["lat"])
        assert len(board.named("fix")) <= took_s / 0.2 + 3


async def test_a_fix_that_comes_late_moves_no_marker_backward(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """What a device had kept is stored, and the page goes on showing the newest place."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    first, second, third = drive(world.clock() - timedelta(seconds=10), 3)
    async with page(socket, await token_of(world, "dispatcher")) as board:
        await send(socket, token, [second])
        await board.hears("fix")
        await send(socket, token, [first])
        await send(socket, token, [third])
        await board.until(lambda: board.named("fix")[-1]["lat"] == third["lat"])
    assert [one["lat"] for one in board.named("fix")] == [second["lat"], third["lat"]]


async def test_a_phone_is_on_the_map_only_while_its_officer_is_on_a_trip(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """Fixes of private time are held aside and never shown; those of the trip show the trip's vehicle."""
    _, token = await enrol(signed_in, person_id=world["officer"].who)
    async with page(socket, await token_of(world, "dispatcher")) as board:
        await send(socket, token, drive(world.clock(), 3))
        assert len(await rows(world, "position_held")) == 3
        trip_id = await departed_trip(world)
        await board.hears("trip", 3)
        assert board.named("fix") == []
        while True:  # the process that takes positions has heard of the departure by now, or a moment later
            world.clock.advance(seconds=10)
            if (await send(socket, token, drive(world.clock(), 1))).json()["stored"]:
                break
        heard = await board.hears("fix")
        assert (heard["vehicle_id"], heard["source"]) == (str(world.vehicle_id), "phone")
        world.clock.advance(minutes=5)
        await return_trip(world.database, world["driver"], trip_id, Return(dashboard=dashboard(world, 9_000)))
        world.clock.advance(minutes=5)
        await send(socket, token, drive(world.clock(), 3))
        later = {
            "planned_from": world.clock() + timedelta(hours=3),
            "planned_until": world.clock() + timedelta(hours=4),
        }
        await requested_trip(world, **later)
        await board.until(lambda: board.named("trip")[-1]["state"] == "requested")
        assert len(board.named("fix")) == 1


async def test_a_page_opens_with_where_each_vehicle_is(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """Nobody waits for the next fix of a vehicle that is parked."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    await send(socket, token, drive(world.clock(), 2))
    for _ in ("the first page", "another, once it was closed"):
        async with page(socket, await token_of(world, "dispatcher")) as board:
            assert (await board.hears("fix"))["lat"] == pytest.approx(INSIDE.lat + 0.0001)


async def test_every_act_is_heard_of_when_it_is_committed(world: World, socket: httpx.AsyncClient) -> None:
    """Trip, job, finding and inbox: ids and states, each as the act that made it is there to be read."""
    complaint_id = await accepted_complaint(world)
    async with page(socket, await token_of(world, "custodian")) as board:
        job_id = await job_of(world, complaint_id)
        assert await board.hears("job") == {"job_id": str(job_id)}
        trip_id = await requested_trip(world, job_ids=(job_id,))
        assert await board.hears("trip") == {"trip_id": str(trip_id), "state": "requested"}
        assert await board.hears("inbox") == {}
        await approve_trip(world.database, world["custodian"], trip_id)
        assert await board.hears("trip", 2) == {"trip_id": str(trip_id), "state": "approved"}
        await board.hears("inbox", 2)
        finding_id = await a_finding(world)
        assert await board.hears("finding") == {"finding_id": str(finding_id)}
        await board.hears("inbox", 3)
        await act_on_complaint(world.database, world["dispatcher"], complaint_id, Withdraw)
        await board.until(lambda: {"job_id": str(job_id)} in board.named("job")[1:])


async def test_what_was_rolled_back_was_not_heard(world: World, socket: httpx.AsyncClient) -> None:
    """A request that the database refuses in the end leaves no event behind."""
    async with page(socket, await token_of(world, "custodian")) as board:

        async def in_vain(uow: UnitOfWork) -> None:
            await speeding(uow, world)
            await uow.tell()
            raise RuntimeError("thought better of it")

        with pytest.raises(RuntimeError):
            await world.database.write(Actor(world.bureau_id), in_vain)
        kept = await a_finding(world)
        await board.hears("finding")
    assert board.named("finding") == [{"finding_id": str(kept)}]


@pytest.mark.parametrize("by", ["header", "query"])
async def test_a_page_that_slept_catches_up(world: World, socket: httpx.AsyncClient, by: str) -> None:
    """It names the event it heard last, and hears of all that came after, in order and once."""
    token = await token_of(world, "custodian")
    async with page(socket, token) as board:
        first = await a_finding(world)
        await board.hears("inbox")
        last_id = board.last_id
    missed = [await a_finding(world) for _ in range(3)]
    named = {"last_id": last_id} if by == "header" else {"after": last_id}
    async with page(socket, token, **named) as board:
        await board.hears("finding", 3)
        assert board.named("hello")[0]["resumes"] is True
        assert board.named("finding") == [{"finding_id": str(one)} for one in missed]
        assert str(first) not in str(board.events)
        assert board.named("reload") == []


async def test_who_does_not_stream_may_poll(world: World, signed_in: SignIn) -> None:
    """Without `text/event-stream` in Accept the answer ends with what there is, and goes on from an id."""
    custodian = await signed_in("custodian")
    first = await custodian.get("/v1/live")
    assert "event: hello" in first.text
    last_id = first.text.partition("id: ")[2].partition("\n")[0]
    finding_id = str(await a_finding(world))
    for _ in range(200):
        answer = await custodian.get("/v1/live", params={"after": last_id})
        if finding_id in answer.text:
            break
        await asyncio.sleep(0.05)
    assert finding_id in answer.text


@pytest.mark.parametrize("last_id", ["gone.3", "nonsense", "", "a.b.c", "€.1"])
async def test_a_page_that_cannot_catch_up_asks_anew(world: World, socket: httpx.AsyncClient, last_id: str) -> None:
    """An id of another process, or of before a restart, leads to `reload`; nonsense does no harm."""
    async with page(socket, await token_of(world, "custodian"), after=last_id) as board:
        await board.hears("reload")
        assert board.named("hello")[0]["resumes"] is False


async def test_who_slept_through_more_than_is_remembered_asks_anew(
    world: World, socket: httpx.AsyncClient, hub: Hub
) -> None:
    """The last thousand acts are remembered: who missed just so many hears of all, who missed one more of none."""
    token = await token_of(world, "custodian")
    async with page(socket, token) as board:
        last_id = board.last_id
    bureau = hub._bureaus[world.bureau_id]
    bureau.happened((Kind.JOB, {"job_id": str(number)}) for number in range(REMEMBERED))
    async with page(socket, token, last_id=last_id) as board:
        await board.hears("job", REMEMBERED)
        assert board.named("reload") == []
    bureau.happened([(Kind.JOB, {"job_id": "one more"})])
    async with page(socket, token, last_id=last_id) as board:
        await board.hears("reload")
        assert board.named("job") == []


async def test_another_bureau_hears_nothing(
    world: World, owner: Database, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """Pages of two bureaus at one process: what happens in one is told to its own pages alone."""
    other = await make_world(owner, world.database, world.clock)
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    async with (
        page(socket, await token_of(world, "custodian")) as ours,
        page(socket, await token_of(other, "custodian")) as theirs,
        page(socket, await token_of(other, "custodian"), last_id=ours.last_id) as intruding,
    ):
        await send(socket, token, drive(world.clock(), 1))
        await requested_trip(world)
        await a_finding(world)
        await ours.until(lambda: {"fix", "trip", "job", "finding", "inbox"} <= {one.name for one in ours.events})
        own = await a_finding(other)
        for one in (theirs, intruding):
            await one.hears("finding")
            assert one.named("finding") == [{"finding_id": str(own)}]
            assert {event.name for event in one.events} <= {"hello", "reload", "finding", "inbox"}


async def test_an_administrator_does_not_see_where_vehicles_are(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """A stream shows no more than its roles may ask for."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    await send(socket, token, drive(world.clock(), 1))
    async with page(socket, await token_of(world, "admin")) as board:
        await send(socket, token, drive(world.clock() + timedelta(minutes=1), 1))
        await a_finding(world)
        await board.hears("finding")
        assert board.named("fix") == []
        assert board.named("inbox") == []


def test_events_are_for_those_who_may_ask_for_the_same(app: Litestar) -> None:
    """Who hears of a thing by the stream may read it by its route: the guards of both name the same roles."""
    reading = {
        Kind.FIX: "/v1/trips/{use_id}/track.geojson",
        Kind.TRIP: "/v1/trips",
        Kind.UPKEEP: "/v1/upkeep-orders",
        Kind.JOB: "/v1/jobs",
        Kind.FINDING: "/v1/findings",
    }
    roles = {route.key: route.allow.roles for route in routes(app) if route.allow is not None}
    for kind, path in reading.items():
        assert SEEN_BY[kind] == roles[f"GET {path}"], kind
    assert SEEN_BY[Kind.INBOX] == roles["POST /v1/trips/{trip_id}/approve"]


async def test_signing_out_ends_the_stream_at_once(world: World, socket: httpx.AsyncClient) -> None:
    """The page of the session that ended is closed, others of the bureau go on."""
    token = await token_of(world, "dispatcher")
    (actor,) = await actors_of_tokens(world.database, world.bureau_id, [token])
    assert actor is not None
    async with page(socket, token) as gone, page(socket, await token_of(world, "dispatcher")) as stays:
        await sign_out(world.database, actor)
        await gone.ends()
        await a_finding(world)
        await stays.hears("finding")
        assert not stays.ended
    answer = await socket.get("/v1/live", headers={"Cookie": f"zhuanche_session={token}"})
    assert (answer.status_code, problem_code(answer)) == (401, "not-signed-in")


async def test_a_session_that_is_over_ends_the_stream_at_the_next_heartbeat(
    world: World, socket: httpx.AsyncClient, hub: Hub
) -> None:
    """Heartbeats come while nothing happens, and with them the session is looked at."""
    hub.heartbeat_s = 0.1
    async with page(socket, await token_of(world, "dispatcher")) as board:
        await board.until(lambda: board.comments >= 3)
        world.clock.advance(hours=13)
        await board.ends()


async def test_the_page_of_an_account_that_is_closed_is_closed(world: World, socket: httpx.AsyncClient) -> None:
    """A deactivated person's page is closed as soon as that is committed."""
    async with page(socket, await token_of(world, "dispatcher")) as board:
        await deactivate_person(world.database, world["admin"], world["dispatcher"].who, "调离")
        await board.ends()


async def test_two_hundred_boards_hear_the_same(
    world: World, signed_in: SignIn, socket: httpx.AsyncClient, hub: Hub
) -> None:
    """Two hundred open pages each hear of an act and see the vehicle move, and are gone when they are closed."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    session = await token_of(world, "dispatcher")
    async with AsyncExitStack() as stack:
        boards = [await stack.enter_async_context(page(socket, session)) for _ in range(200)]
        assert hub.pages == 200
        await send(socket, token, drive(world.clock(), 1))
        await requested_trip(world)
        await asyncio.gather(*(one.hears("fix") for one in boards), *(one.hears("trip") for one in boards))
    for _ in range(200):
        if not hub.pages:
            break
        await asyncio.sleep(0.05)
    assert hub.pages == 0


async def test_one_page_too_many_is_told_so(
    world: World, socket: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where as many are open as this process takes, the next is answered 503 and the others go on."""
    monkeypatch.setattr("api.live.hub.PAGES_MOST", 1)
    token = await token_of(world, "dispatcher")
    async with page(socket, token) as board:
        answer = await socket.get("/v1/live", headers={"Cookie": f"zhuanche_session={token}"})
        assert (answer.status_code, problem_code(answer)) == (503, "too-many-pages")
        await a_finding(world)
        await board.hears("finding")


async def test_one_person_does_not_take_the_places_of_all(
    world: World, socket: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has as many pages open as one person may is told so; a colleague's page opens all the same."""
    monkeypatch.setattr("api.live.hub.PAGES_OF_ONE", 1)
    token = await token_of(world, "dispatcher")
    async with page(socket, token), page(socket, await token_of(world, "custodian")):
        again = await token_of(world, "dispatcher")
        answer = await socket.get("/v1/live", headers={"Cookie": f"zhuanche_session={again}"})
        assert problem_code(answer) == "too-many-pages"


async def test_a_page_that_does_not_read_asks_anew(
    world: World, port: int, socket: httpx.AsyncClient, hub: Hub
) -> None:
    """It holds up nobody and keeps nothing without a bound: what waited for it is dropped for `reload`."""
    token = await token_of(world, "dispatcher")
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    try:
        asked = f"Host: desk\r\nAccept: text/event-stream\r\nCookie: zhuanche_session={token}\r\n\r\n"
        writer.write(f"GET /v1/live HTTP/1.1\r\n{asked}".encode())
        await reader.readuntil(b"hello")
        async with page(socket, token) as board:
            bureau = hub._bureaus[world.bureau_id]
            most, sent = 0, 0
            for sent in range(1, 5_000):
                bureau.happened([(Kind.JOB, {"job_id": "x" * 16_000})])
                most = max(most, *(sum(map(len, one._waiting)) for one in bureau.listeners))
                await board.hears("job", sent)
                if any(one.lost for one in bureau.listeners):
                    break
            assert len(bureau.listeners) == len({"the board", "the one that does not read"})
            assert 0 < most <= WAITING_BYTES
            assert board.named("reload") == []
            told = b""
            async with asyncio.timeout(30):
                while b"event: reload" not in told:
                    more = await reader.read(65_536)
                    assert more, "the stream ended"
                    told = told[-20:] + more
            assert hub.stats.lost == 1
    finally:
        writer.close()


async def test_a_lost_connection_to_the_database_leads_to_asking_anew(
    world: World, server: Server, socket: httpx.AsyncClient
) -> None:
    """What happened while a process was deaf is not known to it: every page is told, and hears on."""
    async with page(socket, await token_of(world, "custodian")) as board:
        async with await psycopg.AsyncConnection.connect(server.superuser, autocommit=True) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'zhuanche live'"
            )
        await a_finding(world)
        await board.hears("reload")
        before = len(board.named("finding"))
        finding_id = await a_finding(world)
        assert await board.hears("finding", before + 1) == {"finding_id": str(finding_id)}


async def test_two_processes_hear_of_each_other(
    world: World, server: Server, app_settings: Settings, signed_in: SignIn, socket: httpx.AsyncClient
) -> None:
    """A fix that one process stores is seen on the pages of another."""
    _, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    other = create_app(app_settings, server.service, server.ingest, world.clock)
    async with running(other), page(socket, await token_of(world, "dispatcher")) as board:
        transport = httpx.ASGITransport(app=other)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://other") as elsewhere:
            await send(elsewhere, token, drive(world.clock(), 1))
        assert (await board.hears("fix"))["vehicle_id"] == str(world.vehicle_id)


async def test_a_stream_that_ends_as_its_page_goes_away_leaves_no_request_behind(
    world: World, app: Litestar, hub: Hub
) -> None:
    """The server does not always tell that a client went away just then; the request ends by the answer's own end."""
    cookie = f"zhuanche_session={await token_of(world, 'custodian')}"
    greeted = asyncio.Event()
    sent: list[Any] = []
    asked: list[HTTPRequestEvent] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> HTTPRequestEvent:
        if not asked:
            await asyncio.Event().wait()
        return asked.pop()

    async def send(message: Message) -> None:
        sent.append(message)
        if b"hello" in sent[-1].get("body", b""):
            greeted.set()

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/v1/live",
        "raw_path": b"/v1/live",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"cookie", cookie.encode()), (b"accept", b"text/event-stream")],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 8000),
        "extensions": {},
        "state": {},
    }
    answering = asyncio.ensure_future(app(scope, receive, send))
    async with asyncio.timeout(10):
        await greeted.wait()
        hub.close_pages()
        await answering
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert hub.pages == 0
