"""Personal data of a complaint's parties is restricted, lifted, erased: no trace is left, and nothing else goes."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import text

from api.backup.manifest import kept_files, snapshot
from api.db.database import Database
from api.db.roles import OWNER, READER, SERVICE
from api.db.tables.erasure import WithheldFile
from api.files import FileStore
from api.settings import Settings
from api.usecases.amend_months import amend_all
from api.usecases.change_account import deactivate_person
from api.usecases.erase_person_data import Wanted, erase_person_data
from domain.erasure import Ground, NotErasable, Step
from domain.errors import NotFound
from domain.ledger.leaf import Group, verify_commitment
from tests.complaints import accepted_complaint
from tests.conftest import Server, SignIn, problem_code
from tests.db.any_row import attempt, become
from tests.db.catalogue import statement, tenant_tables
from tests.erased import PHOTO, SECRETS, Case, over_and_sealed, taken_out
from tests.notes import NOTES, note_body, send_note
from tests.print.pictures import png
from tests.signing import known_phone, send_act
from tests.trips import a_complaint_job, approved_trip
from tests.world import HeldClock, World


@pytest.fixture
async def own(server: Server, settings: Settings, clock: HeldClock) -> AsyncIterator[Database]:
    """Return the owner's database by the test's clock."""
    database = Database(server.owner, settings, clock, role=OWNER)
    yield database
    await database.close()


@pytest.fixture
async def case(world: World, signed_in: SignIn, anonymous: httpx.AsyncClient) -> Case:
    """Return a complaint of people with a visit to it, all over and sealed."""
    return await over_and_sealed(world, signed_in, anonymous)


def wanted(case: Case, step: Step, **changes: Any) -> Wanted:
    """Return a step as two heads decided it."""
    ordinary = Wanted(
        number=case.number, step=step, ground=Ground.PURPOSE, decided_by="desk_chief", confirmed_by="custodian"
    )
    return replace(ordinary, **changes)


async def take(own: Database, case: Case, step: Step, **changes: Any) -> Any:
    """Take a step as an operator does."""
    changes, dry_run = {k: v for k, v in changes.items() if k != "dry_run"}, changes.get("dry_run", False)
    asked = wanted(case, step, **changes)
    return await erase_person_data(own, case.world.bureau_id, asked, "root, zhuanche erase", dry_run=dry_run)


def rows_of(server: Server, bureau_id: str) -> dict[str, list[str]]:
    """Return every row of the bureau as text, by table; bytes and what phones signed as the texts they hold."""
    with psycopg.connect(server.superuser) as connection:
        found = {}
        for table in tenant_tables(connection):
            asked = statement("SELECT to_jsonb(t) FROM {table} t WHERE bureau_id = %s ORDER BY 1", table)
            found[table] = [_read(row) for (row,) in connection.execute(asked, (bureau_id,))]
    return found


def _read(row: dict[str, Any]) -> str:
    told = []
    for value in row.values():
        said = json.dumps(value, ensure_ascii=False)
        told.append(said)
        if isinstance(value, str) and value.startswith("\\x"):
            told.append(bytes.fromhex(value[2:]).decode("utf-8", "replace"))
        if isinstance(value, str) and value.count(".") == 2:
            part = value.split(".")[1]
            told.append(urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "replace"))
    return "\n".join(told)


def traces(server: Server, bureau_id: str, but: str = "") -> set[tuple[str, str]]:
    """Return which secrets stand in which tables."""
    return {
        (table, secret)
        for table, rows in rows_of(server, bureau_id).items()
        if table != but
        for secret in SECRETS
        if any(secret in row for row in rows)
    }


async def test_what_is_restricted_is_in_no_record_and_lifted_it_is_back_byte_for_byte(
    case: Case, own: Database, server: Server
) -> None:
    """Every table of the bureau is searched, texts, bytes and signed words: only what nobody serves from has it."""
    bureau_id = case.world.bureau_id
    before = rows_of(server, bureau_id)
    assert {secret for _, secret in traces(server, bureau_id)} == set(SECRETS)
    done = await take(own, case, Step.RESTRICTED)
    assert done.files == 2
    assert done.rows["form_submission"] == 1
    assert traces(server, bureau_id, but="withheld_row") == set()
    await take(own, case, Step.LIFTED)
    after = rows_of(server, bureau_id)
    new = {"erasure", "ledger_payload", "ledger_outbox", "idempotency_key", "remembered_place"}
    assert {table: rows for table, rows in after.items() if table not in new} == {
        table: rows for table, rows in before.items() if table not in new
    }
    assert set(before["ledger_payload"]) < set(after["ledger_payload"])
    assert len(after["erasure"]) == 2


async def test_erased_it_is_nowhere_and_what_the_vehicle_did_stands(
    case: Case, own: Database, server: Server, database: Database
) -> None:
    """No text, no salt, no file; seals, digests and other complaints as before, and nothing to amend."""
    world = case.world
    before = rows_of(server, world.bureau_id)
    await take(own, case, Step.RESTRICTED)
    await take(own, case, Step.ERASED, ground=Ground.UNLAWFUL)
    assert traces(server, world.bureau_id) == set()
    after = rows_of(server, world.bureau_id)
    for table in (
        "month_seal",
        "reading",
        "decision",
        "vehicle_use",
        "trip",
        "trip_job",
        "ledger_outbox",
        "attachment",
    ):
        assert set(before[table]) <= set(after[table]), table
    assert after["withheld_row"] == []
    assert await amend_all(database, world.bureau_id) == 0
    with psycopg.connect(server.superuser) as connection:
        for leaf, facts, salt, person, person_salt, erased_at in connection.execute(
            "SELECT o.leaf, p.facts, p.facts_salt, p.person, p.person_salt, p.erased_at FROM ledger_outbox o"
            " JOIN ledger_payload p USING (bureau_id, entry_id) WHERE bureau_id = %s",
            (world.bureau_id,),
        ):
            assert verify_commitment(bytes(leaf), Group.FACTS, bytes(facts), bytes(salt))
            assert (person is None) is (person_salt is None)
            if person is not None and erased_at is None:
                assert verify_commitment(bytes(leaf), Group.PERSON, bytes(person), bytes(person_salt))
        (kept,) = connection.execute(
            "SELECT count(*) FROM ledger_payload WHERE bureau_id = %s AND erased_at IS NOT NULL", (world.bureau_id,)
        ).fetchone() or (0,)
    assert kept >= 4


async def test_pages_say_when_and_on_which_ground_and_every_raw_door_is_shut(
    case: Case, own: Database, signed_in: SignIn
) -> None:
    """Readable answers with the mark in each text's place; bytes, signed words and photo answer 410; never a fault."""
    await take(own, case, Step.RESTRICTED)
    await take(own, case, Step.ERASED, ground=Ground.UNLAWFUL)
    mark = "〔2026-12-01 已删除 erased：个人信息保护法第四十七条第四项 PIPL 47(4)〕"
    auditor, dispatcher = await signed_in("auditor"), await signed_in("dispatcher")
    complaint = (await dispatcher.get(f"/v1/complaints/{case.complaint_id}")).json()["particulars"]
    assert complaint["complainant"]["name"] == complaint["claim"] == mark
    acts = (await dispatcher.get(f"/v1/complaints/{case.complaint_id}/acts")).json()
    assert mark in json.dumps(acts, ensure_ascii=False)
    note = (await auditor.get(f"{NOTES}/{case.note_id}")).json()
    assert note["note"]["found"] == mark
    assert note["note"]["result"] == "done"
    for address in (
        f"{NOTES}/{case.note_id}/raw",
        f"{NOTES}/conflicts/{case.conflict_id}/raw",
        f"/v1/attachments/{case.photo}",
    ):
        answer = await auditor.get(address)
        assert (answer.status_code, problem_code(answer)) == (410, "personal-data-withheld"), address
    (form,) = (await auditor.get("/v1/form-submissions")).json()["items"]
    for door in ("raw", "log"):
        assert (await auditor.get(f"/v1/form-submissions/{form['submission_id']}/{door}")).status_code in {200, 410}
    assert (await auditor.get(f"/v1/form-submissions/{form['submission_id']}/raw")).status_code == 410
    (act,) = (await auditor.get(f"/v1/signed-acts?note_id={case.note_id}")).json()["items"]
    assert (await auditor.get(f"/v1/signed-acts/{act['digest']}/jws")).status_code == 410
    async with case.world.database.read(case.world.bureau_id) as reader:
        of_note = text("SELECT entry_id FROM visit_note WHERE bureau_id = :bureau_id AND note_id = :note_id")
        ((entry_id,),) = await reader.rows(of_note, {"bureau_id": case.world.bureau_id, "note_id": UUID(case.note_id)})
    for address in (
        f"/v1/complaints/{case.complaint_id}/mediation-record.pdf",
        f"{NOTES}/{case.note_id}/note.pdf",
        f"/v1/signed-acts/{act['digest']}",
        f"/v1/ledger/entries/{entry_id}",
        f"/audit/entries/{entry_id}",
        "/v1/erasures",
        f"/v1/trips/{case.trip_id}",
        f"/v1/vehicles/{case.world.vehicle_id}/log?month=2026-11",
        f"/audit/trips/{case.trip_id}",
        "/audit/log?month=2026-11",
        "/v1/complaints?q=%E6%9E%97",
        NOTES,
        f"{NOTES}/conflicts",
        "/v1/form-submissions",
        f"/v1/form-submissions/{form['submission_id']}",
    ):
        answer = await auditor.get(address)
        assert answer.status_code == 200, (address, answer.text[:500])
    board = await dispatcher.get(f"/board/notes-aside/{case.conflict_id}", headers={"Accept": "text/html"})
    assert board.status_code == 200
    steps = (await auditor.get("/v1/erasures")).json()["items"]
    assert [(one["step"], one["ground"], one["number"]) for one in steps] == [
        ("erased", "unlawful", case.number),
        ("restricted", "purpose-achieved", case.number),
    ]
    officer = await signed_in("officer")
    again = await officer.put(f"/v1/attachments/{case.photo}", content=PHOTO)
    assert (again.status_code, problem_code(again)) == (410, "personal-data-withheld")


