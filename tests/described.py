"""Requests made from the OpenAPI document, of nonsense and of things that are there, and answers held against it."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import text

from api.db.database import UnitOfWork
from api.usecases.raise_finding import raise_finding
from domain.findings.kinds import FindingKind
from domain.values import Role
from tests.conftest import SignIn
from tests.notes import note_body, send_note
from tests.objects import UPKEEP_PLACE
from tests.phones import drive, enrol, send
from tests.signing import known_phone, send_act
from tests.trips import a_complaint_job, approved_trip, closed_trip, departed_trip, requested_trip
from tests.world import World

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# A compact JWS is text; what a client's generator makes of the document is seldom one.
schemathesis.serializer.alias("application/jose", "text/plain")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256))
REQUEST_PARTS = ("method", "url", "headers", "params", "json", "data", "files", "cookies")
KIND = FindingKind.SPOKEN_APPROVAL_UNCONFIRMED
PERSON, USE = "SELECT person_id FROM person", "SELECT use_id FROM vehicle_use"
THERE = {
    "bureau_id": "SELECT bureau_id FROM bureau",
    "complaint_id": "SELECT complaint_id FROM complaint",
    "conflict_id": "SELECT conflict_id FROM visit_note_conflict",
    "corrects": "SELECT note_id FROM visit_note",
    "cost_id": "SELECT cost_id FROM vehicle_cost",
    "decision_id": "SELECT decision_id FROM decision",
    "delegation_id": "SELECT delegation_id FROM delegation",
    "delegate_id": PERSON,
    "device_id": "SELECT device_id FROM device",
    "digest": "SELECT digest FROM signed_act",
    "driver_id": PERSON,
    "finding_id": "SELECT finding_id FROM finding",
    "into": "SELECT complaint_id FROM complaint",
    "job": "SELECT job_id FROM job",
    "job_id": "SELECT job_id FROM job",
    "job_ids": "SELECT job_id FROM job",
    "key_id": "SELECT key_id FROM device_key",
    "login": "SELECT login FROM person",
    "note_id": "SELECT note_id FROM visit_note",
    "number": "SELECT number FROM dispatch_order",
    "officer_id": PERSON,
    "person_id": PERSON,
    "place_id": "SELECT place_id FROM upkeep_place",
    "approver_id": PERSON,
    "after_use_id": USE,
    "reading_id": "SELECT reading_id FROM reading",
    "requester_id": PERSON,
    "session_id": "SELECT session_id FROM sign_in_session",
    "sha256": "SELECT sha256 FROM attachment",
    "shift_id": "SELECT shift_id FROM duty_shift",
    "statement_id": "SELECT statement_id FROM card_statement",
    "line_no": "SELECT line_no FROM card_line",
    "trip_id": "SELECT use_id FROM trip",
    "unit_id": "SELECT unit_id FROM unit",
    "use_id": "SELECT use_id FROM upkeep_order",
    "vehicle_id": "SELECT vehicle_id FROM vehicle",
    "year": "SELECT year FROM dispatch_order",
}
"""What a name in a path, a query or a body stands for, and where the bureau has such."""


async def let_there_be_some_of_all(world: World, signed_in: SignIn) -> str:
    """Let a busy day happen, so that every name of `THERE` has something to stand for; return a phone's token."""
    clients = {role: await signed_in(role) for role in (str(one) for one in Role)}

    async def made(role: str, address: str, body: dict[str, Any], key: str = "") -> str:
        answer = await clients[role].post(address, json=body)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json().get(key, ""))

    await closed_trip(world)
    job_id = await a_complaint_job(world)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    now = world.clock()
    at, later = now.isoformat(), (now + timedelta(hours=6)).isoformat()
    officer, driver, vehicle = str(world["officer"].who), str(world["driver"].who), str(world.vehicle_id)
    device_id, phone = await enrol(signed_in, person_id=world["driver"].who)
    assert (await send(clients["driver"], phone, drive(now, 5))).status_code == 200
    photo = await clients["officer"].put(f"/v1/attachments/{hashlib.sha256(JPEG).hexdigest()}", content=JPEG)
    assert photo.status_code == 201, photo.text
    note = note_body(job_id, now, device={"device_id": str(device_id), "seq": 1})
    assert (await send_note(clients["officer"], note)).status_code == 201
    assert (await send_note(clients["officer"], note | {"found": "另一份"})).status_code == 409
    signer = await known_phone(world, clients["officer"])
    signed = signer.act("note", note_body(job_id, now, result="postponed-by-agreement"), trip_id)
    assert (await send_act(clients["officer"], signed)).status_code == 201
    await requested_trip(world, planned_from=now + timedelta(hours=7), planned_until=now + timedelta(hours=8))
    await approved_trip(world, planned_from=now + timedelta(hours=9), planned_until=now + timedelta(hours=10))
    await made("officer", f"/v1/trips/{trip_id}/stops", {"job_id": str(job_id), "what": "arrive"})
    await made("custodian", "/v1/delegations", {"to_person_id": officer, "valid_until": later, "reason": "外出培训"})
    await made("dispatcher", "/v1/shifts", {"person_id": officer, "start_at": at, "end_at": later})
    place = {"name": "太平路市场", "lat": 25.5, "lon": 119.1, "datum": "WGS-84", "radius_m": 120, "inside": True}
    await made("custodian", "/v1/site-decisions", place | {"reason": "按界桩属城厢区"})
    await made("admin", "/v1/upkeep-places", UPKEEP_PLACE)
    order = {"vehicle_id": vehicle, "upkeep": "wash", "driver_id": driver, "place": "洗车场", "reason": "例行保洁"}
    order |= {"place_reason": "定点单位停业"}
    order |= {name: (now + timedelta(hours=n)).isoformat() for name, n in (("planned_from", 12), ("planned_until", 13))}
    await made("desk_chief", "/v1/upkeep-orders", order)
    toll = {"kind": "toll", "amount_fen": 1_500, "incurred_at": at, "use_id": str(trip_id)}
    await made("driver", f"/v1/vehicles/{vehicle}/costs", toll)
    sheet = f"卡号,交易时间,金额\n1000,{now:%Y-%m-%d %H:%M},15.00\n".encode()
    taken = await clients["dispatcher"].post("/v1/card-statements?kind=toll", content=sheet)
    assert taken.status_code == 201, taken.text
    loan = {"vehicle_id": vehicle, "borrower": "某科", "reason": "接待来宾"}
    assert (await clients["officer"].post("/v1/borrow-requests", json=loan)).status_code == 409
    subject = world.vehicle_id

    async def find(uow: UnitOfWork) -> None:
        await raise_finding(
            uow,
            FindingKind.SPOKEN_APPROVAL_UNCONFIRMED,
            vehicle_id=subject,
            use_id=None,
            subject_id=subject,
            evidence={},
        )

    await world.database.write(world["desk_chief"], find)
    return phone


