"""Take over the old log of a vehicle 旧台账导入, or a list of complaints from their source: a whole sheet or nothing.

A dry run and the import ask the same: the sheet is read by `domain.history`, and what is there already is left out,
so that the same sheet, or a longer one, may come again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from api.db.database import Actor, Database, Reader, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.readings import lock_readings
from api.db.tables.complaints import Complaint
from api.db.tables.history import HistoryImport
from api.db.tables.history import PaperTrip as PaperTripRow
from api.db.tables.vehicles import Reading
from api.usecases.act_on_complaint import apply_act
from api.usecases.enter_vehicle import known_vehicle
from api.usecases.register_complaint import NewComplaint, insert_complaint
from domain.complaint.acts import Accept
from domain.complaint.words import Source
from domain.errors import InvalidInput
from domain.history.complaints import ListedComplaint, ReadList, check_against_register
from domain.history.trips import PaperTrip, ReadLog, TripKey, check_against_books
from domain.sheet.problems import Problem, hindering


class SheetHindered(InvalidInput):
    """The sheet has problems that hinder it; nothing of it was taken over."""

    code = "sheet-hindered"
    zh = "表格存在问题，未导入任何内容。"


@dataclass(frozen=True, slots=True)
class SheetFile:
    """The file a sheet came in."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """What it is known by."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Examined:
    """What an import would do: rows that are new, and what was found beside what the sheet itself shows."""

    fresh: int
    problems: tuple[Problem, ...]

    @property
    def hindered(self) -> bool:
        """Whether the import would be refused."""
        return bool(hindering(self.problems))


async def examine_log(reader: Reader, vehicle_id: UUID, log: ReadLog) -> Examined:
    """Return what taking over the log would do.

    Raises:
        NotFound: there is no such vehicle.
    """
    fresh, problems = await _fresh_trips(reader, vehicle_id, log)
    return Examined(len(fresh), _all(log.problems, problems))


async def import_log(database: Database, actor: Actor, vehicle_id: UUID, log: ReadLog, file: SheetFile) -> int:
    """Enter every row of the old log that is not there yet, and return how many.

    Raises:
        NotFound: there is no such vehicle.
        SheetHindered: a row has a problem; nothing was entered.
    """

    async def work(uow: UnitOfWork) -> int:
        await lock_readings(uow, vehicle_id)
        fresh, problems = await _fresh_trips(uow, vehicle_id, log)
        _refuse_hindered(_all(log.problems, problems))
        if fresh:
            made = await _enter_import(uow, "log", file, len(fresh), vehicle_id=vehicle_id)
            await uow.insert(*(_trip_row(made, vehicle_id, trip) for trip in fresh))
        return len(fresh)

    return await database.write(actor, work)


async def examine_complaints(reader: Reader, source: Source, read: ReadList) -> Examined:
    """Return what taking over the list would do."""
    fresh, problems = await _fresh_complaints(reader, source, read)
    return Examined(len(fresh), _all(read.problems, problems))


async def import_complaints(database: Database, actor: Actor, source: Source, read: ReadList, file: SheetFile) -> int:
    """Register every complaint of the list whose number at the source is not registered yet, and return how many.

    They are handled by the unit of who takes them over, which is the desk or sends them on.

    Raises:
        SheetHindered: a row has a problem; nothing was registered.
        ReceiptOutOfRange, ActInFuture: a complaint was received or accepted when it cannot have been.
    """

    async def work(uow: UnitOfWork) -> int:
        fresh, problems = await _fresh_complaints(uow, source, read)
        _refuse_hindered(_all(read.problems, problems))
        for one in fresh:
            await _register(uow, source, one)
        if fresh:
            await _enter_import(uow, "complaints", file, len(fresh), vehicle_id=None)
        return len(fresh)

    return await database.write(actor, work)


async def _register(uow: UnitOfWork, source: Source, one: ListedComplaint) -> None:
    new = NewComplaint(
        particulars=one.particulars,
        source=source,
        source_number=one.source_number,
        received_at=one.received_at,
    )
    registered = await insert_complaint(uow, new)
    if one.accepted_at is not None:
        await apply_act(uow, registered.complaint_id, Accept, at=one.accepted_at)


def _all(of_sheet: Sequence[Problem], of_books: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted([*of_sheet, *of_books], key=lambda one: (one.row, one.column)))


def _refuse_hindered(problems: Sequence[Problem]) -> None:
    grave = hindering(problems)
    if grave:
        raise SheetHindered(problems=len(grave), row=grave[0].row, column=grave[0].column, problem=grave[0].kind)


async def _fresh_trips(reader: Reader, vehicle_id: UUID, log: ReadLog) -> tuple[list[PaperTrip], list[Problem]]:
    await known_vehicle(reader, vehicle_id)
    known = {
        TripKey(row.started_at, row.from_m, row.until_m)
        for row in await reader.all(
            select(PaperTripRow).where(
                PaperTripRow.bureau_id == reader.bureau_id, PaperTripRow.vehicle_id == vehicle_id
            )
        )
    }
    begin_at = await reader.one(
        select(func.min(Reading.read_at)).where(Reading.bureau_id == reader.bureau_id, Reading.vehicle_id == vehicle_id)
    )
    return check_against_books(log, known, begin_at)


async def _fresh_complaints(
    reader: Reader, source: Source, read: ReadList
) -> tuple[list[ListedComplaint], list[Problem]]:
    numbers = [one.source_number for one in read.complaints]
    known = await reader.all(
        select(Complaint.source_number).where(
            Complaint.bureau_id == reader.bureau_id,
            Complaint.source == source.value,
            col(Complaint.source_number).in_(numbers),
        )
    )
    return check_against_register(read, {number for number in known if number is not None})


async def _enter_import(
    uow: UnitOfWork, kind: str, file: SheetFile, rows: int, *, vehicle_id: UUID | None
) -> HistoryImport:
    import_id = new_id()
    entry_id = await uow.enter(
        "history-imported",
        facts={
            "import_id": import_id,
            "vehicle_id": vehicle_id,
            "import_kind": kind,
            "file_sha256": file.sha256,
            "rows": rows,
        },
        person={"file_name": file.name},
    )
    made = HistoryImport(
        bureau_id=uow.bureau_id,
        import_id=import_id,
        vehicle_id=vehicle_id,
        kind=kind,
        file_name=file.name,
        file_sha256=file.sha256,
        rows=rows,
        actor_id=uow.actor.who,
        recorded_at=uow.now,
        entry_id=entry_id,
    )
    await uow.insert(made)
    return made


def _trip_row(made: HistoryImport, vehicle_id: UUID, trip: PaperTrip) -> PaperTripRow:
    columns = asdict(trip)
    return PaperTripRow(
        bureau_id=made.bureau_id,
        paper_trip_id=new_id(),
        import_id=made.import_id,
        vehicle_id=vehicle_id,
        row_no=columns.pop("row"),
        recorded_at=made.recorded_at,
        entry_id=made.entry_id,
        **columns,
    )
