"""Files that nothing names go after their time, each by a fact; one that is named stays, or who names it is told."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import text

from api.backup.manifest import kept_files, snapshot
from api.db.database import Actor, Database, UnitOfWork
from api.db.queries.attachments import hold_files, hold_naming
from api.db.roles import SERVICE
from api.db.tables.notes import NoteAttachment
from api.files import FileStore
from api.folder import FilesAway
from api.http import openrosa_upload
from api.jobs.unclaimed import unclaimed_files_of
from api.settings import Settings
from api.usecases import sweep_files
from api.usecases.keep_attachment import keep_attachment, keep_retired
from api.usecases.sweep_files import drop_retired, retire_unclaimed
from domain.settings import SETTINGS
from tests.complaints import accepted_complaint, job_of
from tests.conftest import Server, SignIn, problem_code
from tests.db.any_row import attempt, become
from tests.ledger import forged
from tests.notes import NOTES, note_body, send_note
from tests.openrosa.collect import CollectError
from tests.openrosa.forms import filled, phone_of
from tests.print.pictures import png
from tests.signing import known_phone, send_act
from tests.trips import approved_trip
from tests.world import HeldClock, World, make_world

KEPT = timedelta(days=SETTINGS["keep_unclaimed_days"].default)
PHOTO = png(20, 10)
SHA256 = hashlib.sha256(PHOTO).hexdigest()
ADDRESS = f"/v1/attachments/{SHA256}"


@pytest.fixture
async def world(owner: Database, database: Database, clock: HeldClock) -> World:
    """Return a bureau of long ago: the database holds the least time by its own clock."""
    clock.at = datetime(2025, 5, 12, 1, 0, tzinfo=UTC)
    return await make_world(owner, database, clock)


@pytest.fixture
def files(settings: Settings) -> FileStore:
    """Return the store that the application of the tests keeps files in."""
    return FileStore.of(settings)


async def sweep(world: World, files: FileStore) -> int:
    """Do what the job does for the world's bureau, and return how many files were retired."""
    retired = await retire_unclaimed(world.database, world.bureau_id)
    await drop_retired(world.database, files, world.bureau_id)
    return retired


async def dropped(world: World, files: FileStore, sha256: str = SHA256) -> bool:
    """Drop retired files until the file is out of the store: just now a backup of another test may copy."""
    async with asyncio.timeout(60):
        while await files.has(world.bureau_id, sha256):
            await drop_retired(world.database, files, world.bureau_id)
            await asyncio.sleep(0.05)
    return True


async def sent(client: httpx.AsyncClient, data: bytes = PHOTO) -> int:
    """Send a file, and return the status of the answer."""
    answer = await client.put(f"/v1/attachments/{hashlib.sha256(data).hexdigest()}", content=data)
    return answer.status_code


async def job(world: World) -> UUID:
    """Return a job to visit a site for."""
    return await job_of(world, await accepted_complaint(world))


def naming(job_id: UUID, world: World, sha256: str = SHA256) -> dict[str, Any]:
    """Return a note that names the photo."""
    return note_body(job_id, world.clock(), files=[{"sha256": sha256, "name": "1.png", "role": "photo"}])


async def steps(world: World) -> list[tuple[str, str]]:
    """Return what became of the bureau's files, each with its entry's kind."""
    async with world.database.read(world.bureau_id) as reader:
        asked = text(
            "SELECT s.step, p.kind FROM attachment_step s JOIN ledger_payload p ON p.bureau_id = s.bureau_id"
            " AND p.entry_id = s.entry_id WHERE s.bureau_id = :bureau_id AND p.bureau_id = :bureau_id"
            " ORDER BY s.sha256, s.no"
        )
        return [(row.step, row.kind) for row in await reader.rows(asked, {"bureau_id": world.bureau_id})]


