"""One object of every kind that an address, a body or a filter can name, in one bureau."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from api.db.database import UnitOfWork
from api.usecases.add_unit import add_unit
from api.usecases.raise_finding import raise_finding
from domain.findings.kinds import FindingKind
from domain.tracking_notice import VERSION
from tests.complaints import accepted_complaint, job_of
from tests.conftest import token_of
from tests.notes import NOTES, note_body
from tests.notices.stand_in import Browser
from tests.openrosa.collect import Collect
from tests.openrosa.forms import filled
from tests.signing import ACTS, KEYS, new_phone
from tests.trips import START_M, a_complaint_job, requested_trip, returned_trip
from tests.world import World

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
"""How a photo begins; each bureau's is its own by what follows."""


UPKEEP_PLACE = {
    "kinds": ["fuel", "wash"],
    "name": "中石化城厢加油站",
    "address": "莆田市城厢区荔城中大道 100 号",
    "place": {"lat": 25.43, "lon": 119.0, "datum": "WGS-84"},
    "document_no": "莆财采〔2026〕3号",
}


class Desk:
    """Asks over HTTP as people of one bureau, whoever the test wants next."""

    def __init__(self, client: httpx.AsyncClient, world: World) -> None:
        self.client = client
        self.world = world
        self._tokens: dict[str, str] = {}

    async def ask(self, who: str, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request as a person of the bureau."""
        if who not in self._tokens:
            self._tokens[who] = await token_of(self.world, who)
        headers = {"Authorization": f"Bearer {self._tokens[who]}"} | request.pop("headers", {})
        return await self.client.request(method, path, headers=headers, **request)

    async def made(self, who: str, method: str, path: str, **request: Any) -> dict[str, Any]:
        """Send a request that must be carried out, and return its answer."""
        answer = await self.ask(who, method, path, **request)
        assert answer.is_success, answer.text
        body: dict[str, Any] = answer.json()
        return body


async def one_of_each(desk: Desk) -> dict[str, str]:
    """Make one object of every kind and return the ids by kind; the clock moves two hours."""
    world, now = desk.world, desk.world.clock()
    # October is over; the vehicle was handed over in it.
    handover = {
        "odometer_m": START_M,
        "obtained": "typed",
        "occasion": "handover",
        "read_at": "2026-10-20T09:00:00+08:00",
    }
    await desk.made("driver", "POST", "/v1/readings", json=handover | {"vehicle_id": str(world.vehicle_id)})
    await desk.made("custodian", "POST", f"/v1/vehicles/{world.vehicle_id}/months/2026-10/seal")
    complaint_id = await accepted_complaint(
        world,
        source_number=f"12315-{world.bureau_id}",
        complainant_name=f"林{world.bureau_id}",
        complainant_telephone=f"13800{world.bureau_id}",
    )
    job_id = await job_of(world, complaint_id)
    trip_id = await returned_trip(world, job_ids=(job_id,))
    now = world.clock()
    note = note_body(job_id, now, trip_id=str(trip_id))
    other_note = note | {"found": "又去了一次。"}
    photo = JPEG + world.bureau_id.encode()
    sha256 = hashlib.sha256(photo).hexdigest()

    async def found(uow: UnitOfWork) -> UUID:
        return await raise_finding(
            uow,
            FindingKind.DEPARTED_WITHOUT_PERMIT,
            vehicle_id=world.vehicle_id,
            use_id=trip_id,
            subject_id=trip_id,
            evidence={},
        )

    await desk.made("officer", "POST", NOTES, json=note)
    clash = await desk.ask("officer", "POST", NOTES, json=other_note)
    await desk.made("officer", "PUT", f"/v1/attachments/{sha256}", content=photo)
    readings = await desk.made("auditor", "GET", f"/v1/readings?vehicle_id={world.vehicle_id}")
    sessions = await desk.ask("officer", "GET", "/v1/sessions")
    return {
        "complaint": str(complaint_id),
        "job": str(job_id),
        "trip": str(trip_id),
        "asked trip": str(await requested_trip(world)),
        "note": note["note_id"],
        "note conflict": clash.json()["conflict_id"],
        "attachment": sha256,
        "finding": str(await world.database.write(world["officer"], found)),
        "reading": readings["items"][0]["reading_id"],
        "session": sessions.json()[0]["session_id"],
        "unit": str(await add_unit(world.database, world["admin"], "龙桥所", "station")),
        "person": str(world["second_officer"].who),
        "vehicle": str(world.vehicle_id),
        **await _entered_at_the_desk(desk, now),
        **await _signed(desk),
        **await _told(desk),
    }


async def _signed(desk: Desk) -> dict[str, str]:
    """Make a phone's key known, and send a note that it signed."""
    phone = await new_phone(desk.world)
    key = {"key_id": str(phone.key_id), "device_id": str(phone.device_id), "jwk": phone.jwk, "proof": phone.proof()}
    await desk.made("officer", "POST", KEYS, json=key)
    signed = phone.act("note", note_body(await a_complaint_job(desk.world), desk.world.clock()))
    sent = await desk.made("officer", "POST", ACTS, content=signed, headers={"Content-Type": "application/jose"})
    entry = sent["receipt"]["entry"]
    return {"device key": str(phone.key_id), "signed act": str(phone.prev), "ledger entry": entry}


async def _told(desk: Desk) -> dict[str, str]:
    """Let a browser be reached, and set a webhook."""
    subscription = Browser("https://push.example/send/1").subscription
    reached = await desk.made("officer", "PUT", "/v1/push-subscriptions", json=subscription)
    hook = {"name": "值班群", "kind": "wecom", "url": "https://hook.example/", "reason": "开通", "notices": []}
    set_up = await desk.made("desk_chief", "PUT", f"/v1/webhooks/{uuid4()}", json=hook)
    return {"push subscription": reached["subscription_id"], "webhook": set_up["hook_id"]}


async def _entered_at_the_desk(desk: Desk, now: datetime) -> dict[str, str]:
    world = desk.world
    later, reason = (now + timedelta(days=3)).isoformat(), {"reason": "为了测试"}
    delegation = {"to_person_id": str(world["officer"].who), "valid_until": later} | reason
    mandate = {
        "home_bureau_id": "999999",
        "home_person_id": str(world["auditor"].who),
        "auditor_name": "外部审计员",
        "document_no": "莆审〔2026〕12号",
        "valid_until": later,
    }
    upkeep = {
        "vehicle_id": str(world.vehicle_id),
        "upkeep": "wash",
        "planned_from": (now + timedelta(hours=5)).isoformat(),
        "planned_until": (now + timedelta(hours=6)).isoformat(),
        "place": "洗车场",
        "place_reason": "定点单位停业",
        "driver_id": str(world["driver"].who),
    } | reason
    decision = {
        "name": "市场北门",
        "lat": 25.4337,
        "lon": 119.001,
        "datum": "WGS-84",
        "inside": True,
        "radius_m": 120,
        "decided_on": now.date().isoformat(),
    } | reason
    toll = {"kind": "toll", "amount_fen": 1_500, "incurred_at": now.isoformat()}
    terminal = {"name": "车载终端", "vehicle_id": str(world.vehicle_id)}
    phone = {"name": "手机", "person_id": str(world["officer"].who)}
    enrolled = await desk.made("admin", "POST", "/v1/devices", json=phone)
    shift = {"person_id": str(world["officer"].who), "start_at": now.isoformat(), "end_at": later}
    return {
        "delegation": (await desk.made("custodian", "POST", "/v1/delegations", json=delegation))["id"],
        "mandate": (await desk.made("admin", "POST", "/v1/mandates", json=mandate))["id"],
        "shift": (await desk.made("desk_chief", "POST", "/v1/shifts", json=shift))["id"],
        "site decision": (await desk.made("custodian", "POST", "/v1/site-decisions", json=decision))[
            "site_decision_id"
        ],
        "upkeep order": (await desk.made("desk_chief", "POST", "/v1/upkeep-orders", json=upkeep))["use_id"],
        "device": (await desk.made("admin", "POST", "/v1/devices", json=terminal))["device_id"],
        "phone": enrolled["device_id"],
        "cost": (await desk.made("driver", "POST", f"/v1/vehicles/{world.vehicle_id}/costs", json=toll))["id"],
        "statement": (await _statement(desk)),
        "upkeep place": (await desk.made("admin", "POST", "/v1/upkeep-places", json=UPKEEP_PLACE))["id"],
        "form": await _filled_form(desk, enrolled["token"]),
    }


async def _statement(desk: Desk) -> str:
    """Take over a toll card's statement with one line, and return its id."""
    sheet = f"卡号,交易时间,金额\n{desk.world.bureau_id},{desk.world.clock():%Y-%m-%d %H:%M},15.00\n"
    taken = await desk.made("dispatcher", "POST", "/v1/card-statements?kind=toll", content=sheet.encode())
    return str(taken["id"])


async def _filled_form(desk: Desk, token: str) -> str:
    """Send a form that names no job from a phone whose person was told what is tracked; return the submission's id."""
    told = await desk.client.post(f"/enrol/{token}", data={"notice": VERSION})
    assert told.status_code == 303, told.text
    collect = Collect(desk.client, f"http://desk/openrosa/{token}")
    await collect.send(filled("none", desk.world.clock(), job_words="文献步行街鞋店"))
    (form,) = (await desk.made("dispatcher", "GET", "/v1/form-submissions?waiting=true"))["items"]
    return str(form["submission_id"])
