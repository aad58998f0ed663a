"""Two hundred phones and fifty terminals that send where they are, and keep each fix until it is acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import psycopg

from api.db.address import running
from api.db.database import Actor, Database
from api.db.roles import INGEST, OWNER, SERVICE
from api.settings import Settings
from api.usecases.acknowledge_tracking import acknowledge_tracking
from api.usecases.add_person import NewPerson, add_person
from api.usecases.configure_device import Configuration, configure_device
from api.usecases.enrol_device import NewDevice, enrol_device
from domain.tracking_notice import VERSION
from domain.values import Role
from tests.conftest import token_of
from tests.endure.desk import AWAY
from tests.terminal import Line, Terminal
from tests.world import INSIDE, ROLES, HeldClock, World, add_vehicle, make_world, password_hash

CREW = ("driver", "officer")
"""Who carries the first phones: the crew of each trip."""
EVERY_S = 10.0
"""So often a device tells where it is."""
PATIENCE_S = 20.0
AT_ONCE = 8
STORED = (
    "SELECT device_id, {key}, count(*) FROM (SELECT bureau_id, device_id, source_seq, fixed_at FROM position"
    " UNION ALL SELECT bureau_id, device_id, source_seq, fixed_at FROM position_held) f"
    " WHERE bureau_id = %s GROUP BY 1, 2"
)


@dataclass
class Device:
    """A phone or a terminal: what it sent, and what was acknowledged."""

    device_id: UUID
    token: str
    terminal: Terminal | None = None
    sent: int = 0
    acknowledged: set[int] = field(default_factory=set)
    """A phone's numbers, a terminal's seconds."""


@dataclass
class Fleet:
    """A bureau with vehicles, and devices that send."""

    world: World
    people: dict[str, str]
    """Name → token."""
    vehicles: list[UUID]
    devices: list[Device]
    unlike: list[str] = field(default_factory=list)

    async def send(self, http: httpx.AsyncClient, port: Callable[[], int], stop: asyncio.Event) -> None:
        """Let every device send until told to stop, and then until all it sent is acknowledged."""
        async with asyncio.TaskGroup() as senders:
            for number, device in enumerate(self.devices):
                late_s = EVERY_S * number / len(self.devices)
                if device.terminal is None:
                    senders.create_task(self._phone(http, device, late_s, stop))
                else:
                    senders.create_task(self._terminal(port, device, device.terminal, late_s, stop))

    async def _phone(self, http: httpx.AsyncClient, device: Device, late_s: float, stop: asyncio.Event) -> None:
        await rest(stop, late_s)
        headers = {"Authorization": f"Bearer {device.token}"}
        while not stop.is_set():
            seq = device.sent
            device.sent += 1
            fix = {"fixed_at": datetime.now(UTC).isoformat(), "lat": INSIDE.lat, "lon": INSIDE.lon, "seq": seq}
            while seq not in device.acknowledged:
                try:
                    body = {"datum": "WGS-84", "fixes": [fix]}
                    answer = await http.post("/v1/positions", json=body, headers=headers)
                except httpx.TransportError:
                    await asyncio.sleep(0.5)
                    continue
                if answer.status_code == httpx.codes.OK:
                    device.acknowledged.add(seq)
                elif answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and answer.json()["code"] in AWAY:
                    await asyncio.sleep(0.5)
                else:
                    self.unlike.append(f"phone: {answer.status_code} {answer.text}")
                    break
            await rest(stop, EVERY_S)

    async def _terminal(
        self, port: Callable[[], int], device: Device, terminal: Terminal, late_s: float, stop: asyncio.Event
    ) -> None:
        await rest(stop, late_s)
        line: Line | None = None
        while not stop.is_set():
            at = datetime.now(UTC).replace(microsecond=0)
            device.sent += 1
            while (second := int(at.timestamp())) not in device.acknowledged:
                try:
                    line = line or await _proven(port(), device.token, terminal)
                    await line.send(terminal.location(at, INSIDE))
                    told = await line.hear(PATIENCE_S)
                    if told.id == 0x8001 and told.body[-1] == 0:
                        device.acknowledged.add(second)
                except (OSError, TimeoutError, asyncio.IncompleteReadError):
                    if line is not None:
                        await line.close()
                    line = None
                    await asyncio.sleep(0.5)
            await rest(stop, EVERY_S)
        if line is not None:
            await line.close()

    def look(self, url: str) -> tuple[set[str], set[str]]:
        """Return what is lost and what is doubled of all that was acknowledged."""
        lost, doubled = set[str](), set[str]()
        with psycopg.connect(url) as connection:
            for of_terminals, key in ((False, "source_seq"), (True, "extract(epoch FROM fixed_at)::bigint")):
                stored: dict[UUID, dict[int, int]] = {}
                for device_id, number, count in connection.execute(STORED.format(key=key), (self.world.bureau_id,)):  # type: ignore[call-overload]
                    stored.setdefault(device_id, {})[number] = count
                for device in self.devices:
                    if (device.terminal is not None) is of_terminals:
                        there = Counter(stored.get(device.device_id, {}))
                        lost.update(f"fix {device.device_id} {key}" for key in device.acknowledged - there.keys())
                        doubled.update(f"fix {device.device_id} {key}" for key, count in there.items() if count > 1)
                        doubled.update(
                            f"fix {device.device_id} {key} unsent" for key in there.keys() - device.acknowledged
                        )
        return lost, doubled


async def rest(stop: asyncio.Event, for_s: float) -> None:
    """Wait so long, or until told to stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), for_s)


