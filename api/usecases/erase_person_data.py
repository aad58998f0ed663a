"""Restrict personal data of a complaint's parties, lift that, or erase it 限制处理、删除个人信息: an owner's act.

Restricting takes the texts out of every record and puts them where nobody who serves reads them; lifting puts them
back byte for byte; erasing destroys them, with the salts of their commitments and the files. Each step is one
transaction, and a fact of the ledger that holds no personal data itself. What comes late, from a phone say, is taken by
the next step.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, func, select

from api.db.database import Actor, Database, UnitOfWork
from api.db.queries.attachments import hold_naming
from api.db.queries.calendar import zone_of
from api.db.queries.erasure import (
    BY_TABLE,
    LEDGER,
    Found,
    files_named,
    files_of,
    found_of,
    ids_of_complaint,
    last_erasure,
)
from api.db.queries.named_people import Named, named_in, words_for
from api.db.queries.people import roles_of
from api.db.queries.settings import settings_of
from api.db.tables.complaints import Complaint, ComplaintAct
from api.db.tables.erasure import Erasure, WithheldFile, WithheldRow
from api.db.tables.people import Person
from api.usecases.withhold_row import Value, marked, picked, put
from domain.calendar import month_of
from domain.complaint.states import State
from domain.erasure import Asked, Ground, NotErasable, Step, mark_of, why_not
from domain.errors import NotFound

_UNDER_WAY: Final = text(
    "SELECT count(*) FROM vehicle_use WHERE bureau_id = :bureau_id AND use_id = ANY(:uses)"
    " AND state IN ('requested', 'approved', 'departed')"
)
_DRIVEN: Final = text(
    "SELECT vehicle_id, actual_from FROM vehicle_use"
    " WHERE bureau_id = :bureau_id AND use_id = ANY(:uses) AND actual_from IS NOT NULL"
)
_SEALED: Final = text("SELECT vehicle_id, month FROM month_seal WHERE bureau_id = :bureau_id")
_WITHHELD: Final = text(
    "SELECT no, table_name, key, was FROM withheld_row"
    " WHERE bureau_id = :bureau_id AND complaint_id = :complaint_id ORDER BY no"
)
_FOUND: Final = text(
    "SELECT CAST(coalesce(key ->> 'act_id', key ->> 'paper_trip_id', key ->> 'submission_id') AS uuid)"
    " FROM withheld_row WHERE bureau_id = :bureau_id AND complaint_id = :complaint_id"
    " AND table_name IN ('finding_act', 'paper_trip', 'form_submission')"
    " UNION SELECT a.act_id FROM withheld_row w JOIN signed_act a"
    " ON a.bureau_id = w.bureau_id AND a.digest = w.key ->> 'digest'"
    " WHERE w.bureau_id = :bureau_id AND a.bureau_id = :bureau_id AND w.complaint_id = :complaint_id"
    " AND w.table_name = 'signed_act'"
)
_DESTROY: Final = text("DELETE FROM withheld_row WHERE bureau_id = :bureau_id AND complaint_id = :complaint_id")
_HELD_ELSEWHERE: Final = text(
    "SELECT table_name, key FROM withheld_row WHERE bureau_id = :bureau_id AND complaint_id <> :complaint_id"
)
_RELEASE: Final = text(
    "DELETE FROM withheld_file WHERE bureau_id = :bureau_id AND erased_at IS NULL"
    " AND (complaint_id = :complaint_id OR sha256 = ANY(CAST(:files AS text[])))"
)
_GONE: Final = text(
    "UPDATE withheld_file SET erased_at = :now"
    " WHERE bureau_id = :bureau_id AND complaint_id = :complaint_id AND erased_at IS NULL"
)
_ANSWERS: Final = text(
    "DELETE FROM idempotency_key WHERE bureau_id = :bureau_id AND answer LIKE ANY(CAST(:named AS text[]))"
)
_PLACES: Final = text(
    "DELETE FROM remembered_place WHERE bureau_id = :bureau_id AND address = ANY(CAST(:addresses AS text[]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A step about a complaint, on which ground, and who decided and confirmed it, by their logins."""

    number: str
    step: Step
    ground: Ground
    decided_by: str
    confirmed_by: str
    found: frozenset[UUID] = frozenset()
    """Explanations of findings and rows of the old log that name its parties, as somebody confirmed."""
    words: frozenset[str] = frozenset()
    """What its parties are called elsewhere, beside the names and telephones that its particulars have."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a step changes: rows by table, and files."""

    rows: Mapping[str, int]
    files: int
    named: Sequence[Named] = ()
    """Where its parties are named still: rows that can be taken out once they are confirmed, and others that cannot."""


@dataclass(frozen=True, slots=True)
class _How:
    """A step that takes something out: its mark, what was confirmed, and what the parties are called."""

    step: Step
    mark: str
    confirmed: frozenset[UUID]
    words: Sequence[str]


