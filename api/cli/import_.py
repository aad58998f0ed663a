"""`zhuanche import`: the old log of a vehicle, or the national platform's list of complaints, from a spreadsheet.

What each column is taken for is shown first, then every problem by row and column; nothing is half taken over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlmodel import select

from api.cli.connections import database_of, opened
from api.cli.progress import progress
from api.cli.user import Code
from api.db.database import Actor, Database, Reader
from api.db.roles import SERVICE
from api.db.tables.bureau import Bureau
from api.db.tables.people import Person
from api.db.tables.vehicles import Vehicle
from api.loop import run_in_loop
from api.settings import load_settings
from api.spreadsheet import read_spreadsheet
from api.usecases.import_history import (
    Examined,
    SheetFile,
    examine_complaints,
    examine_log,
    import_complaints,
    import_log,
)
from domain.complaint.words import Source
from domain.errors import InvalidInput, NotFound
from domain.history import complaints, trips
from domain.sheet.columns import Cell, Column, Headings, find_headings, letter_of, with_columns

app = typer.Typer(no_args_is_help=True, help="Take over an old log or a list of complaints from a spreadsheet.")

PROBLEMS_SHOWN: Final = 200

Enter = Callable[[], Awaitable[int]]
Prepare = Callable[[Database], Awaitable[tuple[Examined, Enter]]]
"""Reads what is there already, and returns what an import would do, and the import."""

FilePath = Annotated[Path, typer.Argument(help="XLSX or CSV.", exists=True, dir_okay=False)]
Login = Annotated[str, typer.Option("--as", help="Login of the person who takes it over and answers for it.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="field=heading or field=letter; `field=` for none. As often as needed."),
]
Fill = Annotated[list[str] | None, typer.Option("--fill", help="field=text: what a field holds whose cell is empty.")]
SheetName = Annotated[str | None, typer.Option("--sheet", help="Name of the sheet; the first one otherwise.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Only show columns and problems.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether the columns are right.")]
English = Annotated[bool, typer.Option("--english", help="Show columns and problems in English.")]


@app.command("log")
def log(  # noqa: PLR0917 - typer makes arguments and options of them
    code: Code,
    plate: Annotated[str, typer.Argument(help="Plate of the vehicle.")],
    path: FilePath,
    login: Login,
    column: Columns = None,
    fill: Fill = None,
    sheet: SheetName = None,
    year: Annotated[int | None, typer.Option(min=2000, max=2100, help="Of days typed without a year.")] = None,
    *,
    dry_run: Dry = False,
    yes: Yes = False,
    english: English = False,
) -> None:
    """Take over the old log of a vehicle: what was driven before its first reading, as paper says it.

    Columns and problems are shown first; all rows are taken over, or none.

    Example: zhuanche import log 350302 闽B12315 log.csv --as custodian --yes
    """
    file = SheetFile(path.name, path.read_bytes())
    rows = read_spreadsheet(file.content, sheet).rows
    headings = _headings(rows, trips.COLUMNS, column, english=english)
    filled = _filled(fill, trips.COLUMNS)

    async def prepare(database: Database) -> tuple[Examined, Enter]:
        async with database.read(code) as reader:
            actor = await _person(reader, login)
            of_plate = select(Vehicle.vehicle_id).where(Vehicle.bureau_id == code, Vehicle.plate == plate)
            vehicle_id = await reader.one(of_plate)
            if vehicle_id is None:
                raise NotFound("There is no such vehicle.", plate=plate)
            read = trips.read_log(rows, headings, zone=await _zone(reader), plate=plate, year=year, fill=filled)
            examined = await examine_log(reader, vehicle_id, read)
        return examined, lambda: import_log(database, actor, vehicle_id, read, file)

    _take_over(prepare, dry_run=dry_run, yes=yes, english=english)


@app.command("complaints")
def list_of_complaints(  # noqa: PLR0917 - typer makes arguments and options of them
    code: Code,
    path: FilePath,
    login: Login,
    source: Annotated[Source, typer.Option(help="Where the list comes from.")] = Source.PLATFORM_12315,
    column: Columns = None,
    fill: Fill = None,
    sheet: SheetName = None,
    *,
    dry_run: Dry = False,
    yes: Yes = False,
    english: English = False,
) -> None:
    """Register the complaints of a list by their number at its source, for the unit of who takes them over.

    Columns and problems are shown first; all rows are taken over, or none.

    Example: zhuanche import complaints 350302 complaints.csv --as dispatcher --yes
    """
    file = SheetFile(path.name, path.read_bytes())
    rows = read_spreadsheet(file.content, sheet).rows
    headings = _headings(rows, complaints.COLUMNS, column, english=english)
    filled = _filled(fill, complaints.COLUMNS)

    async def prepare(database: Database) -> tuple[Examined, Enter]:
        async with database.read(code) as reader:
            actor = await _person(reader, login)
            read = complaints.read_list(rows, headings, zone=await _zone(reader), fill=filled)
            examined = await examine_complaints(reader, source, read)
        return examined, lambda: import_complaints(database, actor, source, read, file)

    _take_over(prepare, dry_run=dry_run, yes=yes, english=english)


def _headings(
    rows: Sequence[Sequence[Cell]], wanted: Sequence[Column], named: list[str] | None, *, english: bool
) -> Headings:
    found = with_columns(find_headings(rows, wanted), wanted, named or [])
    for one in wanted:
        place = found.of_field.get(one.field)
        taken = "-" if place is None else f"{letter_of(place)} {found.texts[place]}"
        typer.echo(f"{one.field:24} {one.en if english else one.zh}: {taken}")
    return found


def _filled(given: list[str] | None, wanted: Sequence[Column]) -> dict[str, str]:
    filled = dict(one.partition("=")[::2] for one in given or [])
    fields = sorted(one.field for one in wanted)
    unknown = sorted(set(filled) - set(fields))
    if unknown:
        raise InvalidInput("--fill is written field=text.", unknown=unknown, fields=fields)
    return filled


async def _zone(reader: Reader) -> str:
    bureau = await reader.get(Bureau)
    if bureau is None:
        raise NotFound("There is no such bureau.")
    return bureau.zone


async def _person(reader: Reader, login: str) -> Actor:
    person: Person | None = await reader.one(
        select(Person).where(Person.bureau_id == reader.bureau_id, Person.login == login, Person.active)
    )
    if person is None:
        raise NotFound("There is no such person.", login=login)
    return Actor(reader.bureau_id, person.person_id, person.unit_id, name=person.name)


def _take_over(prepare: Prepare, *, dry_run: bool, yes: bool, english: bool) -> None:
    settings = load_settings()
    with opened(settings, "import") as connections:

        async def run() -> None:
            async with database_of(connections.service, settings, SERVICE) as database:
                examined, enter = await prepare(database)
                _show(examined, "en" if english else "zh")
                if examined.hindered:
                    raise typer.Exit(1)
                if dry_run or not examined.fresh:
                    return
                if not yes and not typer.confirm("Take them over with these columns?"):
                    raise typer.Exit(1)
                with progress(f"Taking over {examined.fresh} rows"):
                    taken = await enter()
                typer.echo(f"{taken} rows are taken over.")

        run_in_loop(run())


def _show(examined: Examined, language: str) -> None:
    for one in examined.problems[:PROBLEMS_SHOWN]:
        typer.echo(f"{one.column}{one.row}: {one.sentence(language)}")
    more = len(examined.problems) - PROBLEMS_SHOWN
    if more > 0:
        typer.echo(f"… {more} more.")
    typer.echo(f"{examined.fresh} rows can be taken over." if not examined.hindered else "Nothing was taken over.")