async def test_a_dry_run_says_the_same_and_changes_nothing(case: Case, own: Database, server: Server) -> None:
    """Counted as it would be."""
    before = rows_of(server, case.world.bureau_id)
    dry = await take(own, case, Step.RESTRICTED, dry_run=True)
    assert rows_of(server, case.world.bureau_id) == before
    assert await take(own, case, Step.RESTRICTED) == dry
    assert dry.rows["visit_note"] == 2


@pytest.mark.parametrize(
    ("step", "changes", "why"),
    [
        (Step.ERASED, {}, "neither restricted nor erased"),
        (Step.LIFTED, {}, "neither restricted nor erased"),
        (Step.RESTRICTED, {"confirmed_by": "desk_chief"}, "who decides does not confirm"),
        (Step.RESTRICTED, {"decided_by": "auditor"}, "who decides is custodian or desk chief"),
        (Step.RESTRICTED, {"confirmed_by": "dispatcher"}, "who confirms is custodian, desk chief or auditor"),
    ],
)
async def test_a_step_that_may_not_be_taken_says_why(
    case: Case, own: Database, step: Step, changes: dict[str, Any], why: str
) -> None:
    """Two people who may, in the order of the steps."""
    with pytest.raises(NotErasable) as refused:
        await take(own, case, step, **changes)
    assert why in refused.value.detail["why"]


