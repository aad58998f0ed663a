"""Sign in, sign out, and know who a session's token belongs to."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import Actor, Database, Reader, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.people import roles_of
from api.db.scope import BUREAU_CODE
from api.db.tables.people import Person, PersonAct, SignInSession
from api.errors import NotSignedIn
from api.guesses import STOPPED, TRIES, Account, Guesses
from api.passwords import password_fits
from api.source import Source
from api.usecases.act_on_person import act_on_person
from domain.values import Role

TOKEN = re.compile(r"([0-9]{6})\.[A-Za-z0-9_-]{43}")
"""A token names its bureau, so that it is looked up under that bureau's row-level security."""
TRIES_FROM_ANYWHERE: Final = 1_000
"""So many wrong in a row, from wherever, lock an account for whoever was not signed in before: more than one address
can try in a day, and no more than a good pass word bears."""

_ACTORS = text(
    "SELECT s.token_sha256, s.session_id, p.person_id, p.unit_id, p.name, p.must_change_password, ARRAY("
    "  SELECT role FROM (SELECT DISTINCT ON (g.role) g.role, g.granted FROM role_grant g"
    "   WHERE g.bureau_id = :bureau_id AND g.person_id = p.person_id"
    "   ORDER BY g.role, g.recorded_at DESC, g.grant_id DESC) AS newest WHERE granted) AS roles"
    " FROM sign_in_session s JOIN person p ON p.bureau_id = s.bureau_id AND p.person_id = s.person_id"
    " WHERE s.bureau_id = :bureau_id AND s.token_sha256 = ANY(CAST(:digests AS bytea[])) AND s.revoked_at IS NULL"
    " AND s.expires_at > :now AND p.active"
)


class WrongCredentials(NotSignedIn):
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
    database: Database,
    account: Account,
    password: str,
    *,
    tried: tuple[Guesses, Source],
    client: str,
    hours: float,
) -> tuple[str, Actor]:
    """Check a pass word and open a session; return its token and who it is.

    A wrong pass word counts where it comes from, and five in a row stop that source for ten minutes. What is wrong is
    not told, and an unknown login costs the same: one verification between the same two transactions, or none of them
    where its source is stopped.

    Raises:
        WrongCredentials: the three do not fit together, or nothing counts that comes from there now.
        Busy: too many pass words are being checked, of all or from there.
    """
    bureau_id, login = account.bureau_id, account.login
    if not BUREAU_CODE.fullmatch(bureau_id):
        raise WrongCredentials
    async with database.read(bureau_id) as reader:
        known: str | None = await reader.one(
            select(Person.password_hash).where(Person.bureau_id == bureau_id, Person.login == login)
        )
    with counted_trial(tried, replace(account, password_hash=known), database.clock()) as trial:
        fits = await password_fits(password, known, tried[1])

        async def work(uow: UnitOfWork) -> tuple[str, Actor] | None:
            person = await uow.one(
                select(Person)
                .where(Person.bureau_id == bureau_id, Person.login == login)
                .with_for_update(key_share=True)
            )
            if person is None or not may_try(uow, person, trial) or person.password_hash != known:
                return None
            if not fits:
                await count_wrong_password(uow, person, trial)
                return None
            if person.failed_tries:
                await uow.update(Person, person.person_id, failed_tries=0)
            return await open_session(uow, person, client=client, hours=hours)

        signed_in = await database.write(Actor(bureau_id), work, in_reserve=True)
        if signed_in is None:
            raise WrongCredentials
    return signed_in


@dataclass(frozen=True, slots=True)
class Trial:
    """A pass word that is tried: whether its source is known, and whether that is stopped by it, if it is wrong."""

    known: bool
    stops: bool


@contextmanager
def counted_trial(tried: tuple[Guesses, Source], account: Account, now: datetime) -> Iterator[Trial]:
    """Count a pass word before it is checked, so that of many at once no more are checked than one after the other.

    Who gets in by it has their slips forgotten. What failed otherwise (the service was busy) told nothing and counts as
    not tried; who only went away has tried.

    Raises:
        WrongCredentials: nothing counts that comes from there now, whether there is such an account or not.
    """
    guesses, source = tried
    number = guesses.begin(account, source, now)
    if number is None:
        raise WrongCredentials
    try:
        yield Trial(known=source.known, stops=number == TRIES)
    except WrongCredentials:
        raise
    except Exception:
        guesses.take_back(account, source)
        raise
    guesses.right(account, source)


