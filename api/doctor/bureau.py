"""What the database says when somebody asks whether all is well: of itself, and of each bureau."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlmodel import col, select

from api.aside import Hangs, asked_aside
from api.backup.erasures import NAME, ListUnreadable, read_list, undone
from api.db.database import Database, Reader
from api.db.queries.absences import words_of
from api.db.queries.calendar import calendar_of
from api.db.queries.settings import settings_of
from api.db.queries.to_erase import came_late, kept_too_long
from api.db.tables.devices import Device
from api.db.tables.vehicles import Vehicle
from api.ingest.held import HELD_FOR
from api.jobs.positions import months_ahead
from api.jobs.runner import LEADER_LOCK
from api.usecases.seal_month import due_months
from domain.doctor.facts import BureauFacts
from domain.findings.devices import device_silent
from domain.findings.happening import NEVER

LATE: Final = timedelta(minutes=15)
"""How long after it was due a notice may wait: it is tried every half minute."""
HELD_LATE: Final = timedelta(hours=1)
"""How long after its day a held fix may be there: it is dropped every minute."""
TRIES_MANY: Final = 3
_NO_BUREAU: Final = "000000"
_LED: Final = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = 0"
    " AND objid = :key AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
_COUNTS: Final = text(
    "SELECT"
    " (SELECT count(*) FROM notice_delivery WHERE bureau_id = :bureau_id AND state = 'waiting' AND due_at < :due)"
    "  AS notices_overdue,"
    " (SELECT count(*) FROM notice_delivery WHERE bureau_id = :bureau_id AND state = 'waiting' AND tries >= :tries)"
    "  AS notices_failing,"
    " (SELECT count(*) FROM position_held WHERE bureau_id = :bureau_id) AS held,"
    " (SELECT count(*) FROM position_held WHERE bureau_id = :bureau_id AND received_at < :held_since) AS held_overdue,"
    " (SELECT count(*) FROM position_aside WHERE bureau_id = :bureau_id AND received_at > :day_ago) AS aside,"
    " (SELECT count(*) FROM clock_jump WHERE bureau_id = :bureau_id AND recorded_at > :month_ago) AS clock_jumps"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a database of this release's schema says."""

    jobs_led: bool
    months_ahead: int
    calendar_years: frozenset[int]
    bureaus: tuple[BureauFacts, ...]


async def server_of(database: Database) -> tuple[str, str]:
    """Return the version of the database's server and the revision of its schema. Raises `DatabaseAway`, `Busy`."""
    revision = await database.ping()
    async with database.read(_NO_BUREAU) as reader:
        version = (await reader.execute(text("SHOW server_version"))).scalar_one()
    return str(version).split(maxsplit=1)[0], revision


async def told_by(database: Database, bureaus: Sequence[str] | None, folder: Path) -> Told:
    """Return what the database says of itself and of these bureaus, or of all; `folder` is that of the backups.

    Raises `DatabaseAway`, `Busy`.
    """
    asked = await database.bureaus() if bureaus is None else bureaus
    async with database.read(_NO_BUREAU) as reader:
        years = (await calendar_of(reader)).years
        led = (await reader.execute(_LED, {"key": LEADER_LOCK})).scalar_one()
    ahead, told = await months_ahead(database), [await _bureau(database, one, folder) for one in asked]
    return Told(led, ahead, years, tuple(told))


async def _bureau(database: Database, bureau_id: str, folder: Path) -> BureauFacts:
    back = await _undone(database, bureau_id, folder)
    async with database.read(bureau_id) as reader:
        now = reader.now
        asked = {
            "bureau_id": bureau_id,
            "due": now - LATE,
            "tries": TRIES_MANY,
            "held_since": now - HELD_FOR - HELD_LATE,
            "day_ago": now - timedelta(days=1),
            "month_ago": now - timedelta(days=30),
        }
        over, too_long = await kept_too_long(reader)
        counts = (await reader.execute(_COUNTS, asked)).mappings().one()
        return BureauFacts(
            bureau_id,
            silent_terminals=await _silent(reader),
            unsealed=await _unsealed(reader),
            erasures_undone=back,
            came_late=await came_late(reader),
            kept_over_time=over,
            kept_too_long=too_long,
            **counts,
        )


async def _undone(database: Database, bureau_id: str, folder: Path) -> tuple[str, ...] | None:
    """Return what is to be erased again by the list beside the backups; None where it cannot be read now."""
    try:
        listed = await asked_aside(str(folder / NAME), partial(read_list, folder / NAME))
    except Hangs:  # the look at the backups themselves says so
        return None
    except ListUnreadable as fault:
        return None if isinstance(fault.__cause__, PermissionError) else (str(fault),)
    return tuple(f"{step.number} ({step.step})" for step in await undone(database, bureau_id, listed))


async def _silent(reader: Reader) -> tuple[str, ...]:
    limit_s = (await settings_of(reader))["terminal_silent_s"]
    words = [word for of_vehicle in (await words_of(reader)).values() for word in of_vehicle if word.device_id != NEVER]
    silent = [word.device_id for word in words if device_silent(word, now=reader.now, limit_s=limit_s)]
    names = select(Device.name).where(Device.bureau_id == reader.bureau_id, col(Device.device_id).in_(silent))
    return tuple(sorted(await reader.all(names)))


async def _unsealed(reader: Reader) -> tuple[tuple[str, date], ...]:
    vehicles = await reader.all(
        select(Vehicle).where(Vehicle.bureau_id == reader.bureau_id).order_by(col(Vehicle.plate))
    )
    due = [(one.plate, await due_months(reader, one.vehicle_id, date.max.replace(day=1))) for one in vehicles]
    return tuple((plate, months[0]) for plate, months in due if months)
