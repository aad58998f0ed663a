"""What the database refuses, told apart by SQLSTATE."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import psycopg
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.errors import DomainError, InvalidInput

RULE_HELD = "ZC001"
"""A trigger of ours refused: the message lists the codes after `zhuanche:`."""
APPEND_ONLY = "ZC006"
"""A row that is never changed was to be changed (P6)."""
SERIALIZATION = ("40001", "40P01")
EXCLUSION = "23P01"
UNIQUE = "23505"


class DatabaseAway(DomainError):
    """The database cannot be reached now: please send the same again in a moment, under the same key or id."""

    code = "database-away"
    zh = "数据库暂时无法连接，请稍后以同一编号原样重发。"


class Unstorable(InvalidInput):
    """A text holds a character that cannot be kept (U+0000), or a number or time is beyond what can be kept."""

    code = "unstorable"
    zh = "文本含有无法保存的字符（U+0000），或数值、时间超出可保存的范围。"


class Busy(DomainError):
    """The service is too busy to do this now; nothing was recorded, please try again in a moment."""

    code = "busy"
    zh = "系统繁忙，没有记录任何内容，请稍后重试。"


class HeldByDatabase(DomainError):
    """The database refused to record this, because a rule it holds would be broken."""

    code = "held-by-database"
    zh = "数据库拒绝记录：这会违反其守护的规则。"


def sqlstate(fault: BaseException) -> str | None:
    """Return the SQLSTATE of a database error, or None."""
    original: Any = getattr(fault, "orig", fault)
    return getattr(original, "sqlstate", None)


def constraint(fault: BaseException) -> str | None:
    """Return the name of the constraint that was violated, without the shard number Citus appends."""
    original: Any = getattr(fault, "orig", fault)
    if not isinstance(original, psycopg.Error):
        return None
    name = original.diag.constraint_name
    if name and name.rsplit("_", 1)[-1].isdigit():
        return name.rsplit("_", 1)[0]
    return name


def is_refused_by_trigger(fault: BaseException) -> bool:
    """Tell whether a deferred rule trigger refused the commit, also as Citus reports it."""
    return sqlstate(fault) == RULE_HELD or "could not commit transaction for shard" in str(fault)


def refusal_sentence(fault: BaseException) -> str:
    """Return what refused: the trigger's own sentence, also where a cluster told it only as a warning."""
    told = [warning for warning in getattr(fault, "detail", ()) if warning.startswith("zhuanche:")]
    return told[-1] if told else str(getattr(fault, "orig", fault)).splitlines()[0]


def is_worth_retrying(fault: BaseException) -> bool:
    """Tell whether the same work may succeed, or be refused with its reason, when run again on fresh facts."""
    return sqlstate(fault) in (*SERIALIZATION, EXCLUSION, UNIQUE) or is_refused_by_trigger(fault)


def is_read_only(fault: BaseException) -> bool:
    """Tell whether a READ ONLY transaction was to write."""
    return sqlstate(fault) == "25006"


def is_away(fault: BaseException) -> bool:
    """Tell whether the database could not be reached, or went away in between."""
    state = sqlstate(fault)
    if isinstance(fault, InterfaceError):
        return True
    if isinstance(fault, DBAPIError) and fault.connection_invalidated:
        return True
    if isinstance(fault, (OperationalError, psycopg.OperationalError)):
        return state is None or (state[:2] in ("08", "57") and state != "57014")
    return isinstance(fault, (ConnectionError, psycopg.InterfaceError))


def is_unstorable(fault: BaseException) -> bool:
    """Tell whether a value cannot be kept: psycopg itself refuses NUL, PostgreSQL numbers and times out of range."""
    if not isinstance(fault, (DataError, psycopg.DataError)):
        return False
    return sqlstate(fault) in (None, "22003", "22008", "22021", "22P05")


def is_overloaded(fault: BaseException) -> bool:
    """Tell whether a pool, lock or statement time-out ended the work."""
    return isinstance(fault, PoolTimeout) or sqlstate(fault) in ("55P03", "57014", "53300")


class told_plainly:  # noqa: N801 - reads as a phrase: `with told_plainly():`
    """Turn what a driver says of an unreachable or overloaded database into our own errors."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: type[BaseException] | None, fault: BaseException | None, __: TracebackType | None) -> None:
        if fault is None:
            return
        if is_overloaded(fault):
            raise Busy from fault
        if is_away(fault):
            raise DatabaseAway from fault
        if is_unstorable(fault):
            raise Unstorable from fault