async def erase_person_data(owner: Database, bureau_id: str, wanted: Wanted, by_name: str, *, dry_run: bool) -> Done:
    """Take a step, and return what it changed.

    Args:
        owner: a database of the owner role; the service may not do this.
        bureau_id: whose complaint.
        wanted: the step.
        by_name: who does it, as the operating system knows them.
        dry_run: say what it would change, and change nothing.

    Raises:
        NotFound: there is no such complaint, or nobody of such a login.
        NotErasable: it may not be taken; it says why.
    """

    async def work(uow: UnitOfWork) -> Done:
        await uow.execute(text("SET LOCAL zhuanche.erases = 'yes'"))
        # Every table of the bureau is looked through, however long one takes: an act of law is not "too busy" for ever.
        await uow.execute(text("SET LOCAL statement_timeout = 0"))
        complaint = await _complaint(uow, wanted.number)
        last = await last_erasure(uow, complaint.complaint_id)
        deciders = [await _person(uow, login) for login in (wanted.decided_by, wanted.confirmed_by)]
        ids = await ids_of_complaint(uow, complaint.complaint_id)
        asked = await _asked(uow, complaint, last, ids, deciders)
        if why := why_not(wanted.step, wanted.ground, asked, uow.now):
            raise NotErasable(number=wanted.number, why="; ".join(why))
        words = await words_for(uow, complaint.complaint_id, wanted.words)
        before = await _found_before(uow, complaint.complaint_id)
        # What was confirmed at the restriction names nobody any more: it may be confirmed once more all the same.
        await _check_found(uow, wanted.found - before, words, complaint.complaint_id)
        if wanted.step is Step.LIFTED:
            done = await _lift(uow, complaint.complaint_id)
        else:
            mark = mark_of(wanted.step, wanted.ground, uow.now.astimezone(await zone_of(uow)).date())
            how = _How(wanted.step, mark, wanted.found | before, words)
            done = await _restrict_or_erase(uow, complaint.complaint_id, how)
        if dry_run:
            await uow.session.rollback()
            return done
        row = Erasure(
            bureau_id=bureau_id,
            complaint_id=complaint.complaint_id,
            no=1 if last is None else last.no + 1,
            step=wanted.step.value,
            ground=wanted.ground.value,
            decided_by=deciders[0],
            confirmed_by=deciders[1],
            by_name=by_name,
            what={"rows": dict(done.rows), "files": done.files},
            recorded_at=uow.now,
            entry_id=complaint.complaint_id,
        )
        facts = row.model_dump(include={"complaint_id", "no", "ground", "decided_by", "confirmed_by", "what"})
        row.entry_id = await uow.enter(f"personal-data-{wanted.step}", facts=facts, person={"by": by_name})
        await uow.insert(row)
        return done

    return await owner.write(Actor(bureau_id, name=by_name), work)


async def _found_before(uow: UnitOfWork, complaint_id: UUID) -> frozenset[UUID]:
    """Return what was confirmed at the restriction: it is erased with the rest."""
    return frozenset(
        row[0] for row in await uow.rows(_FOUND, {"bureau_id": uow.bureau_id, "complaint_id": complaint_id})
    )


async def _check_found(uow: UnitOfWork, found: frozenset[UUID], words: Sequence[str], complaint_id: UUID) -> None:
    """Raise `NotFound` for what names nobody of the complaint: whoever confirmed it meant another."""
    known = {one.row_id for one in await named_in(uow, words, complaint_id)} if found else set()
    for row_id in found - known:
        raise NotFound("Nothing under this id names a party of the complaint.", found=str(row_id))


async def _take_out(uow: UnitOfWork, found: Found, mark: str) -> tuple[Counter[str], list[Named]]:
    """Put a mark in the place of each text; return how many rows of each table, and what another complaint holds back.

    What another one holds back is left to it: it comes back, or goes, with that one.
    """
    count, left, complaint_id = Counter[str](), list[Named](), found.ids["complaint_id"]
    elsewhere = {_id(row.table_name, row.key) for row in await uow.rows(_HELD_ELSEWHERE, found.ids)}
    for no, (place, row) in enumerate(found.rows, start=1):
        key, was = picked(row, place.key), picked(row, place.columns)
        if _id(place.table, key) in elsewhere:
            left.append(Named("withheld_row", place.table, None))
            continue
        await uow.insert(
            WithheldRow(
                bureau_id=uow.bureau_id, complaint_id=complaint_id, no=no, table_name=place.table, key=key, was=was
            )
        )
        await put(uow, place, key, marked(place, was, mark))
        count[place.table] += 1
    addresses = [row.site_address for place, row in found.rows if place.table == "job"]
    named = [f"%{one}%" for one in (complaint_id, *found.ids["jobs"], *found.ids["notes"])]
    await uow.execute(_ANSWERS, {"bureau_id": uow.bureau_id, "named": named})
    await uow.execute(_PLACES, {"bureau_id": uow.bureau_id, "addresses": addresses})
    return count, left


