"""The custodian explains a finding 异常说明, and the auditor rules on the explanation 审计裁定."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.calendar import zone_of
from api.db.queries.use_facts import dedication
from api.db.tables.answers import Finding, FindingAct, FindingAttachment, FindingUpdate
from api.db.tables.notes import Attachment
from api.db.tables.uses import VehicleUse
from api.usecases.amend_months import amend_about
from api.usecases.enter_vehicle_file import FileNotSent
from domain.errors import Forbidden, NotFound, StateConflict
from domain.findings.life import What


class NotExplained(StateConflict):
    """A finding is ruled on after it was explained."""

    code = "not-explained"
    zh = "异常须先作出说明，才能裁定。"


class AlreadyAccepted(StateConflict):
    """The explanation of this finding was accepted; nothing is left to explain or to rule."""

    code = "already-accepted"
    zh = "该异常的说明已被认可，无需再说明或裁定。"


class ClearedAlready(StateConflict):
    """The finding was cleared: what was found is not there, and nothing is left to explain or to rule."""

    code = "cleared-already"
    zh = "该异常已消除，无需再说明或裁定。"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a finding, and the files that show it, each by its SHA-256 and a name."""

    text: str
    files: tuple[tuple[str, str], ...] = ()


class NotCustodianOfVehicle(Forbidden):
    """The custodian of the vehicle's using unit explains what was found on it."""

    code = "not-custodian-of-vehicle"
    zh = "异常由该车用车单位的领导作出说明。"


async def explain_finding(
    database: Database, actor: Actor, finding_id: UUID, said: Said, once: Once | None = None
) -> UUID:
    """Explain a finding, once more after a rejection; return the act's id.

    Raises:
        NotFound: there is no such finding.
        NotCustodianOfVehicle: the vehicle is another unit's.
        AlreadyAccepted: its explanation was accepted.
        ClearedAlready: it was cleared.
        FileNotSent: a file that it names is not there.
    """
    return await _act(database, actor, finding_id, ("explain", said), once)


async def rule_on_finding(
    database: Database, actor: Actor, finding_id: UUID, said: Said, once: Once | None = None, *, accept: bool
) -> UUID:
    """Accept or reject the explanation; return the act's id.

    Raises:
        NotFound: there is no such finding.
        NotExplained: nothing was explained since the last rejection.
        AlreadyAccepted: it was accepted before.
        ClearedAlready: it was cleared.
        FileNotSent: a file that it names is not there.
    """
    return await _act(database, actor, finding_id, ("accept" if accept else "reject", said), once)


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('finding ' || :bureau_id || :finding_id, 0))")


async def _act(database: Database, actor: Actor, finding_id: UUID, what: tuple[str, Said], once: Once | None) -> UUID:
    verb, said = what

    async def work(uow: UnitOfWork) -> UUID:
        finding = await uow.get(Finding, finding_id)
        if finding is None:
            raise NotFound("There is no such finding.", finding_id=str(finding_id))
        # A finding is a fact, whose row nobody may lock: what is said of it comes one after the other all the same.
        await uow.execute(_LOCK, {"bureau_id": uow.bureau_id, "finding_id": str(finding_id)})
        last_at = await _check_turn(uow, finding, verb)
        for sha256, _ in said.files:
            if await uow.get(Attachment, sha256) is None:
                raise FileNotSent(sha256=sha256)
        act_id = new_id()
        entry_id = await uow.enter(
            f"finding-{verb}",
            facts={
                "act_id": act_id,
                "finding_id": finding_id,
                "vehicle_id": finding.vehicle_id,
                **({"files": [sha256 for sha256, _ in said.files]} if said.files else {}),
            },
            person={"text": said.text, **({"names": [name for _, name in said.files]} if said.files else {})},
        )
        await uow.insert(
            FindingAct(
                bureau_id=uow.bureau_id,
                act_id=act_id,
                finding_id=finding_id,
                verb=verb,
                text=said.text,
                actor_id=uow.actor.who,
                recorded_at=uow.after(last_at),
                entry_id=entry_id,
            ),
            *(
                FindingAttachment(bureau_id=uow.bureau_id, act_id=act_id, no=no, sha256=sha256, name=name)
                for no, (sha256, name) in enumerate(said.files)
            ),
        )
        use = await uow.get(VehicleUse, finding.use_id) if finding.use_id else None
        about_at = finding.from_at or (use.actual_from if use else None) or finding.recorded_at
        await amend_about(uow, finding.vehicle_id, about_at)
        return act_id

    return await database.write(actor, work, once=once, answer=UUID)


async def _check_turn(uow: UnitOfWork, finding: Finding, verb: str) -> datetime | None:
    """Refuse what may not be said now; return when something was said last."""
    today = uow.now.astimezone(await zone_of(uow)).date()
    using_unit_id, _ = await dedication(uow, finding.vehicle_id, today)
    if verb == "explain" and uow.actor.unit_id != using_unit_id:
        raise NotCustodianOfVehicle
    last_update = await uow.one(
        select(FindingUpdate.what)
        .where(FindingUpdate.bureau_id == uow.bureau_id, FindingUpdate.finding_id == finding.finding_id)
        .order_by(col(FindingUpdate.no).desc())
        .limit(1)
    )
    if last_update == What.CLEARED.value:
        raise ClearedAlready
    acts = await uow.all(
        select(FindingAct.verb, FindingAct.recorded_at)
        .where(FindingAct.bureau_id == uow.bureau_id, FindingAct.finding_id == finding.finding_id)
        .order_by(col(FindingAct.recorded_at), col(FindingAct.act_id))
    )
    last, last_at = acts[-1] if acts else (None, None)
    if last == "accept":
        raise AlreadyAccepted
    if verb != "explain" and last != "explain":
        raise NotExplained
    return last_at
