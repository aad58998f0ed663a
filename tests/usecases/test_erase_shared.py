"""What two complaints share, or came in parts, goes with the last of them and comes back with the first."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

from api.db.database import Database, Reader
from api.db.queries.erasure import Found, files_of
from api.db.tables.complaints import Complaint
from api.files import FileStore
from api.jobs.unclaimed import unclaimed_files_of
from api.settings import Settings
from api.usecases import erase_person_data as module
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.erase_person_data import Done, Wanted, erase_person_data
from api.usecases.request_trip import Aboard
from api.usecases.return_trip import close_trip
from domain.complaint.acts import Withdraw
from domain.erasure import Ground, Step
from tests.complaints import accepted_complaint, job_of
from tests.conftest import SignIn, problem_code
from tests.erased import taken_out
from tests.notes import note_body, send_note
from tests.openrosa.forms import AUDIT, filled, phone_of, photo
from tests.print.pictures import png
from tests.trips import returned_trip
from tests.usecases.test_erase_person_data import own
from tests.world import World

__all__ = ("own",)
PHOTO = png(50, 20)
SHA256 = hashlib.sha256(PHOTO).hexdigest()


@dataclass
class Visited:
    """A complaint that is over, with the note of a visit."""

    world: World
    complaint_id: UUID
    number: str
    job_id: UUID
    note_id: str


async def visited(world: World, officer: httpx.AsyncClient, *photos: str) -> Visited:
    """Return a complaint that was visited, with a note that names photos, and then withdrawn."""
    complaint_id = await accepted_complaint(world)
    job_id = await job_of(world, complaint_id)
    files = [{"sha256": one, "name": "a.png", "role": "photo"} for one in photos]
    note = note_body(job_id, world.clock(), files=files)
    answer = await send_note(officer, note)
    assert answer.status_code == 201, answer.text
    return await over(world, complaint_id, job_id, note["note_id"])


async def over(world: World, complaint_id: UUID, job_id: UUID, note_id: str = "") -> Visited:
    """Let a complaint be withdrawn."""
    await act_on_complaint(world.database, world["dispatcher"], complaint_id, Withdraw)
    async with world.database.read(world.bureau_id) as reader:
        number = await reader.one(
            select(Complaint.number).where(
                Complaint.bureau_id == world.bureau_id, Complaint.complaint_id == complaint_id
            )
        )
    return Visited(world, complaint_id, number, job_id, note_id)


async def take(own: Database, one: Visited, step: Step) -> Done:
    """Take a step as an operator does."""
    wanted = Wanted(
        number=one.number, step=step, ground=Ground.UNLAWFUL, decided_by="desk_chief", confirmed_by="custodian"
    )
    return await erase_person_data(own, one.world.bureau_id, wanted, "root", dry_run=False)


@pytest.fixture
async def officer(signed_in: SignIn) -> httpx.AsyncClient:
    """Return an officer who has sent a photo."""
    client = await signed_in("officer")
    assert (await client.put(f"/v1/attachments/{SHA256}", content=PHOTO)).status_code == 201
    return client


async def shown(client: httpx.AsyncClient, sha256: str = SHA256) -> int:
    """Return how a file's address answers."""
    return (await client.get(f"/v1/attachments/{sha256}")).status_code


async def test_a_photo_in_notes_of_two_complaints_goes_with_the_last_of_them(
    world: World, officer: httpx.AsyncClient, own: Database, settings: Settings
) -> None:
    """One visit, two complaints against a shop: shown while either is read on, destroyed once both are erased."""
    first, second = [await visited(world, officer, SHA256) for _ in range(2)]
    files = FileStore.of(settings)
    assert (await take(own, first, Step.RESTRICTED)).files == 0
    assert await shown(officer) == 200
    assert (await take(own, second, Step.RESTRICTED)).files == 1
    assert await shown(officer) == 410
    assert (await take(own, first, Step.ERASED)).files == 0
    assert await taken_out(own, files, world.bureau_id) == 0
    await take(own, second, Step.LIFTED)
    assert await shown(officer) == 200
    await take(own, second, Step.RESTRICTED)
    assert (await take(own, second, Step.ERASED)).files == 1
    assert await taken_out(own, files, world.bureau_id) == 1
    assert await shown(officer) == 410


@pytest.mark.parametrize("lifted", [0, 1])
async def test_a_photo_of_two_restricted_complaints_is_shown_again_with_either_of_them(
    world: World, officer: httpx.AsyncClient, own: Database, settings: Settings, lifted: int
) -> None:
    """And erasing the other takes nothing from the one that is read on."""
    both = [await visited(world, officer, SHA256) for _ in range(2)]
    for one in both:
        await take(own, one, Step.RESTRICTED)
    await take(own, both[lifted], Step.LIFTED)
    assert await shown(officer) == 200
    assert (await take(own, both[1 - lifted], Step.ERASED)).files == 0
    assert await taken_out(own, FileStore.of(settings), world.bureau_id) == 0
    assert await shown(officer) == 200


