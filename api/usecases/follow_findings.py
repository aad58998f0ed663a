"""Record of a vehicle's findings what a look shows: raised once a happening, going on, cleared visibly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, Reader, UnitOfWork
from api.db.ledger_entry import new_id, plain
from api.db.queries.happenings import known_happenings
from api.db.tables.answers import FindingUpdate
from api.usecases.raise_finding import raise_finding
from domain.findings.follow import Known, Raised, Step, Update, follow
from domain.findings.happening import Happening, subject_of
from domain.findings.kinds import FindingKind
from domain.findings.life import What
from domain.track.fixes import AHEAD_MOST

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('findings ' || :bureau_id || :vehicle_id, 0))")
_LAST = text(
    "SELECT coalesce(max(no), 0) AS no, max(recorded_at) AS at FROM finding_update"
    " WHERE bureau_id = :bureau_id AND finding_id = :finding_id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at a vehicle showed."""

    happenings: Collection[Happening]
    looked_at: Collection[FindingKind]
    """The kinds that it could have shown."""
    within: tuple[datetime, datetime]
    """From when until when it looked."""
    gone: What = What.CLEARED
    """What becomes of a finding that is not shown any more."""
    use_ids: Collection[UUID | None] | None = None
    """The uses that were looked at, where it was at uses (None: at what is of none): nothing is said of others."""

    @property
    def kinds(self) -> frozenset[FindingKind]:
        """The kinds that it showed."""
        return frozenset(one.kind for one in self.happenings)

    def steps(self, known: list[Known], at: datetime) -> Iterator[Step]:
        """Yield what is to be recorded."""
        return follow(known, self.happenings, looked_at=self.looked_at, within=self.within, at=at, gone=self.gone)


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a look: how many facts were recorded, and the kinds that it showed."""

    recorded: int
    kinds: frozenset[FindingKind]


async def _nothing_stands(_: Reader, __: Known) -> bool:
    return False


async def follow_findings(
    database: Database,
    bureau_id: str,
    vehicle_id: UUID,
    look: Callable[[Reader], Awaitable[Look]],
    stands: Callable[[Reader, Known], Awaitable[bool]] = _nothing_stands,
) -> Looked:
    """Look, and record what is new. Looking again changes nothing.

    Most looks show nothing new, and take no lock. One that does looks once more when nobody else can record anything
    of this vehicle. `stands` keeps a finding that would be cleared.
    """
    async with database.read(bureau_id) as reader:
        seen = await look(reader)
        if not any(seen.steps(await _known(reader, vehicle_id, seen), reader.now)):
            return Looked(0, seen.kinds)

    async def work(uow: UnitOfWork) -> Looked:
        await uow.execute(_LOCK, {"bureau_id": bureau_id, "vehicle_id": str(vehicle_id)})
        seen = await look(uow)
        done = 0
        for step in seen.steps(await _known(uow, vehicle_id, seen), uow.now):
            if isinstance(step, Raised):
                await _raise(uow, vehicle_id, step.happening)
            elif step.what is What.CLEARED and await stands(uow, step.known):
                continue
            else:
                await _update(uow, step)
            done += 1
        return Looked(done, seen.kinds)

    return await database.write(Actor(bureau_id), work)


async def _known(reader: Reader, vehicle_id: UUID, seen: Look) -> list[Known]:
    # By a clock that is ahead a happening may lie beyond what was looked at.
    within = seen.within[0], seen.within[1] + AHEAD_MOST
    known = await known_happenings(reader, vehicle_id, seen.looked_at, within)
    return [one for one in known if seen.use_ids is None or one.use_id in seen.use_ids]


async def _raise(uow: UnitOfWork, vehicle_id: UUID, happening: Happening) -> None:
    await raise_finding(
        uow,
        happening.kind,
        vehicle_id=vehicle_id,
        use_id=happening.use_id,
        subject_id=subject_of(vehicle_id, happening),
        evidence={**happening.evidence, "ended": happening.ended},
        colour=happening.colour,
        span=(happening.from_at, happening.until_at),
        place=happening.place or None,
    )


async def _update(uow: UnitOfWork, step: Update) -> None:
    known, seen = step.known, step.happening
    last = (await uow.execute(_LAST, {"bureau_id": uow.bureau_id, "finding_id": known.finding_id})).one()
    from_at = min(known.from_at, seen.from_at) if seen else known.from_at
    until_at = max(known.until_at, seen.until_at) if seen else known.until_at
    evidence: dict[str, Any] = dict(seen.evidence) if seen else {}
    place = seen.place if seen else {}
    update_id = new_id()
    entry_id = await uow.enter(
        f"finding-{step.what.value}",
        facts={
            "update_id": update_id,
            "finding_id": known.finding_id,
            "colour": step.colour,
            "from_at": from_at,
            "until_at": until_at,
            "evidence": evidence,
        },
        place=place or None,
    )
    await uow.insert(
        FindingUpdate(
            bureau_id=uow.bureau_id,
            update_id=update_id,
            finding_id=known.finding_id,
            no=last.no + 1,
            what=step.what.value,
            colour=step.colour.value,
            from_at=from_at,
            until_at=until_at,
            evidence=plain(evidence | place),
            # Later than the last by a microsecond at least: their order is the order in which they took effect.
            recorded_at=max(uow.now, (last.at or known.standing.recorded_at) + timedelta(microseconds=1)),
            entry_id=entry_id,
        )
    )
