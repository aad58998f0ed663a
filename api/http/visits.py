"""A visit as it travels: site, window, how long; shared by jobs and by the complaint that brings its first one."""

from __future__ import annotations

from typing import Annotated

import msgspec

from api.http.fields import Instant, Line, window
from api.http.place import Place
from api.usecases.add_job import NewVisit, Site
from domain.complaint.job import JobKind

Minutes = Annotated[int, msgspec.Meta(ge=1, le=1440, examples=[60])]


class WindowBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of time; it ends after it starts."""

    start_at: Annotated[Instant, msgspec.Meta(examples=["2026-11-23T09:30:00+08:00"])]
    end_at: Annotated[Instant, msgspec.Meta(examples=["2026-11-23T11:30:00+08:00"])]


class SiteBody(Place, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the visit is: a name, an address, and degrees in a declared datum."""

    name: Annotated[Line, msgspec.Meta(examples=["文献步行街 12 号店"])]
    address: Annotated[Line, msgspec.Meta(examples=["莆田市城厢区文献步行街 12 号"])]

    def site(self) -> Site:
        """Return it as the use case takes it."""
        return Site(name=self.name, address=self.address, lat=self.lat, lon=self.lon, datum=self.datum)


class VisitBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A visit that is needed; `on_site` false is one that telephone or counter can do."""

    kind: JobKind = JobKind.MEDIATION
    on_site: bool = True
    site: SiteBody
    window: WindowBody
    expected_minutes: Minutes = 60

    def visit(self) -> NewVisit:
        """Return it as the use case takes it."""
        return NewVisit(
            kind=self.kind,
            on_site=self.on_site,
            site=self.site.site(),
            window=window(self.window.start_at, self.window.end_at),
            expected_minutes=self.expected_minutes,
        )
