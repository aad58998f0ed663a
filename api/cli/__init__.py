"""The command line `zhuanche`: one module a command, each a few lines over the use cases."""

from __future__ import annotations

import sys

import typer
from sqlalchemy.exc import DBAPIError, OperationalError

from api.cli import calendar, demo, device, distribute, import_, migrate, openapi, replay, seal, serve, user
from api.cli.connections import NoDatabase
from api.cli.replay import ReplayFailed
from api.db.datafolder import EmbeddedError
from api.db.faults import DatabaseAway
from api.db.roles import RolesMissing
from api.settings import SettingsError
from domain.errors import DomainError

app = typer.Typer(
    name="zhuanche",
    help="The backend of a consumer-complaint desk's dedicated vehicle: every kilometre answers to a complaint.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("migrate")(migrate.migrate)
app.command("demo")(demo.demo)
app.command("distribute")(distribute.distribute)
app.command("calendar")(calendar.calendar)
app.command("openapi")(openapi.openapi)
app.command("replay")(replay.replay)
app.command("seal")(seal.seal)
app.add_typer(user.app, name="user")
app.add_typer(device.app, name="device")
app.add_typer(import_.app, name="import")


def main() -> None:
    """Run a command; whatever the operator can mend is one sentence on stderr and a code other than 0."""
    try:
        app()
    except (SettingsError, EmbeddedError, RolesMissing, NoDatabase, ReplayFailed) as fault:
        _give_up(str(fault))
    except DatabaseAway as fault:
        _give_up(f"The database cannot be reached: {fault.__cause__ or fault}")
    except OperationalError as fault:
        _give_up(f"The database cannot be reached: {fault.orig}")
    except DBAPIError as fault:
        _give_up(f"The database refused this: {fault.orig}")
    except DomainError as fault:
        told = "; ".join(f"{name}: {value}" for name, value in fault.detail.items())
        _give_up(f"{fault} ({fault.code}{'; ' if told else ''}{told})")


def _give_up(sentence: str) -> None:
    sys.stderr.write(f"zhuanche: {' '.join(sentence.split())}\n")
    raise SystemExit(1)
