"""Rows of the database, one SQLModel class a table.

They are rows, not entities: a use case reads facts from queries, asks a rule, and writes rows. No row class
is ever a request or an answer.
"""

from sqlmodel import SQLModel

from api.db.tables import (
    answers,
    bureau,
    clock,
    complaints,
    devices,
    erasure,
    forms,
    history,
    ledger,
    lots,
    measures,
    notes,
    notices,
    people,
    positions,
    restores,
    seals,
    signing,
    upkeep,
    uses,
    vehicles,
)

metadata = SQLModel.metadata

__all__ = [
    "answers",
    "bureau",
    "clock",
    "complaints",
    "devices",
    "erasure",
    "forms",
    "history",
    "ledger",
    "lots",
    "measures",
    "metadata",
    "notes",
    "notices",
    "people",
    "positions",
    "restores",
    "seals",
    "signing",
    "upkeep",
    "uses",
    "vehicles",
]
