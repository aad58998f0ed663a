"""A photo of the odometer is asked for at departures nobody foresees."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import httpx
import pytest
from sqlmodel import select

from api.db.database import Actor
from api.db.tables.lots import MonthSeed, PhotoRequest
from api.usecases.ask_photo import find_missing_photos
from api.usecases.month_seed import fix_seeds
from domain.lots import asks_photo
from tests.conftest import SignIn, problem_code
from tests.lots import always_asked, trips_of_a_day
from tests.trips import START_M, approved_trip
from tests.world import World

PHOTO = b"\xff\xd8\xff\xe0" + bytes(2_000)
SHA256 = sha256(PHOTO).hexdigest()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every departure be one at which a photo is asked for."""
    always_asked(monkeypatch)


async def departed(world: World, driver: httpx.AsyncClient, **reading: Any) -> dict[str, Any]:
    """Let an approved trip depart by the driver's phone, and return the trip."""
    trip_id = await approved_trip(world)
    world.clock.advance(hours=1)
    check = {"tyres": True, "lights": True, "fuel": True, "papers": True}
    report = {"check": check, "reading": {"odometer_m": START_M} | reading}
    answer = await driver.post(f"/v1/trips/{trip_id}/depart", json=report)
    assert answer.status_code == 200, answer.text
    trip: dict[str, Any] = answer.json()["trip"]
    return trip


async def findings(world: World) -> int:
    """Let the background look for photos that are missing, and return how many it found."""
    return await world.database.write(Actor(world.bureau_id), find_missing_photos)


async def departure_reading(driver: httpx.AsyncClient, world: World) -> str:
    """Return the id of the newest reading."""
    listed = (await driver.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})).json()["items"]
    reading_id: str = listed[0]["reading_id"]
    return reading_id


@pytest.mark.usefixtures("asked")
async def test_a_photo_that_does_not_come_is_a_finding(world: World, signed_in: SignIn) -> None:
    """Within its term nothing is said; after it one finding, however often it is looked at."""
    driver = await signed_in("driver")
    trip = await departed(world, driver)
    assert trip["photo_wanted_until"] is not None
    assert await findings(world) == 0
    world.clock.advance(minutes=31)
    assert [await findings(world), await findings(world)] == [1, 0]
    shown = (await (await signed_in("auditor")).get("/v1/findings", params={"kind": "reading-without-photo"})).json()
    assert [one["trip_id"] for one in shown["items"]] == [trip["trip_id"]]


@pytest.mark.usefixtures("asked")
async def test_a_photo_that_comes_in_time_is_enough(world: World, signed_in: SignIn) -> None:
    """Uploaded and named; before its file is there it cannot be named, and twice is once."""
    driver = await signed_in("driver")
    await departed(world, driver)
    path = f"/v1/readings/{await departure_reading(driver, world)}/photos"
    assert problem_code(await driver.post(path, json={"sha256": SHA256})) == "file-not-sent"
    await driver.put(f"/v1/attachments/{SHA256}", content=PHOTO)
    for _ in range(2):
        assert (await driver.post(path, json={"sha256": SHA256})).status_code == 204
    world.clock.advance(minutes=31)
    assert await findings(world) == 0
    assert (await (await signed_in("auditor")).post(path, json={"sha256": SHA256})).status_code == 403


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(("sent", "found"), [(True, 0), (False, 1)])
async def test_a_reading_that_came_with_its_photo_is_enough_once_the_file_is_there(
    world: World, signed_in: SignIn, *, sent: bool, found: int
) -> None:
    """Naming a photo is not sending it."""
    driver = await signed_in("driver")
    await departed(world, driver, obtained="photo", photo_sha256=SHA256)
    if sent:
        await driver.put(f"/v1/attachments/{SHA256}", content=PHOTO)
    world.clock.advance(minutes=31)
    assert await findings(world) == found


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("named", ["with the reading", "afterwards"])
async def test_a_photo_of_another_day_is_none(world: World, signed_in: SignIn, named: str) -> None:
    """The driver sends the one of last week once more."""
    driver = await signed_in("driver")
    await driver.put(f"/v1/attachments/{SHA256}", content=PHOTO)
    world.clock.advance(hours=1)
    driver = await signed_in("driver")
    with_it = {"obtained": "photo", "photo_sha256": SHA256} if named == "with the reading" else {}
    await departed(world, driver, **with_it)
    await driver.put(f"/v1/attachments/{SHA256}", content=PHOTO)
    if not with_it:
        path = f"/v1/readings/{await departure_reading(driver, world)}/photos"
        assert (await driver.post(path, json={"sha256": SHA256})).status_code == 204
    world.clock.advance(minutes=31)
    assert await findings(world) == 1


async def test_who_is_asked_follows_from_the_months_seed(world: World) -> None:
    """After the draw the auditor can tell of each departure whether a photo had to be asked for."""
    trips = await trips_of_a_day(world, 6)
    async with world.database.read(world.bureau_id) as reader:
        seed = await reader.one(select(MonthSeed).where(MonthSeed.bureau_id == world.bureau_id))
        asked_of = set(await reader.all(select(PhotoRequest.use_id).where(PhotoRequest.bureau_id == world.bureau_id)))
    assert seed is not None
    assert asked_of == {trip for trip in trips if asks_photo(seed.seed, trip, 10)}


async def test_seeds_are_fixed_a_month_ahead_and_once(world: World) -> None:
    """The background makes this month's and the next one's, and leaves them alone afterwards."""
    background = Actor(world.bureau_id)
    assert [await world.database.write(background, fix_seeds) for _ in range(2)] == [2, 0]
    world.clock.advance(days=31)
    assert await world.database.write(background, fix_seeds) == 1
