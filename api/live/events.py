"""Events as they travel to a page (server-sent events, WHATWG HTML §9.2), and who may see which."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

import msgspec

from api.db.happened import Message
from api.db.queries.newest_fixes import NewestFix
from domain.values import Role


class Kind(StrEnum):
    """What a page may hear of."""

    HELLO = "hello"
    RELOAD = "reload"
    FIX = "fix"
    TRIP = "trip"
    UPKEEP = "upkeep"
    JOB = "job"
    FINDING = "finding"
    INBOX = "inbox"


_FOLLOWERS: Final = frozenset(Role) - {Role.ADMIN}
_APPROVERS: Final = frozenset({Role.CUSTODIAN, Role.DESK_CHIEF, Role.DISPATCHER, Role.OFFICER})

SEEN_BY: Final = {
    Kind.FIX: _FOLLOWERS,
    Kind.TRIP: frozenset(Role),
    Kind.UPKEEP: frozenset(Role),
    Kind.JOB: frozenset(Role),
    Kind.FINDING: frozenset(Role),
    Kind.INBOX: _APPROVERS,
}
"""Roles that hear of each: those that may ask for the same. Approval can be delegated to more than custodians."""

HEARTBEAT: Final = b": \n\n"
RETRY_MS: Final = 2_000
"""How long a browser waits before it connects again."""


def kinds_of(roles: Iterable[Role]) -> frozenset[Kind]:
    """Return what somebody with these roles hears of."""
    held = frozenset(roles)
    return frozenset(kind for kind, seen_by in SEEN_BY.items() if held & seen_by)


def frame(kind: Kind, event_id: str, data: Any) -> bytes:
    """Return one event."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event_id.encode(), kind.encode(), msgspec.json.encode(data))


def acts_of(message: Message) -> list[tuple[Kind, dict[str, str]]]:
    """Return what a message says of acts, each with the data of its event."""
    acts: list[tuple[Kind, dict[str, str]]] = [
        (Kind(kind), {f"{kind}_id": use_id, "state": state}) for kind, use_id, state in message.uses
    ]
    acts += [(Kind.JOB, {"job_id": job_id}) for job_id in message.jobs]
    acts += [(Kind.FINDING, {"finding_id": finding_id}) for finding_id in message.findings]
    if message.inbox:
        acts.append((Kind.INBOX, {}))
    return acts


def fix_data(fix: NewestFix) -> dict[str, Any]:
    """Return the data of a `fix` event: WGS-84 degrees, metres a second, degrees clockwise from north."""
    return {
        "vehicle_id": fix.vehicle_id,
        "at": fix.at,
        "lat": fix.lat,
        "lon": fix.lon,
        "speed_mps": None if fix.speed_mps is None else round(fix.speed_mps, 2),
        "course": None if fix.course is None else round(fix.course, 1),
        "source": "terminal" if fix.terminal else "phone",
    }
