"""Ask the rule about a trip that nobody has asked for yet: the same facts and the same rule, and nothing is recorded.

A draft stands in for the job of a complaint that is still being typed: it is judged as it would stand once the
complaint is registered, accepted and given this visit. Only this check knows drafts; a trip carries jobs alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Actor, Database, Reader
from api.db.queries.calendar import calendar_of, zone_of
from api.db.queries.complaints import mediation_deadline, pack_of
from api.db.queries.settings import settings_of
from api.db.queries.sites import standing_of
from api.db.queries.slots import slots_for
from api.db.queries.use_facts import Asked, load_facts
from api.db.queries.who_can_go import custodians_of, who_can_go
from api.db.tables.vehicles import Vehicle
from api.usecases.request_trip import NewTrip, check_crew, check_window, request_of
from domain.calendar import Deadline
from domain.complaint.job import JobKind, is_mediation
from domain.complaint.marks import mediation_marks
from domain.complaint.packs import pack_for
from domain.complaint.states import ComplaintFacts, State, allows_visit
from domain.complaint.words import Party
from domain.errors import NotFound
from domain.trip.slots import Wanted
from domain.use_rule.cures import OF_THE_VEHICLE, Candidate, Cure, FreeSlot, OtherVehicle, Possible, cures, mark_cures
from domain.use_rule.facts import JobFacts, UseFacts
from domain.use_rule.reasons import OwnReason, Reason, ReasonCode
from domain.use_rule.rule import Permit, decide
from domain.values import Point, Window

VEHICLES: Final = 12
"""So many other vehicles are asked about, at the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A visit of a complaint that is not registered yet. `draft_id` is what the answer calls it by."""

    draft_id: UUID
    kind: JobKind
    on_site: bool
    site: Point
    window: Window | None
    consents: frozenset[Party]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the rule would say: every reason, or the permit's marks, each with what would cure it."""

    permitted: bool
    reasons: tuple[tuple[Reason, tuple[Cure, ...]], ...] = ()
    marks: tuple[tuple[str, tuple[Cure, ...]], ...] = ()


async def check_trip(database: Database, actor: Actor, new: NewTrip, drafts: Sequence[Draft] = ()) -> Checked:
    """Return what the rule would answer to this request now, in a READ ONLY transaction.

    Raises:
        BadWindow, BadCrew: it cannot be a trip.
        NotFound: the vehicle, a job or a person is not one of this bureau.
    """
    check_crew(new.crew)
    async with database.read(actor.bureau_id) as reader:
        check_window(new.planned_from, new.planned_until, reader.now)
        if await reader.get(Vehicle, new.vehicle_id) is None:
            raise NotFound("There is no such vehicle.", vehicle_id=str(new.vehicle_id))
        grace_s = (await settings_of(reader))["departure_grace_s"]
        asked = request_of(actor, new, reader.now, grace_s)
        drafted = tuple([await _as_job(reader, draft, new) for draft in drafts])
        facts = await load_facts(reader, asked)
        facts = replace(facts, jobs=(*facts.jobs, *drafted))
        answer = decide(facts)
        if isinstance(answer, Permit):
            return Checked(permitted=True, marks=tuple((mark, mark_cures(mark, facts.jobs)) for mark in answer.marks))
        codes = {reason.code for reason in answer.reasons}
        possible = await _possible(reader, asked, facts, drafts, codes=codes)
        return Checked(
            permitted=False,
            reasons=tuple((reason, cures(reason, facts, possible)) for reason in answer.reasons),
        )


async def _as_job(reader: Reader, draft: Draft, new: NewTrip) -> JobFacts:
    today = reader.now.astimezone(await zone_of(reader)).date()
    pack = await pack_of(reader, pack_for(today).code)
    told = dict.fromkeys(draft.consents, reader.now)
    complaint = ComplaintFacts(
        draft.draft_id,
        today,
        State.ACCEPTED,
        accepted_on=today,
        complainant_consented_at=told.get(Party.COMPLAINANT),
        respondent_consented_at=told.get(Party.RESPONDENT),
    )
    judged_as = draft.kind if is_mediation(draft.kind) else JobKind.MEDIATION
    window = draft.window or Window(new.planned_from, new.planned_until)
    return JobFacts(
        job_id=draft.draft_id,
        complaint_id=draft.draft_id,
        kind=draft.kind,
        on_site=draft.on_site,
        open=True,
        complaint_open=allows_visit(complaint.state, pack, kind=judged_as),
        site=await standing_of(reader, draft.site),
        marks=tuple(mark.code.value for mark in mediation_marks(complaint, pack, kind=judged_as, window=window)),
    )


