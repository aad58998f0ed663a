"""Trips as they travel: what is asked for and what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from api.http.due_warnings import WarningOut, warning_out
from api.http.fields import WITHOUT_NUL
from api.http.place import Place
from api.http.readings import Instant, Odometer, PhotoSha256, Resolution
from api.usecases.change_trip import NewWindow
from api.usecases.depart_trip import Checked, Departure
from api.usecases.field_act import Dashboard, Report
from api.usecases.request_trip import Aboard, NewTrip
from api.usecases.return_trip import Return
from api.usecases.stop_trip import BreakDown, Stop
from api.usecases.use_step import Source
from domain.books.readings import Obtained
from domain.trip.life import UseState, UseVerb
from domain.upkeep.warned import DueWarning
from domain.use_rule.facts import Seat

AHEAD: Final = frozenset({UseState.REQUESTED, UseState.APPROVED, UseState.DEPARTED})
"""A trip that stands so is not over."""
MAY_CONFLICT: Final = {"may_conflict": True}
"""Of a handler's `opt`: its 200 may be a 202, where what is reported was kept as a conflict."""
ID = Annotated[UUID, msgspec.Meta(examples=["0193a0c4-7c00-7000-8000-000000000001"])]
Words = Annotated[str, msgspec.Meta(max_length=2000, pattern=WITHOUT_NUL)]
Said = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=WITHOUT_NUL, examples=["改由明日上午前往"])]


