"""Words about a complaint's parties that were typed elsewhere: what is theirs goes, what names them is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import select

from api.db.database import Actor, Database, Reader, UnitOfWork
from api.db.queries.named_people import Named, named_in
from api.db.roles import OWNER
from api.db.tables.complaints import Complaint
from api.db.tables.history import PaperTrip
from api.settings import Settings
from api.usecases import erase_person_data as module
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.act_on_finding import Said, explain_finding
from api.usecases.decide_site import NewSiteDecision, decide_site
from api.usecases.erase_person_data import Wanted, erase_person_data
from api.usecases.import_history import SheetFile, import_log
from api.usecases.raise_finding import raise_finding
from domain.complaint.acts import Withdraw
from domain.erasure import Ground, Step
from domain.errors import NotFound
from domain.findings.kinds import FindingKind
from domain.history import trips
from domain.sheet.columns import find_headings, with_columns
from domain.values import Datum
from tests.complaints import accepted_complaint
from tests.conftest import Server, SignIn
from tests.db.any_row import attempt, become
from tests.usecases.test_erase_person_data import rows_of
from tests.world import HeldClock, World

NAME, NICK, PHONE = "林欣悦", "林大姐", "13899990001"
VIA = "林欣悦来电，由其姐代述"
EXPLAINED = "当日送林欣悦回家，另见说明"
MINE = "用车人林大姐，霞林街道九栋"
STRANGERS = "与投诉无关的路线"
OLDER = "旧编号相同的另一投诉"


@pytest.fixture
async def own(server: Server, settings: Settings, clock: HeldClock) -> AsyncIterator[Database]:
    """Return the owner's database by the test's clock."""
    database = Database(server.owner, settings, clock, role=OWNER)
    yield database
    await database.close()


@dataclass
class Told:
    """A complaint that is over, and where its complainant is told of beside it."""

    world: World
    number: str
    complaint_id: UUID
    finding_act: UUID
    old_row: UUID
    numbered: UUID
    """A row of the old log that bears the complaint's number and is older than it."""


@pytest.fixture
async def told(world: World) -> Told:
    """Return a withdrawn complaint, a row of the old log of it, an explanation that names her, and strangers' rows."""
    complaint_id = await accepted_complaint(world, complainant_name=NAME, complainant_telephone=PHONE, received_via=VIA)
    await act_on_complaint(world.database, world["dispatcher"], complaint_id, Withdraw)
    async with world.database.read(world.bureau_id) as reader:
        number = await reader.one(select(Complaint.number).where(Complaint.bureau_id == world.bureau_id))
    heads = ["出车时间", "收车时间", "出车里程", "收车里程", "驾驶员", "目的地", "投诉编号"]
    sheet = [
        heads,
        ["2025-03-01 08:30", "2025-03-01 10:00", 12000, 12031, "郑某", OLDER, number],
        ["2025-03-02 08:30", "2025-03-02 10:00", 12031, 12060, "郑某", STRANGERS, ""],
        ["2025-03-03 08:30", "2025-03-03 10:00", 12060, 12090, "郑某", f"接{NICK}", ""],
        ["2026-11-23 15:30", "2026-11-23 16:00", 12090, 12100, "郑某", MINE, number],
    ]
    world.clock.advance(days=1)
    headings = with_columns(find_headings(sheet, trips.COLUMNS), trips.COLUMNS, [])
    log = trips.read_log(sheet, headings, zone="Asia/Shanghai", plate="闽B12345")
    await import_log(world.database, world["dispatcher"], world.vehicle_id, log, SheetFile("台账.xlsx", b"content"))

    async def found(uow: UnitOfWork) -> UUID:
        kind = FindingKind.ODOMETER_GAP
        return await raise_finding(
            uow, kind, vehicle_id=world.vehicle_id, use_id=None, subject_id=uuid4(), evidence={"metres": 2_000}
        )

    finding_id = await world.database.write(Actor(world.bureau_id), found)
    act_id = await explain_finding(world.database, world["custodian"], finding_id, Said(EXPLAINED))
    async with world.database.read(world.bureau_id) as reader:
        rows = await reader.all(select(PaperTrip).where(PaperTrip.bureau_id == world.bureau_id))
    by_places = {row.places: row.paper_trip_id for row in rows}
    return Told(world, number, complaint_id, act_id, by_places[f"接{NICK}"], by_places[OLDER])


