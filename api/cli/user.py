"""`zhuanche user`: give a forgotten pass word back."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlmodel import select

from api.cli.connections import database_of, opened
from api.db.database import Actor
from api.db.roles import SERVICE
from api.db.scope import BUREAU_CODE
from api.db.tables.people import Person
from api.loop import run_in_loop
from api.settings import Settings, load_settings
from api.usecases.change_password import reset_password
from domain.errors import NotFound
from domain.values import Role

app = typer.Typer(no_args_is_help=True, help="Accounts; `zhuanche init` makes the first ones.")


def _six_digits(code: str) -> str:
    if not BUREAU_CODE.fullmatch(code):
        raise typer.BadParameter("a bureau's code has six digits")
    return code


Code = Annotated[
    str, typer.Argument(help="GB/T 2260 code of the bureau's district, such as 350302.", callback=_six_digits)
]


@app.command("reset")
def reset(
    code: Code,
    login: Annotated[str, typer.Argument(help="Whose pass word.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept with the act.")],
) -> None:
    """Give a person a temporary pass word; their sessions end.

    Example: zhuanche user reset 350302 admin --reason "forgotten; asked for at the counter"
    """
    settings = load_settings()
    with opened(settings, "user") as connections:
        temporary = run_in_loop(_reset(connections.service, settings, code, login, reason))
    typer.echo(f"Pass word of {login}: {temporary}")
    typer.echo("It is shown this once, and is changed at the next sign-in.")


async def _reset(url: str, settings: Settings, code: str, login: str, reason: str) -> str | None:
    operator = Actor(code, roles=frozenset({Role.ADMIN}))
    async with database_of(url, settings, SERVICE) as database:
        async with database.read(code) as reader:
            person_id = await reader.one(
                select(Person.person_id).where(Person.bureau_id == code, Person.login == login)
            )
        if person_id is None:
            raise NotFound("There is no such person.")
        return await reset_password(database, operator, person_id, reason)
