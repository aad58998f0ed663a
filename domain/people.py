"""What holds for accounts and roles: pass words, who holds which roles, who may reset whose pass word."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

from domain.errors import Forbidden, InvalidInput, StateConflict
from domain.values import Role

PASSWORD_LENGTH_MIN: Final = 10
PASSWORD_LENGTH_MAX: Final = 200
TERM_MOST: Final = timedelta(days=366)
"""How long a delegation or mandate may run; after that it is given again."""

RESET_BY_DESK: Final = frozenset({Role.OFFICER, Role.DRIVER, Role.DISPATCHER})
"""Whose forgotten pass words the desk's chief resets; who approves, audits or administers goes to an administrator."""


class PasswordTooWeak(InvalidInput):
    """A pass word has 10 to 200 characters, is not the login, and is not the one before."""

    code = "password-too-weak"
    zh = "密码须为10至200个字符，且不得与登录名或原密码相同。"


class AuditorExclusive(StateConflict):
    """An auditor holds no other role."""

    code = "auditor-exclusive"
    zh = "审计人员不得兼任其他角色。"


class RoleHeld(StateConflict):
    """The person holds this role already."""

    code = "role-held"
    zh = "该人员已具有此角色。"


class RoleNotHeld(StateConflict):
    """The person does not hold this role."""

    code = "role-not-held"
    zh = "该人员不具有此角色。"


class LastAdmin(StateConflict):
    """At least one active administrator must stay."""

    code = "last-admin"
    zh = "至少须保留一名在用的系统管理员。"


class NotYoursToReset(Forbidden):
    """The pass word of this person is reset by another administrator, never by themselves."""

    code = "not-yours-to-reset"
    zh = "该人员的密码须由其他系统管理员重置，不得自行重置。"


def check_password(password: str, login: str, old: str | None = None) -> None:
    """Refuse a pass word that is too short, is the login, or is the old one. Raises `PasswordTooWeak`."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise PasswordTooWeak
    if password.casefold() == login.casefold() or password == old:
        raise PasswordTooWeak


def check_roles(roles: AbstractSet[Role]) -> None:
    """Refuse a set of roles that holds auditor and another. Raises `AuditorExclusive`."""
    if Role.AUDITOR in roles and len(roles) > 1:
        raise AuditorExclusive


def check_grant(held: AbstractSet[Role], role: Role) -> None:
    """Refuse a role that is held, or does not go with those that are. Raises `RoleHeld` or `AuditorExclusive`."""
    if role in held:
        raise RoleHeld(role=role)
    check_roles(held | {role})


def check_withdrawal(held: AbstractSet[Role], role: Role, *, other_admins: int) -> None:
    """Refuse to take a role that is not held, or the last administrator's. Raises `RoleNotHeld` or `LastAdmin`.

    Args:
        held: what the person holds now.
        role: what is to be taken.
        other_admins: how many other active people are administrators.
    """
    if role not in held:
        raise RoleNotHeld(role=role)
    if role is Role.ADMIN and other_admins == 0:
        raise LastAdmin


def check_deactivation(held: AbstractSet[Role], *, other_admins: int) -> None:
    """Refuse to close the account of the last administrator. Raises `LastAdmin`."""
    if Role.ADMIN in held and other_admins == 0:
        raise LastAdmin


def check_reset(by: AbstractSet[Role], of: AbstractSet[Role], *, own: bool) -> None:
    """Refuse a reset that is another's to make. Raises `NotYoursToReset`.

    Whoever resets a pass word could sign in with it: so nobody resets one of more weight than their own.
    """
    if own or (Role.ADMIN not in by and not of <= RESET_BY_DESK):
        raise NotYoursToReset


class CannotDelegate(StateConflict):
    """Approval is delegated to another active person of the bureau who is no auditor."""

    code = "cannot-delegate"
    zh = "审批权只能委托给本局其他在用且非审计的人员。"


class BadValidity(InvalidInput):
    """The stretch of time must end after it begins, begin no earlier than now, and be no longer than a year."""

    code = "bad-validity"
    zh = "期限须先起后止，不得早于现在开始，且不超过一年。"


def check_term(valid_from: datetime, valid_until: datetime, now: datetime) -> None:
    """Refuse a term of a delegation or mandate that is past, runs backwards or never ends. Raises `BadValidity`.

    Nothing is delegated for a time that is over: it would make good what was done without it.
    """
    if valid_from < now or valid_until <= valid_from or valid_until - valid_from > TERM_MOST:
        raise BadValidity


def check_delegate(roles: AbstractSet[Role], *, active: bool, own: bool) -> None:
    """Refuse to delegate to oneself, an auditor, or a closed account. Raises `CannotDelegate`."""
    if own or not active or Role.AUDITOR in roles:
        raise CannotDelegate


class BadMandate(InvalidInput):
    """A mandate is for an auditor of another bureau, named by its six digits."""

    code = "bad-mandate"
    zh = "审计授权须授予其他局的审计人员，并写明其六位单位代码。"


class NoMandate(Forbidden):
    """You hold no mandate that lets you read this bureau now."""

    code = "no-mandate"
    zh = "您目前没有查阅该局的审计授权。"


class MandateReadsOnly(Forbidden):
    """In another bureau a mandate lets you read what an auditor may read, and nothing else."""

    code = "mandate-reads-only"
    zh = "审计授权仅限在他局查阅审计人员可查阅的内容，不得进行其他操作。"


def check_mandate(bureau_id: str, home_bureau_id: str) -> None:
    """Refuse a mandate for one's own bureau, whose auditor needs none. Raises `BadMandate`."""
    if home_bureau_id == bureau_id:
        raise BadMandate


def mandate_holds(valid_from: datetime, valid_until: datetime, *, ended: bool, now: datetime) -> bool:
    """Tell whether a mandate opens its bureau now: from its first instant, up to its last or its early end."""
    return not ended and valid_from <= now < valid_until