async def test_whoever_left_decides_and_confirms_nothing(case: Case, own: Database, world: World) -> None:
    """A closed account keeps the roles it had, for the record."""
    await deactivate_person(world.database, world["admin"], world["custodian"].who, "离职")
    with pytest.raises(NotFound):
        await take(own, case, Step.RESTRICTED)


async def test_it_is_kept_for_its_time_unless_it_was_unlawful(case: Case, own: Database) -> None:
    """Three years after the last act, not a second before; restricting does not wait."""
    await take(own, case, Step.RESTRICTED)
    last_at = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    case.world.clock.at = last_at.replace(year=2029) - timedelta(hours=2)
    with pytest.raises(NotErasable, match="cannot be restricted") as refused:
        await take(own, case, Step.ERASED)
    assert "kept until 2029-11-23 by keep_complaints_years" in refused.value.detail["why"]
    case.world.clock.at = last_at.replace(year=2029)
    await take(own, case, Step.ERASED)


async def test_a_complaint_that_is_worked_on_is_not_restricted(world: World, own: Database) -> None:
    """The desk needs to reach the consumer while it mediates."""
    complaint_id = await accepted_complaint(world)
    async with world.database.read(world.bureau_id) as reader:
        ((number,),) = await reader.rows(
            text("SELECT number FROM complaint WHERE bureau_id = :bureau_id"), {"bureau_id": world.bureau_id}
        )
    case = Case(world, complaint_id, number, complaint_id, "", "", "", "")
    with pytest.raises(NotErasable) as refused:
        await take(own, case, Step.RESTRICTED)
    assert "the complaint is accepted" in refused.value.detail["why"]


def backed_up(server: Server, case: Case) -> bool:
    """Tell whether a backup asks for the photo."""
    with snapshot(server.superuser) as connection:
        files = {(file.bureau_id, file.sha256) for file in kept_files(connection)}
    return (case.world.bureau_id, case.photo) in files


async def test_the_file_leaves_the_store_too(case: Case, own: Database, settings: Settings, server: Server) -> None:
    """Once, and again finds none; while it is restricted only, it is there to be lifted, and is backed up."""
    files = FileStore.of(settings)
    await take(own, case, Step.RESTRICTED)
    assert await taken_out(own, files, case.world.bureau_id) == 0
    assert await files.has(case.world.bureau_id, case.photo)
    assert backed_up(server, case)
    await take(own, case, Step.ERASED, ground=Ground.UNLAWFUL)
    assert await taken_out(own, files, case.world.bureau_id) == 2
    assert not await files.has(case.world.bureau_id, case.photo)
    assert not backed_up(server, case)
    assert await taken_out(own, files, case.world.bureau_id) == 0


