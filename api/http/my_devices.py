"""`/v1/devices/mine`: what is kept about oneself, and that one has read what is tracked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.db.database import Actor, Database
from api.db.queries.my_devices import acknowledgements_of, devices_of, kept_of
from api.db.queries.settings import settings_of
from api.http.access import STAFF, Allow
from api.http.paging import After, BadCursor, Limit, Page, cursor, parse_cursor
from api.ingest.held import HELD_FOR
from api.usecases.acknowledge_tracking import acknowledge_tracking
from domain.tracking_notice import NOTICE, VERSION

T = TypeVar("T")
MINE: Final = Allow(STAFF)
_E7: Final = 10_000_000


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A question a person would ask about being tracked, and its answer."""

    question: str
    answer: str


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is told of the tracking of their phone 定位告知."""

    version: str
    zh: list[Told]
    en: list[Told]


def notice_now() -> Notice:
    """Return the notice that holds."""
    words = {
        language: [Told(question=one.question, answer=one.answer) for one in told] for language, told in NOTICE.items()
    }
    return Notice(version=VERSION, zh=words["zh"], en=words["en"])


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """That one has read a notice; `obtained` is by a link or signed in."""

    notice: str
    obtained: str
    device_id: UUID | None
    recorded_at: datetime


class MyDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A phone of one's own."""

    device_id: UUID
    name: str
    enrolled_at: datetime
    revoked_at: datetime | None


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """One's phones, the notice that holds, and what one acknowledged."""

    devices: list[MyDevice]
    notice: Notice
    acknowledgements: list[Acknowledgement]


class HeldFix(msgspec.Struct, frozen=True, kw_only=True):
    """A fix outside one's trips: nobody else sees it, and it is dropped at `dropped_at`, unless a trip claims it."""

    device_id: UUID
    fixed_at: datetime
    lat: float
    lon: float
    """WGS-84."""
    received_at: datetime
    dropped_at: datetime


class AsideFix(msgspec.Struct, frozen=True, kw_only=True):
    """A fix that can never count, as it was sent."""

    device_id: UUID
    reason: str
    raw: str
    received_at: datetime
    forgotten_at: datetime


class MyEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something one's phone told on a trip that is no fix."""

    device_id: UUID
    kind: str
    at: datetime | None
    received_at: datetime
    detail: dict[str, Any]


class NoticeRead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which wording was read."""

    notice: Annotated[str, msgspec.Meta(min_length=1, max_length=40, examples=[VERSION])]


class MyDeviceController(Controller):
    """What is kept about oneself."""

    path = "/v1/devices"
    tags = ("devices",)

    @get("/mine", guards=[MINE], summary="See one's own phones and what one was told", name="devices.mine")
    async def mine(self, actor: NamedDependency[Actor], database: NamedDependency[Database]) -> Mine:
        """Return one's phones, what is tracked of them and why, and what one acknowledged of it."""
        async with database.read(actor.bureau_id) as reader:
            devices = await devices_of(reader, actor.who)
            acknowledged = await acknowledgements_of(reader, actor.who)
        return Mine(
            devices=[msgspec.convert(row, MyDevice, from_attributes=True) for row in devices],
            notice=notice_now(),
            acknowledgements=[msgspec.convert(row, Acknowledgement, from_attributes=True) for row in acknowledged],
        )

    @get("/mine/held", guards=[MINE], summary="See which fixes of one's own are held", name="devices.mine.held")
    async def held(
        self,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        after: After = None,
        limit: Limit = 50,
    ) -> Page[HeldFix]:
        """Return fixes outside one's trips with the instant at which they are dropped, the latest first."""
        before = _parsed(after, (_instant, UUID, int, int, int))
        async with database.read(actor.bureau_id) as reader:
            rows = await kept_of(reader, actor.who, "held", before, limit + 1)
        return _page(
            rows,
            limit,
            lambda row: HeldFix(
                device_id=row.device_id,
                fixed_at=row.fixed_at,
                lat=row.lat_e7 / _E7,
                lon=row.lon_e7 / _E7,
                received_at=row.received_at,
                dropped_at=row.received_at + HELD_FOR,
            ),
            lambda row: (row.fixed_at, row.device_id, row.lat_e7, row.lon_e7, row.source_seq),
        )

    @get("/mine/aside", guards=[MINE], summary="See which fixes of one's own are kept aside", name="devices.mine.aside")
    async def aside(
        self,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        after: After = None,
        limit: Limit = 50,
    ) -> Page[AsideFix]:
        """Return fixes that can never count, as they were sent, with the instant at which they are forgotten."""
        before = _parsed(after, (_instant, UUID))
        async with database.read(actor.bureau_id) as reader:
            rows = await kept_of(reader, actor.who, "aside", before, limit + 1)
            kept_for = timedelta(days=(await settings_of(reader))["keep_aside_days"])
        return _page(
            rows,
            limit,
            lambda row: AsideFix(
                device_id=row.device_id,
                reason=row.reason,
                raw=row.raw.decode("utf-8", "replace"),
                received_at=row.received_at,
                forgotten_at=row.received_at + kept_for,
            ),
            lambda row: (row.received_at, row.aside_id),
        )

    @get("/mine/events", guards=[MINE], summary="See what one's phones told on trips", name="devices.mine.events")
    async def events(
        self,
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        after: After = None,
        limit: Limit = 50,
    ) -> Page[MyEvent]:
        """Return what one's phones told beside fixes on one's trips, the last received first."""
        before = _parsed(after, (_instant, UUID))
        async with database.read(actor.bureau_id) as reader:
            rows = await kept_of(reader, actor.who, "events", before, limit + 1)
        return _page(
            rows,
            limit,
            lambda row: msgspec.convert(row, MyEvent, from_attributes=True),
            lambda row: (row.received_at, row.event_id),
        )

    @post(
        "/{device_id:uuid}/acknowledge",
        guards=[MINE],
        status_code=204,
        summary="Acknowledge what is tracked of one's phone",
        name="devices.acknowledge",
    )
    async def acknowledge(
        self,
        device_id: FromPath[UUID],
        data: JSONBody[NoticeRead],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> None:
        """Record that one has read the notice; from then on the fixes of one's phones are taken."""
        await acknowledge_tracking(database, actor, device_id, data.notice, "signed-in")


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise BadCursor
    return at


def _parsed(after: str | None, kinds: Sequence[Callable[[str], Any]]) -> list[Any] | None:
    key = parse_cursor(after, len(kinds))
    if key is None:
        return None
    try:
        values = [kind(part) for kind, part in zip(kinds, key, strict=True)]
    except ValueError as fault:
        raise BadCursor from fault
    if any(isinstance(value, int) and abs(value) >= 2**63 for value in values):
        raise BadCursor
    return values


def _page(rows: Sequence[Any], limit: int, wire: Callable[[Any], T], key: Callable[[Any], tuple[Any, ...]]) -> Page[T]:
    parts = key(rows[limit - 1]) if len(rows) > limit else None
    return Page(
        items=[wire(row) for row in rows[:limit]],
        next=cursor(*(one.isoformat() if isinstance(one, datetime) else str(one) for one in parts)) if parts else None,
    )
