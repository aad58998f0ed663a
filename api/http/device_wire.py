"""Devices as they are shown: whose they are, how they are set up, how well they are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from api.db.database import Reader
from api.db.queries.device_health import DeviceHealth, health_of
from api.db.queries.devices import ListedDevice, devices_page
from api.db.queries.settings import settings_of
from domain.devices import silent_since
from domain.settings import BureauSettings


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """How long after they were made fixes came, over seven days."""

    least_s: float
    mean_s: float
    most_s: float


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """Fixes that can never count, over thirty days."""

    share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    """Of all that came once."""
    fixes: int
    reasons: dict[str, int]
    """How many by each reason."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a device is. Of what a phone sends outside its person's trips only that it was seen is told."""

    last_seen_at: datetime | None
    """When anything came from it last."""
    last_fixed_at: datetime | None
    """The newest fix that counts, by its own clock."""
    silent_since: datetime | None
    """Since when it should have told of itself and has not: a phone only while its person is on a trip."""
    delay: Delay | None
    clock_skew_s: float | None
    """The least delay of the last day: the network's, and how far the clock is behind; negative where it is ahead."""
    rejected: Rejected
    battery_percent: float | None
    protocol: str | None
    app: str | None


class DeviceView(msgspec.Struct, frozen=True, kw_only=True):
    """A device; nothing of its token."""

    device_id: UUID
    name: str
    person_id: UUID | None
    vehicle_id: UUID | None
    enrolled_at: datetime
    revoked_at: datetime | None
    zone: str | None
    strictness: str
    terminal_phone: str | None
    terminal_id: str | None
    acknowledged_at: datetime | None
    """When its person last acknowledged what is tracked; before that nothing is taken from a phone."""
    health: Health


async def devices_shown(reader: Reader, after: UUID | None, limit: int) -> list[DeviceView]:
    """Return devices in the order of their enrolment, each with its health."""
    listed = await devices_page(reader, after, limit)
    health = await health_of(reader, [one.device_id for one in listed])
    settings = await settings_of(reader)
    return [_view(one, health[one.device_id], settings, reader.now) for one in listed]


def _view(listed: ListedDevice, health: DeviceHealth, settings: BureauSettings, now: datetime) -> DeviceView:
    terminal = listed.vehicle_id is not None
    expected_from = listed.enrolled_at if terminal else health.departed_at
    limit_s = settings["terminal_silent_s" if terminal else "phone_silent_s"]
    silent = silent_since(
        now,
        health.last_seen_at,
        None if listed.revoked_at is not None else expected_from,
        timedelta(seconds=limit_s),
    )
    return DeviceView(
        device_id=listed.device_id,
        name=listed.name,
        person_id=listed.person_id,
        vehicle_id=listed.vehicle_id,
        enrolled_at=listed.enrolled_at,
        revoked_at=listed.revoked_at,
        zone=listed.zone,
        strictness=listed.strictness,
        terminal_phone=listed.terminal_phone,
        terminal_id=listed.terminal_id,
        acknowledged_at=listed.acknowledged_at,
        health=Health(
            last_seen_at=health.last_seen_at,
            last_fixed_at=health.last_fixed_at,
            silent_since=silent,
            delay=_delay(health),
            clock_skew_s=health.clock_skew_s,
            rejected=_rejected(health),
            battery_percent=health.battery_percent,
            protocol=health.protocol,
            app=health.app,
        ),
    )


def _delay(health: DeviceHealth) -> Delay | None:
    if health.delay_least_s is None or health.delay_mean_s is None or health.delay_most_s is None:
        return None
    return Delay(least_s=health.delay_least_s, mean_s=health.delay_mean_s, most_s=health.delay_most_s)


def _rejected(health: DeviceHealth) -> Rejected:
    fixes = sum(health.rejected.values())
    share = fixes / (health.taken + fixes) if fixes else 0.0
    return Rejected(share=round(share, 4), fixes=fixes, reasons=health.rejected)
