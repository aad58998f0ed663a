"""The custodian explains a finding 异常说明, and the auditor rules on the explanation 审计裁定 or asks back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from api.db.database import Actor, Database, Once, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.attachments import hold_files
from api.db.queries.calendar import zone_of
from api.db.queries.use_facts import dedication
from api.db.tables.answers import Finding, FindingAct, FindingAttachment, FindingUpdate
from api.db.tables.uses import VehicleUse
from api.usecases.amend_months import amend_about
from api.usecases.enter_vehicle_file import FileNotSent
from domain.errors import Forbidden, NotFound
from domain.findings.life import Verb, What, words_of


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a finding, and the files that show it, each by its SHA-256 and a name."""

    text: str
    files: tuple[tuple[str, str], ...] = ()


class NotCustodianOfVehicle(Forbidden):
    """The custodian of the unit that used the vehicle then explains what was found on it."""

    code = "not-custodian-of-vehicle"
    zh = "异常由当时该车用车单位的领导作出说明。"


async def explain_finding(
    database: Database, actor: Actor, finding_id: UUID, said: Said, once: Once | None = None
) -> UUID:
    """Explain a finding, once more after a rejection or a question; return the act's id.

    Raises:
        NotFound: there is no such finding.
        NotCustodianOfVehicle: the vehicle was another unit's then.
        AlreadyAccepted: its explanation was accepted.
        ClearedAlready: it was cleared.
        FileNotSent: a file that it names is not there.
    """
    return await _act(database, actor, finding_id, (Verb.EXPLAIN, said), once)


async def rule_on_finding(
    database: Database, actor: Actor, finding_id: UUID, said: Said, once: Once | None = None, *, ruling: Verb
) -> UUID:
    """Accept or reject the explanation, or ask back: what is said is the question then. Return the act's id.

    Raises:
        NotFound: there is no such finding.
        NotExplained: nothing was explained since it was last rejected or asked back.
        OwnExplanation: who rules on it explained it, in another role.
        AlreadyAccepted: it was accepted before.
        ClearedAlready: it was cleared.
        FileNotSent: a file that it names is not there.
    """
    return await _act(database, actor, finding_id, (ruling, said), once)


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('finding ' || :bureau_id || :finding_id, 0))")


async def _act(database: Database, actor: Actor, finding_id: UUID, what: tuple[Verb, Said], once: Once | None) -> UUID:
    verb, said = what

    async def work(uow: UnitOfWork) -> UUID:
        finding = await uow.get(Finding, finding_id)
        if finding is None:
            raise NotFound("There is no such finding.", finding_id=str(finding_id))
        # A finding is a fact, whose row nobody may lock: what is said of it comes one after the other all the same.
        await uow.execute(_LOCK, {"bureau_id": uow.bureau_id, "finding_id": str(finding_id)})
        use = await uow.get(VehicleUse, finding.use_id) if finding.use_id else None
        about_at = finding.from_at or (use.actual_from if use else None) or finding.recorded_at
        if verb is Verb.EXPLAIN:
            await _check_unit(uow, finding.vehicle_id, about_at)
        last_at = await _check_turn(uow, finding_id, verb)
        here = await hold_files(uow, [sha256 for sha256, _ in said.files])
        for sha256, _ in said.files:
            if sha256 not in here:
                raise FileNotSent(sha256=sha256)
        act_id = new_id()
        entry_id = await uow.enter(
            f"finding-{verb.value}",
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
                verb=verb.value,
                text=said.text,
                actor_id=uow.actor.who,
                # After all that was said of it and became of it: their order is the order in which they took effect.
                recorded_at=uow.now if last_at is None else max(uow.now, last_at + timedelta(microseconds=1)),
                entry_id=entry_id,
            ),
            *(
                FindingAttachment(bureau_id=uow.bureau_id, act_id=act_id, no=no, sha256=sha256, name=name)
                for no, (sha256, name) in enumerate(said.files)
            ),
        )
        await amend_about(uow, finding.vehicle_id, about_at)
        return act_id

    return await database.write(actor, work, once=once, answer=UUID)


async def _check_unit(uow: UnitOfWork, vehicle_id: UUID, about_at: datetime) -> None:
    """Let who heads the unit explain that used the vehicle then, or now where it was nobody's."""
    zone = await zone_of(uow)
    using_unit_id, _ = await dedication(uow, vehicle_id, about_at.astimezone(zone).date())
    if using_unit_id is None:
        using_unit_id, _ = await dedication(uow, vehicle_id, uow.now.astimezone(zone).date())
    if uow.actor.unit_id != using_unit_id:
        raise NotCustodianOfVehicle


async def _check_turn(uow: UnitOfWork, finding_id: UUID, verb: Verb) -> datetime | None:
    """Refuse what may not be said now; return when something was said of it last."""
    acts: Sequence[FindingAct] = await uow.all(
        select(FindingAct)
        .where(FindingAct.bureau_id == uow.bureau_id, FindingAct.finding_id == finding_id)
        .order_by(col(FindingAct.recorded_at), col(FindingAct.act_id))
    )
    updates: Sequence[FindingUpdate] = await uow.all(
        select(FindingUpdate)
        .where(FindingUpdate.bureau_id == uow.bureau_id, FindingUpdate.finding_id == finding_id)
        .order_by(col(FindingUpdate.no))
    )
    words = words_of(acts, updates)
    words.check(verb, uow.actor.who, cleared=bool(updates) and updates[-1].what == What.CLEARED.value)
    recorded = [act.recorded_at for act in acts] + [one.recorded_at for one in updates]
    return max(recorded, default=None)
