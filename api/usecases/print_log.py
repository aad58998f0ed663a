"""Write the log of a vehicle into a file, month by month, all of it as one instant of the database shows it."""

from __future__ import annotations

import asyncio
import tempfile
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
from domain.months import Months


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
        starts = months.instants(ZoneInfo(bureau.zone))
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
