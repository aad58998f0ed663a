"""Ask for a photo of the odometer at departures that nobody foresees 随机拍照核验, and take it when it comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, UnitOfWork
from api.db.queries.attachments import hold_files
from api.db.queries.calendar import zone_of
from api.db.queries.settings import settings_of
from api.db.tables.lots import PhotoRequest, ReadingPhoto
from api.db.tables.uses import VehicleUse
from api.db.tables.vehicles import Reading
from api.usecases.enter_fact import enter_fact
from api.usecases.enter_vehicle_file import FileNotSent
from api.usecases.month_seed import seed_of
from api.usecases.raise_finding import raise_finding
from domain.calendar import month_of
from domain.errors import NotFound
from domain.findings.kinds import FindingKind
from domain.lots import asks_photo

SENT_BEFORE: Final = timedelta(minutes=15)
"""A photo may be sent so long before the departure is told that it was taken for."""

# A reading may name its photo before the file arrives: it counts when it is there. A file that was there before the
# odometer was read shows another day's.
_OVERDUE = text("""
SELECT p.reading_id, p.wanted_until, r.vehicle_id, r.use_id FROM photo_request p
    JOIN reading r ON r.bureau_id = p.bureau_id AND r.reading_id = p.reading_id
WHERE p.bureau_id = :bureau_id AND r.bureau_id = :bureau_id AND p.wanted_until < :now
    AND NOT EXISTS (SELECT 1 FROM attachment a WHERE a.bureau_id = r.bureau_id AND a.sha256 = r.photo_sha256
        AND a.recorded_at BETWEEN r.read_at - CAST(:before AS interval) AND p.wanted_until)
    AND NOT EXISTS (SELECT 1 FROM reading_photo f JOIN attachment b ON b.bureau_id = f.bureau_id AND b.sha256 = f.sha256
        WHERE f.bureau_id = p.bureau_id AND f.reading_id = p.reading_id AND f.recorded_at <= p.wanted_until
        AND b.bureau_id = p.bureau_id AND b.recorded_at >= r.read_at - CAST(:before AS interval))
    AND NOT EXISTS (SELECT 1 FROM finding g WHERE g.bureau_id = p.bureau_id AND g.subject_id = p.reading_id
        AND g.kind = 'reading-without-photo')
ORDER BY p.wanted_until, p.reading_id
""")


async def ask_photo(uow: UnitOfWork, use: VehicleUse, reading_id: UUID, departed_at: datetime) -> None:
    """Ask for a photo of a departure's reading if its lot says so."""
    settings = await settings_of(uow)
    seed = await seed_of(uow, month_of(departed_at, await zone_of(uow)))
    if not asks_photo(seed, use.use_id, settings["photo_share_percent"]):
        return
    wanted_until = uow.now + timedelta(minutes=settings["photo_term_min"])
    entry_id = await uow.enter(
        "photo-asked", facts={"reading_id": reading_id, "use_id": use.use_id, "wanted_until": wanted_until}
    )
    await uow.insert(
        PhotoRequest(
            bureau_id=uow.bureau_id,
            use_id=use.use_id,
            reading_id=reading_id,
            wanted_until=wanted_until,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )


async def give_photo(database: Database, actor: Actor, reading_id: UUID, sha256: str) -> None:
    """Name a photo of a reading that was entered without one, or with another; the file must be there.

    Raises:
        NotFound: there is no such reading.
        FileNotSent: the file is not on record.
    """

    async def work(uow: UnitOfWork) -> None:
        if await uow.get(Reading, reading_id) is None:
            raise NotFound("There is no such reading.", reading_id=str(reading_id))
        if not await hold_files(uow, [sha256]):
            raise FileNotSent(sha256=sha256)
        if await uow.get(ReadingPhoto, reading_id, sha256) is not None:
            return
        await enter_fact(uow, "photo-given", ReadingPhoto, {"reading_id": reading_id, "sha256": sha256})

    await database.write(actor, work)


async def find_missing_photos(uow: UnitOfWork) -> int:
    """Raise a finding for each photo that was asked for and is not there in time; return how many. Background work."""
    asked = {"bureau_id": uow.bureau_id, "now": uow.now, "before": SENT_BEFORE}
    missing = (await uow.execute(_OVERDUE, asked)).all()
    for one in missing:
        await raise_finding(
            uow,
            FindingKind.READING_WITHOUT_PHOTO,
            vehicle_id=one.vehicle_id,
            use_id=one.use_id,
            subject_id=one.reading_id,
            evidence={"reading_id": one.reading_id, "wanted_until": one.wanted_until},
        )
    return len(missing)