async def what_is_there(world: World) -> dict[str, list[str]]:
    """Return the ids the bureau has, by the names the document gives them."""
    there = {}
    async with world.database.read(world.bureau_id) as reader:
        for name, query in THERE.items():
            found = await reader.execute(
                text(f"{query} WHERE bureau_id = :bureau_id ORDER BY 1 LIMIT 20"), {"bureau_id": world.bureau_id}
            )
            there[name] = [str(value) for value in found.scalars()]
    return there


def put_in(value: Any, there: dict[str, list[str]], choose: Callable[[list[str]], str], name: str = "") -> Any:
    """Return a value from the document with what is there in the place of made-up ids."""
    if isinstance(value, dict):
        return {key: put_in(item, there, choose, key) for key, item in value.items()}
    if isinstance(value, list):
        return [put_in(item, there, choose, name) for item in value]
    return choose(there[name]) if there.get(name) and isinstance(value, (str, int)) else value


def operations(document: dict[str, Any]) -> Iterator[APIOperation]:
    """Yield every operation of the document."""
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        yield found.ok()


def cases(operation: APIOperation, there: dict[str, list[str]]) -> st.SearchStrategy[Case]:
    """Return requests of an operation: as documented, as its examples have it, and not as documented."""

    @st.composite
    def about_what_is_there(draw: st.DrawFn, plain: st.SearchStrategy[Case]) -> Case:
        case = draw(plain)
        choose = lambda of: draw(st.sampled_from(of))  # noqa: E731 - a name for messages would say no more
        case.path_parameters = put_in(dict(case.path_parameters), there, choose)
        case.query = put_in(dict(case.query), there, choose)
        if isinstance(case.body, dict):
            case.body = put_in(case.body, there, choose)
        return case

    documented = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    strategies = [about_what_is_there(documented), documented]
    strategies += [about_what_is_there(one) for one in operation.get_strategies_from_examples()]
    strategies.append(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    return st.one_of(strategies)


class Walker:
    """Sends the document's requests to an application, each as everybody, and keeps what was wrong with the answers."""

    def __init__(self, client: httpx.AsyncClient, everybody: dict[str, Callable[[], Awaitable[str | None]]]) -> None:
        """Take a client of the application on this loop, and how each of `everybody` gets a token."""
        self.faults: list[str] = []
        self.answered: Counter[int] = Counter()
        self._client = client
        self._everybody = everybody
        self._tokens: dict[str, str | None] = {}
        self._loop = asyncio.get_running_loop()

    async def try_out(self, operation: APIOperation, there: dict[str, list[str]], count: int) -> None:
        """Send that many requests of an operation, the same in every run."""

        @settings(
            max_examples=count,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases(operation, there))
        def send_all(case: Case) -> None:
            asyncio.run_coroutine_threadsafe(self._send(case), self._loop).result()

        # Hypothesis is no coroutine: it runs beside the loop that answers.
        await asyncio.to_thread(send_all)

    async def _send(self, case: Case) -> None:
        asked = case.as_transport_kwargs(base_url="http://desk")
        prepared = requests.Request(**{key: asked[key] for key in asked if key in REQUEST_PARTS}).prepare()
        headers = {name: value.encode("latin-1", "replace") for name, value in prepared.headers.items()}
        for who, new_token in self._everybody.items():
            if self._tokens.get(who) is None:
                self._tokens[who] = await new_token()
            token = self._tokens[who]
            signed = headers if token is None else headers | {"Authorization": f"Bearer {token}".encode()}
            answer = await self._client.request(
                str(prepared.method), str(prepared.url), content=prepared.body or b"", headers=signed
            )
            self._client.cookies.clear()
            self.answered[answer.status_code] += 1
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                self._tokens.pop(who)
            try:
                case.validate_response(answer, checks=CHECKS)
            except FailureGroup as group:
                told = f"{who}: {prepared.method} {prepared.url} {prepared.body!r}\n{answer.status_code} {answer.text}"
                self.faults += [f"{fault}\n{told}" for fault in group.exceptions]
