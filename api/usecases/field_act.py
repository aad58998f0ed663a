"""What departure, return, arrival and break-down have in common: who may report them, when, and what is never lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import UnitOfWork
from api.db.ledger_entry import new_id, plain
from api.db.queries.attachments import hold_files
from api.db.queries.trips import Standing
from api.db.tables.answers import FieldConflict
from api.db.tables.uses import VehicleUse
from api.usecases.record_reading import NewReading, insert_reading
from api.usecases.use_step import Source
from domain.books.readings import Obtained
from domain.errors import Forbidden, InvalidInput
from domain.trip.life import UseVerb
from domain.values import Role

CLOCK_AHEAD = timedelta(minutes=5)
"""How far a phone's clock may run ahead; what it says beyond now counts as now."""
OLDEST = timedelta(days=31)


class NotAboard(Forbidden):
    """Only who is of the crew reports this from the vehicle; a sheet of paper is entered by the desk."""

    code = "not-aboard"
    zh = "只有随车人员可以从现场报告；纸质单据由中心人员补录。"


class BadStatedTime(InvalidInput):
    """Only a report made offline or on paper states its time: within the last 31 days, and not in the future."""

    code = "bad-stated-time"
    zh = "补报的时间须在过去 31 天之内且不在将来；只有离线或纸质补录才另报时间。"


class SheetMissing(InvalidInput):
    """What is entered from paper names the SHA-256 of the sheet's photo."""

    code = "sheet-missing"
    zh = "纸质补录须注明单据照片的 SHA-256。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How word of an act in the field came. `stated_at` None: it happens now, online."""

    source: Source = Source.ONLINE
    stated_at: datetime | None = None
    sheet_sha256: str | None = None

    @property
    def happened(self) -> bool:
        """Tell whether it is past already, so that it must be kept whatever the rule says."""
        return self.source in (Source.OFFLINE, Source.PAPER)


