"""Which addresses show personal data, in one table: whoever opens one is recorded before it is answered.

`NOTHING` has the others that people with a session may GET; what a device's token opens has two tables of its own. A
test holds them against the routes that there are, and against the fields that their answers have.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from litestar.handlers import HTTPRouteHandler
from litestar.types import HTTPScope

from api.db.database import Actor, Database
from api.gather import Gather
from api.headers import bearer
from api.http.access import Allow
from api.usecases.record_access import Opened, record_accesses
from api.usecases.record_look import SAME_LOOK
from domain.shown import Door, Shown
from domain.values import Role

SUBJECT: Final = re.compile(r"[0-9A-Za-z_-]{36,64}")
"""An id or a digest. A telephone number or a name is none."""
REMEMBERED_MOST: Final = 20_000
"""What was opened lately, of all people of a process; beyond it, the same is recorded once more."""

PERSONAL: Final[dict[str, tuple[Shown, str | None]]] = {
    "/audit/entries/{entry_id}": (Shown.ENTRY, "entry_id"),
    "/audit/log": (Shown.LOG, None),
    "/audit/lots": (Shown.LOTS, None),
    "/audit/trips/{trip_id}": (Shown.TRIP, "trip_id"),
    "/audit/trips/{trip_id}/scene": (Shown.TRIP, "trip_id"),
    "/board": (Shown.BOARD, None),
    "/board/admin/{key}": (Shown.REGISTER, None),
    "/board/admin/{key}/{of}": (Shown.REGISTER, None),
    "/board/ask": (Shown.COMPLAINTS, None),
    "/board/day": (Shown.BOARD, None),
    "/board/inbox": (Shown.TRIPS, None),
    "/board/jobs": (Shown.BOARD, None),
    "/board/jobs/{job_id}": (Shown.JOB, "job_id"),
    "/board/map": (Shown.BOARD, None),
    "/board/notes-aside/{conflict_id}": (Shown.NOTE, "conflict_id"),
    "/board/trips/{trip_id}": (Shown.TRIP, "trip_id"),
    "/v1/attachments/{sha256}": (Shown.FILE, "sha256"),
    "/v1/complaints": (Shown.COMPLAINTS, None),
    "/v1/complaints/{complaint_id}": (Shown.COMPLAINT, "complaint_id"),
    "/v1/complaints/{complaint_id}/acts": (Shown.COMPLAINT, "complaint_id"),
    "/v1/complaints/{complaint_id}/mediation-record.pdf": (Shown.COMPLAINT, "complaint_id"),
    "/v1/field/day": (Shown.DAY, None),
    "/v1/form-submissions": (Shown.FORM, None),
    "/v1/form-submissions/{submission_id}": (Shown.FORM, "submission_id"),
    "/v1/form-submissions/{submission_id}/log": (Shown.FORM, "submission_id"),
    "/v1/form-submissions/{submission_id}/raw": (Shown.FORM, "submission_id"),
    "/v1/jobs": (Shown.JOB, None),
    "/v1/jobs/{job_id}": (Shown.JOB, "job_id"),
    "/v1/ledger/entries/{entry_id}": (Shown.ENTRY, "entry_id"),
    "/v1/licences": (Shown.LICENCES, None),
    "/v1/live": (Shown.BOARD, None),
    "/v1/lots": (Shown.LOTS, None),
    "/v1/lots/{month}": (Shown.LOTS, None),
    "/v1/people/{person_id}/vehicle-use": (Shown.PERSON, "person_id"),
    "/v1/places": (Shown.JOB, None),
    "/v1/signed-acts/{digest}": (Shown.SIGNED_ACT, "digest"),
    "/v1/signed-acts/{digest}/jws": (Shown.SIGNED_ACT, "digest"),
    "/v1/trips": (Shown.TRIPS, None),
    "/v1/trips/{trip_id}": (Shown.TRIP, "trip_id"),
    "/v1/trips/{trip_id}/order.pdf": (Shown.TRIP, "trip_id"),
    "/v1/trips/{use_id}/track.geojson": (Shown.TRIP, "use_id"),
    "/v1/trips/{use_id}/track.gpx": (Shown.TRIP, "use_id"),
    "/v1/vehicles/{vehicle_id}/history": (Shown.LOG, "vehicle_id"),
    "/v1/vehicles/{vehicle_id}/log": (Shown.LOG, "vehicle_id"),
    "/v1/visit-notes": (Shown.NOTES, None),
    "/v1/visit-notes/conflicts": (Shown.NOTES, None),
    "/v1/visit-notes/conflicts/{conflict_id}/raw": (Shown.NOTE, "conflict_id"),
    "/v1/visit-notes/{note_id}": (Shown.NOTE, "note_id"),
    "/v1/visit-notes/{note_id}/note.pdf": (Shown.NOTE, "note_id"),
    "/v1/visit-notes/{note_id}/raw": (Shown.NOTE, "note_id"),
}
"""Address, what it shows, and which part of the address says whose."""

NOTHING: Final = frozenset(
    {
        "/audit",
        "/audit/accesses",
        "/audit/bureaus",
        "/audit/findings",
        "/audit/findings/{finding_id}",
        "/audit/keys",
        "/audit/looks",
        "/audit/pairs",
        "/audit/readings",
        "/audit/statements",
        "/board/admin/machine",
        "/board/admin",
        "/board/refusals",
        "/sign-in/password",
        "/v1/accesses",
        "/v1/calendar",
        "/v1/card-statements",
        "/v1/card-statements/{statement_id}",
        "/v1/complaints/{complaint_id}/cost",
        "/v1/complaints/{complaint_id}/grounds",
        "/v1/delegations",
        "/v1/device-keys",
        "/v1/devices",
        "/v1/devices/mine",
        "/v1/devices/mine/aside",
        "/v1/devices/mine/events",
        "/v1/devices/mine/held",
        "/v1/devices/{device_id}/commands",
        "/v1/devices/{device_id}/events",
        "/v1/erasures",
        "/v1/examinations",
        "/v1/field-conflicts",
        "/v1/field/vault",
        "/v1/findings",
        "/v1/findings/{finding_id}",
        "/v1/looks",
        "/v1/mandates",
        "/v1/mandates/{mandate_id}/accesses",
        "/v1/notices",
        "/v1/notices/channels",
        "/v1/people",
        "/v1/people/{person_id}",
        "/v1/people/{person_id}/acts",
        "/v1/people/{person_id}/roles",
        "/v1/public-sheet",
        "/v1/push-subscriptions",
        "/v1/push-subscriptions/key",
        "/v1/readings",
        "/v1/refusals",
        "/v1/restores",
        "/v1/retired-months",
        "/v1/session",
        "/v1/sessions",
        "/v1/settings",
        "/v1/settings/{name}/changes",
        "/v1/shifts",
        "/v1/signed-acts",
        "/v1/site-decisions",
        "/v1/site-decisions/{decision_id}",
        "/v1/statistics/pairs",
        "/v1/towns",
        "/v1/towns/changes",
        "/v1/trips/{use_id}/measures",
        "/v1/units",
        "/v1/upkeep-orders",
        "/v1/upkeep-orders/{use_id}",
        "/v1/upkeep-places",
        "/v1/vehicles",
        "/v1/vehicles/{vehicle_id}",
        "/v1/vehicles/{vehicle_id}/account",
        "/v1/vehicles/{vehicle_id}/costs",
        "/v1/vehicles/{vehicle_id}/holiday-seals",
        "/v1/vehicles/{vehicle_id}/months/{month}/seal",
        "/v1/vehicles/{vehicle_id}/months/{month}/statement",
        "/v1/vehicles/{vehicle_id}/ratio",
        "/v1/vehicles/{vehicle_id}/slots",
        "/v1/vehicles/{vehicle_id}/terminal-readings",
        "/v1/vehicles/{vehicle_id}/years/{year}/statement",
        "/v1/webhooks",
        "/v1/webhooks/words",
    }
)
"""What a person may GET beside: of the bureau, its vehicle and its people at work, or of oneself; of no consumer."""

PERSONAL_BY_TOKEN: Final[dict[str, tuple[Shown, Role]]] = {
    "/openrosa/media/{name}": (Shown.JOB, Role.OFFICER),
    "/openrosa/{token}/media/{name}": (Shown.JOB, Role.OFFICER),
}
"""Address, what it shows to whose phone's token comes with it, and the role it is shown to: to others it is empty."""

