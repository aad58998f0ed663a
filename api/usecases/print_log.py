"""Write the log of a vehicle into a file, month by month, all of it as one instant of the database shows it."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from typing import IO
from uuid import UUID
from zoneinfo import ZoneInfo

from api.db.database import Actor, Database
from api.db.queries.log import hold_snapshot, log_facts
from api.db.tables.bureau import Bureau
from api.print.log_columns import LogHead, Manner
from api.print.log_files import WRITERS, LogFormat, LogWriter
from api.usecases.enter_vehicle import known_vehicle
from domain.books.log import Totals, month_log
from domain.books.log_facts import LogFacts
from domain.errors import InvalidInput

MOST_MONTHS = 24
FIRST_YEAR, LAST_YEAR = 2000, 2100


class BadPeriod(InvalidInput):
    """A log is of a month (2026-11), of a year (2026), or of up to 24 months from one month to another."""

    code = "bad-period"
    zh = "台账期间须为一个月（2026-11）、一年（2026），或从某月到某月且不超过 24 个月。"


@dataclass(frozen=True, slots=True)
class Months:
    """Months from the first day of one to the last day of another."""

    first: date
    last: date

    @property
    def starts(self) -> list[date]:
        """The first day of each month, and that of the month after the last."""
        begin, end = self.first.year * 12 + self.first.month - 1, self.last.year * 12 + self.last.month - 1
        return [date(count // 12, count % 12 + 1, 1) for count in range(begin, end + 2)]


def months_of(month: str | None, year: int | None, from_month: str | None, until_month: str | None) -> Months:
    """Return the months asked for: exactly one of month, year, and a pair. Raises `BadPeriod`."""
    asked = [month is not None, year is not None, from_month is not None or until_month is not None]
    if sum(asked) != 1 or (from_month is None) != (until_month is None):
        raise BadPeriod
    try:
        if year is not None:
            return Months(date(year, 1, 1), date(year, 12, 1))
        first, last = (date.fromisoformat(f"{one}-01") for one in (month or from_month, month or until_month))
    except ValueError as fault:
        raise BadPeriod from fault
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    if not (1 <= count <= MOST_MONTHS and first.year >= FIRST_YEAR and last.year <= LAST_YEAR):
        raise BadPeriod(most_months=MOST_MONTHS)
    return Months(first, last)


async def print_log(
    database: Database, actor: Actor, vehicle_id: UUID, months: Months, *, form: LogFormat, language: str
) -> tuple[IO[bytes], str]:
    """Return an open temporary file that holds the whole log, at its beginning, and the vehicle's plate.

    It is whole before the first byte is sent: a fault is a problem and never half a log, and a slow reader holds no
    transaction.

    Raises:
        NotFound: there is no such vehicle.
    """
    async with database.read(actor.bureau_id) as reader:
        await hold_snapshot(reader)
        vehicle = await known_vehicle(reader, vehicle_id)
        bureau = await reader.get(Bureau)
        if bureau is None:
            raise AssertionError("who reads belongs to a bureau")
        zone = ZoneInfo(bureau.zone)
        starts = [datetime.combine(day, time(), zone) for day in months.starts]
        head = LogHead(
            vehicle_id, vehicle.plate, vehicle.name, starts[0], starts[-1], reader.now, Manner(language, bureau.zone)
        )
        file = tempfile.TemporaryFile()  # noqa: SIM115 - handed on, and closed by who sends it
        try:
            writer, totals = WRITERS[form](file, head), Totals()
            for from_at, until_at in pairwise(starts):
                # Nothing of a month is held here while the next one is read.
                totals += await asyncio.to_thread(
                    _write,
                    writer,
                    await log_facts(reader, vehicle_id, from_at, until_at, zone=bureau.zone),
                )
            await asyncio.to_thread(writer.end, totals)
            file.seek(0)
        except BaseException:
            file.close()
            raise
    return file, vehicle.plate


def _write(writer: LogWriter, facts: LogFacts) -> Totals:
    log = month_log(facts)
    writer.month(log)
    return log.totals