async def test_a_photo_that_only_a_note_kept_aside_names_goes_with_it_and_comes_back_with_it(
    case: Case, own: Database, signed_in: SignIn, settings: Settings
) -> None:
    """Its words are taken out: held back, it is no file that nothing names, and erased it leaves the store."""
    world, officer, files = case.world, await signed_in("officer"), FileStore.of(settings)
    data = png(33, 44)
    sha256 = hashlib.sha256(data).hexdigest()
    assert (await officer.put(f"/v1/attachments/{sha256}", content=data)).status_code == 201
    job_id = (await officer.get(f"{NOTES}/{case.note_id}")).json()["job_id"]
    aside = note_body(UUID(job_id), world.clock(), files=[{"sha256": sha256, "name": "a.png", "role": "photo"}])
    assert (await send_note(officer, aside | {"note_id": case.note_id})).status_code == 409
    for step in (Step.RESTRICTED, Step.LIFTED, Step.RESTRICTED):
        await take(own, case, step)
        async with own.read(world.bureau_id) as reader:
            assert (await reader.get(WithheldFile, sha256) is not None) == (step is Step.RESTRICTED)
    await take(own, case, Step.ERASED, ground=Ground.UNLAWFUL)
    assert await taken_out(own, files, world.bureau_id) == 3
    assert not await files.has(world.bureau_id, sha256)


async def on_a_sheet(world: World, signed_in: SignIn, sha256: str) -> None:
    """Name a file as the sheet of paper on which a departure was written: a fact of the trip alone."""
    trip_id = await approved_trip(world)
    world.clock.advance(hours=1)
    report = {"check": dict.fromkeys(("tyres", "lights", "fuel", "papers"), True), "source": "paper"}
    report |= {"reading": {"odometer_m": 53_000_000}, "stated_at": world.clock().isoformat(), "sheet_sha256": sha256}
    answer = await (await signed_in("dispatcher")).post(f"/v1/trips/{trip_id}/depart", json=report)
    assert answer.status_code == 200, answer.text


async def in_a_waiting_act(world: World, signed_in: SignIn, sha256: str) -> None:
    """Name a file in a note of another complaint that waits for an act before it."""
    officer, job_id = await signed_in("second_officer"), await a_complaint_job(world)
    phone = await known_phone(world, officer, "second_officer")
    phone.act("another-job", {})
    note = note_body(job_id, world.clock(), files=[{"sha256": sha256, "name": "a.png", "role": "photo"}])
    answer = await send_act(officer, phone.act("note", note))
    assert answer.json()["outcome"] == "parked", answer.text


@pytest.mark.parametrize("named", [on_a_sheet, in_a_waiting_act])
async def test_a_file_that_something_else_says_stays(
    case: Case, own: Database, signed_in: SignIn, settings: Settings, named: Any
) -> None:
    """By a fact of a trip, or by what a phone sent and that is no note yet: it is another's too."""
    await named(case.world, signed_in, case.photo)
    assert (await take(own, case, Step.RESTRICTED)).files == 1
    assert (await take(own, case, Step.ERASED, ground=Ground.UNLAWFUL)).files == 1
    files = FileStore.of(settings)
    assert await taken_out(own, files, case.world.bureau_id) == 1
    assert await files.has(case.world.bureau_id, case.photo)


async def test_who_serves_or_reports_reads_nothing_that_was_taken_out_and_opens_no_door(
    case: Case, own: Database, server: Server
) -> None:
    """By the database: no grant, also with the word that opens it; and the owner changes no other column by it."""
    await take(own, case, Step.RESTRICTED)
    with psycopg.connect(server.superuser) as connection:
        for role in (SERVICE, READER):
            become(connection, role, case.world.bureau_id)
            connection.execute("SET LOCAL zhuanche.erases = 'yes'")
            for attack in (
                "SELECT * FROM withheld_row",
                "UPDATE visit_note SET body = ''",
                "UPDATE ledger_payload SET person = NULL",
                "DELETE FROM withheld_file",
                "INSERT INTO erasure SELECT * FROM erasure",
            ):
                assert attempt(connection, attack) == "42501", (role, attack)
            connection.rollback()
        become(connection, OWNER, case.world.bureau_id)
        assert attempt(connection, "UPDATE visit_note SET body = ''") == "ZC006"
        connection.execute("SET LOCAL zhuanche.erases = 'yes'")
        for attack in (
            "UPDATE visit_note SET body_sha256 = ''",
            "UPDATE visit_note SET body = '', result = 'postponed-by-agreement'",
            "UPDATE reading SET odometer_m = 0",
            "UPDATE ledger_payload SET facts = NULL",
            "DELETE FROM visit_note",
            "UPDATE month_seal SET statement = ''",
        ):
            assert attempt(connection, attack) == "ZC006", attack
        connection.rollback()