async def take(own: Database, told: Told, step: Step, *, dry_run: bool = False, **more: Any) -> Any:
    """Take a step as an operator does."""
    wanted = Wanted(
        number=told.number, step=step, ground=Ground.UNLAWFUL, decided_by="desk_chief", confirmed_by="custodian"
    )
    return await erase_person_data(own, told.world.bureau_id, replace(wanted, **more), "root", dry_run=dry_run)


def tables_with(server: Server, told: Told, word: str, but: str = "") -> set[str]:
    """Return the tables in which a word stands."""
    rows = rows_of(server, told.world.bureau_id)
    return {table for table, texts in rows.items() if table != but and any(word in one for one in texts)}


async def test_what_belongs_to_the_complaint_goes_and_what_only_names_her_is_told_and_goes_when_confirmed(
    told: Told, own: Database, server: Server
) -> None:
    """How it was received and its row of the old log by themselves; explanation and other row by their ids alone."""
    dry = await take(own, told, Step.RESTRICTED, dry_run=True)
    assert (dry.rows["complaint"], dry.rows["paper_trip"]) == (1, 1)
    assert [one.row_id for one in dry.named if one.table == "finding_act"] == [told.finding_act]
    older = Named("paper_trip", "complaint_number", told.numbered)
    assert [one for one in dry.named if one.table == "paper_trip"] == [older]
    with_nick = await take(own, told, Step.RESTRICTED, dry_run=True, words=frozenset({NICK}))
    assert [one.row_id for one in with_nick.named if one.table == "paper_trip"] == [told.numbered, told.old_row]
    found = frozenset({told.finding_act, told.old_row})
    done = await take(own, told, Step.RESTRICTED, words=frozenset({NICK}), found=found)
    assert (done.rows["paper_trip"], done.rows["finding_act"], done.named) == (2, 1, [older])
    assert tables_with(server, told, NICK) == tables_with(server, told, NAME) == {"withheld_row"}
    await take(own, told, Step.LIFTED)
    assert {"complaint", "finding_act", "paper_trip"} <= tables_with(server, told, "林", but="withheld_row")
    await take(own, told, Step.RESTRICTED, words=frozenset({NICK}), found=found)
    done = await take(own, told, Step.ERASED, found=found)
    assert (done.rows["paper_trip"], done.rows["finding_act"]) == (2, 1)
    for word in (NAME, NICK, PHONE, VIA, EXPLAINED, MINE):
        assert tables_with(server, told, word) == set(), word
    assert tables_with(server, told, STRANGERS) == tables_with(server, told, OLDER) == {"paper_trip"}
    assert "paper_trip" in tables_with(server, told, "郑某")


async def test_pages_show_the_mark_where_the_words_were(told: Told, own: Database, signed_in: SignIn) -> None:
    """Complaint, findings and their acts are read on; the mark bears the day of the bureau's zone."""
    told.world.clock.at = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
    await take(own, told, Step.RESTRICTED, found=frozenset({told.finding_act}))
    dispatcher, auditor = await signed_in("dispatcher"), await signed_in("auditor")
    complaint = await dispatcher.get(f"/v1/complaints/{told.complaint_id}")
    assert complaint.json()["received_via"].startswith("〔2026-12-01 ")
    findings = await auditor.get("/v1/findings")
    assert findings.status_code == 200
    assert EXPLAINED not in findings.text
    assert "限制处理" in findings.text


async def test_words_that_cannot_be_taken_out_are_counted_where_they_stand(told: Told, own: Database) -> None:
    """A decision about a place is the bureau's own; that it names her is said, dry and done, and not passed over."""
    decision = NewSiteDecision(
        name="某处",
        lat=25.43,
        lon=119.0,
        datum=Datum.WGS84,
        radius_m=100,
        inside=True,
        reason=f"{NAME}住处",
    )
    await decide_site(told.world.database, told.world["custodian"], decision)
    for dry_run in (True, False):
        done = await take(own, told, Step.RESTRICTED, dry_run=dry_run)
        assert ("site_decision", "reason") in {(one.table, one.column) for one in done.named if one.row_id is None}


