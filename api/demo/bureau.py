"""The demo bureau itself: its people, its vehicle with its papers, and the clock it is made under."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from api.db.database import Actor, Database
from api.demo.people import ADMIN_LOGIN, ADMIN_NAME, DEMO_PASSWORD, PEOPLE
from api.ingest.door import Door
from api.passwords import hash_password
from api.usecases.acknowledge_tracking import acknowledge_tracking
from api.usecases.add_person import NewPerson, add_person
from api.usecases.create_bureau import NewBureau, create_bureau
from api.usecases.enrol_device import NewDevice, enrol_device
from api.usecases.enter_vehicle import NewDedication, NewPaper, NewVehicle, dedicate_vehicle, enter_paper, enter_vehicle
from api.usecases.qualify_person import NewExamination, NewLicence, enter_examination, enter_licence
from api.usecases.record_reading import NewReading, record_reading
from domain.place.shipped import shipped_geometry
from domain.tracking_notice import VERSION
from domain.values import Point, Role

BUREAU: Final = "350302"


BASE: Final = Point(25.4337, 118.9962)


BASE_NAME: Final = "局机关停车场"


PLATE: Final = "闽B12315"


SHOWN_M: Final = 18_240_000
"""What the dashboard showed when the vehicle was handed over."""


@dataclass
class MovedClock:
    """The demo's clock."""

    at: datetime

    def __call__(self) -> datetime:
        """Return the instant it stands at."""
        return self.at


@dataclass
class Demo:
    """The demo bureau while it is being made."""

    database: Database
    clock: MovedClock
    door: Door
    people: dict[str, Actor] = field(default_factory=dict)
    vehicle_id: UUID | None = None
    token: str = ""

    @property
    def vehicle(self) -> UUID:
        """Return the vehicle's id once it was entered."""
        if self.vehicle_id is None:
            raise AssertionError("the vehicle is entered first")
        return self.vehicle_id


async def enter_people(owner: Database, demo: Demo) -> None:
    """Create the bureau with its district, and its people with what they passed."""
    given = shipped_geometry(BUREAU)
    if given is None:
        raise AssertionError("the demo's district is shipped")
    password_hash = await hash_password(DEMO_PASSWORD, ADMIN_LOGIN)
    made = await create_bureau(
        owner,
        NewBureau(
            bureau_id=BUREAU,
            name="城厢区市场监督管理局（演示）",
            desk_name="12315投诉举报中心",
            boundary=given[0],
            boundary_datum=given[1],
            boundary_source="shipped",
            admin_login=ADMIN_LOGIN,
            admin_name=ADMIN_NAME,
            admin_password_hash=password_hash,
            admin_must_change_password=False,
            demo=True,
        ),
    )
    admin = Actor(BUREAU, made.admin_id, made.desk_id, frozenset({Role.ADMIN}))
    demo.people["admin"] = admin
    today = demo.clock().date()
    for person in PEOPLE:
        new = NewPerson(
            unit_id=made.desk_id,
            name=person.name,
            login=person.login,
            password_hash=password_hash,
            must_change_password=False,
            roles=person.roles,
        )
        person_id = await add_person(demo.database, admin, new)
        demo.people[person.login] = Actor(BUREAU, person_id, made.desk_id, person.roles, person.name)
        if person.examined:
            await enter_examination(
                demo.database,
                admin,
                NewExamination(
                    person_id=person_id,
                    taken_on=today - timedelta(days=60),
                    passed=True,
                    valid_until=today + timedelta(days=305),
                    examiner="人事股",
                ),
            )
        if person.licensed:
            await enter_licence(
                demo.database,
                admin,
                NewLicence(
                    person_id=person_id,
                    number="DEMO-0001",
                    vehicle_class="C1",
                    valid_from=today - timedelta(days=900),
                    valid_until=today + timedelta(days=900),
                ),
            )


async def enter_the_vehicle(demo: Demo) -> None:
    """Enter the vehicle with its papers, its dedication and first reading, and the driver's phone."""
    database, admin, today = demo.database, demo.people["admin"], demo.clock().date()
    demo.vehicle_id = await enter_vehicle(
        database, admin, NewVehicle(plate=PLATE, name="消费维权专用车", base_name=BASE_NAME, base=BASE)
    )
    for kind in ("inspection", "insurance"):
        await enter_paper(
            database,
            admin,
            NewPaper(
                vehicle_id=demo.vehicle,
                kind=kind,
                document_no=f"DEMO-{kind}",
                valid_from=today - timedelta(days=100),
                valid_until=today + timedelta(days=265),
            ),
        )
    desk_id = admin.unit_id
    if desk_id is None:
        raise AssertionError("the administrator belongs to the desk")
    await dedicate_vehicle(
        database,
        admin,
        NewDedication(
            vehicle_id=demo.vehicle,
            unit_id=desk_id,
            kind="dedicate",
            effective_on=today,
            document_no="演示〔2026〕1号",
            reason="专门用于辖区内消费纠纷现场调解",
        ),
    )
    await record_reading(
        database,
        demo.people["custodian"],
        NewReading(vehicle_id=demo.vehicle, odometer_m=SHOWN_M, read_at=demo.clock(), occasion="handover"),
    )
    phone = await enrol_device(
        database, admin, NewDevice(name="郑司机的手机", person_id=demo.people["driver"].person_id)
    )
    await acknowledge_tracking(database, demo.people["driver"], phone.device_id, VERSION, "signed-in")
    demo.token = phone.token or ""
