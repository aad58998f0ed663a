"""The commands by their names, of which only the one that is asked for is loaded: loading all takes seconds."""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from typing import Final, NoReturn

import structlog
import typer

from api.cli.interrupted import COMMITTED, EXIT, Commands, Interrupted, hear_swallowed

COMMANDS: Final = {
    "serve": "serve:serve",
    "init": "init:init",
    "migrate": "migrate:migrate",
    "doctor": "doctor:doctor",
    "demo": "demo:demo",
    "distribute": "distribute:distribute",
    "upgrade": "upgrade:upgrade",
    "upgrade-db": "upgrade_db:upgrade_db",
    "backup": "backup:backup",
    "backup-key": "backup:backup_key",
    "clock": "clock:clock",
    "calendar": "calendar:calendar",
    "manifest": "manifest:manifest",
    "move": "move:move",
    "openapi": "openapi:openapi",
    "replay": "replay:replay",
    "restore": "restore:restore",
    "seal": "seal:seal",
    "retire": "retire:retire",
    "erase": "erase:app",
    "user": "user:app",
    "device": "device:app",
    "import": "import_:app",
}
"""Each command's module here, and what of it is the command or has its commands."""


def command_line(asked: str | None = None) -> typer.Typer:
    """Return the command line with the command that is asked for; with all of them where that is none."""
    app = typer.Typer(
        name="zhuanche", cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )
    app.callback()(zhuanche)
    for name, place in COMMANDS.items():
        if asked not in COMMANDS or name == asked:
            module, _, attribute = place.partition(":")
            found = getattr(import_module(f"api.cli.{module}"), attribute)
            if isinstance(found, typer.Typer):
                app.add_typer(found, name=name)
            else:
                app.command(name)(found)
    return app


def zhuanche() -> None:
    """The backend of a consumer-complaint desk's dedicated vehicle: every kilometre answers to a complaint."""


def main() -> None:
    """Run a command; whatever the operator can mend is one sentence on stderr and a code other than 0, Ctrl-C's 130."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))  # stdout is for what was asked
    logging.getLogger().addHandler(logging.NullHandler())  # what libraries say is for the log of a service
    hear_swallowed()
    try:
        command_line(sys.argv[1] if len(sys.argv) > 1 else None)()
    except Interrupted as fault:
        _give_up(str(fault), EXIT)
    except KeyboardInterrupt:  # before the command began
        _give_up(COMMITTED, EXIT)
    except SystemExit as ended:
        if ended.code == EXIT:  # typer's own, right before the command or after it
            _give_up(COMMITTED, EXIT)
        raise
    except Exception as fault:
        from api.cli.told import sentence_of  # noqa: PLC0415 - with it comes every kind of fault

        told = sentence_of(fault)
        if told is None:
            raise
        _give_up(told)


def _give_up(sentence: str, code: int = 1) -> NoReturn:
    sys.stderr.write(f"zhuanche: {' '.join(sentence.split())}\n")
    raise SystemExit(code)
