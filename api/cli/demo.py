"""`zhuanche demo`: a bureau to look at, loaded once into an empty database; with `--serve` it is served too."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from api.cli.connections import Connections, database_of, held
from api.cli.serve import held_to_serve, run
from api.db.migrate import migrate
from api.db.roles import OWNER
from api.demo.bureau import BUREAU
from api.demo.load import load_demo
from api.demo.people import ADMIN_LOGIN, ADMIN_NAME, DEMO_PASSWORD, PEOPLE
from api.settings import Settings, load_settings


def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Then serve, until told to stop.")] = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Migrate, load the demo bureau once, and print its accounts; never over real bureaus."""
    settings = load_settings()
    if serve:
        with held_to_serve(settings) as connections:
            _load(settings, connections)
            run(settings, connections)
    else:
        with held(settings) as connections:
            _load(settings, connections)


def _load(settings: Settings, connections: Connections) -> None:
    migrate(connections.owner_url)
    loaded = asyncio.run(_load_once(settings, connections))
    typer.echo(f"The demo bureau {BUREAU} is loaded." if loaded else f"The demo bureau {BUREAU} was loaded before.")
    typer.echo(f"Accounts, all with the pass word {DEMO_PASSWORD}:")
    accounts = [(person.login, person.name, ", ".join(sorted(person.roles))) for person in PEOPLE]
    for login, name, roles in [*accounts, (ADMIN_LOGIN, ADMIN_NAME, "admin")]:
        typer.echo(f"  {login:<12}{name}  {roles}")


async def _load_once(settings: Settings, connections: Connections) -> bool:
    async with database_of(connections.owner_url, settings, OWNER) as owner:
        return await load_demo(owner, connections.service, connections.ingest, settings, datetime.now(UTC))
