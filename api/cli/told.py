"""What an operator is told of a fault, in one sentence."""

from __future__ import annotations

from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError

from api.backup.faults import BackupDamaged, BackupFailed, RestoreFailed, RestoreRefused, WrongKey
from api.cli.connections import NoDatabase
from api.cli.replay import ReplayFailed
from api.db.datafolder import EmbeddedError
from api.db.faults import DatabaseAway
from api.db.revision import DatabaseClosed, UnknownSchema
from api.db.roles import RolesMissing
from api.demo.load import DemoHalfLoaded
from api.first_look import ClockDoubted
from api.move.faults import NotDone
from api.settings import SettingsError
from domain.errors import DomainError

TOLD: Final = (
    SettingsError,
    EmbeddedError,
    RolesMissing,
    NoDatabase,
    ClockDoubted,
    UnknownSchema,
    DatabaseClosed,
    NotDone,
    ReplayFailed,
    DemoHalfLoaded,
    BackupFailed,
    BackupDamaged,
    WrongKey,
    RestoreRefused,
    RestoreFailed,
)
"""Faults whose own words are the sentence."""
AWAY: Final = ("08", "57")
"""Classes of a server's codes that say it is not there, or ends; any other is an answer."""


def sentence_of(fault: Exception) -> str | None:
    """Return what is told of a fault that the operator can mend; None of any other, which is ours."""
    match fault:
        case _ if isinstance(fault, TOLD):
            return str(fault)
        case DatabaseAway() | DBAPIError() | psycopg.Error():
            return _of_database(fault)
        case DomainError():
            told = "; ".join([fault.code, *(f"{name}: {value}" for name, value in fault.detail.items())])
            return f"{fault} ({told})"
        case ConnectionError() | TimeoutError():  # neither is of a file, though both are OSErrors
            said = str(fault) or type(fault).__name__
            return f"Who was asked ended the connection, or did not answer in time: {said}."
        case OSError():  # what a disk refuses, or who owns it
            return f"{fault.filename or 'A file'} cannot be used: {fault.strerror or fault}."
        case _:
            return None


def _of_database(fault: DatabaseAway | DBAPIError | psycopg.Error) -> str:
    """Return what a database said, or that it could not be reached."""
    said = fault.__cause__ or fault if isinstance(fault, DatabaseAway) else fault
    said = said.orig or said if isinstance(said, DBAPIError) else said
    code = getattr(said, "sqlstate", None)
    is_away = isinstance(fault, DatabaseAway) or (
        isinstance(said, psycopg.OperationalError) and (code is None or code.startswith(AWAY))
    )
    return f"The database {'cannot be reached' if is_away else 'refused this'}: {said}"
