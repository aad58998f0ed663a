"""Change one's own pass word, let the desk reset one that was forgotten, end sessions."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlmodel import select

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.people import roles_of
from api.db.tables.people import Person
from api.guesses import Account, Guesses
from api.passwords import hash_password, password_fits, temporary_password
from api.source import Source
from api.usecases.act_on_person import act_on_person, held_person
from api.usecases.sign_in import WrongCredentials, count_wrong_password, counted_trial, may_try
from domain.errors import NotFound
from domain.people import check_password, check_reset

_REVOKE = text(
    "UPDATE sign_in_session SET revoked_at = :now WHERE bureau_id = :bureau_id AND person_id = :person_id"
    " AND revoked_at IS NULL AND expires_at > :now AND session_id <> :kept"
    " AND (:only IS NULL OR session_id = :only)"
).bindparams(bindparam("kept", type_=Uuid), bindparam("only", type_=Uuid))
_NONE_KEPT = UUID(int=0)


async def change_password(database: Database, actor: Actor, old: str, new: str, *, guesses: Guesses) -> None:
    """Change the actor's own pass word and end their other sessions. Wrong tries count as at sign-in, by session.

    Raises:
        WrongCredentials: the old pass word is wrong, or too many were in this session.
        PasswordTooWeak: the rule does not allow the new one.
        Busy: too many pass words are being hashed or checked.
    """
    async with database.read(actor.bureau_id) as reader:
        known: Person | None = await reader.get(Person, actor.who)
    if known is None:
        raise WrongCredentials
    check_password(new, known.login, old)
    account = Account(actor.bureau_id, known.login, known.password_hash)
    source = Source(f"session {actor.session_id}", known=True)
    with counted_trial((guesses, source), account, database.clock()) as trial:
        fits = await password_fits(old, known.password_hash, source)
        new_hash = await hash_password(new, known.login, old) if fits else ""

        async def work(uow: UnitOfWork) -> bool:
            person = await held_person(uow, actor.who)
            if not may_try(uow, person, trial) or person.password_hash != known.password_hash:
                return False
            if not fits:
                await count_wrong_password(uow, person, trial)
                return False
            await act_on_person(
                uow,
                person.person_id,
                "change-password",
                password_hash=new_hash,
                must_change_password=False,
                failed_tries=0,
            )
            await end_sessions(uow, person.person_id, kept=actor.session_id)
            return True

        if not await database.write(actor, work, in_reserve=True):
            raise WrongCredentials


async def reset_password(
    database: Database, actor: Actor, person_id: UUID, reason: str, once: Once | None = None
) -> str | None:
    """Give a person a temporary pass word, end their sessions, and return it: it is shown this once.

    The same Idempotency-Key again answers None: what was shown once is kept nowhere.

    Raises:
        NotFound: there is no such person.
        NotYoursToReset: it is another's to reset, or the actor's own.
        Busy: too many pass words are being hashed or checked.
    """
    async with database.read(actor.bureau_id) as reader:
        login: str | None = await reader.one(
            select(Person.login).where(Person.bureau_id == actor.bureau_id, Person.person_id == person_id)
        )
    if login is None:
        raise NotFound("There is no such person.")
    temporary, this_time = temporary_password(), new_id()
    new_hash = await hash_password(temporary, login)

    async def work(uow: UnitOfWork) -> UUID:
        await held_person(uow, person_id)
        check_reset(actor.roles, await roles_of(uow, person_id), own=person_id == actor.person_id)
        await act_on_person(
            uow,
            person_id,
            "reset-password",
            reason=reason,
            password_hash=new_hash,
            must_change_password=True,
            failed_tries=0,
            locked_until=None,
        )
        await end_sessions(uow, person_id)
        return this_time

    done = await database.write(actor, work, once=once, answer=UUID, in_reserve=True)
    return temporary if done == this_time else None


async def revoke_sessions(database: Database, actor: Actor, person_id: UUID, session_id: UUID | None = None) -> int:
    """End one session of a person, or all of them, and return how many ended. Again ends none and is no new fact.

    Raises:
        NotFound: there is no such person.
    """

    async def work(uow: UnitOfWork) -> int:
        await held_person(uow, person_id)
        ended = await end_sessions(uow, person_id, only=session_id)
        if ended:
            await act_on_person(uow, person_id, "revoke-sessions", detail={"ended": ended})
        return ended

    return await database.write(actor, work, in_reserve=True)


async def end_sessions(uow: UnitOfWork, person_id: UUID, *, kept: UUID | None = None, only: UUID | None = None) -> int:
    """End a person's sessions, all but one or only one, and return how many ended."""
    ended = await uow.execute(
        _REVOKE,
        {
            "now": uow.now,
            "bureau_id": uow.bureau_id,
            "person_id": person_id,
            "kept": kept or _NONE_KEPT,
            "only": only,
        },
    )
    return ended.rowcount
