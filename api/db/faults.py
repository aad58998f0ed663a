"""What the database refuses, told apart by SQLSTATE."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import psycopg
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.db.datafolder import FULL
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
    """A text holds what cannot be kept (U+0000, half a character), or a number or time is beyond what can be kept."""

    code = "unstorable"
    zh = "文本含有无法保存的字符（U+0000 或不完整的字符），或数值、时间超出可保存的范围。"


class Busy(DomainError):
    """The service is too busy to do this now; nothing was recorded, please try again in a moment."""

    code = "busy"
    zh = "系统繁忙，没有记录任何内容，请稍后重试。"


class DiskFull(Busy):
    """The server's disk is full: nothing more is recorded until there is room, so please tell whoever looks after it.

    Reading goes on, and what was acknowledged before stands.
    """

    code = "no-space"
    zh = "服务器磁盘已满，腾出空间之前不再记录任何内容，请告知系统管理人员；查阅不受影响，已确认的内容不会丢失。"


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
    return sqlstate(fault) == RULE_HELD or bool(_told_by_a_node(fault))


def _is_a_node_s(fault: BaseException) -> bool:
    """Tell whether a node of a cluster did not commit: a trigger refused there, or the node is away."""
    return "could not commit transaction for shard" in str(fault)


def _told_by_a_node(fault: BaseException) -> list[str]:
    """Return the sentences with which triggers refused the commit on a node, which come as warnings."""
    return [one for one in getattr(fault, "detail", ()) if _is_a_node_s(fault) and one.startswith("zhuanche:")]


def refusal_sentence(fault: BaseException) -> str:
    """Return what refused: the trigger's own sentence, also where a cluster told it only as a warning."""
    told = _told_by_a_node(fault)
    return told[-1] if told else str(getattr(fault, "orig", fault)).splitlines()[0]


def is_worth_retrying(fault: BaseException) -> bool:
    """Tell whether the same work may succeed, or be refused with its reason, when run again on fresh facts."""
    return is_held(fault) or sqlstate(fault) in SERIALIZATION or _is_a_node_s(fault)


def is_held(fault: BaseException) -> bool:
    """Tell whether a rule that the database holds refused, and not only its other work or a node that is away."""
    return sqlstate(fault) in (EXCLUSION, UNIQUE) or is_refused_by_trigger(fault)


def told_in_the_end(fault: BaseException) -> DomainError:
    """Return what is told of work that was tried again in vain."""
    return HeldByDatabase(detail=refusal_sentence(fault)) if is_held(fault) else Busy()


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
    """Tell whether a pool, lock, statement or transaction time-out ended the work."""
    return isinstance(fault, (PoolTimeout, TimeoutError)) or sqlstate(fault) in ("55P03", "57014", "53300")


def is_full(fault: BaseException) -> bool:
    """Tell whether a disk had no room: the database's, or one that we write files to ourselves."""
    return sqlstate(fault) == "53100" or (isinstance(fault, OSError) and fault.errno in FULL)


class told_plainly:  # noqa: N801 - reads as a phrase: `with told_plainly():`
    """Turn what a driver says of an unreachable or overloaded database into our own errors."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: type[BaseException] | None, fault: BaseException | None, __: TracebackType | None) -> None:
        if fault is None:
            return
        if is_full(fault):
            raise DiskFull from fault
        if is_overloaded(fault):
            raise Busy from fault
        if is_away(fault):
            raise DatabaseAway from fault
        if is_unstorable(fault):
            raise Unstorable from fault
