"""Rows of the database, one SQLModel class a table.

They are rows, not entities: a use case reads facts from queries, asks a rule, and writes rows. No row class
is ever a request or an answer.
"""

from sqlmodel import SQLModel

from api.db.tables import (
    answers,
    bureau,
    complaints,
    devices,
    forms,
    history,
    ledger,
    lots,
    measures,
    notes,
    notices,
    people,
    positions,
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
    "complaints",
    "devices",
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
    "seals",
    "signing",
    "upkeep",
    "uses",
    "vehicles",
]
