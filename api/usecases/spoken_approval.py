"""A spoken approval 口头批准: entered by the officer on duty with name and minute, confirmed within its term."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, UnitOfWork
from api.db.queries.settings import settings_of
from api.db.queries.trips import Standing, standing_of
from api.db.tables.uses import Trip
from api.usecases.approve_trip import approve
from api.usecases.raise_finding import raise_finding
from api.usecases.use_step import Step, lock_use, take_step
from domain.errors import Forbidden, InvalidInput, StateConflict
from domain.findings.kinds import FindingKind
from domain.trip.life import UseKind, UseState, UseVerb, after

SPOKEN_AGO = timedelta(hours=12)
"""Word of an approval is entered in the same night; later it would be a record made afterwards."""


class NotOnDuty(Forbidden):
    """A spoken approval is entered by the officer on duty, as the roster says."""

    code = "not-on-duty"
    zh = "口头批准由值班表上的当班人员登记。"


class BadSpokenTime(InvalidInput):
    """A spoken approval was given within the last twelve hours, and not in the future."""

    code = "bad-spoken-time"
    zh = "口头批准的时间须在过去十二小时之内且不在将来。"


class NotTheApprover(Forbidden):
    """Only who gave the spoken approval confirms it."""

    code = "not-the-approver"
    zh = "口头批准只能由作出批准的人补签确认。"


class NothingToConfirm(StateConflict):
    """The trip has no spoken approval that waits for confirmation."""

    code = "nothing-to-confirm"
    zh = "该次出车没有待补签的口头批准。"


_ON_DUTY = text(
    "SELECT true FROM duty_shift s WHERE s.bureau_id = :bureau_id AND s.person_id = :person_id AND s.withdraws IS NULL"
    " AND s.start_at <= :at AND :at < s.end_at AND NOT EXISTS (SELECT 1 FROM duty_shift w"
    "  WHERE w.bureau_id = :bureau_id AND w.withdraws = s.shift_id) LIMIT 1"
)


async def approve_by_word(
    database: Database, actor: Actor, trip_id: UUID, approver_id: UUID, spoken_at: datetime
) -> None:
    """Enter that a trip was approved by word of mouth at that minute.

    Raises:
        NotFound, NotNow: there is no such trip, or it does not wait for approval.
        NotOnDuty, BadSpokenTime: it cannot be entered so.
        RecordedRefusal: the rule refused, with every reason.
    """

    async def work(uow: UnitOfWork) -> None:
        use = await lock_use(uow, trip_id, UseKind.TRIP)
        after(UseState(use.state), UseVerb.APPROVE)
        if spoken_at.tzinfo is None or not uow.now - SPOKEN_AGO <= spoken_at <= uow.now:
            raise BadSpokenTime(spoken_at=spoken_at.isoformat())
        duty = {"bureau_id": uow.bureau_id, "person_id": uow.actor.who, "at": uow.now}
        if (await uow.execute(_ON_DUTY, duty)).scalar_one_or_none() is None:
            raise NotOnDuty
        standing = await standing_of(uow, use)
        await approve(uow, standing, approver_id=approver_id, spoken_at=spoken_at)

    await database.write(actor, work)


async def confirm_approval(database: Database, actor: Actor, trip_id: UUID, remark: str = "") -> None:
    """Confirm a spoken approval, by who gave it; after its term there is a finding as well.

    Raises:
        NotFound, NothingToConfirm, NotTheApprover: it cannot be confirmed so.
    """

    async def work(uow: UnitOfWork) -> None:
        use = await lock_use(uow, trip_id, UseKind.TRIP)
        standing = await standing_of(uow, use)
        trip = standing.trip
        if trip.spoken_at is None or trip.confirmed_at is not None:
            raise NothingToConfirm
        if trip.approver_id != uow.actor.who:
            raise NotTheApprover
        await _find_if_late(uow, standing)
        said = {"remark": remark} if remark else None
        await take_step(uow, use, Step(verb=UseVerb.CONFIRM, stated_at=uow.now, said=said))
        await uow.update(Trip, trip_id, confirmed_at=uow.now)

    await database.write(actor, work)


_UNCONFIRMED = text(
    "SELECT t.use_id FROM trip t WHERE t.bureau_id = :bureau_id AND t.spoken_at < :before AND t.confirmed_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM finding f WHERE f.bureau_id = :bureau_id AND f.subject_id = t.use_id"
    "  AND f.kind = 'spoken-approval-unconfirmed') ORDER BY t.use_id"
)


async def find_unconfirmed(uow: UnitOfWork) -> int:
    """Raise a finding for each spoken approval whose term has passed, and return how many. Background work."""
    term_s = (await settings_of(uow))["spoken_confirm_s"]
    waiting = {"bureau_id": uow.bureau_id, "before": uow.now - timedelta(seconds=term_s)}
    trip_ids = list((await uow.execute(_UNCONFIRMED, waiting)).scalars())
    for trip_id in trip_ids:
        standing = await standing_of(uow, await lock_use(uow, trip_id, UseKind.TRIP))
        if standing.trip.confirmed_at is None:
            await _find_if_late(uow, standing)
    return len(trip_ids)


async def _find_if_late(uow: UnitOfWork, standing: Standing) -> None:
    """Raise the finding once the term has passed; exactly at its end is in time."""
    spoken_at = standing.trip.spoken_at
    term_s = (await settings_of(uow))["spoken_confirm_s"]
    if spoken_at is None or uow.now - spoken_at <= timedelta(seconds=term_s):
        return
    await raise_finding(
        uow,
        FindingKind.SPOKEN_APPROVAL_UNCONFIRMED,
        vehicle_id=standing.use.vehicle_id,
        use_id=standing.use.use_id,
        subject_id=standing.use.use_id,
        evidence={"spoken_at": spoken_at, "approver_id": standing.trip.approver_id, "term_s": term_s},
    )
