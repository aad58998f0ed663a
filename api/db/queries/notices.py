"""What a notice is about, and who is to be told of it: asked when it is sent, so that it tells how things are then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Final
from uuid import UUID

from sqlalchemy import text

from api.db.database import Reader
from api.db.queries.calendar import zone_of
from api.db.queries.delegations import HOLDS
from api.db.queries.use_facts import dedication
from api.db.tables.notices import Notice
from domain.notices import NoticeKind, Subject

_TRIP = text(
    "SELECT u.vehicle_id, u.state, u.planned_from, v.plate, t.requester_id, t.approver_id, t.spoken_at,"
    " t.confirmed_at, o.year, o.number, ARRAY(SELECT c.person_id FROM trip_crew c WHERE c.bureau_id = :bureau_id"
    "  AND c.use_id = t.use_id AND c.rev = t.crew_rev) AS crew"
    " FROM trip t JOIN vehicle_use u ON u.bureau_id = t.bureau_id AND u.use_id = t.use_id"
    " JOIN vehicle v ON v.bureau_id = u.bureau_id AND v.vehicle_id = u.vehicle_id"
    " LEFT JOIN dispatch_order o ON o.bureau_id = t.bureau_id AND o.use_id = t.use_id"
    " WHERE t.bureau_id = :bureau_id AND t.use_id = :subject_id"
)
_FINDING = text(
    "SELECT f.vehicle_id, f.term_at, f.recorded_at, v.plate FROM finding f"
    " JOIN vehicle v ON v.bureau_id = f.bureau_id AND v.vehicle_id = f.vehicle_id"
    " WHERE f.bureau_id = :bureau_id AND f.finding_id = :subject_id"
)
_JOB = text(
    "SELECT j.state, j.due_on, c.number FROM job j"
    " JOIN complaint c ON c.bureau_id = j.bureau_id AND c.complaint_id = j.complaint_id"
    " WHERE j.bureau_id = :bureau_id AND j.job_id = :subject_id"
)
_HOLDERS: Final = (
    "SELECT p.person_id FROM person p WHERE p.bureau_id = :bureau_id AND p.active AND EXISTS ("
    " SELECT 1 FROM (SELECT DISTINCT ON (g.role) g.role, g.granted FROM role_grant g"
    "  WHERE g.bureau_id = :bureau_id AND g.person_id = p.person_id"
    "  ORDER BY g.role, g.recorded_at DESC, g.grant_id DESC) AS newest"
    " WHERE granted AND role = ANY(CAST(:roles AS text[])))"
)
_HOLD = text(_HOLDERS)
_HEADS = text(f"{_HOLDERS} AND p.unit_id = :unit_id")
_DELEGATES = text(
    "SELECT DISTINCT l.to_person_id FROM delegation l WHERE l.bureau_id = :bureau_id AND l.unit_id = :unit_id"  # noqa: S608 - our own words
    f" AND {HOLDS}"
)


@dataclass(frozen=True, slots=True)
class About:
    """A notice as it stands: what it tells, whom, which page shows it, and whether there is still a need."""

    subject: Subject
    page: str
    """The page that shows it to most of those who are told."""
    people: frozenset[UUID] = field(default_factory=frozenset)
    departs_at: datetime | None = None
    moot: bool = False
    in_the_field: frozenset[UUID] = frozenset()
    """Those among them who look at their day instead."""

    def page_of(self, person_id: UUID | None) -> str:
        """Return the page that shows it to somebody."""
        return "/field" if person_id in self.in_the_field else self.page


async def about(reader: Reader, notice: Notice) -> About:
    """Return what a notice is about now."""
    kind = NoticeKind(notice.kind)
    if kind is NoticeKind.TRIAL:
        return About(Subject(plate="闽A00000", at=reader.now.astimezone(await zone_of(reader))), "/board")
    asked = {"bureau_id": reader.bureau_id, "subject_id": notice.subject_id}
    if kind is NoticeKind.FINDING_RAISED:
        return await _about_finding(reader, asked)
    if kind is NoticeKind.DEADLINE_NEAR:
        return await _about_job(reader, asked, notice)
    return await _about_trip(reader, asked, kind)


async def _about_trip(reader: Reader, asked: dict[str, object], kind: NoticeKind) -> About:
    row = (await reader.execute(_TRIP, asked)).one()
    zone = await zone_of(reader)
    unit_id, _ = await dedication(reader, row.vehicle_id, row.planned_from.astimezone(zone).date())
    moot = False
    if kind in (NoticeKind.APPROVAL_WANTED, NoticeKind.APPROVAL_LATE):
        moot = row.state != "requested"
        people = await _heads(reader, unit_id)
        if kind is NoticeKind.APPROVAL_LATE:
            # Where nobody holds a delegation the desk's chief is told, who may go and find the custodian.
            people = await _delegates(reader, unit_id) or await _holders(reader, "desk_chief")
        page = "/board/inbox"
    elif kind is NoticeKind.SPOKEN_TO_CONFIRM:
        moot = row.confirmed_at is not None
        people = frozenset({row.approver_id})
        page = "/board/inbox"
    else:
        people = frozenset({row.requester_id, *row.crew})
        page = f"/board/trips/{asked['subject_id']}"
    return About(
        Subject(
            plate=row.plate,
            at=row.planned_from.astimezone(zone),
            number=f"{row.year}-{row.number}" if row.number else "",
        ),
        page,
        people,
        row.planned_from,
        moot,
        frozenset(row.crew) - {row.requester_id},
    )


async def _about_finding(reader: Reader, asked: dict[str, object]) -> About:
    row = (await reader.execute(_FINDING, asked)).one()
    zone = await zone_of(reader)
    unit_id, _ = await dedication(reader, row.vehicle_id, row.recorded_at.astimezone(zone).date())
    return About(
        Subject(plate=row.plate, at=row.term_at.astimezone(zone)),
        "/board/inbox",
        await _heads(reader, unit_id),
    )


async def _about_job(reader: Reader, asked: dict[str, object], notice: Notice) -> About:
    row = (await reader.execute(_JOB, asked)).one()
    due_at = datetime.combine(row.due_on, time(), await zone_of(reader))
    return About(
        Subject(at=due_at, number=row.number),
        f"/board/jobs/{asked['subject_id']}",
        await _holders(reader, "dispatcher", "desk_chief"),
        moot=row.state != "open" or row.due_on != notice.day,
    )


async def _heads(reader: Reader, unit_id: UUID | None) -> frozenset[UUID]:
    """Return the custodians of a unit."""
    asked = {"bureau_id": reader.bureau_id, "unit_id": unit_id, "roles": ["custodian"]}
    return frozenset((await reader.execute(_HEADS, asked)).scalars())


async def _holders(reader: Reader, *roles: str) -> frozenset[UUID]:
    asked = {"bureau_id": reader.bureau_id, "roles": list(roles)}
    return frozenset((await reader.execute(_HOLD, asked)).scalars())


async def _delegates(reader: Reader, unit_id: UUID | None) -> frozenset[UUID]:
    asked = {"bureau_id": reader.bureau_id, "unit_id": unit_id, "at": reader.now}
    return frozenset((await reader.execute(_DELEGATES, asked)).scalars())


_REACHED = text(
    "SELECT s.subscription_id, s.person_id FROM push_subscription s"
    " JOIN person p ON p.bureau_id = s.bureau_id AND p.person_id = s.person_id"
    " WHERE s.bureau_id = :bureau_id AND s.person_id = ANY(CAST(:people AS uuid[])) AND s.ended_at IS NULL AND p.active"
    " AND NOT EXISTS (SELECT 1 FROM notice_choice c WHERE c.bureau_id = :bureau_id AND c.person_id = s.person_id"
    "  AND c.channel = 'push' AND NOT c.wanted)"
)
_HOOKS = text(
    "SELECT hook_id, rev, name, kind, url, template, notices, active, actor_id, recorded_at, reason"
    " FROM (SELECT DISTINCT ON (hook_id) * FROM webhook WHERE bureau_id = :bureau_id ORDER BY hook_id, rev DESC) AS w"
    " ORDER BY recorded_at, hook_id"
)


@dataclass(frozen=True, slots=True)
class Target:
    """One way to one recipient."""

    channel: str
    target_id: UUID
    person_id: UUID | None = None


async def reached(reader: Reader, people: Iterable[UUID]) -> list[Target]:
    """Return where these people are reached who want to be."""
    rows = await reader.execute(_REACHED, {"bureau_id": reader.bureau_id, "people": sorted(people)})
    return [Target("push", row.subscription_id, row.person_id) for row in rows]


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as it holds now."""

    hook_id: UUID
    rev: int
    name: str
    kind: str
    url: str
    """As it is kept: its host stands in clear, the whole is opened by the vault."""
    template: dict[str, object] | None
    notices: list[str]
    active: bool
    actor_id: UUID
    recorded_at: datetime
    reason: str


async def webhooks(reader: Reader) -> list[Hook]:
    """Return the newest revision of each webhook, the oldest first."""
    return [Hook(**row._mapping) for row in await reader.execute(_HOOKS, {"bureau_id": reader.bureau_id})]  # noqa: SLF001 - how SQLAlchemy names it
