"""Draw a month's call-backs 抽签回访, and record what the consumers said: acts of the auditor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlmodel import col, select

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.calendar import zone_of
from api.db.queries.settings import settings_at
from api.db.tables.lots import CallBack, LotDraw, MonthSeed
from api.db.tables.uses import TripJob, VehicleUse
from api.usecases.act_on_complaint import CLOCKS_APART, ActInFuture
from api.usecases.enter_fact import enter_fact
from domain.calendar import month_span
from domain.errors import InvalidInput, NotFound, StateConflict
from domain.lots import CallBackResult, draw
from domain.trip.life import UseKind


class DrawTooEarly(StateConflict):
    """Lots are drawn when the month is over: until then it is not known among which trips."""

    code = "draw-too-early"
    zh = "本月尚未结束，不能抽签。"


class AlreadyDrawn(StateConflict):
    """The lots of this month were drawn; a second draw would be a choice."""

    code = "already-drawn"
    zh = "该月已抽签，不能重抽。"


class NoSeed(NotFound):
    """No seed was fixed for this month before its trips, so that nothing can be drawn."""

    code = "no-seed"
    zh = "该月出车前未固定种子，无法抽签。"


class NotDrawn(InvalidInput):
    """The trip is none of those drawn in that month, or did not carry the complaint."""

    code = "not-drawn"
    zh = "该出车未被抽中，或未承办该投诉。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCallBack:
    """What a consumer said of a drawn trip, and when they were called."""

    month: date
    trip_id: UUID
    complaint_id: UUID
    result: CallBackResult
    called_at: datetime
    remark: str = ""


async def draw_lots(
    database: Database, actor: Actor, month: date, salt: str, once: Once | None = None
) -> tuple[UUID, ...]:
    """Draw among the trips that departed in the month, and return those to be called back.

    Args:
        database: the bureau's.
        actor: the auditor.
        month: its first day.
        salt: whatever the auditor names; with the seed it makes the lots.
        once: of a request that may be repeated.

    Raises:
        DrawTooEarly, AlreadyDrawn: it cannot be drawn now.
        NoSeed: nothing was fixed beforehand.
    """

    async def work(uow: UnitOfWork) -> tuple[UUID, ...]:
        begins, ends = month_span(month, await zone_of(uow))
        if uow.now < ends:
            raise DrawTooEarly(month=f"{month:%Y-%m}")
        if await uow.get(LotDraw, month) is not None:
            raise AlreadyDrawn(month=f"{month:%Y-%m}")
        seed = await uow.get(MonthSeed, month)
        if seed is None:
            raise NoSeed(month=f"{month:%Y-%m}")
        trips = await uow.all(
            select(VehicleUse.use_id).where(
                VehicleUse.bureau_id == uow.bureau_id,
                VehicleUse.kind == UseKind.TRIP.value,
                col(VehicleUse.actual_from) >= begins,
                col(VehicleUse.actual_from) < ends,
            )
        )
        # As it was settled when the month was over: who sees the draw near lowers the share for the next one only.
        settings = await settings_at(uow, ends - timedelta(microseconds=1))
        percent, least = settings["lots_percent"], settings["lots_least"]
        drawn = draw(seed.seed, salt, trips, percent=percent, least=least)
        entry_id = await uow.enter(
            "lots-drawn",
            facts={
                "month": month,
                "seed": seed.seed.hex(),
                "salt": salt,
                "percent": percent,
                "least": least,
                "population": len(trips),
                "drawn": drawn,
            },
        )
        await uow.insert(
            LotDraw(
                bureau_id=uow.bureau_id,
                month=month,
                salt=salt,
                percent=percent,
                least=least,
                population=len(trips),
                drawn=list(drawn),
                actor_id=uow.actor.who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )
        return drawn

    return await database.write(actor, work, once=once, answer=tuple[UUID, ...])


async def call_back(database: Database, actor: Actor, new: NewCallBack, once: Once | None = None) -> UUID:
    """Record a call-back, and return its id; who was not reached may be called again.

    Raises:
        NotDrawn: the trip was not drawn, or did not carry the complaint.
        ActInFuture: the call has not been made yet.
    """

    async def work(uow: UnitOfWork) -> UUID:
        if new.called_at > uow.now + CLOCKS_APART:
            raise ActInFuture(at=new.called_at.isoformat())
        drawn = await uow.get(LotDraw, new.month)
        carried = await uow.all(
            select(TripJob.complaint_id).where(TripJob.bureau_id == uow.bureau_id, TripJob.use_id == new.trip_id)
        )
        if drawn is None or new.trip_id not in drawn.drawn or new.complaint_id not in carried:
            raise NotDrawn(trip_id=str(new.trip_id), complaint_id=str(new.complaint_id))
        call_back_id = new_id()
        columns = {
            "call_back_id": call_back_id,
            "month": new.month,
            "use_id": new.trip_id,
            "complaint_id": new.complaint_id,
            "result": new.result.value,
            "remark": new.remark,
            "called_at": new.called_at,
        }
        await enter_fact(uow, "called-back", CallBack, columns, personal=("remark",))
        return call_back_id

    return await database.write(actor, work, once=once, answer=UUID)
