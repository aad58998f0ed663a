"""Load the demo bureau once: a closed trip of the last working day, one under way now, and jobs that wait.

Everything is done by the use cases, under a clock that is moved through the days, so that each fact has its decision,
its ledger entry and its place in the log as in a real bureau.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import col, func, select

from api.db.database import Database
from api.db.tables.bureau import Bureau
from api.db.tables.uses import VehicleUse
from api.demo.bureau import BASE, BUREAU, SHOWN_M, Demo, MovedClock, enter_people, enter_the_vehicle
from api.demo.drives import drive, farthest, wheel_metres
from api.ingest.door import Door
from api.recorded_track import RecordedFix
from api.settings import Settings
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.add_job import NewJob, Site, add_job
from api.usecases.approve_trip import approve_trip
from api.usecases.depart_trip import Checked, Departure, depart_trip
from api.usecases.field_act import Dashboard
from api.usecases.register_complaint import NewComplaint, register_complaint
from api.usecases.request_trip import NewTrip, request_trip
from api.usecases.return_trip import Return, close_trip, return_trip
from api.usecases.stop_trip import Stop, stop_at_job
from domain.complaint.acts import Announce, Close, ReachAgreement, RecordConsent
from domain.complaint.job import JobKind
from domain.complaint.particulars import Particulars
from domain.complaint.states import Announcement, Told
from domain.complaint.words import Outcome, Party, Source
from domain.errors import StateConflict
from domain.trip.life import UseVerb
from domain.use_rule.facts import Seat
from domain.values import Datum, Point, Window


class DemoHalfLoaded(Exception):
    """An earlier run was ended before the demo was whole; nothing that was recorded can be taken back."""

    def __init__(self) -> None:
        super().__init__(
            "The demo bureau was loaded in part only, by a run that did not end: name an empty folder in ZHUANCHE_DATA,"
            " or an empty database."
        )


CHUNK: Final = 500
"""Fixes a request of the demo's phone carries."""
TRIPS: Final = 2
"""One of the last working day, and one under way."""
IN_ORDER: Final = Checked(tyres=True, lights=True, fuel=True, papers=True)


class NotEmpty(StateConflict):
    """There are real bureaus in this database; the demo is loaded only into one that has none."""

    code = "not-empty"
    zh = "该数据库中已有真实单位，演示数据只能装入空数据库。"


async def load_demo(owner: Database, service_url: str, ingest_url: str, settings: Settings, now: datetime) -> bool:
    """Load the demo bureau and tell whether it was loaded now; it is never loaded twice.

    Raises:
        NotEmpty: another bureau is served from this database.
        DemoHalfLoaded: an earlier run did not end.
    """
    bureaus = await owner.bureaus()
    if BUREAU in bureaus and await _is_demo(owner):
        if not await _is_whole(owner):
            raise DemoHalfLoaded
        return False
    if bureaus:
        raise NotEmpty(bureaus=bureaus)
    morning = _last_working_morning(now)
    clock = MovedClock(morning - timedelta(days=3))
    database = Database(service_url, settings, clock)
    demo = Demo(database, clock, Door(database, service_url, ingest_url, settings, clock))
    try:
        # The owner's own transaction reads the same clock.
        owner.clock = clock
        await enter_people(owner, demo)
        await enter_the_vehicle(demo)
        await demo.door.start()
        try:
            await _closed_trip(demo, morning)
            await _waiting_jobs(demo, now)
            await _trip_under_way(demo, now)
        finally:
            await demo.door.stop()
    finally:
        await database.close()
    return True


async def _is_demo(owner: Database) -> bool:
    async with owner.read(BUREAU) as reader:
        bureau = await reader.get(Bureau)
        return bureau is not None and bureau.demo


async def _is_whole(owner: Database) -> bool:
    """Tell whether the last trip of the demo has departed: that is what is loaded last."""
    async with owner.read(BUREAU) as reader:
        driven = select(func.count()).where(VehicleUse.bureau_id == BUREAU, col(VehicleUse.actual_from).is_not(None))
        return int(await reader.one(driven)) >= TRIPS