def _id(table: str, key: Value) -> tuple[str, str]:
    return table, json.dumps(key, sort_keys=True)


async def _withhold_files(uow: UnitOfWork, found: Found) -> int:
    """Hand no file out any more that only the complaint names; return how many."""
    named = await files_named(uow, found)
    if not named:
        return 0
    # Whoever names a file from here on waits, and is told then that it is not here.
    await hold_naming(uow)
    files = await files_of(uow, found, named)
    for sha256, complaint_id in sorted(files.items()):
        await uow.insert(WithheldFile(bureau_id=uow.bureau_id, sha256=sha256, complaint_id=complaint_id))
    return len(files)


async def _lift(uow: UnitOfWork, complaint_id: UUID) -> Done:
    """Put everything back, and hand its files out again, also those that another complaint holds with it."""
    asked, count = {"bureau_id": uow.bureau_id, "complaint_id": complaint_id}, Counter[str]()
    for row in await uow.rows(_WITHHELD, asked):
        await put(uow, BY_TABLE[row.table_name], row.key, row.was)
        count[row.table_name] += 1
    await uow.execute(_DESTROY, asked)
    files = sorted(await files_named(uow, await found_of(uow, complaint_id)))
    return Done(count, (await uow.execute(_RELEASE, asked | {"files": files})).rowcount)


async def _restrict_or_erase(uow: UnitOfWork, complaint_id: UUID, how: _How) -> Done:
    if how.step is Step.ERASED:
        # Put back and taken out once more, with what came since, so that every text bears the mark of the erasure.
        await _lift(uow, complaint_id)
    found = await found_of(uow, complaint_id, how.confirmed)
    count, left = await _take_out(uow, found, how.mark)
    left += await named_in(uow, how.words, complaint_id)
    # Last, since nobody names a file meanwhile, and all else takes long.
    files = await _withhold_files(uow, found)
    return Done(count, await _destroy(uow, complaint_id) if how.step is Step.ERASED else files, left)


async def _destroy(uow: UnitOfWork, complaint_id: UUID) -> int:
    """Destroy what was taken out; return how many files go with it."""
    asked = {"bureau_id": uow.bureau_id, "complaint_id": complaint_id}
    for row in await uow.rows(_WITHHELD, asked):
        if row.table_name == LEDGER.table:
            await uow.execute(
                text(
                    "UPDATE ledger_payload SET erased_at = :now WHERE bureau_id = :bureau_id AND entry_id = :entry_id"
                ),
                {"bureau_id": uow.bureau_id, "entry_id": UUID(row.key["entry_id"]), "now": uow.now},
            )
    await uow.execute(_DESTROY, asked)
    return (await uow.execute(_GONE, asked | {"now": uow.now})).rowcount


async def _complaint(uow: UnitOfWork, number: str) -> Complaint:
    found: Complaint | None = await uow.one(
        select(Complaint).where(Complaint.bureau_id == uow.bureau_id, Complaint.number == number).with_for_update()
    )
    if found is None:
        raise NotFound("There is no such complaint.", number=number)
    return found


async def _person(uow: UnitOfWork, login: str) -> UUID:
    found: UUID | None = await uow.one(
        select(Person.person_id).where(
            Person.bureau_id == uow.bureau_id, Person.login == login, col(Person.active).is_(True)
        )
    )
    if found is None:
        raise NotFound("There is no such person, or the account is closed.", login=login)
    return found


async def _asked(
    uow: UnitOfWork, complaint: Complaint, last: Erasure | None, ids: dict[str, Any], deciders: list[UUID]
) -> Asked:
    zone = await zone_of(uow)
    sealed = {tuple(row) for row in await uow.rows(_SEALED, ids)}
    driven = [(row.vehicle_id, month_of(row.actual_from, zone)) for row in await uow.rows(_DRIVEN, ids)]
    ((under_way,),) = await uow.rows(_UNDER_WAY, ids)
    ended_at: datetime = await uow.one(
        select(func.max(ComplaintAct.recorded_at)).where(
            ComplaintAct.bureau_id == uow.bureau_id, ComplaintAct.complaint_id == complaint.complaint_id
        )
    )
    years = (await settings_of(uow))["keep_complaints_years"]
    return Asked(
        state=State(complaint.state),
        last=None if last is None else Step(last.step),
        kept_until=_years_after(ended_at.astimezone(zone), years),
        under_way=under_way,
        unsealed=sum(one not in sealed for one in driven),
        decider=await roles_of(uow, deciders[0]),
        confirmer=await roles_of(uow, deciders[1]),
        same=deciders[0] == deciders[1],
    )


def _years_after(at: datetime, years: int) -> datetime:
    last = date(at.year + years, 3, 1) if (at.month, at.day) == (2, 29) else None
    return at.replace(year=at.year + years) if last is None else at.replace(year=last.year, month=3, day=1)
