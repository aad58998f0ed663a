"""One row for any table, made from what the catalogue says of its columns and checks.

Written with triggers and foreign keys off, in a transaction that is rolled back: it is there to be attacked.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.db.catalogue import Connection, tenant_tables

NOW: Final = datetime.now(UTC).replace(microsecond=0)

BY_TYPE: Final[Mapping[str, Any]] = {
    "text": "1",
    "integer": 1,
    "smallint": 1,
    "bigint": 1,
    "boolean": True,
    "double precision": 1.0,
    "real": 1.0,
    "date": date(2026, 11, 23),
    "timestamp with time zone": NOW,
    "jsonb": Jsonb({}),
    "bytea": b"1",
    "uuid[]": [],
    "text[]": ["one"],
}

BY_NAME: Final[Mapping[str, Any]] = {
    "outline": "((0,0),(1,0),(1,1))",
    "sha256": "0" * 64,
    "file_sha256": "0" * 64,
    "planned_until": NOW + timedelta(hours=1),
    "window_until": NOW + timedelta(hours=1),
    "valid_until": NOW + timedelta(days=1),
    "end_at": NOW + timedelta(hours=1),
}
"""What a check asks of a column by any name that ends a window, or has a form."""


BY_TABLE: Final[Mapping[str, Mapping[str, Any]]] = {
    "bureau": {"zone": "Asia/Shanghai"},
    "restore": {"backup_sha256": "0" * 64},
    "setting_change": {"name": "site_tolerance_m", "new_value": Jsonb({"value": 100})},
    "finding": {"kind": "odometer-gap"},
    "look": {"route": "GET /v1/trips"},
    "finding_update": {"what": "lasts", "colour": "yellow"},
    "month_seal": {"month": date(2026, 11, 1), "statement_sha256": hashlib.sha256(b"1").hexdigest()},
    "month_seed": {
        "month": date(2026, 11, 1),
        "seed": bytes(32),
        "seed_sha256": hashlib.sha256(bytes(32)).hexdigest(),
    },
    "push_subscription": {"p256dh": "1" * 87, "auth": "1" * 22},
    "personal_access": {"subject": str(uuid.UUID(int=1))},
    "photo_request": {"wanted_until": NOW + timedelta(hours=1)},
    "device_key": {"thumbprint": "A" * 43},
    "signed_act": {
        "jws": "a.b.c",
        "digest": urlsafe_b64encode(hashlib.sha256(b"a.b").digest()).rstrip(b"=").decode(),
    },
    "attachment_step": {"step": "retired"},
    "retired_month": {"month": date(2020, 1, 1)},
    "upkeep_place": {"kinds": ["fuel"]},
    "vehicle_card": {"card_no": "1000"},
    "vehicle_due": {
        "every_months": 12,
        "due_on": date(2027, 11, 23),
        "every_m": 10_000_000,
        "done_m": 1,
        "due_m": 10_000_001,
    },
}
"""What a trigger that looks at its own row asks for, and checks that compare columns or look at their form."""


def rows_for(connection: Connection, table: str, bureau_id: str) -> Iterator[dict[str, Any]]:
    """Yield rows that may be in keeping with the table's checks: what must be there, one more column, all of them."""
    words = _listed_words(connection, table)
    least: dict[str, Any] = {}
    more: dict[str, Any] = {}
    for name, kind, required in connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' ORDER BY attnum",
        (f"public.{table}",),
    ):
        row = least if required else more
        if name == "bureau_id":
            row[name] = bureau_id
        elif kind == "uuid":
            row[name] = uuid.uuid4()
        elif name in BY_TABLE.get(table, {}):
            row[name] = BY_TABLE[table][name]
        elif name in words:
            row[name] = words[name]
        elif name in BY_NAME:
            ends = BY_NAME[name]
            row[name] = ends.date() if kind == "date" else ends
        else:
            row[name] = BY_TYPE[kind]
    yield least
    for name, value in more.items():
        yield least | {name: value}
    yield least | more


def row_for(connection: Connection, table: str, bureau_id: str) -> dict[str, Any]:
    """Return values that a row of that table can have, tried with triggers and foreign keys off."""
    for row in rows_for(connection, table, bureau_id):
        connection.execute("SAVEPOINT row")
        connection.execute("SET LOCAL session_replication_role = replica")
        try:
            insert(connection, table, row)
        except psycopg.errors.CheckViolation:
            continue
        else:
            return row
        finally:
            connection.execute("ROLLBACK TO SAVEPOINT row")
    raise AssertionError(f"no row of {table} is in keeping with its checks: help it in BY_NAME")


def insert(connection: Connection, table: str, row: Mapping[str, Any]) -> None:
    """Insert a row as whoever the connection is now."""
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier("public", table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join([sql.Placeholder()] * len(row)),
        ),
        list(row.values()),
    )


@contextmanager
def a_row_in_every_table(url: str, bureau_id: str) -> Iterator[tuple[Connection, list[str]]]:
    """Yield a superuser's connection in a transaction with one row a table of that bureau; it is rolled back."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        names = tenant_tables(connection)
        for table in names:
            insert(connection, table, row_for(connection, table, bureau_id))
        connection.execute("SET LOCAL session_replication_role = origin")
        yield connection, names
        connection.rollback()


def fill(url: str, bureau_id: str) -> list[str]:
    """Put a row of that bureau into every table of bureaus that has none of it, whatever the schema's revision."""
    filled = []
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        for table in tenant_tables(connection):
            of_bureau = sql.SQL("SELECT FROM {} WHERE bureau_id = %s").format(sql.Identifier("public", table))
            if connection.execute(of_bureau, (bureau_id,)).fetchone() is None:
                insert(connection, table, row_for(connection, table, bureau_id))
                filled.append(table)
    return filled


def become(connection: Connection, role: str, bureau_id: str | None) -> None:
    """Go on in this transaction as a role, told of a bureau or not."""
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
    connection.execute(sql.SQL("SET LOCAL zhuanche.bureau_id = {}").format(sql.Literal(bureau_id or "")))


def attempt(connection: Connection, query: Any, parameters: Any = ()) -> str | int:
    """Run a statement that may fail; return its SQLSTATE, or how many rows it met, and stand where one stood."""
    connection.execute("SAVEPOINT attempt")
    try:
        met = connection.execute(query, parameters).rowcount
    except psycopg.Error as fault:
        connection.execute("ROLLBACK TO SAVEPOINT attempt")
        return fault.sqlstate or "?"
    connection.execute("ROLLBACK TO SAVEPOINT attempt")
    return met


def _listed_words(connection: Connection, table: str) -> dict[str, str]:
    """Return the first word of every column whose check lists its words, `kind` first of several conditions."""
    found: dict[str, str] = {}
    for (definition,) in connection.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'",
        (f"public.{table}",),
    ):
        if one := re.fullmatch(r"CHECK \(\((\w+) = (?:ANY \(\(?ARRAY\[)?'([^']*)'.*", definition):
            found.setdefault(one[1], one[2])
    if table == "bureau":
        found.pop("bureau_id", None)
    return found