def _last_working_morning(now: datetime) -> datetime:
    """Return half past eight, in the bureau's zone, of the last Monday to Friday before today."""
    local = now.astimezone(ZoneInfo("Asia/Shanghai")).replace(hour=8, minute=30, second=0, microsecond=0)
    local -= timedelta(days=1)
    while local.weekday() > 4:  # noqa: PLR2004 - Friday
        local -= timedelta(days=1)
    return local


async def _complaint(
    demo: Demo, shop: str, claim: str, facts: str, *, source: Source, number: str | None = None
) -> UUID:
    registered = await register_complaint(
        demo.database,
        demo.people["dispatcher"],
        NewComplaint(
            particulars=Particulars(
                complainant_name="张某（演示）",
                complainant_telephone="13800000000",
                complainant_address="莆田市城厢区霞林街道（演示地址）",
                respondent_name=shop,
                respondent_address=f"莆田市城厢区，{shop}",
                claim=claim,
                facts=facts,
            ),
            source=source,
            source_number=number,
            accept=True,
        ),
    )
    return registered.complaint_id


async def _job(demo: Demo, complaint_id: UUID, site: RecordedFix, name: str, window: Window) -> UUID:
    return await add_job(
        demo.database,
        demo.people["dispatcher"],
        NewJob(
            complaint_id=complaint_id,
            kind=JobKind.MEDIATION,
            site=Site(name=name, address=f"城厢区，{name}", lat=site.lat, lon=site.lon, datum=Datum.WGS84),
            window=window,
        ),
    )


async def _agreed(demo: Demo, complaint_id: UUID, meeting_at: datetime, place: str) -> None:
    """Let both sides consent, and tell them time, place and mediators."""
    told_at = demo.clock()
    for party in Party:
        await act_on_complaint(
            demo.database,
            demo.people["officer"],
            complaint_id,
            partial(RecordConsent, party=party, given_at=told_at, how="telephone"),
        )
    announcement = Announcement(
        meeting_at=meeting_at,
        place=place,
        mediators=(demo.people["officer"].name,),
        told=tuple(Told(party, told_at, "telephone") for party in Party),
    )
    await act_on_complaint(
        demo.database, demo.people["officer"], complaint_id, partial(Announce, announcement=announcement)
    )


async def _approved(demo: Demo, job_id: UUID, window: Window) -> UUID:
    crew = ((demo.people["officer"].who, Seat.OFFICER), (demo.people["driver"].who, Seat.DRIVER))
    trip_id = await request_trip(
        demo.database,
        demo.people["dispatcher"],
        NewTrip(
            vehicle_id=demo.vehicle,
            job_ids=(job_id,),
            planned_from=window.start_at,
            planned_until=window.end_at,
            crew=crew,
        ),
    )
    await approve_trip(demo.database, demo.people["custodian"], trip_id)
    return trip_id


async def _depart(demo: Demo, trip_id: UUID, odometer_m: int) -> None:
    departure = Departure(check=IN_ORDER, dashboard=Dashboard(odometer_m=_shown(odometer_m)))
    await depart_trip(demo.database, demo.people["driver"], trip_id, departure)


async def _send(demo: Demo, fixes: Sequence[RecordedFix]) -> None:
    """Send the fixes as the driver's phone would, in batches as they come."""
    device = await demo.door.device(demo.token)
    for start in range(0, len(fixes), CHUNK):
        chunk = fixes[start : start + CHUNK]
        demo.clock.at = max(demo.clock.at, chunk[-1].at + timedelta(seconds=1))
        body = {
            "datum": Datum.WGS84,
            "fixes": [
                {"fixed_at": fix.at, "lat": fix.lat, "lon": fix.lon, "seq": start + n}
                | ({} if fix.speed_mps is None else {"speed_mps": fix.speed_mps})
                for n, fix in enumerate(chunk)
            ],
        }
        await demo.door.positions(device, msgspec.json.encode(body))


