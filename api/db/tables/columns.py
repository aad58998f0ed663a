"""Column kinds and constraint shorthands that every table shares.

SQLModel reads annotations at run time, so table modules have no `from __future__ import annotations`.
Limits on values are written as CHECK constraints: `Field(ge=…)` makes none.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKeyConstraint, SmallInteger, Text
from sqlalchemy import Uuid as SaUuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

BureauKey = Annotated[str, Field(primary_key=True, sa_type=Text)]
"""`bureau_id`, the GB/T 2260 code of the bureau: first in every primary key, the distribution column."""
IdKey = Annotated[UUID, Field(primary_key=True)]
TextKey = Annotated[str, Field(primary_key=True, sa_type=Text)]
IntKey = Annotated[int, Field(primary_key=True, sa_column_kwargs={"autoincrement": False})]
Str = Annotated[str, Field(sa_type=Text)]
StrOrNone = Annotated[str | None, Field(default=None, sa_type=Text)]
Metres = Annotated[int, Field(sa_type=BigInteger)]
MetresOrNone = Annotated[int | None, Field(default=None, sa_type=BigInteger)]
Big = Annotated[int, Field(sa_type=BigInteger)]
BigOrNone = Annotated[int | None, Field(default=None, sa_type=BigInteger)]
Small = Annotated[int, Field(sa_type=SmallInteger)]
At = Annotated[datetime, Field(sa_type=DateTime(timezone=True))]
AtOrNone = Annotated[datetime | None, Field(default=None, sa_type=DateTime(timezone=True))]
Json = Annotated[dict[str, Any], Field(sa_type=JSONB)]
JsonOrNone = Annotated[dict[str, Any] | None, Field(default=None, sa_type=JSONB)]
JsonList = Annotated[list[dict[str, Any]], Field(sa_type=JSONB)]
Ids = Annotated[list[UUID], Field(sa_type=ARRAY(SaUuid))]
Codes = Annotated[list[str], Field(sa_type=ARRAY(Text))]

APPEND_ONLY: dict[str, Any] = {"info": {"append_only": True}}
"""Rows of such a table are inserted, never changed or deleted (P6)."""
FACT: dict[str, Any] = {"info": {"append_only": True, "fact": True}}
"""Append-only, and every row carries the `entry_id` of its ledger entry."""
FACT_WITH_STATE: dict[str, Any] = {"info": {"fact": True}}
"""The row was entered as a fact; a few columns named in the grants may move on."""
REFERENCE: dict[str, Any] = {"info": {"reference": True}}
"""The same for every bureau: no bureau_id, no row-level security, replicated on Citus."""


def refers(columns: str, table: str, target: str | None = None) -> ForeignKeyConstraint:
    """Return a foreign key that carries the bureau: `columns` and `target` are space-separated names."""
    local = ["bureau_id", *columns.split()]
    remote = ["bureau_id", *(target or columns).split()]
    return ForeignKeyConstraint(local, [f"{table}.{name}" for name in remote])


def belongs_to_bureau() -> ForeignKeyConstraint:
    """Return the foreign key of a table whose only parent is its bureau."""
    return ForeignKeyConstraint(["bureau_id"], ["bureau.bureau_id"])


def entered() -> ForeignKeyConstraint:
    """Return the foreign key that lets no fact stand without its ledger entry."""
    return refers("entry_id", "ledger_payload")


def one_of(column: str, *values: str) -> CheckConstraint:
    """Return a CHECK that holds a text column to a closed list of words."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def check(name: str, condition: str) -> CheckConstraint:
    """Return a named CHECK."""
    return CheckConstraint(condition, name=name)
