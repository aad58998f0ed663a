"""Take over a statement of fuel or toll cards 对账单导入 and reconcile it line by line with the costs of the books."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import select

from api.db.database import Actor, Database, Reader, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.calendar import zone_of
from api.db.queries.card_statements import cards_of, line_of, lock_matching, unmatched_costs
from api.db.tables.upkeep import CardLine, CardMatch, CardStatement, VehicleCost
from api.spreadsheet import read_spreadsheet
from api.usecases.enter_fact import enter_fact
from api.usecases.import_history import SheetFile, SheetHindered
from domain.errors import InvalidInput, NotFound, StateConflict
from domain.sheet.columns import Headings, find_headings, letter_of, with_columns
from domain.upkeep.statement import (
    APART,
    COLUMNS,
    COST_KINDS,
    ReadStatement,
    holder_of,
    matches,
    read_statement,
    same_payment,
)


class StatementKnown(StateConflict):
    """This file was taken over before."""

    code = "statement-known"
    zh = "该对账单文件此前已导入。"


class MatchUnfounded(InvalidInput):
    """A line is matched with a cost, for a reason where fen, litres or day differ; or disputed or open for one."""

    code = "match-unfounded"
    zh = "对账行须与一条费用对上，金额、升数或日期不符的须注明原因；或者注明存疑或待核的原因。"


class CostDoesNotFit(StateConflict):
    """A line is a cost in force of the statement's kind, and one that no other line is."""

    code = "cost-does-not-fit"
    zh = "对账行只能对应本类对账单的一条有效费用，且该费用未与其他行对上。"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementAsked:
    """A file, of what kind of cards, and what a person said of its columns (`field=heading`)."""

    kind: str
    file: SheetFile
    sheet: str | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Previewed:
    """What a file would be taken for."""

    headings: Headings
    read: ReadStatement

    @property
    def columns(self) -> dict[str, str]:
        """Each field with the letter and heading of its column."""
        texts = self.headings.texts
        return {field: f"{letter_of(place)} {texts[place]}" for field, place in self.headings.of_field.items()}


async def preview_statement(reader: Reader, asked: StatementAsked) -> Previewed:
    """Return what the file would be taken for, with every problem; nothing is entered.

    Raises:
        SheetUnreadable, SheetTooLarge, NoHeadings, BadColumn, ColumnMissing: it cannot be read so.
    """
    return await asyncio.to_thread(_read, asked, await zone_of(reader))


