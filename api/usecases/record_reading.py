"""Enter odometer readings 里程读数: taken now, corrected, or begun anew with another odometer.

`insert_reading` is the one way a reading is written; a departure, a return and an upkeep order enter theirs by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.attachments import hold_files
from api.db.queries.readings import (
    MOMENTS,
    NEW_ODOMETER,
    as_reading,
    bounds_of,
    correction_of,
    latest_read_at,
    lock_readings,
    replacements_of,
)
from api.db.tables.vehicles import Reading as Row
from api.usecases.amend_months import amend_about
from api.usecases.enter_vehicle import known_vehicle
from domain.books.readings import (
    BadReading,
    Moment,
    Obtained,
    OdometerReplaced,
    Reading,
    check_correctable,
    check_obtained,
    check_reading,
    check_replacement,
)
from domain.errors import NotFound
from domain.values import Role

AHEAD = timedelta(minutes=5)
"""How far a phone's clock may run before ours; a reading further ahead would bar every true one until then."""
FIRST_AT = datetime(2000, 1, 1, tzinfo=UTC)


class ReadingTimeImpossible(BadReading):
    """A reading is taken neither in the future nor before the year 2000."""

    code = "reading-time-impossible"
    zh = "读数时间不得在将来，也不得早于 2000 年。"


class PhotoMissing(BadReading):
    """A reading obtained by photo names the photo by its SHA-256."""

    code = "photo-missing"
    zh = "以拍照方式取得的读数须注明照片的 SHA-256。"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReading:
    """A reading as taken, of a use when it is its departure, return or breakdown.

    `resolution_m` None stands for what the vehicle's dashboard shows.
    """

    vehicle_id: UUID
    odometer_m: int
    read_at: datetime
    occasion: str
    obtained: Obtained = Obtained.TYPED
    resolution_m: int | None = None
    photo_sha256: str | None = None
    use_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCorrection:
    """What a wrong reading should have said, and why it was wrong."""

    corrects: UUID
    odometer_m: int
    reason: str
    obtained: Obtained = Obtained.TYPED
    resolution_m: int | None = None
    photo_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOdometer:
    """Another odometer in the vehicle: what the old one showed last (None: unreadable) and the new one first."""

    vehicle_id: UUID
    replaced_at: datetime
    old_m: int | None
    new_m: int
    reason: str
    obtained: Obtained = Obtained.TYPED
    resolution_m: int | None = None
    photo_sha256: str | None = None


async def record_reading(database: Database, actor: Actor, new: NewReading, once: Once | None = None) -> UUID:
    """Enter a reading and return its id.

    Raises:
        NotFound: there is no such vehicle.
        ReadingNotThirdParty: it says so and is none, or is an auditor's and does not.
        BadReading, ReadingBelowPredecessor, ReadingAboveSuccessor: it cannot be.
    """

    async def work(uow: UnitOfWork) -> UUID:
        reading_id = await insert_reading(uow, new)
        await amend_about(uow, new.vehicle_id, new.read_at)
        return reading_id

    return await database.write(actor, work, once=once, answer=UUID)


async def insert_reading(uow: UnitOfWork, new: NewReading) -> UUID:
    """Enter a reading within a larger act and return its id. Raises like `record_reading`."""
    vehicle = await known_vehicle(uow, new.vehicle_id)
    _check_taken(uow, new.read_at, new.obtained, new.photo_sha256)
    check_obtained(new.obtained, new.occasion, by_auditor=Role.AUDITOR in uow.actor.roles)
    await lock_readings(uow, new.vehicle_id)
    replacements = await replacements_of(uow, new.vehicle_id)
    segment = sum(act.replaced_at <= new.read_at for act in replacements)
    reading = Reading(
        reading_id=new_id(),
        odometer_m=new.odometer_m,
        resolution_m=vehicle.resolution_m if new.resolution_m is None else new.resolution_m,
        read_at=new.read_at,
        obtained=new.obtained,
        segment=segment,
        use_id=new.use_id,
        moment=MOMENTS.get(new.occasion, Moment.SPOT),
    )
    check_reading(reading, await bounds_of(uow, new.vehicle_id, segment, new.read_at), replacements)
    await _insert(uow, new.vehicle_id, reading, new.occasion, new.photo_sha256)
    return reading.reading_id