async def test_what_nothing_names_goes_after_its_time_and_who_names_it_later_is_told_and_sends_it_again(
    world: World, signed_in: SignIn, files: FileStore
) -> None:
    """Not a second before; two facts, the file back in the end, and named it stays for good."""
    officer = await signed_in("officer")
    assert await sent(officer) == 201
    world.clock.advance(seconds=KEPT.total_seconds() - 1)
    assert await sweep(world, files) == 0
    world.clock.advance(seconds=1)
    assert [await sweep(world, files), await sweep(world, files)] == [1, 0]
    assert await dropped(world, files)
    gone = await (await signed_in("officer")).get(ADDRESS)
    assert (gone.status_code, problem_code(gone)) == (410, "file-retired")
    officer = await signed_in("officer")
    note = naming(await job(world), world)
    told = await send_note(officer, note)
    assert (told.status_code, told.json()["missing"]) == (201, [SHA256]), told.text
    assert await sent(officer) == 200
    assert (await officer.get(f"{NOTES}/{note['note_id']}")).json()["missing"] == []
    assert (await officer.get(ADDRESS)).content == PHOTO
    world.clock.advance(seconds=2 * KEPT.total_seconds())
    assert await sweep(world, files) == 0
    assert await steps(world) == [("retired", "attachment-retired"), ("kept-again", "attachment-kept-again")]