def may_try(uow: UnitOfWork, person: Person, trial: Trial) -> bool:
    """Tell whether a pass word of this person counts now: the account is open, and not locked for where it comes from.

    An account at which very many guess is locked for all but the browsers that the person signed in from before.
    """
    locked = person.locked_until is not None and person.locked_until > uow.now
    return person.active and (trial.known or not locked)


async def count_wrong_password(uow: UnitOfWork, person: Person, trial: Trial) -> None:
    """Count a wrong pass word; that somebody was stopped is a fact, once in ten minutes, and so is a lock."""
    tries = person.failed_tries + 1
    if tries >= TRIES_FROM_ANYWHERE:
        until = uow.now + STOPPED
        detail = {"until": until.isoformat(), "tries": tries}
        await act_on_person(uow, person.person_id, "lock", detail=detail, locked_until=until, failed_tries=0)
    elif trial.stops and not await _told_lately(uow, person.person_id):
        detail = {"until": (uow.now + STOPPED).isoformat(), "tries": tries}
        await act_on_person(uow, person.person_id, "lock", detail=detail, failed_tries=tries)
    else:
        await uow.update(Person, person.person_id, failed_tries=tries)


async def _told_lately(uow: UnitOfWork, person_id: UUID) -> bool:
    told = select(PersonAct.act_id).where(
        PersonAct.bureau_id == uow.bureau_id,
        PersonAct.person_id == person_id,
        PersonAct.verb == "lock",
        col(PersonAct.recorded_at) > uow.now - STOPPED,
        col(PersonAct.recorded_at) <= uow.now,
    )
    return bool(await uow.all(told))


async def open_session(uow: UnitOfWork, person: Person, *, client: str, hours: float) -> tuple[str, Actor]:
    """Open a session of a person who has shown who they are; return its token and who it is."""
    token, digest = new_token(uow.bureau_id)
    session = SignInSession(
        bureau_id=uow.bureau_id,
        token_sha256=digest,
        session_id=new_id(),
        person_id=person.person_id,
        created_at=uow.now,
        expires_at=uow.now + timedelta(hours=hours),
        client=client[:200],
    )
    await uow.insert(session)
    return token, await _as_actor(uow, person, session.session_id)


async def sign_out(database: Database, actor: Actor) -> None:
    """End the session that the actor came with."""

    async def work(uow: UnitOfWork) -> None:
        await uow.execute(
            text(
                "UPDATE sign_in_session SET revoked_at = :now"
                " WHERE bureau_id = :bureau_id AND person_id = :person_id AND session_id = :session_id"
                " AND revoked_at IS NULL"
            ),
            {
                "now": uow.now,
                "bureau_id": uow.bureau_id,
                "person_id": actor.person_id,
                "session_id": actor.session_id,
            },
        )
        uow.happened.sessions = True

    await database.write(actor, work, in_reserve=True)


async def actors_of_tokens(database: Database, bureau_id: str, tokens: list[str]) -> list[Actor | None]:
    """Return who each token of a bureau belongs to, None for one that is unknown, revoked or over."""
    digests = [token_digest(token) for token in tokens]
    async with database.read(bureau_id) as reader:
        rows = await reader.execute(_ACTORS, {"bureau_id": bureau_id, "digests": digests, "now": reader.now})
    found = {
        bytes(row.token_sha256): Actor(
            bureau_id,
            row.person_id,
            row.unit_id,
            frozenset(Role(role) for role in row.roles),
            row.name,
            session_id=row.session_id,
            must_change_password=row.must_change_password,
        )
        for row in rows
    }
    return [found.get(digest) for digest in digests]


async def _as_actor(reader: Reader, person: Person, session_id: UUID) -> Actor:
    return Actor(
        reader.bureau_id,
        person.person_id,
        person.unit_id,
        await roles_of(reader, person.person_id),
        person.name,
        session_id=session_id,
        must_change_password=person.must_change_password,
    )
