"""What every page of the auditor's desk has: the vehicle and month looked at, ways between its pages, whose books."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from api.db.database import Actor, Database, Reader
from api.db.queries.log import hold_snapshot
from api.db.queries.readings import first_read_at
from api.db.queries.vehicles import vehicles_page
from api.db.tables.bureau import Bureau
from api.db.tables.vehicles import Vehicle
from api.http.access import Allow
from api.http.fields import MonthOrNone
from api.http.pages.shell import language_of_page, page
from api.http.pages.written import Written, written_for
from api.http.requests import BUREAU_ASKED
from api.http.statements import month_asked
from domain.calendar import month_of, months_back
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
class Asked:
    """Who asks for a page, and which vehicle and month of it."""

    request: Request[Any, Any, Any]
    actor: Actor
    database: Database
    vehicle_id: UUID | None
    month: str | None

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        """Open the books as they are at one instant, at the vehicle and month asked for, else the first and present.

        Raises:
            NotFound: there is no such vehicle.
            BadPeriod: that is no month.
        """
        async with self.database.read(self.actor.bureau_id) as reader:
            await hold_snapshot(reader)
            bureau = await reader.get(Bureau)
            if bureau is None:
                raise AssertionError("who reads belongs to a bureau")
            vehicles = await vehicles_page(reader, None, None)
            w = await written_for(reader, language_of_page(self.request))
            month = month_asked(self.month) if self.month else w.today.replace(day=1)
            desk = Desk(self.request, self.actor, reader, w, bureau, vehicles, None, month)
            yield await desk.moved(self.vehicle_id or next((one.vehicle_id for one in vehicles), None), month)


async def asked_of(
    request: Request[Any, Any, Any],
    *,
    actor: NamedDependency[Actor],
    database: NamedDependency[Database],
    vehicle_id: FromQuery[UUID | None] = None,
    month: MonthOrNone = None,
) -> Asked:
    """Provide `asked` to every page of the desk."""
    return Asked(request, actor, database, vehicle_id, month)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the auditor stands: whose books, open for reading, which vehicle, which month."""

    request: Request[Any, Any, Any]
    actor: Actor
    reader: Reader
    w: Written
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

    async def moved(self, vehicle_id: UUID | None, month: date | datetime) -> Desk:
        """Return the desk at another vehicle and the month of an instant. Raises `NotFound`: there is none such."""
        vehicle = next((one for one in self.vehicles if one.vehicle_id == vehicle_id), None)
        if vehicle is None and vehicle_id is not None:
            raise NotFound("There is no such vehicle.", vehicle_id=str(vehicle_id))
        present = self.w.today.replace(day=1)
        chosen = month_of(month, self.w.zone) if isinstance(month, datetime) else month
        first_at = await first_read_at(self.reader, vehicle.vehicle_id) if vehicle else None
        first = min(chosen, present if first_at is None else month_of(first_at, self.w.zone))
        months: list[date] = []
        one = max(present, chosen)
        while one >= first and len(months) < MONTHS_MOST:
            months.append(one)
            one = months_back(one, 1)
        months += [] if chosen in months else [chosen]
        asked = {"vehicle_id": str(vehicle.vehicle_id)} if vehicle and len(self.vehicles) > 1 else {}
        asked |= {"month": f"{chosen:%Y-%m}"} if chosen != present else {}
        asked |= {BUREAU_ASKED: self.actor.bureau_id} if self.actor.mandate_id else {}
        return replace(self, vehicle=vehicle, month=chosen, months=months, asked=asked)

    def at(self, path: str, **asked: Any) -> str:
        """Return an address of the desk: of the vehicle and month looked at, unless told otherwise."""
        return _with(path, self.asked | asked)

    def to(self, path: str, **asked: Any) -> str:
        """Return an address of a record or file: whose books, and nothing else, is carried on."""
        return _with(path, {name: self.asked[name] for name in (BUREAU_ASKED,) if name in self.asked} | asked)

    def page(self, name: str, **shown: Any) -> Template:
        """Return a page of the desk."""
        return page(
            self.request,
            f"audit/{name}.html",
            self.actor,
            desk=self,
            at=self.at,
            to=self.to,
            w=self.w,
            auditor=Role.AUDITOR in self.actor.roles,
            acts=Role.AUDITOR in self.actor.roles and self.actor.mandate_id is None,
            **shown,
        )


def _with(path: str, asked: dict[str, Any]) -> str:
    told = {name: str(value) for name, value in asked.items() if value not in (None, "")}
    return f"{path}?{urlencode(told)}" if told else path


def chosen_of(kind: type[Word], text: str | None) -> Word | None:
    """Return what was chosen from a list of words, None for all of them. Raises `InvalidInput`: that is none of it."""
    try:
        return kind(text) if text else None
    except ValueError as fault:
        raise InvalidInput("That is none of the choices.", given=text) from fault
