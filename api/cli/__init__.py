"""The command line `zhuanche`: one module a command, each a few lines over the use cases."""

from __future__ import annotations

import logging
import sys
from typing import Final, NoReturn

import psycopg
import structlog
import typer
from sqlalchemy.exc import DBAPIError

from api.backup.faults import BackupDamaged, BackupFailed, RestoreFailed, RestoreRefused, WrongKey
from api.cli import (
    backup,
    calendar,
    clock,
    demo,
    device,
    distribute,
    doctor,
    erase,
    import_,
    init,
    manifest,
    migrate,
    move,
    openapi,
    replay,
    restore,
    retire,
    seal,
    serve,
    upgrade,
    upgrade_db,
    user,
)
from api.cli.connections import NoDatabase
from api.cli.interrupted import COMMITTED, EXIT, Commands, Interrupted, hear_swallowed
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

app = typer.Typer(
    name="zhuanche",
    cls=Commands,
    help="The backend of a consumer-complaint desk's dedicated vehicle: every kilometre answers to a complaint.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("init")(init.init)
app.command("migrate")(migrate.migrate)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
app.command("distribute")(distribute.distribute)
app.command("upgrade")(upgrade.upgrade)
app.command("upgrade-db")(upgrade_db.upgrade_db)
app.command("backup")(backup.backup)
app.command("backup-key")(backup.backup_key)
app.command("clock")(clock.clock)
app.command("calendar")(calendar.calendar)
app.command("manifest")(manifest.manifest)
app.command("move")(move.move)
app.command("openapi")(openapi.openapi)
app.command("replay")(replay.replay)
app.command("restore")(restore.restore)
app.command("seal")(seal.seal)
app.command("retire")(retire.retire)
app.add_typer(erase.app, name="erase")
app.add_typer(user.app, name="user")
app.add_typer(device.app, name="device")
app.add_typer(import_.app, name="import")


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


def main() -> None:
    """Run a command; whatever the operator can mend is one sentence on stderr and a code other than 0, Ctrl-C's 130."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))  # stdout is for what was asked
    logging.getLogger().addHandler(logging.NullHandler())  # what libraries say is for the log of a service
    hear_swallowed()
    try:
        app()
    except Interrupted as fault:
        _give_up(str(fault), EXIT)
    except KeyboardInterrupt:  # before the command began
        _give_up(COMMITTED, EXIT)
    except SystemExit as ended:
        if ended.code == EXIT:  # typer's own, right before the command or after it
            _give_up(COMMITTED, EXIT)
        raise
    except TOLD as fault:
        _give_up(str(fault))
    except (DatabaseAway, DBAPIError, psycopg.Error) as fault:
        _give_up(_of_database(fault))
    except DomainError as fault:
        told = "; ".join([fault.code, *(f"{name}: {value}" for name, value in fault.detail.items())])
        _give_up(f"{fault} ({told})")
    except (ConnectionError, TimeoutError) as fault:  # neither is of a file, though both are OSErrors
        _give_up(
            f"Who was asked ended the connection, or did not answer in time: {str(fault) or type(fault).__name__}."
        )
    except OSError as fault:  # what a disk refuses, or who owns it
        _give_up(f"{fault.filename or 'A file'} cannot be used: {fault.strerror or fault}.")


def _of_database(fault: DatabaseAway | DBAPIError | psycopg.Error) -> str:
    """Return what a database said, or that it could not be reached."""
    said = fault.__cause__ or fault if isinstance(fault, DatabaseAway) else fault
    said = said.orig or said if isinstance(said, DBAPIError) else said
    code = getattr(said, "sqlstate", None)
    is_away = isinstance(fault, DatabaseAway) or (
        isinstance(said, psycopg.OperationalError) and (code is None or code.startswith(AWAY))
    )
    return f"The database {'cannot be reached' if is_away else 'refused this'}: {said}"


def _give_up(sentence: str, code: int = 1) -> NoReturn:
    sys.stderr.write(f"zhuanche: {' '.join(sentence.split())}\n")
    raise SystemExit(code)
