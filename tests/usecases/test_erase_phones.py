"""What a phone signed about a complaint, and that waits or waited: taken out, and no chain stands still for it."""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid4

import httpx
from sqlmodel import select

from api.db.database import Database
from api.db.tables.complaints import Complaint
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.erase_person_data import Done, Wanted, erase_person_data
from domain.complaint.acts import Withdraw
from domain.erasure import Ground, Step
from tests.complaints import accepted_complaint, job_of
from tests.conftest import Server, SignIn, problem_code
from tests.http.test_signed_acts import another_job, trip_ready
from tests.notes import note_body
from tests.openrosa.forms import filled, phone_of, photo
from tests.signing import ACTS, back, departure, known_phone, send_act
from tests.trips import START_M, a_complaint_job, approved_trip
from tests.usecases.test_erase_person_data import own, rows_of
from tests.world import World

__all__ = ("own",)
NAME = "陈玉珠"
SAID = "林欣悦当场试穿大衣"


async def over(world: World, complaint_id: UUID) -> str:
    """Let a complaint be withdrawn, and return its number."""
    await act_on_complaint(world.database, world["dispatcher"], complaint_id, Withdraw)
    async with world.database.read(world.bureau_id) as reader:
        number: str = await reader.one(
            select(Complaint.number).where(
                Complaint.bureau_id == world.bureau_id, Complaint.complaint_id == complaint_id
            )
        )
    return number


async def take(own: Database, world: World, number: str, step: Step, *found: UUID, dry_run: bool = False) -> Done:
    """Take a step as an operator does."""
    wanted = Wanted(
        number=number,
        step=step,
        ground=Ground.UNLAWFUL,
        decided_by="desk_chief",
        confirmed_by="custodian",
        found=frozenset(found),
    )
    return await erase_person_data(own, world.bureau_id, wanted, "root", dry_run=dry_run)


async def outcome(officer: httpx.AsyncClient, signed: str) -> tuple[int, str | None, str | None]:
    """Send an act, and return what became of it."""
    answer = await send_act(officer, signed)
    told = answer.json()
    return answer.status_code, told.get("outcome"), told.get("why") or (told.get("problem") or told).get("code")


async def test_an_act_whose_words_were_taken_out_while_it_waited_is_refused_and_the_chain_goes_on(
    world: World, own: Database, signed_in: SignIn, server: Server
) -> None:
    """The missing one comes, those behind it are judged, and a return is in the books."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    complaint_id = await accepted_complaint(world)
    job_id = await job_of(world, complaint_id)
    trip_id = await approved_trip(world, job_ids=(await a_complaint_job(world),))
    world.clock.advance(hours=1)
    missing = phone.act("depart", departure(world, START_M), trip_id)
    waiting = phone.act("note", note_body(job_id, world.clock(), found=SAID))
    assert (await outcome(officer, waiting))[1] == "parked"
    digest, number = phone.prev, await over(world, complaint_id)
    await take(own, world, number, Step.RESTRICTED)
    assert (await outcome(officer, missing))[:2] == (201, "recorded")
    world.clock.advance(hours=1)
    assert (await outcome(officer, phone.act("return", back(world), trip_id)))[:2] == (201, "recorded")
    (judged,) = (await officer.get(f"{ACTS}?outcome=refused")).json()["items"]
    assert judged["digest"] == digest
    status, became, why = await outcome(officer, waiting)
    assert (status, became, why) == (200, "refused", "personal-data-withheld")
    assert (await officer.get(f"/v1/trips/{trip_id}")).json()["state"] == "returned"
    await take(own, world, number, Step.LIFTED)
    assert (await officer.get(f"{ACTS}/{digest}/jws")).status_code == 200
    await take(own, world, number, Step.RESTRICTED)
    await take(own, world, number, Step.ERASED)
    assert not [table for table, rows in rows_of(server, world.bureau_id).items() if any(SAID in one for one in rows)]


async def test_what_waited_before_it_became_a_complaint_is_taken_out_word_by_word(
    world: World, own: Database, signed_in: SignIn
) -> None:
    """A complaint taken on the spot is as old as its judging, and what the phone signed is older."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    missing = phone.act("depart", departure(world, START_M), trip_id)
    world.clock.advance(minutes=10)
    body = another_job(world)
    assert (await outcome(officer, phone.act("another-job", body, trip_id)))[1] == "parked"
    digest = phone.prev
    world.clock.advance(minutes=10)
    assert (await outcome(officer, missing))[1] == "recorded"
    world.clock.advance(hours=1)
    await send_act(officer, phone.act("return", back(world), trip_id))
    number = await over(world, UUID(body["complaint_id"]))
    await take(own, world, number, Step.RESTRICTED)
    answer = await officer.get(f"{ACTS}/{digest}/jws")
    assert (answer.status_code, problem_code(answer)) == (410, "personal-data-withheld")


async def test_what_became_no_complaint_and_no_note_goes_with_one_of_the_same_person_when_it_is_confirmed(
    *,
    world: World,
    own: Database,
    signed_in: SignIn,
    anonymous: httpx.AsyncClient,
    server: Server,
) -> None:
    """A complaint on the spot that the rule refused, and a form for a job that nobody knows, with its photo."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, _ = await trip_ready(world)
    await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))
    body = another_job(world)
    body["complaint"]["complainant"]["name"] = NAME
    body["job"]["site"] |= {"lat": 25.60, "lon": 119.40}
    assert (await outcome(officer, phone.act("another-job", body, trip_id)))[1] == "refused"
    digest, data = phone.prev, photo(7)
    form = filled(uuid4(), world.clock(), present=[(NAME, "complainant", "")], photos=["1.jpg"])
    await (await phone_of(signed_in, world, anonymous, "second_officer")).send(form, {"1.jpg": data})
    number = await over(world, await accepted_complaint(world, complainant_name=NAME))
    dry = await take(own, world, number, Step.RESTRICTED, dry_run=True)
    found = {one.table: one.row_id for one in dry.named if one.row_id is not None}
    assert set(found) == {"form_submission", "signed_act"}
    doors = (f"{ACTS}/{digest}/jws", f"/v1/attachments/{hashlib.sha256(data).hexdigest()}")
    ids = [one for one in found.values() if one is not None]
    for step, status in ((Step.RESTRICTED, 410), (Step.LIFTED, 200), (Step.RESTRICTED, 410), (Step.ERASED, 410)):
        done = await take(own, world, number, step, *(ids if step is Step.RESTRICTED else ()))
        assert done.files == 1
        assert [(await officer.get(door)).status_code for door in doors] == [status, status], step
    assert not [table for table, rows in rows_of(server, world.bureau_id).items() if any(NAME in one for one in rows)]