NOTHING_BY_TOKEN: Final = frozenset(
    {
        "/",
        "/in/gpslogger",
        "/in/osmand",
        "/in/overland",
        "/in/owntracks",
        "/in/{token}",
        "/openrosa/formList",
        "/openrosa/forms/{form}",
        "/openrosa/manifest/{form}",
        "/openrosa/settings.svg",
        "/openrosa/{token}/formList",
        "/openrosa/{token}/forms/{form}",
        "/openrosa/{token}/manifest/{form}",
        "/openrosa/{token}/settings.svg",
    }
)
"""What a device's token may GET beside: it sends its positions, or learns which forms there are and a list's digest."""


class Accesses:
    """Records who opens what. The same again within a quarter of an hour is the same; what waits goes together."""

    def __init__(self, database: Database) -> None:
        self._clock = database.clock
        self._record: Gather[Opened, None] = Gather(partial(record_accesses, database))
        self._lately: dict[tuple[str, Opened], datetime] = {}

    async def __call__(self, actor: Actor, scope: HTTPScope) -> None:
        """Record what a request opens, if it is personal data and its route lets the person in; durable on return.

        Raises:
            DatabaseAway: it could not be recorded, and so nothing is shown.
        """
        await self._remember(actor, opened_by(actor, scope))

    async def by_token(self, holder: Actor, scope: HTTPScope) -> None:
        """Record the same of whose phone asks by its token.

        Raises:
            DatabaseAway: it could not be recorded, and so nothing is shown.
        """
        of = PERSONAL_BY_TOKEN.get(scope["path_template"])
        if of is not None and of[1] in holder.roles:
            await self._remember(holder, Opened(holder.who, of[0], None, Door.API))

    async def _remember(self, actor: Actor, opened: Opened | None) -> None:
        if opened is None:
            return
        now, key = self._clock(), (actor.bureau_id, opened)
        last = self._lately.get(key)
        if last is not None and timedelta(0) <= now - last < SAME_LOOK:
            return
        await self._record(actor.bureau_id, opened)
        if len(self._lately) >= REMEMBERED_MOST:
            self._lately = {one: at for one, at in self._lately.items() if timedelta(0) <= now - at < SAME_LOOK}
        if len(self._lately) < REMEMBERED_MOST:
            self._lately[key] = now


def opened_by(actor: Actor, scope: HTTPScope) -> Opened | None:
    """Return what a GET opens of personal data; None where it is none, or the route does not let the person in."""
    handler = scope["route_handler"]
    of = PERSONAL.get(scope["path_template"])
    if of is None or scope["method"] not in ("GET", "HEAD") or not isinstance(handler, HTTPRouteHandler):
        return None
    if not actor.roles & allowed(handler) or actor.must_change_password:
        return None
    shown, name = of
    subject = str(scope["path_params"].get(name, "")) if name else ""
    page = not bearer(scope)
    return Opened(actor.who, shown, subject if SUBJECT.fullmatch(subject) else None, Door.PAGE if page else Door.API)


def allowed(handler: HTTPRouteHandler) -> frozenset[Role]:
    """Return the roles that a route lets in, by its own guard or that of its controller."""
    allow = next((guard for guard in handler.resolve_guards() if isinstance(guard, Allow)), None)
    return frozenset() if allow is None else allow.roles
