"""Set a bureau up step by step: what is missing is made, what is there is left, what differs is told and left too.

Each step is a transaction of its own, so what was cut short is finished by the next run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from api.db.database import Actor, Database, Reader
from api.db.queries.people import roles_of
from api.db.queries.settings import last_changes, settings_of
from api.db.tables.bureau import Bureau, Unit
from api.db.tables.people import Person
from api.db.tables.vehicles import DedicationOrder
from api.db.tables.vehicles import Vehicle as VehicleRow
from api.init.answers import Account, Answers, Dedication, Vehicle, check_passwords, line_of, password_of
from api.passwords import hash_password, temporary_password
from api.usecases.add_person import NewPerson, add_person
from api.usecases.change_setting import NewSetting, change_setting
from api.usecases.create_bureau import NewBureau, create_bureau
from api.usecases.enter_vehicle import NewDedication, NewVehicle, dedicate_vehicle, enter_vehicle
from domain.place.boundary import geometry_to_wgs84
from domain.place.datum import to_wgs84
from domain.values import Point, Role

REASON: Final = "zhuanche init"


class State(StrEnum):
    """What became of a step."""

    MADE = "made"
    MISSING = "to be made"
    THERE = "there"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one thing; `password` is that of a new account, shown this once unless a file held it."""

    state: State
    what: str
    differs: str = ""
    password: str = ""

    def lines(self) -> list[str]:
        """Return what is printed of it."""
        told = [f"{self.state:<10}  {self.what}"]
        if self.differs:
            told.append(f"{'':<10}  but {self.differs}: it is left as it is")
        if self.password:
            told.append(f"{'':<10}  pass word {self.password} (shown this once, changed at the first sign-in)")
        return told


async def set_up(owner: Database | None, told: Answers, *, dry: bool) -> AsyncIterator[Step]:
    """Yield each thing with what became of it.

    Args:
        owner: a database of the owner role with this release's schema; None, where there is none yet, for a dry run.
        told: the answers, checked.
        dry: nothing is made.

    Raises:
        PasswordGone: there is no file with the pass word of an account that is to be made; nothing is made then.
        PasswordTooWeak: a file holds a pass word that the rule does not allow.
        DomainError: a use case refused a step.
    """
    if owner is None or told.code not in await owner.bureaus():
        check_passwords(told)
        if owner is None or dry:
            for what in _everything(told):
                yield Step(State.MISSING, what)
            return
    founding = _Founding(owner, told, dry=dry)
    async for step in founding.begin():
        yield step
    yield await founding.account(told.custodian, Role.CUSTODIAN)
    if told.vehicle is not None:
        yield await founding.vehicle(told.vehicle)
        if told.vehicle.dedication is not None:
            yield await founding.dedication(told.vehicle, told.vehicle.dedication)
    for name, value in told.settings.items():
        yield await founding.setting(name, value)


def _everything(told: Answers) -> list[str]:
    vehicle = told.vehicle
    return [
        _bureau_named(told),
        _account_named(told.admin, Role.ADMIN),
        _account_named(told.custodian, Role.CUSTODIAN),
        *([] if vehicle is None else [_vehicle_named(vehicle)]),
        *([] if vehicle is None or vehicle.dedication is None else [_order_named(vehicle.dedication)]),
        *(f"setting {name} = {value}" for name, value in told.settings.items()),
    ]


def _bureau_named(told: Answers) -> str:
    return f"bureau {told.code} {told.name}, {told.desk}, boundary {line_of(told).source}"


def _account_named(account: Account, role: Role) -> str:
    return f"{role.en} {account.login} {account.name}"


def _vehicle_named(vehicle: Vehicle) -> str:
    return f"vehicle {vehicle.plate} {vehicle.name}, base {vehicle.base_name}"


def _order_named(order: Dedication) -> str:
    return f"dedication {order.document_no} of {order.effective_on}"


