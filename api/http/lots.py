"""`/v1/lots`: call-backs drawn by lot; and the statistics of pairs. For the auditor."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.db.database import Actor, Database, Once, Reader
from api.db.queries.calendar import zone_of
from api.db.queries.lots import lots_of_months, people_of_trips
from api.db.queries.settings import settings_of
from api.http.access import Allow
from api.http.fields import SAYS_SOMETHING, WITHOUT_NUL, Month
from api.http.readings import Instant
from api.http.statements import month_asked
from api.usecases.draw_lots import NewCallBack, call_back, draw_lots
from domain.errors import NotFound
from domain.lots import CallBackResult
from domain.months import months_of
from domain.pairs import pairs_of
from domain.values import Role


class Salt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the auditor names at the draw: any words, such as the day's lottery numbers."""

    salt: Annotated[
        str, msgspec.Meta(min_length=1, max_length=200, pattern=SAYS_SOMETHING, examples=["07 12 19 23 30"])
    ]


class CallBackIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a consumer said of a drawn trip."""

    trip_id: UUID
    complaint_id: UUID
    result: CallBackResult
    called_at: Instant
    remark: Annotated[str, msgspec.Meta(max_length=2000, pattern=WITHOUT_NUL)] = ""


class CallBackView(msgspec.Struct, frozen=True, kw_only=True):
    """A call-back as recorded."""

    call_back_id: UUID
    trip_id: UUID
    complaint_id: UUID
    result: str
    remark: str
    called_at: datetime
    actor_id: UUID
    recorded_at: datetime


class LotsView(msgspec.Struct, frozen=True, kw_only=True):
    """The lots of a month. `seed` is told once it was drawn with: its SHA-256 stands in the ledger since `fixed_at`."""

    month: str
    seed_sha256: str
    fixed_at: datetime
    seed: str | None
    salt: str | None
    drawn_at: datetime | None
    drawn_by: UUID | None
    percent: int | None
    least: int | None
    population: int | None
    drawn: list[UUID] | None
    call_backs: list[CallBackView]


class RecordedCallBack(msgspec.Struct, frozen=True, kw_only=True):
    """A call-back that was recorded."""

    call_back_id: UUID


class PairView(msgspec.Struct, frozen=True, kw_only=True):
    """How often two acted together: in `together` of the `of` trips of the first; `by_chance` is what to expect."""

    kind: str
    one_id: UUID
    other_id: UUID
    together: int
    of: int
    by_chance: float


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    """The pairs of some months, none of a person with fewer trips than `least`."""

    from_at: datetime
    until_at: datetime
    trips: int
    least: int
    pairs: list[PairView]


async def _shown(reader: Reader, month: date) -> LotsView:
    rows = await lots_of_months(reader, month)
    if not rows:
        raise NotFound("No seed was fixed for this month.", month=f"{month:%Y-%m}")
    return _view(rows[0])


def _view(row: Any) -> LotsView:
    told = {name: getattr(row, name) for name in LotsView.__struct_fields__ if name not in ("month", "call_backs")}
    return LotsView(month=f"{row.month:%Y-%m}", call_backs=msgspec.convert(row.call_backs, list[CallBackView]), **told)


class LotController(Controller):
    """Call-backs drawn by lot 抽签回访."""

    path = "/v1/lots"
    tags = ("lots",)

    @get(guards=[Allow(Role.AUDITOR)], summary="The lots of every month", name="lots.list")
    async def months(self, actor: NamedDependency[Actor], database: NamedDependency[Database]) -> list[LotsView]:
        """Return the months that have a seed, the latest first, with what was drawn and what consumers said."""
        async with database.read(actor.bureau_id) as reader:
            return [_view(row) for row in await lots_of_months(reader)]

    @get("/{month:str}", guards=[Allow(Role.AUDITOR)], summary="The lots of a month", name="lots.one")
    async def one(
        self, month: FromPath[str], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> LotsView:
        """Return a month's lots; with seed, salt and the month's trips anybody draws the same."""
        async with database.read(actor.bureau_id) as reader:
            return await _shown(reader, month_asked(month))

    @post("/{month:str}/draw", guards=[Allow(Role.AUDITOR)], summary="Draw the month's lots", name="lots.draw")
    async def draw(
        self,
        month: FromPath[str],
        data: JSONBody[Salt],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> LotsView:
        """Draw, once, when the month is over, which trips' consumers are called back."""
        await draw_lots(database, actor, month_asked(month), data.salt, once)
        async with database.read(actor.bureau_id) as reader:
            return await _shown(reader, month_asked(month))

    @post("/{month:str}/call-backs", guards=[Allow(Role.AUDITOR)], summary="Record a call-back", name="lots.call-back")
    async def called_back(
        self,
        month: FromPath[str],
        data: JSONBody[CallBackIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> RecordedCallBack:
        """Record what a consumer said; who was not reached may be called again."""
        new = NewCallBack(
            month=month_asked(month),
            trip_id=data.trip_id,
            complaint_id=data.complaint_id,
            result=data.result,
            called_at=data.called_at,
            remark=data.remark,
        )
        return RecordedCallBack(call_back_id=await call_back(database, actor, new, once))


@get(
    "/v1/statistics/pairs",
    guards=[Allow(Role.AUDITOR)],
    summary="Who acts together how often",
    tags=["lots"],
    name="statistics.pairs",
)
async def pairs(
    *,
    from_month: Month,
    until_month: Month,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
) -> Pairs:
    """Return the pairs of approver and driver, registrar and crew, requester and approver, of up to 24 months."""
    months = months_of(None, None, from_month, until_month)
    async with database.read(actor.bureau_id) as reader:
        from_at, *_, until_at = months.instants(await zone_of(reader))
        least = (await settings_of(reader))["pairs_least"]
        trips = await people_of_trips(reader, from_at, until_at)
    found = [
        PairView(
            kind=one.kind.value,
            one_id=one.one_id,
            other_id=one.other_id,
            together=one.together,
            of=one.of,
            by_chance=round(one.by_chance, 4),
        )
        for one in pairs_of(trips, least)
    ]
    return Pairs(from_at=from_at, until_at=until_at, trips=len(trips), least=least, pairs=found)