class CrewMember(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who goes along, and as what."""

    person_id: ID
    seat: Annotated[Literal["driver", "officer"], msgspec.Meta(examples=["driver"])]


class Passenger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Someone aboard who is not of the crew."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=WITHOUT_NUL, examples=["李某"])]
    standing: Annotated[
        Literal["consumer", "respondent", "expert", "witness", "other"], msgspec.Meta(examples=["consumer"])
    ]


class TripRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trip as asked for: the jobs it is for, its window, its crew."""

    vehicle_id: ID
    job_ids: Annotated[list[UUID], msgspec.Meta(max_length=50, examples=[["0193a0c4-7c00-7000-8000-000000000002"]])]
    planned_from: Instant
    planned_until: Instant
    crew: Annotated[list[CrewMember], msgspec.Meta(max_length=20)]
    passengers: Annotated[list[Passenger], msgspec.Meta(max_length=20)] = []
    purpose: Annotated[Literal["mediation", "other"], msgspec.Meta(examples=["mediation"])] = "mediation"
    purpose_note: Words = ""

    def new(self) -> NewTrip:
        """Return it as the use cases take it."""
        return NewTrip(
            vehicle_id=self.vehicle_id,
            job_ids=tuple(dict.fromkeys(self.job_ids)),
            planned_from=self.planned_from,
            planned_until=self.planned_until,
            crew=tuple((member.person_id, Seat(member.seat)) for member in self.crew),
            passengers=tuple(Aboard(one.name, one.standing) for one in self.passengers),
            for_mediation=self.purpose == "mediation",
            purpose_note=self.purpose_note,
        )


class Reasoned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reason in words."""

    reason: Said


class Remarked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A remark in words; it may be empty."""

    remark: Words = ""


class Rescheduled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another window, and why."""

    planned_from: Instant
    planned_until: Instant
    reason: Said

    def window(self) -> NewWindow:
        """Return it as the use case takes it."""
        return NewWindow(planned_from=self.planned_from, planned_until=self.planned_until, reason=self.reason)


class CrewChanged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who goes along instead, and why."""

    crew: Annotated[list[CrewMember], msgspec.Meta(max_length=20)]
    passengers: Annotated[list[Passenger], msgspec.Meta(max_length=20)] = []
    reason: Said


class JobsAdded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """More jobs for the trip."""

    job_ids: Annotated[
        list[UUID], msgspec.Meta(min_length=1, max_length=50, examples=[["0193a0c4-7c00-7000-8000-000000000002"]])
    ]


class SpokenApproval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who approved by word of mouth, and at which minute."""

    approver_id: ID
    spoken_at: Instant


class Reported(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How word of an act in the field came: now, from a phone that was offline, or from paper."""

    source: Annotated[Literal["online", "offline", "paper"], msgspec.Meta(examples=["online"])] = "online"
    stated_at: Instant | None = None
    sheet_sha256: PhotoSha256 | None = None

    def report(self) -> Report:
        """Return it as the use cases take it."""
        return Report(source=Source(self.source), stated_at=self.stated_at, sheet_sha256=self.sheet_sha256)


class DashboardRead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the odometer showed, in metres; a dashboard of whole kilometres has resolution 1000."""

    odometer_m: Odometer
    obtained: Obtained = Obtained.TYPED
    resolution_m: Resolution | None = None
    photo_sha256: PhotoSha256 | None = None

    def dashboard(self) -> Dashboard:
        """Return it as the use cases take it."""
        return Dashboard(
            odometer_m=self.odometer_m,
            obtained=self.obtained,
            resolution_m=self.resolution_m,
            photo_sha256=self.photo_sha256,
        )


class SafetyChecked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The short safety check: what is in order."""

    tyres: bool
    lights: bool
    fuel: bool
    papers: bool
    remark: Words = ""


class DepartureReport(Reported, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A departure with its reading and safety check."""

    reading: DashboardRead
    check: SafetyChecked

    def departure(self) -> Departure:
        """Return it as the use case takes it."""
        check = self.check
        return Departure(
            check=Checked(
                tyres=check.tyres, lights=check.lights, fuel=check.fuel, papers=check.papers, remark=check.remark
            ),
            dashboard=self.reading.dashboard(),
            report=self.report(),
        )


class ReturnReport(Reported, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A return with its reading."""

    reading: DashboardRead
    remark: Words = ""

    def back(self) -> Return:
        """Return it as the use case takes it."""
        return Return(dashboard=self.reading.dashboard(), report=self.report(), remark=self.remark)


class StopReport(Reported, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An arrival at a job's site, or a departure from it."""

    job_id: ID
    what: Annotated[Literal["arrive", "leave"], msgspec.Meta(examples=["arrive"])]
    place: Place | None = None

    def stop(self) -> Stop:
        """Return it as the use case takes it."""
        place = self.place.point() if self.place else None
        return Stop(verb=UseVerb(self.what), job_id=self.job_id, at=place, report=self.report())


class BreakDownReport(Reported, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A breakdown or an accident; the trip ends where the car stops."""

    kind: Annotated[Literal["breakdown", "accident"], msgspec.Meta(examples=["breakdown"])]
    reading: DashboardRead
    place: Place | None = None
    place_name: Annotated[
        str, msgspec.Meta(min_length=1, max_length=500, pattern=WITHOUT_NUL, examples=["荔城大道路口"])
    ]
    account: Said
    injured: bool = False
    third_party: bool = False
    police_no: Annotated[str, msgspec.Meta(max_length=100, pattern=WITHOUT_NUL)] | None = None

    def break_down(self) -> BreakDown:
        """Return it as the use case takes it."""
        return BreakDown(
            kind=self.kind,
            dashboard=self.reading.dashboard(),
            place=self.place_name,
            account=self.account,
            at=self.place.point() if self.place else None,
            injured=self.injured,
            third_party=self.third_party,
            police_no=self.police_no,
            report=self.report(),
        )


class TripJobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job the trip carries, or carried until it was dropped before departure."""

    job_id: UUID
    complaint_id: UUID
    kind: str
    under_way: bool
    dropped: bool


class CrewView(msgspec.Struct, frozen=True, kw_only=True):
    """Who goes along."""

    person_id: UUID
    name: str
    seat: str


class PassengerView(msgspec.Struct, frozen=True, kw_only=True):
    """Someone aboard who is not of the crew."""

    name: str
    standing: str


class StopView(msgspec.Struct, frozen=True, kw_only=True):
    """An arrival at a job's site, or a departure from it."""

    job_id: UUID
    what: str
    stated_at: datetime
    recorded_at: datetime
    lat: float | None
    lon: float | None


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A step in the trip's life: when it was stated to be, and when it was recorded."""

    decision_id: UUID
    verb: str
    to_state: str
    outcome: str
    complaint_ids: list[UUID]
    marks: list[str]
    source: str
    stated_at: datetime
    recorded_at: datetime
    actor_id: UUID | None
    signed: bool
    """A phone signed it; the desk's own steps, and what was reported without a signature, are not."""


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """The dispatch order 派车单; void where the trip was cancelled or has expired."""

    year: int
    number: int
    verification_code: str
    void: bool


class TripView(msgspec.Struct, frozen=True, kw_only=True):
    """A trip as it stands, with every step taken."""

    trip_id: UUID
    vehicle_id: UUID
    plate: str
    state: str
    planned_from: datetime
    planned_until: datetime
    grace_s: int
    departed_at: datetime | None
    returned_at: datetime | None
    photo_wanted_until: datetime | None
    """Until when a photo of the odometer at departure must be there; None: none was asked for."""
    requester_id: UUID
    requester_unit_id: UUID
    purpose: str
    purpose_note: str
    jobs: list[TripJobView]
    crew: list[CrewView]
    passengers: list[PassengerView]
    approver_id: UUID | None
    approved_at: datetime | None
    spoken_at: datetime | None
    spoken_entered_by: UUID | None
    confirmed_at: datetime | None
    marks: list[str]
    order: OrderView | None
    stops: list[StopView]
    decisions: list[DecisionView]
    warnings: list[WarningOut]
    """What its vehicle is due for soon; none once the trip is over."""


class FieldAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a report from the field: recorded, or kept as a conflict for a person to look at."""

    outcome: Literal["recorded", "conflict"]
    conflict_id: UUID | None
    why: str | None
    reasons: list[str]
    trip: TripView


class ClosedTrip(msgspec.Struct, frozen=True, kw_only=True):
    """A closed trip, and the reasons for which it should not have been, if any."""

    reasons: list[str]
    trip: TripView


def trip_of(row: Any, warned: Mapping[UUID, Iterable[DueWarning]]) -> TripView:
    """Return the wire form of a trip, with what is to be said of its vehicle."""
    decisions = msgspec.convert(row.decisions, list[DecisionView])
    permits = [one for one in decisions if one.outcome == "permit"]
    order = None
    if row.order_year is not None:
        void = row.state in (UseState.CANCELLED, UseState.EXPIRED)
        order = OrderView(
            year=row.order_year, number=row.order_number, verification_code=row.verification_code, void=void
        )
    return TripView(
        trip_id=row.use_id,
        vehicle_id=row.vehicle_id,
        plate=row.plate,
        state=row.state,
        planned_from=row.planned_from,
        planned_until=row.planned_until,
        grace_s=row.grace_s,
        departed_at=row.actual_from,
        returned_at=row.actual_until,
        photo_wanted_until=row.photo_wanted_until,
        requester_id=row.requester_id,
        requester_unit_id=row.requester_unit_id,
        purpose=row.purpose,
        purpose_note=row.purpose_note,
        jobs=msgspec.convert(row.jobs, list[TripJobView]),
        crew=msgspec.convert(row.crew, list[CrewView]),
        passengers=msgspec.convert(row.passengers, list[PassengerView]),
        approver_id=row.approver_id,
        approved_at=row.approved_at,
        spoken_at=row.spoken_at,
        spoken_entered_by=row.spoken_entered_by,
        confirmed_at=row.confirmed_at,
        marks=permits[-1].marks if permits else [],
        order=order,
        stops=msgspec.convert(row.stops, list[StopView]),
        decisions=decisions,
        warnings=[warning_out(one) for one in warned.get(row.vehicle_id, ()) if row.state in AHEAD],
    )