class _Founding:
    """The steps, on a database that has the schema."""

    def __init__(self, owner: Database, told: Answers, *, dry: bool) -> None:
        self._owner = owner
        self._told = told
        self._dry = dry

    async def begin(self) -> AsyncIterator[Step]:
        """Yield the bureau with its desk, and its administrator, who is made with it."""
        told = self._told
        if told.code in await self._owner.bureaus():
            yield await self._compare_bureau()
            yield await self._compare_admin()
            return
        password, password_hash = await _password(told.admin)
        line = line_of(told)
        await create_bureau(
            self._owner,
            NewBureau(
                bureau_id=told.code,
                name=told.name,
                desk_name=told.desk,
                boundary=line.geometry,
                boundary_datum=line.datum,
                boundary_source=line.source,
                admin_login=told.admin.login,
                admin_name=told.admin.name,
                admin_password_hash=password_hash,
            ),
        )
        yield Step(State.MADE, _bureau_named(told))
        yield Step(State.MADE, _account_named(told.admin, Role.ADMIN), password=password)

    async def _compare_bureau(self) -> Step:
        told, line = self._told, line_of(self._told)
        async with self._owner.read(told.code) as reader:
            bureau = await reader.one(select(Bureau).where(Bureau.bureau_id == told.code))
            desks = set(await reader.all(_desks(told.code)))
        if bureau is None:
            raise AssertionError("a bureau of the directory is there")
        return _compared(
            _bureau_named(told),
            name=(told.name, bureau.name),
            desk=(told.desk, told.desk if told.desk in desks else ", ".join(sorted(desks))),
            boundary=(geometry_to_wgs84(line.geometry, line.datum) == bureau.boundary, True),
        )

    async def _compare_admin(self) -> Step:
        """Return what became of the administrator: a bureau has one from its first hour, and no file adds another."""
        admin = self._told.admin
        async with self._owner.read(self._told.code) as reader:
            known = await _person(reader, admin.login) is not None
        if known:
            return await self.account(admin, Role.ADMIN)
        return Step(State.DIFFERS, _account_named(admin, Role.ADMIN), "the bureau has administrators of its own")

    async def account(self, account: Account, role: Role) -> Step:
        """Return what became of a person with an account and a role."""
        what = _account_named(account, role)
        async with self._owner.read(self._told.code) as reader:
            person = await _person(reader, account.login)
            roles = frozenset() if person is None else await roles_of(reader, person.person_id)
        if person is not None:
            held = role.en if role in roles else "does not hold it"
            return _compared(what, name=(account.name, person.name), role=(role.en, held), active=(True, person.active))
        password_of(account)
        if self._dry:
            return Step(State.MISSING, what)
        founder = await self._founder()
        password, password_hash = await _password(account)
        new = NewPerson(
            unit_id=founder.unit_id or await self._desk(),
            name=account.name,
            login=account.login,
            password_hash=password_hash,
            roles=frozenset({role}),
        )
        await add_person(self._owner, founder, new)
        return Step(State.MADE, what, password=password)

    async def vehicle(self, vehicle: Vehicle) -> Step:
        """Return what became of the vehicle and its base."""
        what, base = _vehicle_named(vehicle), vehicle.base
        place = to_wgs84(base.lat, base.lon, base.datum)
        row = await self._known(vehicle)
        if row is not None:
            return _compared(
                what,
                name=(vehicle.name, row.name),
                base=(vehicle.base_name, row.base_name),
                place=(_degrees(place), _degrees(Point(row.base_lat, row.base_lon))),
            )
        if self._dry:
            return Step(State.MISSING, what)
        new = NewVehicle(
            plate=vehicle.plate,
            name=vehicle.name,
            base_name=vehicle.base_name,
            base=place,
            resolution_m=vehicle.resolution_m,
            vin=vehicle.vin,
        )
        await enter_vehicle(self._owner, await self._founder(), new)
        return Step(State.MADE, what)

    async def dedication(self, vehicle: Vehicle, order: Dedication) -> Step:
        """Return what became of the order that dedicates the vehicle to the desk."""
        what, row = _order_named(order), await self._known(vehicle)
        if row is not None:
            async with self._owner.read(self._told.code) as reader:
                orders = await reader.all(
                    select(DedicationOrder.document_no).where(
                        DedicationOrder.bureau_id == self._told.code, DedicationOrder.vehicle_id == row.vehicle_id
                    )
                )
            if orders:
                known = order.document_no if order.document_no in orders else ", ".join(orders)
                return _compared(what, document=(order.document_no, known))
        if self._dry or row is None:
            return Step(State.MISSING, what)
        new = NewDedication(
            vehicle_id=row.vehicle_id,
            unit_id=await self._desk(),
            kind="dedicate",
            effective_on=order.effective_on,
            document_no=order.document_no,
            reason=REASON,
        )
        await dedicate_vehicle(self._owner, await self._founder(), new)
        return Step(State.MADE, what)

    async def setting(self, name: str, value: int) -> Step:
        """Return what became of a setting: one that was ever changed is the bureau's own, and is left."""
        what = f"setting {name} = {value}"
        async with self._owner.read(self._told.code) as reader:
            holds, changed = (await settings_of(reader))[name], name in await last_changes(reader)
        if changed or holds == value:
            return _compared(what, value=(value, holds))
        if self._dry:
            return Step(State.MISSING, what)
        await change_setting(self._owner, await self._founder(), NewSetting(name=name, value=value, reason=REASON))
        return Step(State.MADE, what)

    async def _known(self, vehicle: Vehicle) -> VehicleRow | None:
        code = self._told.code
        async with self._owner.read(code) as reader:
            row: VehicleRow | None = await reader.one(
                select(VehicleRow).where(VehicleRow.bureau_id == code, VehicleRow.plate == vehicle.plate)
            )
        return row

    async def _founder(self) -> Actor:
        """Return the administrator, in whose name the rest is done; nobody's where the login is another's by now."""
        async with self._owner.read(self._told.code) as reader:
            person = await _person(reader, self._told.admin.login)
        if person is None:
            return Actor(self._told.code, roles=frozenset({Role.ADMIN}))
        return Actor(self._told.code, person.person_id, person.unit_id, frozenset({Role.ADMIN}), person.name)

    async def _desk(self) -> UUID:
        async with self._owner.read(self._told.code) as reader:
            desk: UUID = (
                await reader.all(
                    select(Unit.unit_id)
                    .where(Unit.bureau_id == self._told.code, Unit.kind == "desk")
                    .order_by(col(Unit.recorded_at), col(Unit.unit_id))
                )
            )[0]
        return desk


def _compared(what: str, **told_and_known: tuple[Any, Any]) -> Step:
    """Return that it is there, or what differs: each value that was told, with the one that is known."""
    differs = [
        f"{name} is {known}" if name != "boundary" else "another boundary is drawn"
        for name, (told, known) in told_and_known.items()
        if told != known
    ]
    return Step(State.DIFFERS if differs else State.THERE, what, "; ".join(differs))


def _degrees(place: Point) -> str:
    return f"{place.lat:.6f}, {place.lon:.6f} (WGS-84)"


def _desks(code: str) -> Any:
    return select(Unit.name).where(Unit.bureau_id == code, Unit.kind == "desk")


async def _person(reader: Reader, login: str) -> Person | None:
    found: Person | None = await reader.one(
        select(Person).where(Person.bureau_id == reader.bureau_id, Person.login == login)
    )
    return found


async def _password(account: Account) -> tuple[str, str]:
    """Return a new account's pass word, empty where a file holds it, and its hash."""
    held = password_of(account)
    made = "" if held is not None else temporary_password()
    return made, await hash_password(held if held is not None else made, account.login)