async def import_statement(database: Database, actor: Actor, asked: StatementAsked) -> UUID:
    """Enter a statement with all its lines, match what only one cost can be, and return its id.

    Raises:
        SheetUnreadable, SheetTooLarge, NoHeadings, BadColumn, ColumnMissing: it cannot be read so.
        SheetHindered: a row has a problem; nothing was entered.
        StatementKnown: the file was taken over before.
    """
    async with database.read(actor.bureau_id) as reader:
        zone = await zone_of(reader)
    known = await asyncio.to_thread(_read, asked, zone)
    if known.read.hindered:
        raise SheetHindered(problems=[{"row": one.row, "column": one.column} for one in known.read.problems[:50]])

    async def work(uow: UnitOfWork) -> UUID:
        await lock_matching(uow)
        before = select(CardStatement.statement_id).where(
            CardStatement.bureau_id == uow.bureau_id, CardStatement.file_sha256 == asked.file.sha256
        )
        if await uow.one(before) is not None:
            raise StatementKnown
        statement_id = await _enter(uow, asked, known)
        await _match(uow, asked.kind, statement_id, known.read, zone)
        return statement_id

    return await database.write(actor, work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a person says of a line: the cost that it is, or that it is disputed or open again, and why."""

    verdict: str
    cost_id: UUID | None
    reason: str


async def judge_line(database: Database, actor: Actor, statement_id: UUID, line_no: int, said: Verdict) -> UUID:
    """Enter what a line is, and return the entry's id; the newest holds.

    Raises:
        NotFound: there is no such line or cost.
        MatchUnfounded: a cost is missing, or a reason for what differs.
        CostDoesNotFit: the cost is of another kind, was corrected, or is another line's.
    """
    matched = said.verdict == "matched"
    if matched != (said.cost_id is not None) or not (matched or said.reason.strip()):
        raise MatchUnfounded

    async def work(uow: UnitOfWork) -> UUID:
        await lock_matching(uow)
        line = await line_of(uow, statement_id, line_no)
        if line is None:
            raise NotFound("There is no such line.", statement_id=str(statement_id), line_no=line_no)
        if said.cost_id is not None:
            cost = await uow.get(VehicleCost, said.cost_id)
            if cost is None:
                raise NotFound("There is no such cost.", cost_id=str(said.cost_id))
            if not said.reason.strip() and not same_payment(line, cost):
                raise MatchUnfounded(cost_id=str(said.cost_id))
            free = {cost.cost_id for cost in await unmatched_costs(uow, COST_KINDS[line.kind])}
            if said.cost_id not in free | {line.cost_id}:
                raise CostDoesNotFit(cost_id=str(said.cost_id))
        return await _enter_match(
            uow,
            statement_id,
            line_no,
            verdict=said.verdict,
            cost_id=said.cost_id,
            by_rule=False,
            reason=said.reason,
        )

    return await database.write(actor, work)


def _read(asked: StatementAsked, zone: ZoneInfo) -> Previewed:
    rows = read_spreadsheet(asked.file.content, asked.sheet).rows
    headings = with_columns(find_headings(rows, COLUMNS), COLUMNS, asked.columns)
    return Previewed(headings, read_statement(rows, headings, zone=str(zone)))


async def _enter(uow: UnitOfWork, asked: StatementAsked, known: Previewed) -> UUID:
    lines, statement_id = known.read.lines, new_id()
    told: dict[str, Any] = {
        "statement_id": statement_id,
        "kind": asked.kind,
        "file_sha256": asked.file.sha256,
        "columns": known.columns,
        "line_count": len(lines),
        "total_fen": sum(line.amount_fen for line in lines),
        "from_at": min(line.paid_at for line in lines),
        "until_at": max(line.paid_at for line in lines),
    }
    entry_id = await uow.enter("card-statement-imported", facts=told)
    await uow.insert(
        CardStatement(bureau_id=uow.bureau_id, **told, actor_id=uow.actor.who, recorded_at=uow.now, entry_id=entry_id),
        *(
            CardLine(
                bureau_id=uow.bureau_id,
                statement_id=statement_id,
                line_no=line.row,
                card_no=line.card_no,
                paid_at=line.paid_at,
                amount_fen=line.amount_fen,
                fuel_ml=line.fuel_ml,
                place=line.place,
                entry_id=entry_id,
            )
            for line in lines
        ),
    )
    return statement_id


async def _match(uow: UnitOfWork, kind: str, statement_id: UUID, read: ReadStatement, zone: ZoneInfo) -> None:
    cards = await cards_of(uow, kind)
    holders = {line.row: holder_of(cards, line.card_no, line.paid_at.astimezone(zone).date()) for line in read.lines}
    first: datetime = min(line.paid_at for line in read.lines) - APART
    last: datetime = max(line.paid_at for line in read.lines) + APART + timedelta(microseconds=1)
    costs = [cost for cost in await unmatched_costs(uow, COST_KINDS[kind]) if first <= cost.incurred_at < last]
    for row, cost_id in matches(read.lines, costs, kind, holders).items():
        await _enter_match(uow, statement_id, row, verdict="matched", cost_id=cost_id, by_rule=True, reason="")


async def _enter_match(
    uow: UnitOfWork, statement_id: UUID, line_no: int, *, verdict: str, cost_id: UUID | None, by_rule: bool, reason: str
) -> UUID:
    match_id = new_id()
    columns = {
        "match_id": match_id,
        "statement_id": statement_id,
        "line_no": line_no,
        "verdict": verdict,
        "cost_id": cost_id,
        "by_rule": by_rule,
        "reason": reason,
    }
    await enter_fact(uow, "card-line-judged", CardMatch, columns)
    return match_id
