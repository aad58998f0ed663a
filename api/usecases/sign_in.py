"""Sign in, sign out, and know who a session's token belongs to."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta

from pwdlib import PasswordHash
from sqlmodel import select

from api.db.database import Actor, Database, Reader, UnitOfWork
from api.db.queries.people import roles_of
from api.db.tables.people import Person, SignInSession
from domain.errors import DomainError

TOKEN = re.compile(r"([0-9]{6})\.[A-Za-z0-9_-]{43}")
"""A token names its bureau, so that it is looked up under that bureau's row-level security."""
TRIES_BEFORE_LOCK = 5
LOCK = timedelta(minutes=10)

passwords = PasswordHash.recommended()
_NOBODY = passwords.hash(secrets.token_urlsafe())


class WrongCredentials(DomainError):
    """Bureau, login and password do not fit together, or the account is locked for a while."""

    code = "wrong-credentials"
    zh = "单位代码、登录名与密码不匹配，或账号已暂时锁定。"


def new_token(bureau_id: str) -> tuple[str, bytes]:
    """Return a token and the SHA-256 that is kept of it."""
    token = f"{bureau_id}.{secrets.token_urlsafe(32)}"
    return token, token_digest(token)


def token_digest(token: str) -> bytes:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode()).digest()


async def sign_in(
    database: Database, bureau_id: str, login: str, password: str, *, client: str, hours: float
) -> tuple[str, Actor, bool]:
    """Check a pass word and open a session; return its token, who it is, and whether the pass word must change.

    A wrong pass word counts, and five in a row lock the account for ten minutes. What is wrong is not told, and an
    unknown login costs the same time as a wrong pass word.

    Raises:
        WrongCredentials: the three do not fit together, or the account is locked.
    """

    async def work(uow: UnitOfWork) -> tuple[str, Actor, bool] | None:
        person = await uow.one(
            select(Person).where(Person.bureau_id == bureau_id, Person.login == login).with_for_update()
        )
        locked = person is None or not person.active or (person.locked_until or uow.now) > uow.now
        fits = passwords.verify(password, _NOBODY if person is None else person.password_hash)
        if person is None:
            return None
        if locked or not fits:
            tries = person.failed_tries + 1
            lock = {"locked_until": uow.now + LOCK, "failed_tries": 0} if tries >= TRIES_BEFORE_LOCK else {}
            await uow.update(Person, person.person_id, **({"failed_tries": tries} | lock))
            return None
        if person.failed_tries:
            await uow.update(Person, person.person_id, failed_tries=0)
        token, digest = new_token(bureau_id)
        await uow.insert(
            SignInSession(
                bureau_id=bureau_id,
                token_sha256=digest,
                person_id=person.person_id,
                created_at=uow.now,
                seen_at=uow.now,
                expires_at=uow.now + timedelta(hours=hours),
                client=client[:200],
            )
        )
        roles = await roles_of(uow, person.person_id)
        return (
            token,
            Actor(bureau_id, person.person_id, person.unit_id, roles, person.name),
            person.must_change_password,
        )

    if not re.fullmatch(r"[0-9]{6}", bureau_id):
        raise WrongCredentials
    signed_in = await database.write(Actor(bureau_id), work)
    if signed_in is None:
        raise WrongCredentials
    return signed_in


async def sign_out(database: Database, actor: Actor, token: str) -> None:
    """End the session of a token."""

    async def work(uow: UnitOfWork) -> None:
        await uow.update(SignInSession, token_digest(token), revoked_at=uow.now)

    await database.write(actor, work)


async def actor_of_token(database: Database, token: str) -> Actor | None:
    """Return who a token belongs to, or None when it is unknown, revoked or over."""
    named = TOKEN.fullmatch(token)
    if named is None:
        return None
    async with database.read(named[1]) as reader:
        return await _actor(reader, token_digest(token))


async def _actor(reader: Reader, digest: bytes) -> Actor | None:
    found = await reader.one(
        select(SignInSession, Person)
        .join(
            Person,
            (Person.bureau_id == SignInSession.bureau_id) & (Person.person_id == SignInSession.person_id),  # type: ignore[arg-type]
        )
        .where(SignInSession.bureau_id == reader.bureau_id, SignInSession.token_sha256 == digest)
    )
    if found is None:
        return None
    session, person = found
    if session.revoked_at is not None or session.expires_at <= reader.now or not person.active:
        return None
    roles = await roles_of(reader, person.person_id)
    return Actor(reader.bureau_id, person.person_id, person.unit_id, roles, person.name)
