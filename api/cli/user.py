"""`zhuanche user`: set a bureau up with its first administrator, give a forgotten pass word back."""

from __future__ import annotations

import asyncio
import json
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import select

from api.cli.connections import check_schema, database_of, lent
from api.db.database import BUREAU_CODE, Actor
from api.db.roles import OWNER, SERVICE
from api.db.tables.people import Person
from api.passwords import hash_password, temporary_password
from api.settings import Settings, load_settings
from api.usecases.change_password import reset_password
from api.usecases.create_bureau import NewBureau, create_bureau
from domain.errors import InvalidInput, NotFound
from domain.place.shipped import shipped_boundary
from domain.values import Datum, Role

app = typer.Typer(no_args_is_help=True, help="Set a bureau up, give a forgotten pass word back.")


def _six_digits(code: str) -> str:
    if not BUREAU_CODE.fullmatch(code):
        raise typer.BadParameter("a bureau's code has six digits")
    return code


Code = Annotated[
    str, typer.Argument(help="GB/T 2260 code of the bureau's district, such as 350302.", callback=_six_digits)
]


class NoBoundary(InvalidInput):
    """No boundary of this district comes with the product: name a GeoJSON file and its datum."""

    code = "no-boundary"
    zh = "产品未附带该区县的边界，请指定 GeoJSON 文件及其坐标系。"


@app.command("bureau")
def bureau(  # noqa: PLR0917 - typer makes arguments and options of them
    code: Code,
    name: Annotated[str, typer.Argument(help="The bureau's name.")],
    admin_name: Annotated[str, typer.Option(help="Name of the first administrator.")],
    admin_login: Annotated[str, typer.Option(help="Login of the first administrator.")] = "admin",
    desk_name: Annotated[str, typer.Option(help="Name of the desk.")] = "12315 投诉举报中心",
    boundary: Annotated[Path | None, typer.Option(help="GeoJSON of the district.", exists=True, dir_okay=False)] = None,
    datum: Annotated[Datum, typer.Option(help="Datum of the boundary file.")] = Datum.WGS84,
) -> None:
    """Set up a bureau with its desk and first administrator."""
    settings = load_settings()
    geometry, datum, source = _boundary(code, boundary, datum)
    temporary = temporary_password()
    with lent(settings) as connections:
        check_schema(connections)
        asyncio.run(
            _create(
                connections.owner_url,
                settings,
                {
                    "bureau_id": code,
                    "name": name,
                    "desk_name": desk_name,
                    "boundary": geometry,
                    "boundary_datum": datum,
                    "boundary_source": source,
                    "admin_login": admin_login,
                    "admin_name": admin_name,
                },
                temporary,
            )
        )
    typer.echo(f"Bureau {code} is set up. First administrator: {admin_login}, pass word {temporary}")
    typer.echo("It is shown this once, and is changed at the first sign-in.")


def _boundary(code: str, path: Path | None, datum: Datum) -> tuple[dict[str, Any], Datum, str]:
    if path is not None:
        try:
            document = json.loads(path.read_bytes())
        except ValueError as fault:
            raise NoBoundary(f"{path} is not JSON.") from fault
        if not isinstance(document, dict):
            raise NoBoundary(f"{path} is not GeoJSON.")
        return document.get("geometry", document), datum, path.name
    if shipped_boundary(code) is None:
        raise NoBoundary(bureau_id=code)
    feature = json.loads(files("domain.place").joinpath("data", f"{code}.geojson").read_text(encoding="utf-8"))
    return feature["geometry"], Datum(feature["properties"]["datum"]), f"shipped {code}.geojson"


async def _create(url: str, settings: Settings, about: dict[str, Any], temporary: str) -> None:
    admin_password_hash = await hash_password(temporary, about["admin_login"])
    async with database_of(url, settings, OWNER) as owner:
        await create_bureau(owner, NewBureau(**about, admin_password_hash=admin_password_hash))


@app.command("reset")
def reset(
    code: Code,
    login: Annotated[str, typer.Argument(help="Whose pass word.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept with the act.")],
) -> None:
    """Give a person a temporary pass word; their sessions end."""
    settings = load_settings()
    with lent(settings) as connections:
        check_schema(connections)
        temporary = asyncio.run(_reset(connections.service, settings, code, login, reason))
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
