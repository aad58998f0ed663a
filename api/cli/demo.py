"""`zhuanche demo`: a bureau to look at, loaded once into an empty database; with `--serve` it is served too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from api.cli.connections import Connections, database_of, held
from api.cli.interrupted import on_interrupt
from api.cli.progress import progress
from api.cli.serve import held_to_serve, run
from api.db.migrate import migrate
from api.db.roles import OWNER
from api.db.work import working
from api.demo.bureau import BUREAU
from api.demo.load import load_demo
from api.demo.people import ADMIN_LOGIN, ADMIN_NAME, DEMO_PASSWORD, PEOPLE
from api.loop import run_in_loop
from api.settings import Settings, load_settings


def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Then serve, until told to stop.")] = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Migrate, load the demo bureau once, and print its accounts; never over real bureaus.

    Example: zhuanche demo
    """
    settings = load_settings()
    if serve:
        with held_to_serve(settings, make=True) as connections:
            _load(settings, connections)
            run(settings, connections)
    else:
        with (
            on_interrupt("the demo bureau may be loaded in part only; run again, it says so."),
            held(settings, make=True) as connections,
            working(connections.lock_url, "demo"),
        ):
            _load(settings, connections)


def _load(settings: Settings, connections: Connections) -> None:
    migrate(connections.owner_url)
    with progress("Loading the demo bureau"):
        loaded = run_in_loop(_load_once(settings, connections))
    typer.echo(f"The demo bureau {BUREAU} is loaded." if loaded else f"The demo bureau {BUREAU} was loaded before.")
    typer.echo(f"Accounts, all with the pass word {DEMO_PASSWORD}:")
    accounts = [(person.login, person.name, ", ".join(sorted(person.roles))) for person in PEOPLE]
    for login, name, roles in [*accounts, (ADMIN_LOGIN, ADMIN_NAME, "admin")]:
        typer.echo(f"  {login:<12}{name}  {roles}")


async def _load_once(settings: Settings, connections: Connections) -> bool:
    async with database_of(connections.owner_url, settings, OWNER) as owner:
        return await load_demo(owner, connections.service, connections.ingest, settings, datetime.now(UTC))
