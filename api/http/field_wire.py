"""The day of a phone as it travels: all that its person needs without a network, until tomorrow night."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from api.http.device_keys import DeviceKeyView, ReceiptView
from api.http.my_devices import Notice
from api.http.trip_wire import CrewView, OrderView, PassengerView, StopView
from domain.complaint.job import JobKind


class PartyView(msgspec.Struct, frozen=True, kw_only=True):
    """A party of a complaint, by name and side: no telephone and no address lie on a phone that may be lost."""

    side: str
    name: str


class FieldComplaint(msgspec.Struct, frozen=True, kw_only=True):
    """What a job is about; only for those who read cases."""

    number: str
    state: str
    claim: str
    facts: str
    parties: list[PartyView]


class FieldSite(msgspec.Struct, frozen=True, kw_only=True):
    """Where a job is: degrees in WGS-84."""

    name: str
    address: str
    lat: float
    lon: float


class FieldJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that a trip carries, with its terms: `warn_on` is the earlier of nominal and rolled."""

    job_id: UUID
    complaint_id: UUID
    kind: JobKind
    state: str
    under_way: bool
    """It was added while the trip was under way."""
    site: FieldSite
    window_from: datetime
    window_until: datetime
    due_on: date
    warn_on: date
    provisional: bool
    complaint: FieldComplaint | None


class LastReading(msgspec.Struct, frozen=True, kw_only=True):
    """What the odometer showed last."""

    odometer_m: int
    read_at: datetime


class FieldVehicle(msgspec.Struct, frozen=True, kw_only=True):
    """The vehicle, what its odometer showed last, and what the dashboard's last digit is worth."""

    vehicle_id: UUID
    plate: str
    name: str
    resolution_m: int
    last_reading: LastReading | None


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """The permit 准许 of a trip: by whom, with which marks, and the ledger entry that holds it."""

    decision_id: UUID
    approver_id: UUID | None
    approver_name: str | None
    approved_at: datetime
    spoken: bool
    """It was given by word of mouth and is not confirmed yet."""
    marks: list[str]
    depart_from: datetime
    depart_until: datetime
    """Within which the vehicle may leave: the window with its grace."""
    receipt: ReceiptView


class FieldTrip(msgspec.Struct, frozen=True, kw_only=True):
    """A trip of the person's: approved, under way, or back since this morning."""

    trip_id: UUID
    state: str
    planned_from: datetime
    planned_until: datetime
    grace_s: int
    departed_at: datetime | None
    returned_at: datetime | None
    order: OrderView | None
    permit: Permit | None
    crew: list[CrewView]
    passengers: list[PassengerView]
    vehicle: FieldVehicle
    photo_wanted_until: datetime | None
    """Until when a photo of the odometer at departure must be there; None: none was asked for."""
    photo_arrived: bool
    jobs: list[FieldJob]
    stops: list[StopView]


class FieldPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Whose phone it is."""

    person_id: UUID
    name: str
    unit_id: UUID | None
    roles: list[str]


class FieldDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A phone of one's own."""

    device_id: UUID
    name: str
    revoked_at: datetime | None


class FieldRestore(msgspec.Struct, frozen=True, kw_only=True):
    """The record was rolled back: what was answered between both instants is to be sent again."""

    restore_id: UUID
    taken_at: datetime
    restored_at: datetime


class FieldDay(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a phone needs without a network for today and until tomorrow night.

    `now` and `receipt` (the newest ledger entry, for the `srv` of what is signed next) are not part of the ETag.
    """

    now: datetime
    receipt: ReceiptView | None
    day_from: datetime
    until: datetime
    bureau_id: str
    bureau_name: str
    zone: str
    person: FieldPerson
    devices: list[FieldDevice]
    keys: list[DeviceKeyView]
    """The person's keys, the newest first, each with how its chain stands."""
    notice: Notice
    notice_read: bool
    """Whether the notice that holds was acknowledged."""
    trips: list[FieldTrip]
    restores: list[FieldRestore]
    """Of the last thirty days, for as long as a phone keeps what was answered."""
    boundary: dict[str, Any] | None
    """GeoJSON in WGS-84, to be drawn: what is inside is judged by the finer one."""