async def _possible(
    reader: Reader, asked: Asked, facts: UseFacts, drafts: Sequence[Draft], *, codes: set[ReasonCode | OwnReason]
) -> Possible:
    """Return what there is to choose from, read only where a reason asks for it."""
    unit_id = facts.using_unit_id
    window = Window(asked.planned_from, asked.planned_until)
    crew: tuple[Candidate, ...] = ()
    custodians: tuple[tuple[UUID, str], ...] = ()
    if unit_id is not None and codes & {ReasonCode.DRIVER_NOT_LICENSED, ReasonCode.OFFICER_NOT_QUALIFIED}:
        crew = await who_can_go(reader, unit_id, window, facts.first_day)
    if unit_id is not None and ReasonCode.OUTSIDE_JURISDICTION in codes:
        custodians = await custodians_of(reader, unit_id)
    return Possible(
        slots=await _slots(reader, asked, drafts) if ReasonCode.VEHICLE_BUSY in codes else (),
        crew=crew,
        vehicles=await _vehicles(reader, asked, facts) if codes & set(OF_THE_VEHICLE) else (),
        custodians=custodians,
        received=await _received(reader, asked) if ReasonCode.COMPLAINT_NOT_OPEN in codes else frozenset(),
    )


_OTHERS = text(
    "SELECT vehicle_id, plate FROM vehicle WHERE bureau_id = :bureau_id AND vehicle_id <> :vehicle_id"
    " ORDER BY plate LIMIT :limit"
)


async def _vehicles(reader: Reader, asked: Asked, facts: UseFacts) -> tuple[OtherVehicle, ...]:
    rows = await reader.execute(
        _OTHERS, {"bureau_id": reader.bureau_id, "vehicle_id": asked.vehicle_id, "limit": VEHICLES}
    )
    return tuple(
        [
            OtherVehicle(
                row.plate, replace(await load_facts(reader, replace(asked, vehicle_id=row.vehicle_id)), jobs=facts.jobs)
            )
            for row in rows
        ]
    )


_TERMS = text(
    "SELECT window_from, window_until, due_nominal_on, due_on, due_provisional FROM job"
    " WHERE bureau_id = :bureau_id AND job_id = ANY(:job_ids) ORDER BY due_on, due_nominal_on"
)


async def _slots(reader: Reader, asked: Asked, drafts: Sequence[Draft]) -> tuple[FreeSlot, ...]:
    """Return the next stretches as long as the window asked for, those within every job's own window first."""
    rows = (await reader.execute(_TERMS, {"bureau_id": reader.bureau_id, "job_ids": list(asked.job_ids)})).all()
    deadlines = [Deadline(row.due_nominal_on, row.due_on, row.due_provisional) for row in rows]
    windows = [Window(row.window_from, row.window_until) for row in rows]
    if drafts:
        today = reader.now.astimezone(await zone_of(reader)).date()
        accepted = ComplaintFacts(drafts[0].draft_id, today, State.ACCEPTED, accepted_on=today)
        pack = await pack_of(reader, pack_for(today).code)
        deadlines.extend(filter(None, [mediation_deadline(accepted, pack, await calendar_of(reader))]))
        windows.extend(draft.window for draft in drafts if draft.window is not None)
    if not deadlines:
        return ()
    start_at = max([asked.planned_from, *(window.start_at for window in windows)])
    end_at = min((window.end_at for window in windows), default=start_at)
    lasts = asked.planned_until - asked.planned_from
    wanted = Wanted(
        Window(start_at, max(end_at, start_at + lasts)),
        lasts,
        timedelta(0),
        min(deadlines, key=lambda one: one.due_on),
    )
    found = await slots_for(reader, asked.vehicle_id, wanted, 3)
    return tuple(FreeSlot(slot.outing, slot.keeps_rolled) for slot in found)


_RECEIVED = text(
    "SELECT c.complaint_id FROM complaint c JOIN job j ON j.bureau_id = c.bureau_id AND j.complaint_id = c.complaint_id"
    " WHERE c.bureau_id = :bureau_id AND j.bureau_id = :bureau_id AND j.job_id = ANY(:job_ids)"
    " AND c.state = 'received'"
)


async def _received(reader: Reader, asked: Asked) -> frozenset[UUID]:
    rows = await reader.execute(_RECEIVED, {"bureau_id": reader.bureau_id, "job_ids": list(asked.job_ids)})
    return frozenset(rows.scalars())
