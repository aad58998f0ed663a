"""Statements of cards as they stand: their lines with what each is, and the costs that no line is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader, UnitOfWork
from domain.upkeep.costs import CostKind
from domain.upkeep.statement import CardHeld, PaidCost

# Of the words about a line the newest holds, and only while its cost is in force.
_NEWEST = (
    "(SELECT DISTINCT ON (m.statement_id, m.line_no) m.statement_id, m.line_no, m.verdict, m.cost_id, m.by_rule,"
    " m.reason, m.actor_id, m.recorded_at, EXISTS (SELECT 1 FROM vehicle_cost k WHERE k.bureau_id = :bureau_id"
    "  AND k.corrects = m.cost_id) AS corrected"
    " FROM card_match m WHERE m.bureau_id = :bureau_id"
    " ORDER BY m.statement_id, m.line_no, m.recorded_at DESC, m.match_id DESC)"
)
_LINES = (
    "SELECT l.line_no, l.card_no, l.paid_at, l.amount_fen, l.fuel_ml, l.place,"  # noqa: S608 - our own words
    " CASE WHEN n.verdict IS NULL OR n.corrected THEN 'open' ELSE n.verdict END AS verdict,"
    " CASE WHEN NOT n.corrected THEN n.cost_id END AS cost_id, coalesce(n.by_rule, false) AS by_rule,"
    " coalesce(n.reason, '') AS reason, n.actor_id, n.recorded_at, s.kind"
    " FROM card_line l JOIN card_statement s ON s.bureau_id = l.bureau_id AND s.statement_id = l.statement_id"
    f" LEFT JOIN {_NEWEST} n ON n.statement_id = l.statement_id AND n.line_no = l.line_no"
    " WHERE l.bureau_id = :bureau_id AND l.statement_id = :statement_id"
)
_OF_STATEMENT = text(_LINES + " ORDER BY l.line_no")
_ONE_LINE = text(_LINES + " AND l.line_no = :line_no")
_STATEMENTS = text(
    "SELECT s.statement_id, s.kind, s.file_sha256, s.columns, s.line_count, s.total_fen, s.from_at, s.until_at,"
    " s.actor_id, s.recorded_at FROM card_statement s WHERE s.bureau_id = :bureau_id"
    " AND (CAST(:statement_id AS uuid) IS NULL OR s.statement_id = :statement_id)"
    " AND (CAST(:before_at AS timestamptz) IS NULL OR (s.recorded_at, s.statement_id)"
    "  < (CAST(:before_at AS timestamptz), CAST(:before_id AS uuid)))"
    " ORDER BY s.recorded_at DESC, s.statement_id DESC LIMIT :limit"
)
_UNMATCHED = text(
    "SELECT c.cost_id, c.vehicle_id, c.kind, c.amount_fen, c.fuel_ml, c.incurred_at, c.card_no"  # noqa: S608 - our own words
    " FROM vehicle_cost c"
    " WHERE c.bureau_id = :bureau_id AND c.kind = ANY(:kinds) AND c.amount_fen > 0"
    " AND NOT EXISTS (SELECT 1 FROM vehicle_cost k WHERE k.bureau_id = :bureau_id AND k.corrects = c.cost_id)"
    f" AND NOT EXISTS (SELECT 1 FROM {_NEWEST} n WHERE n.verdict = 'matched' AND n.cost_id = c.cost_id)"
    " ORDER BY c.incurred_at, c.cost_id"
)
_CARDS = text(
    "SELECT card_no, vehicle_id, held, effective_on FROM vehicle_card WHERE bureau_id = :bureau_id AND kind = :kind"
    " ORDER BY effective_on, recorded_at, card_id"
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('card statements ' || :bureau_id, 0))")


async def lock_matching(uow: UnitOfWork) -> None:
    """Let those who match lines of a bureau, or say whose a card is, come one after another."""
    await uow.execute(_LOCK, {"bureau_id": uow.bureau_id})


async def lines_of(reader: Reader, statement_id: UUID) -> Sequence[Any]:
    """Return the lines of a statement with what each is; one whose cost was corrected is open again."""
    asked = {"bureau_id": reader.bureau_id, "statement_id": statement_id}
    return (await reader.execute(_OF_STATEMENT, asked)).all()


async def line_of(reader: Reader, statement_id: UUID, line_no: int) -> Any | None:
    """Return one line, or None."""
    asked = {"bureau_id": reader.bureau_id, "statement_id": statement_id, "line_no": line_no}
    return (await reader.execute(_ONE_LINE, asked)).one_or_none()


async def statements_page(
    reader: Reader, *, statement_id: UUID | None = None, before: tuple[Any, UUID] | None = None, limit: int = 1
) -> Sequence[Any]:
    """Return statements from the newest on, or the one of that id."""
    before_at, before_id = before or (None, None)
    asked = {
        "bureau_id": reader.bureau_id,
        "statement_id": statement_id,
        "before_at": before_at,
        "before_id": before_id,
        "limit": limit,
    }
    return (await reader.execute(_STATEMENTS, asked)).all()


async def unmatched_costs(reader: Reader, kinds: Iterable[CostKind]) -> tuple[PaidCost, ...]:
    """Return the costs in force of some kinds that are no line of a statement yet."""
    asked = {"bureau_id": reader.bureau_id, "kinds": sorted(kind.value for kind in kinds)}
    rows = await reader.execute(_UNMATCHED, asked)
    return tuple(
        PaidCost(
            row.cost_id,
            row.vehicle_id,
            CostKind(row.kind),
            row.amount_fen,
            row.fuel_ml,
            row.incurred_at,
            row.card_no,
        )
        for row in rows
    )


async def cards_of(reader: Reader, kind: str) -> tuple[CardHeld, ...]:
    """Return what was entered of the cards of a kind, in order."""
    rows = await reader.execute(_CARDS, {"bureau_id": reader.bureau_id, "kind": kind})
    return tuple(CardHeld(row.card_no, row.vehicle_id, row.held, row.effective_on) for row in rows)