async def _closed_trip(demo: Demo, morning: datetime) -> None:
    name = "龙桥市场 8 号档（演示）"
    fixes = drive("morning_round", BASE, morning + timedelta(minutes=30))
    site = farthest(fixes, BASE)
    window = Window(morning + timedelta(minutes=30), fixes[-1].at + timedelta(minutes=30))
    complaint_id = await _complaint(
        demo,
        "龙桥市场某家电店",
        "退还货款 1,280 元",
        "电饭煲使用三日后不能加热，商家拒绝退换。",
        source=Source.PLATFORM_12315,
        number="DEMO-12315-1",
    )
    await _agreed(demo, complaint_id, site.at, name)
    job_id = await _job(demo, complaint_id, site, name, window)
    demo.clock.at = morning
    trip_id = await _approved(demo, job_id, window)
    demo.clock.at = fixes[0].at
    await _depart(demo, trip_id, SHOWN_M)
    await _send(demo, [fix for fix in fixes if fix.at <= site.at])
    for verb, at in ((UseVerb.ARRIVE, site.at), (UseVerb.LEAVE, site.at + timedelta(minutes=1))):
        demo.clock.at = max(demo.clock.at, at)
        await stop_at_job(
            demo.database,
            demo.people["officer"],
            trip_id,
            Stop(verb=verb, job_id=job_id, at=Point(site.lat, site.lon)),
        )
    await _send(demo, [fix for fix in fixes if fix.at > site.at])
    demo.clock.at = fixes[-1].at + timedelta(minutes=2)
    shown_m = _shown(SHOWN_M + wheel_metres(fixes))
    back = Return(dashboard=Dashboard(odometer_m=shown_m))
    await return_trip(demo.database, demo.people["driver"], trip_id, back)
    agree = partial(ReachAgreement, outcome=Outcome.MEDIATED_WITH_DOCUMENT)
    await act_on_complaint(demo.database, demo.people["officer"], complaint_id, agree)
    demo.clock.at += timedelta(minutes=20)
    await close_trip(demo.database, demo.people["dispatcher"], trip_id)
    close = partial(Close, outcome=Outcome.MEDIATED_WITH_DOCUMENT)
    await act_on_complaint(demo.database, demo.people["dispatcher"], complaint_id, close)


async def _waiting_jobs(demo: Demo, now: datetime) -> None:
    """Leave two jobs for the dispatcher to assign."""
    demo.clock.at = max(demo.clock.at, now - timedelta(hours=20))
    fixes = drive("morning_round", BASE, now)
    for shop, claim, facts, at in (
        ("霞林街道某健身房", "退还预付卡余额 2,600 元", "门店停业，余额无法退还。", fixes[len(fixes) // 3]),
        ("凤凰山街道某餐馆", "赔偿 500 元", "菜品中有异物，商家不予处理。", fixes[len(fixes) // 2]),
    ):
        complaint_id = await _complaint(
            demo, shop, claim, facts, source=Source.HOTLINE_12345, number=f"DEMO-12345-{len(shop)}-{len(facts)}"
        )
        window = Window(now + timedelta(hours=20), now + timedelta(hours=28))
        await _job(demo, complaint_id, at, shop, window)


async def _trip_under_way(demo: Demo, now: datetime) -> None:
    name = "华亭镇某建材店（演示）"
    departed_at = now - timedelta(minutes=20)
    fixes = drive("outward_way", BASE, departed_at)
    window = Window(now - timedelta(minutes=30), now + timedelta(hours=3))
    demo.clock.at = max(demo.clock.at, now - timedelta(minutes=50))
    complaint_id = await _complaint(
        demo, "华亭镇某建材店", "更换瓷砖并赔偿工费", "瓷砖色差明显，商家拒绝更换。", source=Source.COUNTER
    )
    await _agreed(demo, complaint_id, now + timedelta(minutes=30), name)
    job_id = await _job(demo, complaint_id, fixes[-1], name, window)
    trip_id = await _approved(demo, job_id, window)
    demo.clock.at = departed_at
    round_m = wheel_metres(drive("morning_round", BASE, now))
    await _depart(demo, trip_id, SHOWN_M + round_m)
    await _send(demo, [fix for fix in fixes if fix.at <= now])


def _shown(odometer_m: int) -> int:
    """Return what a dashboard of whole kilometres shows."""
    return odometer_m // 1_000 * 1_000