async def _proven(port: int, token: str, terminal: Terminal) -> Line:
    line = Line(terminal, *await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), PATIENCE_S))
    try:
        await line.send(terminal.authenticate(token))
        if (await line.hear(PATIENCE_S)).body[-1] == 0:
            return line
    except BaseException:
        await line.close()
        raise
    await line.close()
    raise ConnectionError


async def a_fleet(data: Path, phones: int, terminals: int) -> Fleet:
    """Make a bureau with so many phones, each of a person, and terminals, each in a vehicle of its own."""
    address, settings, clock = running(data), Settings(data=data), HeldClock(datetime.now(UTC))
    owner = Database(address.dsn(OWNER), settings, clock, role=OWNER)
    service = Database(address.dsn(SERVICE), settings, clock)
    ingest = Database(address.dsn(INGEST), settings, clock, role=INGEST)
    try:
        world = await make_world(owner, service, clock)
        places = asyncio.Semaphore(AT_ONCE)

        async def officer(number: int) -> Actor:
            person_id = await add_person(
                service,
                world["admin"],
                NewPerson(
                    unit_id=world.desk_id,
                    name=f"外勤 {number}",
                    login=f"officer{number}",
                    password_hash=password_hash(),
                    must_change_password=False,
                    roles=frozenset({Role.OFFICER}),
                ),
            )
            return Actor(world.bureau_id, person_id, world.desk_id, frozenset({Role.OFFICER}))

        async def phone(number: int) -> Device:
            async with places:
                who = world[CREW[number]] if number < len(CREW) else await officer(number)
                made = await enrol_device(service, world["admin"], NewDevice(name="phone", person_id=who.who))
                await acknowledge_tracking(service, who, made.device_id, VERSION, "signed-in")
                return Device(made.device_id, made.token or "")

        async def terminal(number: int) -> tuple[UUID, Device]:
            async with places:
                vehicle_id = await add_vehicle(world, f"闽B{number:05}")
                made = await enrol_device(service, world["admin"], NewDevice(name="terminal", vehicle_id=vehicle_id))
                told = Terminal(phone=f"{world.bureau_id}{number:05}")
                wanted = Configuration(name="terminal", terminal_phone=told.phone)
                await configure_device(service, ingest, world["admin"], made.device_id, wanted)
                return vehicle_id, Device(made.device_id, made.token or "", told)

        carried = list(await asyncio.gather(*map(phone, range(phones))))
        fitted = await asyncio.gather(*map(terminal, range(terminals)))
        people = {who: await token_of(world, who) for who in ROLES}
    finally:
        for one in (owner, service, ingest):
            await one.close()
    vehicles = [vehicle_id for vehicle_id, _ in fitted]
    return Fleet(world, people, vehicles, carried + [device for _, device in fitted])
