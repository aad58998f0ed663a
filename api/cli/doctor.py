"""`zhuanche doctor`: one page that says what is well and what is not, with what helps."""

from __future__ import annotations

import contextlib
import json
from typing import Annotated, Final

import httpx
import typer
from sqlalchemy.exc import SQLAlchemyError

from api.cli.connections import NoDatabase, database_of, has_database, lent
from api.cli.progress import progress
from api.clock import wall_clock
from api.db.database import Database
from api.db.datafolder import EmbeddedError
from api.db.faults import Busy, DatabaseAway
from api.db.roles import SERVICE
from api.doctor.gather import gather
from api.first_look import first_look
from api.loop import run_in_loop
from api.settings import Settings, in_url, load_settings, own_address
from domain.doctor.facts import Facts
from domain.doctor.verdict import State
from domain.doctor.verdicts import is_well, verdicts_of

ANSWER_S: Final = 5.0
"""How long the service may take to say what it counts."""
HOMES: Final = ("127.0.0.1", "::1")
"""From where the service lets everything in over plain HTTP, whichever of its addresses is asked."""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object.")] = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Say what is well and what is not, and what helps; exit code 1 where something is not well.

    Run it as the account and with the settings of the service. It changes nothing. What cannot be known from here is
    no fault.

    Example: zhuanche doctor --json
    """
    settings = load_settings()
    with progress("Looking"):
        facts = facts_of(settings)
    verdicts = verdicts_of(facts)
    well = is_well(verdicts)
    if as_json:
        checks = [
            {
                "check": one.check,
                "bureau": one.of or None,
                "state": one.state,
                "said": dict(zip(("zh", "en"), one.said, strict=True)),
                "helps": one.helps and dict(zip(("zh", "en"), one.helps, strict=True)),
            }
            for one in verdicts
        ]
        told = {"well": well, "at": facts.now.isoformat(), "release": facts.release, "checks": checks}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for one in verdicts:
            name = f"{one.check} {one.of}".strip()
            typer.echo(f"{one.state:<10}{name:<20}{one.said[1]}")
            if one.state is State.UNWELL and one.helps:
                typer.echo(f"{'':<30}→ {one.helps[1]}")
        amiss = sum(one.state is State.UNWELL for one in verdicts)
        typer.echo("All is well." if well else f"Not well: {amiss} of {len(verdicts)}.")
    raise typer.Exit(0 if well else 1)


def facts_of(settings: Settings) -> Facts:
    """Return what can be known from beside the service, or while it is down."""
    metrics = _metrics(settings)

    async def ask(url: str) -> Facts:
        async with database_of(url, settings, SERVICE, wall_clock) as database:
            doubt = await _doubt(settings, database)
            return await gather(settings, database, now=wall_clock(), metrics=metrics, clock_doubt=doubt)

    try:
        fault = _lacking(settings)
        if fault is None:
            with lent(settings) as connections:
                return run_in_loop(ask(connections.service))
    except (EmbeddedError, NoDatabase, OSError) as told:
        fault = " ".join(str(told).split())
    return run_in_loop(gather(settings, fault, now=wall_clock(), metrics=metrics))


async def _doubt(settings: Settings, database: Database) -> tuple[str, str] | None:
    """Return why no service would begin by the database's clock; of a database that cannot be asked, others tell."""
    with contextlib.suppress(DatabaseAway, Busy, SQLAlchemyError):
        return (await first_look(database, settings.time_server, ask=False)).said
    return None


def _lacking(settings: Settings) -> str | None:
    """Return that there is no database yet: to look at the embedded one would make it."""
    return None if has_database(settings) else f"there is none yet in {settings.data}: run zhuanche init"


def _metrics(settings: Settings) -> str | None:
    """Return what the service that runs here counts, or None where none answers."""
    address = f"http://{in_url(own_address(settings.host))}:{settings.port}"
    for home in HOMES:
        with (
            contextlib.suppress(httpx.HTTPError, httpx.InvalidURL),
            httpx.Client(transport=httpx.HTTPTransport(local_address=home), timeout=ANSWER_S, trust_env=False) as http,
        ):
            answer = http.get(f"{address}/metrics")
            if answer.is_success and "zhuanche_build_info" in answer.text:
                return answer.text
    return None