async def test_an_older_row_of_the_old_log_under_its_number_goes_when_it_is_confirmed(
    told: Told, own: Database, server: Server
) -> None:
    """The old log numbered complaints of its own: whether it is this one somebody of the bureau says; told once."""
    found = frozenset({told.numbered})
    done = await take(own, told, Step.RESTRICTED, found=found)
    assert (done.rows["paper_trip"], [one for one in done.named if one.table == "paper_trip"]) == (2, [])
    await take(own, told, Step.ERASED)
    assert tables_with(server, told, OLDER) == set()
    again = await take(own, told, Step.RESTRICTED)
    assert not [one for one in again.named if one.table == "paper_trip"]


async def test_an_id_that_names_nobody_of_the_complaint_is_refused(told: Told, own: Database) -> None:
    """Whoever mistypes it takes out nobody else's words."""
    for row_id in (uuid4(), told.old_row):
        with pytest.raises(NotFound):
            await take(own, told, Step.RESTRICTED, found=frozenset({row_id}))


async def test_what_was_taken_out_for_another_complaint_and_names_her_too_is_told(told: Told, own: Database) -> None:
    """It is nowhere to be read now, and comes back when the other one is lifted: whoever erases hers hears of it."""
    world = told.world
    other_id = await accepted_complaint(world, complainant_name=NAME, complainant_telephone="13899990002")
    await act_on_complaint(world.database, world["dispatcher"], other_id, Withdraw)
    async with world.database.read(world.bureau_id) as reader:
        number = await reader.one(
            select(Complaint.number).where(Complaint.bureau_id == world.bureau_id, Complaint.complaint_id == other_id)
        )
    other = replace(told, number=number, complaint_id=other_id)
    assert "withheld_row" not in {one.table for one in (await take(own, other, Step.RESTRICTED, dry_run=True)).named}
    await take(own, told, Step.RESTRICTED, found=frozenset({told.finding_act}))
    named = (await take(own, other, Step.RESTRICTED)).named
    assert {(one.table, one.column, one.row_id) for one in named} == {("withheld_row", "was", None)}


async def test_a_table_that_takes_long_to_look_through_stops_no_erasing(
    told: Told, server: Server, settings: Settings, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service's limit of a statement is for those who wait at a screen."""

    async def slowly(reader: Reader, *asked: Any) -> list[Named]:
        await reader.execute(text("SELECT pg_sleep(1.5)"))
        return await named_in(reader, *asked)

    monkeypatch.setattr(module, "named_in", slowly)
    hurried = Database(server.owner, replace(settings, statement_timeout_s=1.0), clock, role=OWNER)
    try:
        assert (await take(hurried, told, Step.RESTRICTED)).named
    finally:
        await hurried.close()


async def test_the_door_opens_these_columns_alone_and_for_the_owner_alone(told: Told, server: Server) -> None:
    """Nobody else's; and of a complaint no state goes by it."""
    with psycopg.connect(server.superuser) as connection:
        become(connection, OWNER, told.world.bureau_id)
        assert attempt(connection, "UPDATE complaint SET received_via = 'x'") == "ZC001"
        assert attempt(connection, "UPDATE finding_act SET text = 'x'") == "ZC006"
        connection.execute("SET LOCAL zhuanche.erases = 'yes'")
        for attack, code in (
            ("UPDATE complaint SET received_via = 'x', state = 'closed'", "ZC001"),
            ("UPDATE finding_act SET verb = 'accept'", "ZC006"),
            ("UPDATE paper_trip SET driver = 'x'", "ZC006"),
            ("UPDATE paper_trip SET until_m = until_m + 1", "ZC006"),
        ):
            assert attempt(connection, attack) == code, attack
        connection.rollback()
