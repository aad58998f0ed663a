"""All facts at one moment, for the command and for the page alike."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory

from api.backup.place import folder_of
from api.db.database import Database
from api.db.datafolder import ELSEWHERE
from api.db.faults import Busy, DatabaseAway
from api.db.migrate import alembic_config
from api.doctor.bureau import server_of, told_by
from api.doctor.machine import counted, machine_facts
from api.settings import Settings
from domain.doctor.facts import Facts


async def gather(
    settings: Settings,
    database: Database | str,
    *,
    now: datetime,
    metrics: str | None,
    clock_doubt: tuple[str, str] | None = None,
    bureaus: Sequence[str] | None = None,
    elsewhere: Path = ELSEWHERE,
) -> Facts:
    """Return what is known now.

    Args:
        settings: of the service.
        database: the service's, or a sentence that says why it cannot be asked.
        now: of the machine.
        metrics: what the service's `/metrics` tells, or None where it does not answer.
        clock_doubt: why the database's clock is doubted, in both languages.
        bureaus: whose record is looked at; all without it.
        elsewhere: where homes of root's databases lie.
    """
    of_service = counted(metrics or "")
    told, of_machine = await asyncio.gather(
        _told(database, bureaus, folder_of(settings)), machine_facts(settings, elsewhere)
    )
    return Facts(
        now=now,
        release=version("zhuanche"),
        address=settings.address,
        answers=metrics is not None,
        runs=of_service.release,
        clock_doubt=clock_doubt,
        numbers=of_service.numbers,
        failed_jobs=of_service.failed_jobs,
        needed=str(ScriptDirectory.from_config(alembic_config()).get_current_head()),
        **told,
        **of_machine,
    )


async def _told(database: Database | str, bureaus: Sequence[str] | None, folder: Path) -> dict[str, Any]:
    if isinstance(database, str):
        return {"database_fault": database}
    try:
        server, revision = await server_of(database)
        facts: dict[str, Any] = {"server": server, "revision": revision}
        if revision == ScriptDirectory.from_config(alembic_config()).get_current_head():
            told = await told_by(database, bureaus, folder)
            facts |= {
                "jobs_led": told.jobs_led,
                "months_ahead": told.months_ahead,
                "calendar_years": told.calendar_years,
                "bureaus": told.bureaus,
            }
    except (DatabaseAway, Busy) as fault:
        return {"database_fault": str(fault.__cause__ or fault).splitlines()[0]}
    return facts