async def test_the_service_itself_lets_them_go(
    world: World, signed_in: SignIn, files: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job retires what is due and takes it out of the store, in each bureau that is served here."""
    await retired(world, signed_in, 1)

    async def bureaus() -> list[str]:
        return [world.bureau_id]

    monkeypatch.setattr(world.database, "bureaus", bureaus)
    job = unclaimed_files_of(files)
    async with asyncio.timeout(60):
        while await files.has(world.bureau_id, SHA256):
            await job.run(world.database)
            await asyncio.sleep(0.05)
    assert await steps(world) == [("retired", "attachment-retired")]


async def test_one_that_came_again_and_is_named_by_nothing_goes_again(
    world: World, signed_in: SignIn, files: FileStore
) -> None:
    """Its time begins anew when it comes, and the desk decides how long that is."""
    chief = await signed_in("desk_chief")
    set_to = await chief.put("/v1/settings/keep_unclaimed_days", json={"value": 30, "reason": "盘小"})
    assert set_to.status_code == 200, set_to.text
    for _ in range(2):
        assert await sent(await signed_in("officer")) in {200, 201}
        world.clock.advance(seconds=timedelta(days=30).total_seconds() - 1)
        assert await sweep(world, files) == 0
        world.clock.advance(seconds=1)
        assert await sweep(world, files) == 1
    assert [step for step, _ in await steps(world)] == ["retired", "kept-again", "retired"]


async def by_note(world: World, officer: httpx.AsyncClient) -> None:
    """Name the photo in a note."""
    assert (await send_note(officer, naming(await job(world), world))).status_code == 201


async def by_conflict(world: World, officer: httpx.AsyncClient) -> None:
    """Name the photo in other words that come under a note's number."""
    note = note_body(await job(world), world.clock())
    assert (await send_note(officer, note)).status_code == 201
    other = naming(UUID(note["job_id"]), world) | {"note_id": note["note_id"]}
    assert (await send_note(officer, other)).status_code == 409


async def by_waiting_act(world: World, officer: httpx.AsyncClient) -> None:
    """Name the photo in a note that a phone signed and that waits for an act before it."""
    phone = await known_phone(world, officer)
    phone.act("another-job", {})
    answer = await send_act(officer, phone.act("note", naming(await job(world), world)))
    assert answer.json()["outcome"] == "parked", answer.text


async def by_reading(world: World, officer: httpx.AsyncClient) -> None:
    """Name the photo as that of a reading."""
    reading = {"vehicle_id": str(world.vehicle_id), "odometer_m": 52_000_000, "obtained": "photo"}
    reading |= {"occasion": "spot", "read_at": world.clock().isoformat(), "photo_sha256": SHA256}
    answer = await officer.post("/v1/readings", json=reading)
    assert answer.status_code == 201, answer.text


async def by_sheet(world: World, officer: httpx.AsyncClient) -> None:
    """Name the photo as that of a sheet of paper on which a departure was written."""
    trip_id = await approved_trip(world)
    world.clock.advance(hours=1)
    check = {"tyres": True, "lights": True, "fuel": True, "papers": True}
    report = {"check": check, "reading": {"odometer_m": 52_000_000}, "source": "paper", "sheet_sha256": SHA256}
    report["stated_at"] = world.clock().isoformat()
    answer = await officer.post(f"/v1/trips/{trip_id}/depart", json=report)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", [by_note, by_conflict, by_waiting_act, by_reading, by_sheet])
async def test_a_file_that_something_names_stays(world: World, signed_in: SignIn, files: FileStore, name: Any) -> None:
    """By a row of its own, or in what was kept as it came."""
    officer = await signed_in("dispatcher" if name is by_sheet else "custodian" if name is by_reading else "officer")
    assert await sent(await signed_in("officer")) == 201
    await name(world, officer)
    world.clock.advance(seconds=2 * KEPT.total_seconds())
    assert await sweep(world, files) == 0
    assert await files.has(world.bureau_id, SHA256)


async def test_a_form_brings_its_photo_again(
    world: World, signed_in: SignIn, files: FileStore, anonymous: httpx.AsyncClient
) -> None:
    """Collect sends a file with its form: retired before, it is kept again by that."""
    assert await sent(await signed_in("officer")) == 201
    world.clock.advance(seconds=KEPT.total_seconds())
    assert await sweep(world, files) == 1
    collect = await phone_of(signed_in, world, anonymous)
    await collect.send(filled(await job(world), world.clock(), photos=["1.png"]), {"1.png": PHOTO})
    assert await files.has(world.bureau_id, SHA256)
    (note,) = (await (await signed_in("officer")).get(NOTES)).json()["items"]
    assert note["missing"] == []
    assert [step for step, _ in await steps(world)] == ["retired", "kept-again"]


async def test_a_form_whose_photo_goes_while_it_comes_is_told_and_brings_it_the_next_time(
    world: World, signed_in: SignIn, files: FileStore, anonymous: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept until this moment, and retired after the form's bytes were stored: no fact names a file that is gone."""
    await retired(world, signed_in, 1)
    collect = await phone_of(signed_in, world, anonymous)
    form = filled(await job(world), world.clock(), photos=["1.png"])

    async def then_swept(*asked: Any) -> None:
        await keep_retired(*asked)
        assert await sweep(world, files) == 1
        assert await dropped(world, files)

    monkeypatch.setattr(openrosa_upload, "keep_retired", then_swept)
    with pytest.raises(CollectError):
        await collect.send(form, {"1.png": PHOTO})
    assert await steps(world) == [("retired", "attachment-retired")]
    monkeypatch.undo()
    await collect.send(form, {"1.png": PHOTO})
    assert await files.has(world.bureau_id, SHA256)
    assert [step for step, _ in await steps(world)] == ["retired", "kept-again"]


async def test_a_file_put_again_by_a_sender_that_died_goes_all_the_same(
    world: World, signed_in: SignIn, files: FileStore, settings: Settings
) -> None:
    """A crash between the store and the fact: it is on the list still, and nothing keeps it for want of a broom."""
    await retired(world, signed_in, 1)
    assert await retire_unclaimed(world.database, world.bureau_id) == 1

    class Dying(FileStore):
        async def has(self, *_: str) -> bool:
            raise ZeroDivisionError

    async def chunks() -> AsyncIterator[bytes]:
        yield PHOTO

    with pytest.raises(ZeroDivisionError):
        await keep_attachment(world.database, Dying.of(settings), world["officer"], SHA256, chunks(), limit_bytes=10**6)
    assert await files.has(world.bureau_id, SHA256)
    assert await dropped(world, files)


async def test_a_store_that_answers_nothing_ends_no_transaction_that_holds_a_file(
    world: World, signed_in: SignIn, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told before the database ends one that idles: the file stays on the list, and goes the next time."""
    await retired(world, signed_in, 1)
    assert await retire_unclaimed(world.database, world.bureau_id) == 1

    class Silent(FileStore):
        async def erase(self, *_: str) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(sweep_files, "STORE_S", 0.1)
    with pytest.raises(FilesAway):
        await dropped(world, Silent.of(settings))
    monkeypatch.undo()
    assert await dropped(world, FileStore.of(settings))


async def test_files_go_while_the_disk_is_short(world: World, signed_in: SignIn, files: FileStore) -> None:
    """Nothing else is written then: this is what makes room."""
    await retired(world, signed_in, 1)
    assert await retire_unclaimed(world.database, world.bureau_id) == 1

    class Short:
        def refuses(self, *, in_reserve: bool) -> bool:
            return not in_reserve

    world.database.space, space = Short(), world.database.space  # type: ignore[assignment]
    try:
        assert await dropped(world, files)
    finally:
        world.database.space = space


async def retired(world: World, signed_in: SignIn, count: int) -> list[str]:
    """Return files whose time is over and that nothing names, sent and not swept yet."""
    officer = await signed_in("officer")
    pictures = [png(20 + no, 10) for no in range(count)]
    assert [await sent(officer, picture) for picture in pictures] == [201] * count
    world.clock.advance(seconds=KEPT.total_seconds())
    return [hashlib.sha256(picture).hexdigest() for picture in pictures]


async def test_a_note_that_names_a_file_while_it_is_swept_has_it_or_is_told(
    world: World, signed_in: SignIn, files: FileStore
) -> None:
    """Notes and sweeps at once: of every note, what its answer said is how it is."""
    named = await retired(world, signed_in, 12)
    job_id, officer = await job(world), await signed_in("officer")
    answers = await asyncio.gather(
        *(send_note(officer, naming(job_id, world, sha256)) for sha256 in named),
        *(sweep(world, files) for _ in range(3)),
    )
    for sha256, answer in zip(named, answers[: len(named)], strict=True):
        assert answer.status_code == 201, answer.text
        fetched = await officer.get(f"/v1/attachments/{sha256}")
        assert (fetched.status_code, answer.json()["missing"]) in [(200, []), (410, [sha256])]


async def test_who_names_a_file_is_waited_for(world: World, signed_in: SignIn) -> None:
    """The sweep looks again once the other is done, and lets the file be."""
    forged(world)
    (sha256,) = await retired(world, signed_in, 1)
    note = naming(await job(world), world)
    assert (await send_note(await signed_in("officer"), note | {"files": []})).status_code == 201
    named, go_on = asyncio.Event(), asyncio.Event()

    async def name(uow: UnitOfWork) -> None:
        assert await hold_files(uow, [sha256]) == {sha256}
        named.set()
        await go_on.wait()
        row = {"bureau_id": uow.bureau_id, "note_id": UUID(note["note_id"]), "no": 1, "sha256": sha256}
        await uow.insert(NoteAttachment(**row, name="1.png", role="photo"))

    naming_it = asyncio.create_task(world.database.write(Actor(world.bureau_id), name))
    await named.wait()
    sweeping = asyncio.create_task(retire_unclaimed(world.database, world.bureau_id))
    done, _ = await asyncio.wait({sweeping}, timeout=0.5)
    assert not done
    go_on.set()
    await naming_it
    assert await sweeping == 0


async def test_who_names_a_file_that_is_being_retired_waits_and_is_told(
    world: World, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way round: its answer comes after the fact, and says that the file is missing."""
    (sha256,) = await retired(world, signed_in, 1)
    held, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(uow: UnitOfWork) -> None:
        await hold_naming(uow)
        held.set()
        await go_on.wait()

    monkeypatch.setattr(sweep_files, "hold_naming", slowly)
    note, officer = naming(await job(world), world, sha256), await signed_in("officer")
    sweeping = asyncio.create_task(retire_unclaimed(world.database, world.bureau_id))
    await held.wait()
    sending = asyncio.create_task(send_note(officer, note))
    done, _ = await asyncio.wait({sending}, timeout=0.5)
    assert not done
    go_on.set()
    assert await sweeping == 1
    assert (await sending).json()["missing"] == [sha256]


async def test_a_file_sent_again_before_it_is_dropped_stays(world: World, signed_in: SignIn, files: FileStore) -> None:
    """Retired, and not out of the store yet: the store is told to keep it."""
    await retired(world, signed_in, 1)
    assert await retire_unclaimed(world.database, world.bureau_id) == 1
    assert await sent(await signed_in("officer"), png(20, 10)) == 200
    assert await drop_retired(world.database, files, world.bureau_id) == 0
    assert await files.has(world.bureau_id, SHA256)


async def test_a_file_sent_again_while_it_is_dropped_is_there_or_is_refused(
    world: World, signed_in: SignIn, files: FileStore
) -> None:
    """Whoever is told that it is kept has it; the other is told to send it again, and it stays then."""
    named = await retired(world, signed_in, 12)
    assert await retire_unclaimed(world.database, world.bureau_id) == 12
    officer = await signed_in("officer")
    answers = await asyncio.gather(
        *(sent(officer, png(20 + no, 10)) for no in range(12)),
        *(drop_retired(world.database, files, world.bureau_id) for _ in range(2)),
    )
    assert set(answers[:12]) <= {200, 503}
    for no, sha256 in enumerate(named):
        if answers[no] == 503:
            assert await sent(officer, png(20 + no, 10)) == 200
        assert await files.has(world.bureau_id, sha256)
        assert (await officer.get(f"/v1/attachments/{sha256}")).status_code == 200


async def test_a_file_that_is_dropped_at_the_moment_it_is_put_is_not_called_kept(
    world: World, signed_in: SignIn, files: FileStore, settings: Settings
) -> None:
    """The bytes went after they were stored and before their fact: the sender hears so, and they are not on record."""
    await retired(world, signed_in, 1)
    assert await retire_unclaimed(world.database, world.bureau_id) == 1

    class Dropped(FileStore):
        async def keep(self, bureau_id: str, sha256: str, chunks: AsyncIterator[bytes], **asked: Any) -> Any:
            received = await super().keep(bureau_id, sha256, chunks, **asked)
            assert await dropped(world, files)
            return received

    async def chunks() -> AsyncIterator[bytes]:
        yield PHOTO

    store = Dropped.of(settings)
    with pytest.raises(Exception, match="does not answer") as refused:
        await keep_attachment(world.database, store, world["officer"], SHA256, chunks(), limit_bytes=10**6)
    assert refused.value.code == "files-away"  # type: ignore[attr-defined]
    assert await sent(await signed_in("officer")) == 200
    assert await files.has(world.bureau_id, SHA256)


@pytest.mark.one_server
async def test_a_backup_under_way_finds_every_file_that_is_on_record_in_it(
    world: World, signed_in: SignIn, files: FileStore, server: Server
) -> None:
    """What is retired while it copies leaves the store afterwards, and the next backup asks for it no more."""
    (sha256,) = await retired(world, signed_in, 1)
    with snapshot(server.superuser) as connection:
        connection.execute("SELECT pg_export_snapshot()")
        assert await sweep(world, files) == 1
        asked = {(file.bureau_id, file.sha256) for file in kept_files(connection)}
        assert (world.bureau_id, sha256) in asked
        assert await files.has(world.bureau_id, sha256)
    assert await dropped(world, files, sha256)
    with snapshot(server.superuser) as connection:
        asked = {(file.bureau_id, file.sha256) for file in kept_files(connection)}
    assert (world.bureau_id, sha256) not in asked


STEP = (
    "INSERT INTO attachment_step (bureau_id, sha256, no, step, recorded_at, entry_id)"
    " SELECT bureau_id, sha256, {no}, '{step}', {at}, entry_id FROM attachment"
)


async def test_the_database_itself_retires_no_file_early_or_named(
    world: World, signed_in: SignIn, server: Server
) -> None:
    """By the service's own role: before its time, out of turn, or while a note names it."""
    await retired(world, signed_in, 1)
    now = f"'{world.clock().isoformat()}'"
    with psycopg.connect(server.superuser) as connection:
        become(connection, SERVICE, world.bureau_id)
        for no, step, at in (
            (1, "retired", f"CAST({now} AS timestamptz) - interval '1 second'"),
            (2, "retired", now),
            (1, "kept-again", now),
            (2, "kept-again", now),
        ):
            assert attempt(connection, STEP.format(no=no, step=step, at=at)) == "ZC001", (no, step)
        with pytest.raises(psycopg.Error, match="zhuanche:file-step-out-of-turn"), connection.transaction():
            connection.execute(STEP.format(no=2, step="kept-again", at=now))
        assert attempt(connection, STEP.format(no=1, step="retired", at=now)) == 1
        connection.rollback()
    assert (await send_note(await signed_in("officer"), naming(await job(world), world))).status_code == 201
    with psycopg.connect(server.superuser) as connection:
        become(connection, SERVICE, world.bureau_id)
        assert attempt(connection, STEP.format(no=1, step="retired", at=now)) == "ZC001"
        connection.rollback()


async def test_a_clock_that_runs_ahead_lets_nothing_go_that_came_in_these_thirty_days(
    owner: Database, database: Database, clock: HeldClock, files: FileStore
) -> None:
    """Judged by the database's own clock too: a service a year ahead retires nothing of today."""
    clock.at = datetime.now(UTC)
    world = await make_world(owner, database, clock)

    async def chunks() -> AsyncIterator[bytes]:
        yield PHOTO

    await keep_attachment(database, files, world["officer"], SHA256, chunks(), limit_bytes=10**6)
    clock.advance(days=400)
    assert await retire_unclaimed(database, world.bureau_id) == 0
    assert await files.has(world.bureau_id, SHA256)