async def correct_reading(database: Database, actor: Actor, new: NewCorrection, once: Once | None = None) -> UUID:
    """Enter a reading that stands in for a wrong one, at its time and in its use; return its id.

    Raises:
        NotFound: there is no such reading.
        ReadByAuditor: an auditor read it, and no auditor corrects it.
        CorrectionUnfounded, ReadingAlreadyCorrected: it cannot be corrected so.
        BadReading, ReadingBelowPredecessor, ReadingAboveSuccessor: it cannot be.
    """

    async def work(uow: UnitOfWork) -> UUID:
        named = await uow.get(Row, new.corrects)
        if named is None:
            raise NotFound("There is no such reading.", reading_id=str(new.corrects))
        _check_taken(uow, named.read_at, new.obtained, new.photo_sha256)
        by_auditor = Role.AUDITOR in uow.actor.roles
        check_correctable(Obtained(named.obtained), named.occasion, by_auditor=by_auditor)
        check_obtained(new.obtained, "correction", by_auditor=by_auditor)
        await lock_readings(uow, named.vehicle_id)
        later = await correction_of(uow, named.reading_id)
        wrong = as_reading(named)
        reading = Reading(
            reading_id=new_id(),
            odometer_m=new.odometer_m,
            resolution_m=named.resolution_m if new.resolution_m is None else new.resolution_m,
            read_at=wrong.read_at,
            obtained=new.obtained,
            segment=wrong.segment,
            use_id=wrong.use_id,
            corrects=wrong.reading_id,
            reason=new.reason,
        )
        known = [wrong, *([as_reading(later)] if later else [])]
        known += await bounds_of(uow, named.vehicle_id, wrong.segment, wrong.read_at, without=wrong.reading_id)
        check_reading(reading, known, await replacements_of(uow, named.vehicle_id))
        await _insert(uow, named.vehicle_id, reading, "correction", new.photo_sha256, wrong=named)
        await amend_about(uow, named.vehicle_id, reading.read_at)
        return reading.reading_id

    return await database.write(actor, work, once=once, answer=UUID)


async def replace_odometer(database: Database, actor: Actor, new: NewOdometer, once: Once | None = None) -> UUID:
    """Enter that an odometer was replaced: the old one's last reading, and the new one's first, whose id is returned.

    Raises:
        NotFound: there is no such vehicle.
        BadOdometerReplacement: there are later readings, or no reason.
        BadReading, ReadingBelowPredecessor: the old one cannot have shown that.
    """

    async def work(uow: UnitOfWork) -> UUID:
        vehicle = await known_vehicle(uow, new.vehicle_id)
        _check_taken(uow, new.replaced_at, new.obtained, new.photo_sha256)
        await lock_readings(uow, new.vehicle_id)
        replacements = await replacements_of(uow, new.vehicle_id)
        latest = await latest_read_at(uow, new.vehicle_id)
        act = OdometerReplaced(len(replacements) + 1, new.replaced_at, new.reason)
        check_replacement(act, [latest] if latest else [], replacements)
        resolution_m = vehicle.resolution_m if new.resolution_m is None else new.resolution_m
        if new.old_m is not None:
            old = Reading(new_id(), new.old_m, resolution_m, new.replaced_at, new.obtained, segment=len(replacements))
            bounds = await bounds_of(uow, new.vehicle_id, old.segment, new.replaced_at)
            check_reading(old, bounds, replacements)
            await _insert(uow, new.vehicle_id, old, "workshop", new.photo_sha256)
        first = Reading(
            new_id(),
            new.new_m,
            resolution_m,
            new.replaced_at,
            new.obtained,
            segment=act.segment,
            reason=new.reason,
        )
        check_reading(first, [], [*replacements, act])
        await _insert(uow, new.vehicle_id, first, NEW_ODOMETER, new.photo_sha256)
        await amend_about(uow, new.vehicle_id, new.replaced_at)
        return first.reading_id

    return await database.write(actor, work, once=once, answer=UUID)


def _check_taken(uow: UnitOfWork, read_at: datetime, obtained: Obtained, photo_sha256: str | None) -> None:
    if read_at.tzinfo is None or not FIRST_AT <= read_at <= uow.now + AHEAD:
        raise ReadingTimeImpossible(read_at=read_at.isoformat())
    if obtained is Obtained.PHOTO and photo_sha256 is None:
        raise PhotoMissing


async def _insert(
    uow: UnitOfWork,
    vehicle_id: UUID,
    reading: Reading,
    occasion: str,
    photo_sha256: str | None,
    *,
    wrong: Row | None = None,
) -> None:
    await hold_files(uow, [photo_sha256])
    entry_id = await uow.enter(
        "reading-corrected" if reading.corrects else "reading-entered",
        facts={
            "reading_id": reading.reading_id,
            "vehicle_id": vehicle_id,
            "segment": reading.segment,
            "odometer_m": reading.odometer_m,
            "resolution_m": reading.resolution_m,
            "obtained": reading.obtained,
            "occasion": occasion,
            "photo_sha256": photo_sha256,
            "read_at": reading.read_at,
            "use_id": reading.use_id,
            "corrects": reading.corrects,
            "reason": reading.reason or None,
        },
        previous=wrong.entry_id if wrong else None,
        revision=await _revision(uow, wrong),
    )
    await uow.insert(
        Row(
            bureau_id=uow.bureau_id,
            reading_id=reading.reading_id,
            vehicle_id=vehicle_id,
            segment=reading.segment,
            odometer_m=reading.odometer_m,
            resolution_m=reading.resolution_m,
            obtained=reading.obtained,
            occasion=occasion,
            photo_sha256=photo_sha256,
            read_at=reading.read_at,
            use_id=reading.use_id,
            corrects=reading.corrects,
            reason=reading.reason or None,
            actor_id=uow.actor.person_id,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )


async def _revision(uow: UnitOfWork, wrong: Row | None) -> int:
    revision = 1
    while wrong is not None:
        revision += 1
        wrong = await uow.get(Row, wrong.corrects) if wrong.corrects else None
    return revision
