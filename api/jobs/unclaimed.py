"""The job that lets go of files nothing names, or that were erased; alone, since a slow store holds up no others."""

from __future__ import annotations

from typing import Final

from api.db.database import Database
from api.files import FileStore
from api.jobs.job import HOUR_S, Job, in_each_bureau
from api.usecases.sweep_files import drop_retired, erase_files, retire_unclaimed

FILES_LOCK: Final = 5_350_309
"""Of the processes of a service one looks after files: who holds this advisory lock."""


def unclaimed_files_of(files: FileStore) -> Job:
    """Return the job that retires files that nothing names, and takes them and what was erased out of the store."""

    async def sweep(database: Database, bureau_id: str) -> int:
        retired = await retire_unclaimed(database, bureau_id)
        await drop_retired(database, files, bureau_id)
        await erase_files(database, files, bureau_id)
        return retired

    return Job("unclaimed-files", 6 * HOUR_S, in_each_bureau(sweep))
