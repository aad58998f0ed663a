"""What stands in a signed act's `body`: what the API's own route takes, done by the use case behind that route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

import msgspec
from sqlmodel import select

from api.db.database import UnitOfWork
from api.db.faults import Unstorable
from api.db.tables.notes import VisitNote
from api.db.tables.signing import DeviceKey
from api.db.tables.uses import VehicleUse
from api.http.complaint_acts import How
from api.http.complaints import REGISTRARS, RegisterComplaint
from api.http.fields import Instant, clock_instant, instant
from api.http.note_wire import VisitNoteBody
from api.http.trip_wire import BreakDownReport, DepartureReport, Reported, ReturnReport, StopReport
from api.http.trips import FIELD
from api.http.visits import VisitBody
from api.usecases.depart_trip import record_departure
from api.usecases.field_act import Kept
from api.usecases.receive_act import Done, chain_of, proved_after
from api.usecases.record_note import Clash, RecordedNote, SentNote, record_all
from api.usecases.return_trip import record_return
from api.usecases.stop_trip import record_break_down, record_stop
from api.usecases.take_another_job import AnotherJob, Consent, take_another_job
from api.usecases.use_step import lock_use
from domain.complaint.words import Party
from domain.errors import DomainError, Forbidden, InvalidInput
from domain.signing.act import ActKind, SignedAct
from domain.signing.bracket import Ticks, Timing, clock_error
from domain.trip.life import UseKind
from domain.values import Role
from domain.visit.note import NoteIdUsed

T = TypeVar("T")
R = TypeVar("R", bound=Reported)
AT_ONCE: Final = timedelta(seconds=1)
"""Within which an act is sent once it is signed, where there is a network, by the device's own clock."""


class ConsentBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A party agreed to mediation on the spot, when and how."""

    party: Party
    given_at: Instant
    how: How

    def consent(self) -> Consent:
        """Return it as the use case takes it. Raises `TimeOutOfRange`."""
        return Consent(self.party, instant(self.given_at), self.how)


class AnotherJobBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A complaint taken on the spot with its visit; the phone gives both their ids (UUIDv7)."""

    complaint_id: UUID
    job_id: UUID
    complaint: RegisterComplaint
    job: VisitBody
    consents: Annotated[list[ConsentBody], msgspec.Meta(max_length=10)] = []

    def another(self) -> AnotherJob:
        """Return it as the use case takes it. Raises `InvalidInput`."""
        if self.complaint.job is not None:
            raise InvalidInput("The visit of a complaint taken on the spot stands beside the complaint.")
        return AnotherJob(
            complaint=replace(self.complaint.new(), complaint_id=self.complaint_id),
            job=replace(self.job.visit().of(self.complaint_id), job_id=self.job_id),
            consents=[one.consent() for one in self.consents],
        )


def _read(act: SignedAct, kind: type[T]) -> T:
    if not bytes(act.body):
        raise Unstorable
    try:
        return msgspec.json.decode(act.body, type=kind)
    except msgspec.MsgspecError as fault:
        raise InvalidInput(None, faults=[{"at": "body", "what": str(fault)}]) from fault


def _trip(act: SignedAct) -> UUID:
    if act.trip is None:
        raise InvalidInput("This act names the trip it is of.")
    return act.trip


async def _reported(uow: UnitOfWork, act: SignedAct, kind: type[R], sent_at: datetime | None) -> R:
    """Return a report from the body; one that was signed as of now and waited all the same is of when it was signed.

    What is signed cannot be changed any more when its network goes: it happened then, and not when it arrives. And its
    device's clock cannot be set right any more either: what it is off by is taken out here.
    """
    body = _read(act, kind)
    if body.source == "paper" or (body.source == "online" and (sent_at or uow.now) - act.device_at <= AT_ONCE):
        return body
    claimed = clock_instant(body.stated_at) if body.source == "offline" else act.device_at
    at = None if claimed is None else (await _clock(uow, act, sent_at))(claimed)
    return msgspec.structs.replace(body, source="offline", stated_at=at)


async def _clock(uow: UnitOfWork, act: SignedAct, sent_at: datetime | None) -> Callable[[datetime], datetime]:
    """Return what sets an instant right that the device's clock told."""
    timing = Timing(
        made=Ticks(act.device_at, act.mono, str(act.boot)),
        received_at=uow.now,
        not_before=await proved_after(uow, act),
        named_receipt=act.srv is not None,
        sent_at=sent_at,
    )
    error = clock_error(timing)
    now = uow.now
    return lambda told: min(told - error, now)


async def _depart(uow: UnitOfWork, act: SignedAct, sent_at: datetime | None) -> Kept:
    return await record_departure(uow, _trip(act), (await _reported(uow, act, DepartureReport, sent_at)).departure())


