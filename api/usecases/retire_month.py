"""Retire a month of positions: measured and hashed, a fact in each bureau concerned, then dropped. An owner's act."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import text

from api.db.across import Across, across
from api.db.database import Actor, Database, UnitOfWork
from api.db.queries.calendar import zone_of
from api.db.queries.settings import settings_of
from api.db.tables.positions import RetiredMonth
from api.told import Told
from api.usecases.refresh_measures import refresh_measures
from domain.retention import Keeping, MonthKept, NoSuchMonth, last_book_month, span_of, why_kept

ROWS: Final = (
    "SELECT * FROM position WHERE bureau_id = '{bureau_id}' AND fixed_at >= '{from_at}' AND fixed_at < '{until_at}'"
    " ORDER BY device_id, fixed_at, lat_e7, lon_e7, source_seq"
)
"""What is hashed, as `COPY (…) TO STDOUT` writes it: whoever has the rows, from a backup say, can do it again."""
_FORM: Final = ("DateStyle = 'ISO, MDY'", "TimeZone = 'UTC'", "extra_float_digits = 1", "bytea_output = 'hex'")
"""What the text of a row hangs on."""

HEARD_OF: Final = 1000
"""After so many fixes it is told how far it is."""
AT_ONCE: Final = 20
"""So many uses are measured together."""

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('retire', 0))")
"""Two that have locked a month against changes would each wait for the other to let it be dropped."""
_MONTHS = text("SELECT position_partition_months()")
_CLUSTER = text("SELECT count(*) FROM pg_extension WHERE extname = 'citus'")
_HAD = text(
    "SELECT count(*) AS fixes, min(fixed_at) AS first_at, max(fixed_at) AS last_at FROM position"
    " WHERE bureau_id = :bureau_id AND fixed_at >= :from_at AND fixed_at < :until_at"
)
_UNSEALED = text(
    "SELECT v.plate FROM vehicle v WHERE v.bureau_id = :bureau_id AND EXISTS (SELECT 1 FROM reading r"
    "  WHERE r.bureau_id = :bureau_id AND r.vehicle_id = v.vehicle_id AND r.read_at < :until_at)"
    " AND NOT EXISTS (SELECT 1 FROM month_seal s WHERE s.bureau_id = :bureau_id AND s.vehicle_id = v.vehicle_id"
    "  AND s.month = :books)"
)
_OUT = text(
    "SELECT count(*) FROM vehicle_use WHERE bureau_id = :bureau_id AND actual_from < :until_at AND actual_until IS NULL"
)
_HELD = text(
    "SELECT count(*) FROM position_held WHERE bureau_id = :bureau_id AND fixed_at >= :from_at AND fixed_at < :until_at"
)
_USES = text(
    "SELECT use_id FROM vehicle_use WHERE bureau_id = :bureau_id AND actual_from < :until_at"
    " AND actual_until >= :from_at ORDER BY use_id"
)


@dataclass(frozen=True, slots=True)
class Retired:
    """What a bureau had of the month."""

    bureau_id: str
    fix_count: int
    first_at: datetime
    last_at: datetime
    sha256: str


async def retire_month(owner: Database, month: date, by_name: str, told: Told, *, dry_run: bool) -> list[Retired]:
    """Retire the positions of a month, of all bureaus or of none, and return what each had of it.

    Before the month goes, what it measures of each use is measured and kept, which is what is left of it beside the
    statements. All of it is one transaction.

    Args:
        owner: a database of the owner role; the service may not do this.
        month: by its first day; a month of UTC, as positions are stored.
        by_name: who does it, as the operating system knows them.
        told: is told how far it is, of each bureau by its fixes and by its uses.
        dry_run: look and hash, and change nothing.

    Raises:
        NoSuchMonth: it is not kept here.
        MonthKept: a bureau keeps it still; it says which, and why.
        Busy: others were reading positions for longer than a statement waits.
    """
    async with across(owner) as turn:
        first = await turn.enter(Actor("000000"))
        await first.execute(text("SET LOCAL lock_timeout = 0"))
        await first.execute(_ONE_AT_A_TIME)
        await first.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
        bureaus = await owner.bureaus()
        if month not in set((await first.execute(_MONTHS)).scalars()):
            raise NoSuchMonth(month=f"{month:%Y-%m}")
        if (await first.execute(_CLUSTER)).scalar_one():
            await first.execute(text("SET LOCAL citus.multi_shard_modify_mode = 'sequential'"))
        for setting in _FORM:
            await first.execute(text(f"SET LOCAL {setting}"))
        # Nothing more is stored in it from here; what is there is read on until it goes.
        await first.execute(text(f"LOCK TABLE {_partition(month)} IN SHARE MODE"))
        found = []
        for bureau_id in bureaus:
            one = await _of_bureau(turn, Actor(bureau_id, name=by_name), month, told, dry_run=dry_run)
            found += [] if one is None else [one]
        if not dry_run:
            await first.execute(text(f"DROP TABLE {_partition(month)}"))
        else:
            await first.session.rollback()
    return found


def _partition(month: date) -> str:
    return f"position_y{month:%Y}m{month:%m}"


async def _of_bureau(turn: Across, actor: Actor, month: date, told: Told, *, dry_run: bool) -> Retired | None:
    uow = await turn.enter(actor)
    from_at, until_at = span_of(month)
    asked = {"bureau_id": uow.bureau_id, "from_at": from_at, "until_at": until_at}
    had = (await uow.execute(_HAD, asked)).one()
    if not had.fixes:
        return None
    why = why_kept(month, await _keeping(uow, month, asked), uow.now)
    if why:
        raise MonthKept(bureau_id=uow.bureau_id, month=f"{month:%Y-%m}", why="; ".join(why))
    told.begin(f"Hashing positions of {uow.bureau_id}", had.fixes)
    sha256 = await _sha256(uow, from_at, until_at, told)
    retired = Retired(uow.bureau_id, had.fixes, had.first_at, had.last_at, sha256)
    if not dry_run:
        uses = await uow.rows(_USES, asked)
        told.begin(f"Measuring uses of {uow.bureau_id}", len(uses))
        for first in range(0, len(uses), AT_ONCE):
            some = uses[first : first + AT_ONCE]
            await refresh_measures(uow, [row.use_id for row in some])
            told.advance(len(some))
        await _enter(uow, month, retired)
        await turn.judged()
    return retired


async def _keeping(uow: UnitOfWork, month: date, asked: dict[str, Any]) -> Keeping:
    zone = await zone_of(uow)
    unsealed = await uow.rows(_UNSEALED, asked | {"books": last_book_month(month, zone)})
    (out,) = (await uow.rows(_OUT, asked))[0]
    (held,) = (await uow.rows(_HELD, asked))[0]
    keep_months = (await settings_of(uow))["keep_positions_months"]
    return Keeping(keep_months, zone, [row.plate for row in unsealed], out, held)


async def _sha256(uow: UnitOfWork, from_at: datetime, until_at: datetime, told: Told) -> str:
    """Return the digest of the bureau's rows of the month, read as a stream."""
    digest = hashlib.sha256()
    rows = ROWS.format(bureau_id=uow.bureau_id, from_at=from_at.isoformat(), until_at=until_at.isoformat())
    connection = await uow.session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    async with driver.cursor() as cursor, cursor.copy(f"COPY ({rows}) TO STDOUT") as copied:
        unheard = 0
        async for block in copied:
            digest.update(block)
            unheard += bytes(block).count(b"\n")
            if unheard >= HEARD_OF:
                told.advance(unheard)
                unheard = 0
        told.advance(unheard)
    return digest.hexdigest()


async def _enter(uow: UnitOfWork, month: date, retired: Retired) -> None:
    facts = {
        "month": month,
        "fix_count": retired.fix_count,
        "first_at": retired.first_at,
        "last_at": retired.last_at,
        "sha256": retired.sha256,
    }
    entry_id = await uow.enter("positions-retired", facts=facts, person={"by": uow.actor.name})
    await uow.insert(
        RetiredMonth(
            bureau_id=uow.bureau_id,
            month=month,
            fix_count=retired.fix_count,
            first_at=retired.first_at,
            last_at=retired.last_at,
            sha256=retired.sha256,
            by_name=uow.actor.name,
            recorded_at=uow.now,
            entry_id=entry_id,
        )
    )