NOW = Report()
"""It happens now, online."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """What the odometer showed then. `resolution_m` None: what the vehicle's dashboard shows."""

    odometer_m: int
    obtained: Obtained = Obtained.TYPED
    resolution_m: int | None = None
    photo_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of a report: recorded, or kept as a conflict for a person to look at."""

    conflict_id: UUID | None = None
    why: str | None = None
    reasons: tuple[str, ...] = ()


async def stated(uow: UnitOfWork, report: Report) -> datetime:
    """Return the instant an act is reported for, and hold the sheet it names.

    Raises:
        BadStatedTime: it cannot be.
        SheetMissing: paper without a photo of the sheet.
    """
    if report.source is Source.PAPER and report.sheet_sha256 is None:
        raise SheetMissing
    await hold_files(uow, [report.sheet_sha256])
    if not report.happened:
        if report.stated_at is not None:
            raise BadStatedTime
        return uow.now
    at = report.stated_at
    if at is None or at.tzinfo is None or not uow.now - OLDEST <= at <= uow.now + CLOCK_AHEAD:
        raise BadStatedTime(stated_at=None if at is None else at.isoformat())
    return min(at, uow.now)


async def read_dashboard(
    uow: UnitOfWork, use: VehicleUse, shown: Dashboard, *, read_at: datetime, occasion: str
) -> UUID:
    """Enter the reading at one end of a use, and return its id. Raises like `record_reading`."""
    return await insert_reading(
        uow,
        NewReading(
            vehicle_id=use.vehicle_id,
            odometer_m=shown.odometer_m,
            read_at=read_at,
            occasion=occasion,
            obtained=shown.obtained,
            resolution_m=shown.resolution_m,
            photo_sha256=shown.photo_sha256,
            use_id=use.use_id,
        ),
    )


def check_reporter(uow: UnitOfWork, standing: Standing, report: Report) -> None:
    """Let the crew report, and the desk enter what stands on paper. Raises `NotAboard`."""
    own_unit = uow.actor.unit_id == standing.trip.requester_unit_id
    desk = own_unit and uow.actor.roles & {Role.DISPATCHER, Role.DESK_CHIEF}
    if not standing.aboard(uow.actor.person_id) and not (report.source is Source.PAPER and desk):
        raise NotAboard


def during(use: VehicleUse, at: datetime) -> bool:
    """Tell whether the vehicle was under way then."""
    began = use.actual_from is not None and use.actual_from <= at
    return began and (use.actual_until is None or at <= use.actual_until)


def as_reported(report: Report, at: datetime, dashboard: Dashboard | None = None) -> dict[str, Any]:
    """Return a report as it was put, for a refusal or a conflict."""
    put: dict[str, Any] = {"source": report.source, "stated_at": at, "sheet_sha256": report.sheet_sha256}
    if dashboard is not None:
        # All that a reading is: what does not become one of the vehicle's readings is not lost for that.
        put |= {
            "odometer_m": dashboard.odometer_m,
            "obtained": dashboard.obtained,
            "resolution_m": dashboard.resolution_m,
            "photo_sha256": dashboard.photo_sha256,
        }
    return put


_SAID_BEFORE = text(
    "SELECT true FROM decision WHERE bureau_id = :bureau_id AND use_id = :use_id AND verb = :verb"
    " AND actor_id = :actor_id AND source = :source AND stated_at = :at LIMIT 1"
)


async def said_before(uow: UnitOfWork, use: VehicleUse, verb: UseVerb, report: Report, at: datetime) -> bool:
    """Tell whether the same person recorded this very report before: a phone that got no answer sends again."""
    if not report.happened:
        return False
    same = {
        "bureau_id": uow.bureau_id,
        "use_id": use.use_id,
        "verb": verb.value,
        "actor_id": uow.actor.who,
        "source": report.source.value,
        "at": at,
    }
    return (await uow.execute(_SAID_BEFORE, same)).scalar_one_or_none() is not None


async def keep_conflict(
    uow: UnitOfWork,
    use: VehicleUse,
    verb: UseVerb,
    why: str,
    asked: dict[str, Any],
    *,
    stated_at: datetime,
    reasons: tuple[str, ...] = (),
) -> Kept:
    """Keep an act that happened and cannot be recorded as one.

    The same report sent again, by a phone that got no answer, is the conflict that was kept the first time.
    """
    before = await _kept_before(uow, use, verb, plain(asked), stated_at)
    if before is not None:
        return Kept(conflict_id=before.conflict_id, why=before.why, reasons=tuple(before.reasons))
    conflict_id = new_id()
    entry_id = await uow.enter(
        "field-conflict-kept",
        facts={
            "conflict_id": conflict_id,
            "use_id": use.use_id,
            "verb": verb,
            "why": why,
            "reasons": reasons,
            "asked": asked,
            "stated_at": stated_at,
        },
    )
    await uow.insert(
        FieldConflict(
            bureau_id=uow.bureau_id,
            conflict_id=conflict_id,
            use_id=use.use_id,
            verb=verb.value,
            why=why,
            reasons=list(reasons),
            asked=plain(asked),
            stated_at=stated_at,
            actor_id=uow.actor.person_id,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
    return Kept(conflict_id=conflict_id, why=why, reasons=reasons)


async def _kept_before(
    uow: UnitOfWork, use: VehicleUse, verb: UseVerb, asked: dict[str, Any], stated_at: datetime
) -> FieldConflict | None:
    """Return the conflict kept of this very report of the same person, if there is one; the use is locked."""
    kept = await uow.all(
        select(FieldConflict)
        .where(
            FieldConflict.bureau_id == uow.bureau_id,
            FieldConflict.use_id == use.use_id,
            FieldConflict.verb == verb.value,
            FieldConflict.actor_id == uow.actor.person_id,
            FieldConflict.stated_at == stated_at,
        )
        .order_by(col(FieldConflict.conflict_id))
    )
    return next((one for one in kept if one.asked == asked), None)