async def _stop(uow: UnitOfWork, act: SignedAct, sent_at: datetime | None) -> Kept:
    return await record_stop(uow, _trip(act), (await _reported(uow, act, StopReport, sent_at)).stop())


async def _return(uow: UnitOfWork, act: SignedAct, sent_at: datetime | None) -> Kept:
    return await record_return(uow, _trip(act), (await _reported(uow, act, ReturnReport, sent_at)).back())


async def _break_down(uow: UnitOfWork, act: SignedAct, sent_at: datetime | None) -> Kept:
    return await record_break_down(uow, _trip(act), (await _reported(uow, act, BreakDownReport, sent_at)).break_down())


async def _another_job(uow: UnitOfWork, act: SignedAct, sent_at: datetime | None) -> Kept:
    new, right = _read(act, AnotherJobBody).another(), await _clock(uow, act, sent_at)
    complaint = replace(new.complaint, received_at=right(new.complaint.received_at or act.device_at))
    consents = [replace(one, given_at=right(one.given_at)) for one in new.consents]
    new = replace(new, complaint=complaint, consents=consents)
    return await take_another_job(uow, _trip(act), new, right(act.device_at))


async def _note(uow: UnitOfWork, act: SignedAct, sent_at: datetime | None) -> Done:
    """Record the note whose bytes are the body, with the device's chain as it was verified."""
    body = _read(act, VisitNoteBody)
    if body.source != "phone":
        raise InvalidInput("What a phone signs is a note made on the phone.")
    if act.trip is not None and body.trip_id not in (None, act.trip):
        raise InvalidInput("The note names another trip than the act.")
    key = await uow.get(DeviceKey, act.key)
    if key is None:
        raise LookupError("the key of a verified act is on file")
    chain = chain_of(key, act.seq, act.prev)
    new = replace(
        body.new(bytes(act.body), sent_at),
        trip_id=body.trip_id or act.trip,
        device=chain,
        device_prev=None if chain.previous_sha256 is None else chain.previous_sha256.hex(),
    )
    (outcome,) = await record_all(uow, [SentNote(uow.actor, new)])
    if isinstance(outcome, DomainError):
        raise outcome
    if isinstance(outcome, Clash):
        return Done(why=NoteIdUsed.code, conflict_id=outcome.conflict_id)
    return Done(note_id=new.note_id if await _own(uow, outcome) else None)


async def _own(uow: UnitOfWork, recorded: RecordedNote) -> bool:
    """Tell whether a note is of who signed: the very same bytes may have come by another person before."""
    note = await uow.get(VisitNote, recorded.row.note_id)
    return note is not None and note.officer_id == uow.actor.who


@dataclass(frozen=True, slots=True)
class _OfTrip:
    """Carries out an act of a trip and finds the step of the trip that it made."""

    record: Callable[[UnitOfWork, SignedAct, datetime | None], Awaitable[Kept]]

    async def __call__(self, uow: UnitOfWork, act: SignedAct, sent_at: datetime | None) -> Done:
        use = await lock_use(uow, _trip(act), UseKind.TRIP)
        before = use.decision_id
        kept = await self.record(uow, act, sent_at)
        after = await uow.one(
            select(VehicleUse.decision_id).where(VehicleUse.bureau_id == uow.bureau_id, VehicleUse.use_id == use.use_id)
        )
        return Done(
            why=kept.why,
            reasons=kept.reasons,
            conflict_id=kept.conflict_id,
            decision_id=None if after == before else after,
        )


_ACTS: Final[Mapping[ActKind, tuple[frozenset[Role], Callable[[UnitOfWork, SignedAct, Any], Awaitable[Done]]]]] = {
    ActKind.DEPART: (FIELD.roles, _OfTrip(_depart)),
    ActKind.STOP: (FIELD.roles, _OfTrip(_stop)),
    ActKind.RETURN: (FIELD.roles, _OfTrip(_return)),
    ActKind.BREAK_DOWN: (FIELD.roles, _OfTrip(_break_down)),
    ActKind.ANOTHER_JOB: (REGISTRARS, _OfTrip(_another_job)),
    ActKind.NOTE: (frozenset({Role.OFFICER}), _note),
}
"""Who may do each kind of act, as at its own route, and how it is carried out."""


async def carry_out(uow: UnitOfWork, act: SignedAct, sent_at: datetime | None) -> Done:
    """Do what an act says, as the unit of work's actor.

    Raises:
        Forbidden: the actor's roles do not allow it.
        InvalidInput: its body is none of its kind.
        DomainError: what the use case raises.
    """
    roles, work = _ACTS[act.act]
    if not uow.actor.roles & roles:
        raise Forbidden(needs=sorted(roles))
    return await work(uow, act, sent_at)
