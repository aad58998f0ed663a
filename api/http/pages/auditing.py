"""What every page of the auditor's desk has: the vehicle and month looked at, ways between its pages, whose books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request
from litestar.params import QueryParameter
from litestar.response import Template

from api.db.database import Actor, Reader
from api.db.queries.readings import first_read_at
from api.db.queries.vehicles import vehicles_page
from api.db.tables.bureau import Bureau
from api.db.tables.vehicles import Vehicle
from api.http.access import Allow
from api.http.pages.shell import language_of_page, page
from api.http.pages.written import Written
from api.http.requests import BUREAU_ASKED
from api.http.statements import month_asked
from domain.calendar import month_of
from domain.errors import InvalidInput, NotFound
from domain.values import Role

AUDIT: Final = "/audit"
LOOKS_ON: Final = Allow(Role.AUDITOR, Role.CUSTODIAN, Role.DESK_CHIEF)
"""Who works at the auditor's desk, and those whom it is about, who see what the auditor sees."""
PAGE: Final = {"page": True}
MONTHS_MOST: Final = 60
Chosen = Annotated[str | None, QueryParameter(max_length=100)]
"""What is chosen in a filter; an empty text is everything."""
Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the auditor stands: whose books, which vehicle, which month."""

    bureau: Bureau
    vehicles: Sequence[Vehicle]
    vehicle: Vehicle | None
    month: date
    months: list[date] = field(default_factory=list)
    """Those that have a reading, the latest first."""
    asked: dict[str, str] = field(default_factory=dict)
    """What every address of the desk carries on."""

    @property
    def name(self) -> str:
        """Return the month's name, such as 2026-11."""
        return f"{self.month:%Y-%m}"

    @property
    def chosen(self) -> Vehicle:
        """Return the vehicle looked at. Raises `NotFound`: the bureau has none."""
        if self.vehicle is None:
            raise NotFound("This bureau has no vehicle yet.")
        return self.vehicle

    def at(self, path: str, **asked: Any) -> str:
        """Return an address of the desk: of the vehicle and month looked at, unless told otherwise."""
        return _with(path, self.asked | asked)

    def to(self, path: str, **asked: Any) -> str:
        """Return an address of a record or file: whose books, and nothing else, is carried on."""
        return _with(path, {name: self.asked[name] for name in (BUREAU_ASKED,) if name in self.asked} | asked)


def _with(path: str, asked: dict[str, Any]) -> str:
    told = {name: str(value) for name, value in asked.items() if value not in (None, "")}
    return f"{path}?{urlencode(told)}" if told else path


async def desk_of(reader: Reader, actor: Actor, vehicle_id: UUID | None, month: str | None) -> Desk:
    """Return where an auditor stands: the vehicle and month asked for, else the first one and the present one.

    Raises:
        NotFound: there is no such vehicle.
        BadPeriod: that is no month.
    """
    bureau = await reader.get(Bureau)
    if bureau is None:
        raise AssertionError("who reads belongs to a bureau")
    vehicles = await vehicles_page(reader, None, None)
    vehicle = next((one for one in vehicles if vehicle_id in (None, one.vehicle_id)), None)
    if vehicle is None and vehicle_id is not None:
        raise NotFound("There is no such vehicle.", vehicle_id=str(vehicle_id))
    written = Written("zh", bureau.zone)
    this_month = month_asked(written.when(reader.now)[:7])
    chosen = month_asked(month) if month else this_month
    first_at = await first_read_at(reader, vehicle.vehicle_id) if vehicle else None
    first = min(chosen, this_month if first_at is None else month_of(first_at, written.zone_info))
    months: list[date] = []
    one = max(this_month, chosen)
    while one >= first and len(months) < MONTHS_MOST:
        months.append(one)
        one = _before(one)
    asked = {"vehicle_id": str(vehicle.vehicle_id)} if vehicle and len(vehicles) > 1 else {}
    asked |= {"month": f"{chosen:%Y-%m}"} if chosen != this_month else {}
    asked |= {BUREAU_ASKED: actor.bureau_id} if actor.mandate_id else {}
    return Desk(bureau, vehicles, vehicle, chosen, months, asked)


def chosen_of(kind: type[Word], text: str | None) -> Word | None:
    """Return what was chosen from a list of words, None for all of them. Raises `InvalidInput`: that is none of it."""
    try:
        return kind(text) if text else None
    except ValueError as fault:
        raise InvalidInput("That is none of the choices.", given=text) from fault


def _before(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def audit_page(request: Request[Any, Any, Any], name: str, actor: Actor, desk: Desk, **shown: Any) -> Template:
    """Return a page of the auditor's desk."""
    return page(
        request,
        f"audit/{name}.html",
        actor,
        desk=desk,
        at=desk.at,
        to=desk.to,
        w=Written(language_of_page(request), desk.bureau.zone),
        auditor=Role.AUDITOR in actor.roles,
        acts=Role.AUDITOR in actor.roles and actor.mandate_id is None,
        **shown,
    )
