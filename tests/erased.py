"""A complaint whose every text is told apart, with its visit, over and sealed: for tests of erasing."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import httpx
from sqlalchemy import text

from api.db.database import Database
from api.files import FileStore
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.request_trip import Aboard
from api.usecases.seal_month import due_months, seal_month
from api.usecases.sweep_files import erase_files
from domain.complaint.acts import RecordConsent, Withdraw
from domain.complaint.words import Party
from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn
from tests.notes import NOTES, note_body, send_note
from tests.openrosa.forms import JPEG, filled, phone_of
from tests.print.pictures import png
from tests.signing import back, departure, known_phone, send_act
from tests.trips import START_M, approved_trip
from tests.world import World

SECRETS = (
    "林欣悦", "13899990001", "霞林街道玉湖新城九栋", "余记裁缝铺", "13799990002", "梅园路七号", "退还羊绒大衣货款",
    "大衣袖口开线而商家否认", "欣悦之姐", "林欣悦当场试穿大衣", "余记退还八成", "电话告知林欣悦", "合影.jpg",
    "周叔平", "表单所见袖口开线", "表单约定退款", "潘玉娟",
)  # fmt: skip
"""What the complaint says of people, each in its own place."""
PHOTO = png(40, 30)


@dataclass
class Case:
    """A complaint that is over, with its trip, its signed note and photo, and a note that came under its number."""

    world: World
    complaint_id: UUID
    number: str
    trip_id: UUID
    note_id: str
    digest: str
    conflict_id: str
    photo: str


async def taken_out(database: Database, files: FileStore, bureau_id: str) -> int:
    """Take erased files out of the store, and return how many went: just now a backup of another test may copy."""
    gone, left = await erase_files(database, files, bureau_id)
    async with asyncio.timeout(60):
        while left:
            await asyncio.sleep(0.05)
            more, left = await erase_files(database, files, bureau_id)
            gone += more
    return gone


async def over_and_sealed(world: World, signed_in: SignIn, anonymous: httpx.AsyncClient) -> Case:
    """Return a complaint of people with a visit to it, all over and sealed."""
    officer = await signed_in("officer")
    complaint_id = await accepted_complaint(
        world,
        complainant_name=SECRETS[0],
        complainant_telephone=SECRETS[1],
        complainant_address=SECRETS[2],
        respondent_name=SECRETS[3],
        respondent_telephone=SECRETS[4],
        respondent_address=SECRETS[5],
        claim=SECRETS[6],
        facts=SECRETS[7],
    )
    consent = partial(RecordConsent, party=Party.COMPLAINANT, given_at=world.clock(), how=SECRETS[11])
    await act_on_complaint(world.database, world["dispatcher"], complaint_id, consent)
    job_id = await job_of(world, complaint_id)
    trip_id = await approved_trip(world, job_ids=(job_id,), passengers=(Aboard(SECRETS[16], "consumer"),))
    world.clock.advance(hours=1)
    phone = await known_phone(world, officer)
    await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))
    photo = hashlib.sha256(PHOTO).hexdigest()
    assert (await officer.put(f"/v1/attachments/{photo}", content=PHOTO)).status_code == 201
    note = note_body(
        job_id,
        world.clock(),
        present=[{"name": SECRETS[8], "standing": "other"}],
        found=SECRETS[9],
        agreed=SECRETS[10],
        files=[{"sha256": photo, "name": SECRETS[12], "role": "photo"}],
    )
    signed = await send_act(officer, phone.act("note", note, trip_id))
    assert signed.json()["outcome"] == "recorded", signed.text
    assert (await send_note(officer, note | {"found": f"{SECRETS[9]}。"})).status_code == 409
    form = filled(
        job_id,
        world.clock(),
        present=[(SECRETS[13], "other", "")],
        found=SECRETS[14],
        agreed=SECRETS[15],
        photos=["1.jpg"],
    )
    await (await phone_of(signed_in, world, anonymous, "second_officer")).send(form, {"1.jpg": JPEG})
    world.clock.advance(hours=1)
    await send_act(officer, phone.act("return", back(world), trip_id))
    await act_on_complaint(world.database, world["dispatcher"], complaint_id, Withdraw)
    conflict = (await officer.get(f"{NOTES}/conflicts")).json()["items"][0]
    async with world.database.read(world.bureau_id) as reader:
        asked = {"bureau_id": world.bureau_id, "complaint_id": complaint_id}
        number = text("SELECT number FROM complaint WHERE bureau_id = :bureau_id AND complaint_id = :complaint_id")
        ((told,),) = await reader.rows(number, asked)
    world.clock.at = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    async with world.database.read(world.bureau_id) as reader:
        months = await due_months(reader, world.vehicle_id, datetime(2030, 1, 1, tzinfo=UTC).date())
    for month in months:
        await seal_month(world.database, world["custodian"], world.vehicle_id, month)
    return Case(world, complaint_id, told, trip_id, note["note_id"], str(phone.prev), conflict["conflict_id"], photo)