async def test_photos_that_came_after_their_form_go_with_it(
    world: World, own: Database, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """Collect sends a form that is too large for one post in several."""
    complaint_id = await accepted_complaint(world)
    job_id = await job_of(world, complaint_id)
    form = filled(job_id, world.clock(), photos=["1.jpg", "2.jpg"])
    collect, sent = await phone_of(signed_in, world, anonymous), [photo(1), photo(2)]
    for number, data in enumerate(sent, start=1):
        await collect.send(form, {f"{number}.jpg": data})
    one = await over(world, complaint_id, job_id)
    assert (await take(own, one, Step.RESTRICTED)).files == 2
    officer = await signed_in("officer")
    for data in sent:
        assert await shown(officer, hashlib.sha256(data).hexdigest()) == 410


@pytest.mark.parametrize("erased", [False, True])
async def test_whoever_names_a_file_that_was_taken_out_is_told_that_it_is_not_here(
    world: World, officer: httpx.AsyncClient, own: Database, *, erased: bool
) -> None:
    """A note of another complaint stands without it, and says so."""
    one = await visited(world, officer, SHA256)
    for step in (Step.RESTRICTED, Step.ERASED)[: 1 + erased]:
        await take(own, one, step)
    job_id = await job_of(world, await accepted_complaint(world))
    files = [{"sha256": SHA256, "name": "a.png", "role": "photo"}]
    answer = await send_note(officer, note_body(job_id, world.clock(), files=files))
    assert answer.status_code == 201, answer.text
    assert answer.json()["missing"] == [SHA256]
    assert await shown(officer) == 410


async def test_whoever_names_a_file_while_it_is_taken_out_waits(
    world: World, officer: httpx.AsyncClient, own: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note is there before the files are looked at, or is told that its photo is not here; never between."""
    one, job_id = await visited(world, officer, SHA256), await job_of(world, await accepted_complaint(world))
    files = [{"sha256": SHA256, "name": "a.png", "role": "photo"}]
    note = note_body(job_id, world.clock(), files=files)
    looking: list[asyncio.Task[httpx.Response]] = []

    async def meanwhile(reader: Reader, found: Found, named: set[str]) -> dict[str, UUID]:
        of = await files_of(reader, found, named)
        looking.append(asyncio.create_task(send_note(officer, note)))
        await asyncio.wait(looking, timeout=1)
        return of

    monkeypatch.setattr(module, "files_of", meanwhile)
    assert (await take(own, one, Step.RESTRICTED)).files == 1
    answer = await looking[0]
    assert (answer.status_code, answer.json()["missing"]) == (201, [SHA256])


async def test_an_erased_photo_that_comes_again_with_its_form_is_taken_out_of_the_store_again(
    *,
    world: World,
    own: Database,
    signed_in: SignIn,
    anonymous: httpx.AsyncClient,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a restore phones are asked to send their forms again; the form is taken, and its photo is not shown."""
    complaint_id = await accepted_complaint(world)
    job_id = await job_of(world, complaint_id)
    form, data, files = filled(job_id, world.clock(), photos=["1.jpg"]), photo(1), FileStore.of(settings)
    sha256 = hashlib.sha256(data).hexdigest()
    collect = await phone_of(signed_in, world, anonymous)
    await collect.send(form, {"1.jpg": data, "audit.csv": AUDIT.encode()})
    one = await over(world, complaint_id, job_id)
    auditor = await signed_in("auditor")
    (kept,) = (await auditor.get("/v1/form-submissions")).json()["items"]
    log = f"/v1/form-submissions/{kept['submission_id']}/log"
    assert (await auditor.get(log)).status_code == 200
    for step in (Step.RESTRICTED, Step.ERASED):
        await take(own, one, step)
        assert problem_code(await auditor.get(log)) == "personal-data-withheld"
    assert await taken_out(own, files, world.bureau_id) == 2
    await collect.send(filled(job_id, world.clock(), photos=["1.jpg"]), {"1.jpg": data})
    assert await shown(await signed_in("officer"), sha256) == 410
    assert await files.has(world.bureau_id, sha256)

    async def bureaus() -> list[str]:
        return [world.bureau_id]

    monkeypatch.setattr(world.database, "bureaus", bureaus)
    async with asyncio.timeout(60):  # just now a backup of another test may copy
        while await files.has(world.bureau_id, sha256):
            await unclaimed_files_of(files).run(world.database)
            await asyncio.sleep(0.05)


async def test_passengers_of_a_trip_for_two_complaints_keep_their_names_until_both_are_over(
    world: World, own: Database
) -> None:
    """Whichever is lifted first, the name is there byte for byte: never a mark of the other's in its place."""
    complaints = [await accepted_complaint(world) for _ in range(2)]
    jobs = [await job_of(world, one) for one in complaints]
    trip_id = await returned_trip(world, job_ids=tuple(jobs), passengers=(Aboard("潘玉娟", "consumer"),))
    await close_trip(world.database, world["dispatcher"], trip_id)
    first, second = [await over(world, *both) for both in zip(complaints, jobs, strict=True)]

    async def names() -> list[str]:
        async with world.database.read(world.bureau_id) as reader:
            asked = text("SELECT name FROM trip_passenger WHERE bureau_id = :bureau_id")
            return [row.name for row in await reader.rows(asked, {"bureau_id": world.bureau_id})]

    await take(own, second, Step.RESTRICTED)
    assert (await take(own, first, Step.RESTRICTED)).rows["trip_passenger"] == 1
    await take(own, second, Step.LIFTED)
    done = await take(own, second, Step.RESTRICTED)
    assert "trip_passenger" not in done.rows
    assert [one.column for one in done.named if one.table == "withheld_row"].count("trip_passenger") == 1
    await take(own, first, Step.LIFTED)
    await take(own, second, Step.LIFTED)
    assert await names() == ["潘玉娟"]
