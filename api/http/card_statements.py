"""`/v1/card-statements`: statements of fuel and toll cards, taken over and reconciled line by line with the costs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.db.database import Actor, Database, Reader
from api.db.queries.calendar import zone_of
from api.db.queries.card_statements import cards_of, lines_of, statements_page, unmatched_costs
from api.headers import language_of
from api.http.access import READERS, Allow
from api.http.paging import After, Limit, Page, instant_cursor, parse_instant_cursor
from api.http.trip_wire import Words
from api.http.vehicle_wire import Entered
from api.spreadsheet import BYTES_MOST
from api.usecases.import_history import SheetFile
from api.usecases.import_statement import (
    StatementAsked,
    Verdict,
    import_statement,
    judge_line,
    preview_statement,
)
from domain.errors import NotFound
from domain.upkeep.statement import APART, COST_KINDS, holder_of
from domain.values import Role

SHOWN = 20
SETTLES = Allow(Role.DISPATCHER, Role.DESK_CHIEF, Role.CUSTODIAN)

CardKind = Annotated[Literal["fuel", "toll"], QueryParameter(description="of which kind of card it is")]
Sheet = Annotated[
    str | None, QueryParameter(max_length=100, description="another sheet of the workbook than the first")
]
Columns = Annotated[
    list[str] | None,
    QueryParameter(
        name="column", max_items=20, description="`field=heading`, `field=letter`, `field=`: another than was guessed"
    ),
]


class SheetProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a row, as the spreadsheet counts; what a notice says hinders nothing."""

    row: int
    column: str
    kind: str
    notice: bool
    sentence: str


class ReadLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was read."""

    line_no: int
    card_no: str
    paid_at: datetime
    amount_fen: int
    fuel_ml: int | None
    place: str


class StatementPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What the file would be taken for: columns to be confirmed, the first lines, every problem."""

    headings_row: int
    headings: list[str]
    columns: dict[str, str]
    line_count: int
    total_fen: int
    lines: list[ReadLine]
    problems: list[SheetProblem]
    hindered: bool
    """Nothing would be entered."""


class StatementOut(msgspec.Struct, frozen=True, kw_only=True):
    """A statement as it was taken over."""

    statement_id: UUID
    kind: str
    file_sha256: str
    columns: dict[str, str]
    line_count: int
    total_fen: int
    from_at: datetime
    until_at: datetime
    actor_id: UUID
    recorded_at: datetime


class LineOut(msgspec.Struct, frozen=True, kw_only=True):
    """A line and what it is: `matched` with a cost (`by_rule`: the only one that fits), `disputed`, or `open`."""

    line_no: int
    card_no: str
    vehicle_id: UUID | None
    """Whose card it was that day; null: nobody's of this bureau."""
    paid_at: datetime
    amount_fen: int
    fuel_ml: int | None
    place: str
    verdict: str
    cost_id: UUID | None
    by_rule: bool
    reason: str
    actor_id: UUID | None
    recorded_at: datetime | None


class CostNotThere(msgspec.Struct, frozen=True, kw_only=True):
    """A cost of the books, paid with such a card in that time, that no line is."""

    cost_id: UUID
    vehicle_id: UUID
    kind: str
    amount_fen: int
    fuel_ml: int | None
    incurred_at: datetime
    card_no: str


class Reconciled(StatementOut, frozen=True, kw_only=True):
    """A statement line by line, with its sums, and what the books have beside it."""

    matched_fen: int
    disputed_fen: int
    open_fen: int
    lines: list[LineOut]
    not_on_statement: list[CostNotThere]


class VerdictIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cost that a line is; or that it is disputed, or open again, and why."""

    verdict: Literal["matched", "disputed", "open"]
    cost_id: UUID | None = None
    reason: Words = ""


class CardStatementController(Controller):
    """Statements of cards 对账单."""

    path = "/v1/card-statements"
    tags = ("upkeep",)

    @post(
        "/preview",
        guards=[SETTLES],
        status_code=200,
        summary="Look at a statement",
        name="card_statement.preview",
        opt={"takes": ("*",)},
        request_max_body_size=BYTES_MOST,
    )
    async def preview(
        self,
        *,
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        kind: CardKind,
        sheet: Sheet = None,
        columns: Columns = None,
    ) -> StatementPreview:
        """Return what the body (XLSX or CSV) would be taken for; nothing is entered."""
        asked = await _asked(request, kind, sheet, columns)
        async with database.read(actor.bureau_id) as reader:
            known = await preview_statement(reader, asked)
        language = language_of(request.headers.get("accept-language", ""))
        return StatementPreview(
            headings_row=known.headings.row,
            headings=list(known.headings.texts),
            columns=known.columns,
            line_count=len(known.read.lines),
            total_fen=sum(line.amount_fen for line in known.read.lines),
            lines=[
                ReadLine(
                    line_no=line.row,
                    card_no=line.card_no,
                    paid_at=line.paid_at,
                    amount_fen=line.amount_fen,
                    fuel_ml=line.fuel_ml,
                    place=line.place,
                )
                for line in known.read.lines[:SHOWN]
            ],
            problems=[
                SheetProblem(
                    row=one.row,
                    column=one.column,
                    kind=one.kind.value,
                    notice=one.kind.is_notice,
                    sentence=one.sentence(language),
                )
                for one in known.read.problems
            ],
            hindered=known.read.hindered,
        )

    @post(
        guards=[SETTLES],
        summary="Take over a statement",
        name="card_statement.import",
        opt={"takes": ("*",)},
        request_max_body_size=BYTES_MOST,
    )
    async def take_over(
        self,
        *,
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        kind: CardKind,
        sheet: Sheet = None,
        columns: Columns = None,
    ) -> Entered:
        """Enter every line of the body (XLSX or CSV), whole or not at all, and match what only one cost can be."""
        return Entered(id=await import_statement(database, actor, await _asked(request, kind, sheet, columns)))

    @get(guards=[Allow(READERS)], summary="List statements", name="card_statement.list")
    async def list_statements(
        self, actor: NamedDependency[Actor], database: NamedDependency[Database], limit: Limit = 50, after: After = None
    ) -> Page[StatementOut]:
        """Return statements from the newest on."""
        before = parse_instant_cursor(after)
        async with database.read(actor.bureau_id) as reader:
            rows = await statements_page(reader, before=before, limit=limit + 1)
        page = [StatementOut(**_fields(row, StatementOut)) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=page, next=instant_cursor(page[-1].recorded_at, page[-1].statement_id) if more else None)

    @get("/{statement_id:uuid}", guards=[Allow(READERS)], summary="A statement line by line", name="card_statement.get")
    async def reconciled(
        self, statement_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> Reconciled:
        """Return every line with the cost that it is, and the costs on such cards that no line is."""
        async with database.read(actor.bureau_id) as reader:
            found = await statements_page(reader, statement_id=statement_id)
            if not found:
                raise NotFound("There is no such statement.", statement_id=str(statement_id))
            return await _reconciled(reader, found[0])

    @post(
        "/{statement_id:uuid}/lines/{line_no:int}/verdict",
        guards=[SETTLES],
        summary="Say what a line is",
        name="card_statement.judge",
    )
    async def judge(
        self,
        statement_id: FromPath[UUID],
        line_no: FromPath[int],
        data: JSONBody[VerdictIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> Entered:
        """Match a line with a cost of the books, dispute it, or open it again; the newest word holds."""
        said = Verdict(verdict=data.verdict, cost_id=data.cost_id, reason=data.reason)
        return Entered(id=await judge_line(database, actor, statement_id, line_no, said))


async def _asked(
    request: Request[Any, Any, Any], kind: str, sheet: str | None, columns: list[str] | None
) -> StatementAsked:
    return StatementAsked(
        kind=kind, file=SheetFile("", await request.body()), sheet=sheet, columns=tuple(columns or ())
    )


async def _reconciled(reader: Reader, statement: Any) -> Reconciled:
    lines, zone = await lines_of(reader, statement.statement_id), await zone_of(reader)
    cards = await cards_of(reader, statement.kind)

    def day(at: datetime) -> date:
        return at.astimezone(ZoneInfo(str(zone))).date()

    sums = dict.fromkeys(("matched", "disputed", "open"), 0)
    for line in lines:
        sums[line.verdict] += line.amount_fen
    mine = {line.card_no for line in lines}
    first, last = statement.from_at - APART, statement.until_at + APART
    return Reconciled(
        **_fields(statement, StatementOut),
        matched_fen=sums["matched"],
        disputed_fen=sums["disputed"],
        open_fen=sums["open"],
        lines=[
            LineOut(vehicle_id=holder_of(cards, line.card_no, day(line.paid_at)), **_fields(line, LineOut))
            for line in lines
        ],
        not_on_statement=[
            CostNotThere(**{name: getattr(cost, name) for name in CostNotThere.__struct_fields__})
            for cost in await unmatched_costs(reader, COST_KINDS[statement.kind])
            if cost.card_no in mine and first <= cost.incurred_at <= last
        ],
    )


def _fields(row: Any, wire: type[msgspec.Struct]) -> dict[str, Any]:
    """Return what a row says of the fields of a wire form that it has."""
    return {name: getattr(row, name) for name in wire.__struct_fields__ if hasattr(row, name)}
