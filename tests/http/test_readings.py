"""Readings over HTTP: taken, corrected in sight, never going back, and an odometer replaced by an act."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.db.faults import HeldByDatabase
from api.usecases.record_reading import NewReading, record_reading
from api.usecases.sweep_books import sweep_books
from domain.books.readings import Obtained
from domain.values import Role
from tests.conftest import SignIn, problem_code
from tests.world import HeldClock, World

PHOTO = "ab" * 32
THIRD_PARTY = Obtained.THIRD_PARTY


def taken(world: World, odometer_m: int, **other: Any) -> dict[str, Any]:
    """Return the body of a reading taken now."""
    return {
        "vehicle_id": str(world.vehicle_id),
        "odometer_m": odometer_m,
        "read_at": world.clock().isoformat(),
        "obtained": "typed",
        "occasion": "spot",
    } | other


async def read(client: httpx.AsyncClient, world: World, odometer_m: int, **other: Any) -> str:
    """Enter a reading and return its id."""
    answer = await client.post("/v1/readings", json=taken(world, odometer_m, **other))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["reading_id"])


async def test_a_reading_is_entered_and_listed_with_its_resolution(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """A dashboard of whole kilometres is known to the vehicle's file; the newest reading comes first."""
    driver = await signed_in("driver")
    first = await read(driver, world, 52_000_000, occasion="handover")
    clock.advance(hours=1)
    second = await read(driver, world, 52_031_000, obtained="photo", photo_sha256=PHOTO)
    items = (await driver.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})).json()["items"]
    assert [item["reading_id"] for item in items] == [second, first]
    assert (items[0]["resolution_m"], items[0]["photo_sha256"], items[0]["segment"]) == (1000, PHOTO, 0)


@pytest.mark.parametrize(("odometer_m", "status"), [(51_999_000, 400), (52_000_000, 201), (52_001_000, 201)])
async def test_a_reading_below_its_predecessor_is_refused(
    world: World, signed_in: SignIn, clock: HeldClock, odometer_m: int, status: int
) -> None:
    """A kilometre less is refused and says which reading it contradicts; the same and more are taken."""
    driver = await signed_in("driver")
    before = await read(driver, world, 52_000_000)
    clock.advance(minutes=30)
    answer = await driver.post("/v1/readings", json=taken(world, odometer_m))
    assert answer.status_code == status, answer.text
    if status == 400:
        assert problem_code(answer) == "reading-below-predecessor"
        assert answer.json()["other_reading_id"] == before


async def test_a_reading_entered_late_may_not_exceed_what_was_read_after_it(world: World, signed_in: SignIn) -> None:
    """A paper sheet of Sunday fits below the reading of Monday, or is refused."""
    driver = await signed_in("driver")
    await read(driver, world, 52_000_000)
    earlier = world.clock().replace(hour=0).isoformat()
    too_high = await driver.post("/v1/readings", json=taken(world, 52_002_000, obtained="paper", read_at=earlier))
    assert problem_code(too_high) == "reading-above-successor"
    await read(driver, world, 51_990_000, obtained="paper", read_at=earlier)


async def test_a_digit_slipped_in_the_odometer_and_both_readings_stay_visible(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """A correcting reading names the wrong one and says why; only it counts from then on."""
    driver = await signed_in("driver")
    wrong = await read(driver, world, 90_000_000)
    clock.advance(hours=3)
    stuck = await driver.post("/v1/readings", json=taken(world, 52_031_000))
    assert problem_code(stuck) == "reading-below-predecessor"
    path = f"/v1/readings/{wrong}/corrections"
    correct = {"odometer_m": 52_000_000, "obtained": "photo", "photo_sha256": PHOTO, "reason": "首位数字输错"}
    answer = await driver.post(path, json=correct)
    assert answer.status_code == 201, answer.text
    await read(driver, world, 52_031_000)
    items = (await driver.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})).json()["items"]
    by_id = {item["reading_id"]: item for item in items}
    right = answer.json()["reading_id"]
    assert by_id[wrong]["corrected_by"] == right
    assert (by_id[right]["corrects"], by_id[right]["reason"]) == (wrong, "首位数字输错")
    assert by_id[right]["read_at"] == by_id[wrong]["read_at"]
    again = await driver.post(path, json=correct)
    assert (again.status_code, problem_code(again)) == (409, "reading-already-corrected")


async def test_a_correction_must_itself_fit_its_neighbours(world: World, signed_in: SignIn, clock: HeldClock) -> None:
    """A correction is judged at the time of the wrong one, without the wrong one."""
    driver = await signed_in("driver")
    await read(driver, world, 50_000_000)
    clock.advance(hours=1)
    wrong = await read(driver, world, 50_020_000)
    clock.advance(hours=1)
    await read(driver, world, 50_040_000)
    path = f"/v1/readings/{wrong}/corrections"
    low = await driver.post(path, json={"odometer_m": 49_999_000, "obtained": "typed", "reason": "看错"})
    high = await driver.post(path, json={"odometer_m": 50_041_000, "obtained": "typed", "reason": "看错"})
    assert (problem_code(low), problem_code(high)) == ("reading-below-predecessor", "reading-above-successor")
    fits = await driver.post(path, json={"odometer_m": 50_010_000, "obtained": "typed", "reason": "看错"})
    assert fits.status_code == 201
    once_more = f"/v1/readings/{fits.json()['reading_id']}/corrections"
    assert (
        await driver.post(once_more, json={"odometer_m": 50_012_000, "obtained": "typed", "reason": "又看错"})
    ).status_code == 201


async def test_a_replaced_odometer_begins_a_new_segment(world: World, signed_in: SignIn, clock: HeldClock) -> None:
    """The workshop's new dashboard starts at 12 km: an act says so, and the old one's last reading is kept."""
    driver, chief = await signed_in("driver"), await signed_in("desk_chief")
    await read(driver, world, 52_000_000)
    clock.advance(hours=3)
    path = f"/v1/vehicles/{world.vehicle_id}/odometer-replacements"
    act = {
        "replaced_at": clock().isoformat(),
        "old_odometer_m": 52_004_000,
        "new_odometer_m": 12_000,
        "obtained": "third-party",
        "reason": "仪表总成损坏更换",
    }
    refused = await driver.post(path, json=act)
    assert (refused.status_code, problem_code(refused)) == (403, "forbidden")
    assert (await chief.post(path, json=act)).status_code == 201
    clock.advance(hours=2)
    await read(driver, world, 15_000)
    items = (await driver.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})).json()["items"]
    segments = sorted((item["segment"], item["odometer_m"]) for item in items)
    assert segments == [(0, 52_000_000), (0, 52_004_000), (1, 12_000), (1, 15_000)]
    backdated = await chief.post(path, json=act)
    assert problem_code(backdated) == "bad-odometer-replacement"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"odometer_m": -1}, "invalid-input"),
        ({"odometer_m": 12.5}, "invalid-input"),
        ({"odometer_m": 9_999_999_001}, "invalid-input"),
        ({"resolution_m": 0}, "invalid-input"),
        ({"read_at": "2026-11-23T09:00:00"}, "invalid-input"),
        ({"read_at": "2026-11-23T09:05:01+08:00"}, "reading-time-impossible"),
        ({"read_at": "1999-12-31T23:59:59Z"}, "reading-time-impossible"),
        ({"obtained": "photo"}, "photo-missing"),
        ({"occasion": "departure"}, "invalid-input"),
        ({"occasion": "correction"}, "invalid-input"),
        ({"photo_sha256": "AB"}, "invalid-input"),
        ({"segment": 4}, "invalid-input"),
    ],
)
async def test_a_reading_that_cannot_be_is_a_problem_with_its_code(
    world: World, signed_in: SignIn, wrong: dict[str, Any], code: str
) -> None:
    """Below zero, fractions, unknown fields, no time zone, the future: nothing is written."""
    driver = await signed_in("driver")
    answer = await driver.post("/v1/readings", json=taken(world, 52_000_000) | wrong)
    assert (answer.status_code, problem_code(answer)) == (400, code)
    listed = await driver.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})
    assert listed.json()["items"] == []


async def test_a_reading_five_minutes_ahead_is_a_phone_s_clock(world: World, signed_in: SignIn) -> None:
    """Exactly at the limit it is taken: phones are a little off."""
    await read(await signed_in("driver"), world, 52_000_000, read_at="2026-11-23T09:05:00+08:00")


async def test_a_reading_sent_twice_is_one_reading(world: World, signed_in: SignIn) -> None:
    """The same Idempotency-Key gives the same answer."""
    driver = await signed_in("driver")
    key = {"Idempotency-Key": str(uuid4())}
    first = await driver.post("/v1/readings", json=taken(world, 52_000_000), headers=key)
    second = await driver.post("/v1/readings", json=taken(world, 52_000_000), headers=key)
    assert first.json() == second.json()
    listed = await driver.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id)})
    assert len(listed.json()["items"]) == 1


async def test_a_vehicle_of_nobody_has_no_readings(world: World, signed_in: SignIn) -> None:
    """An unknown vehicle and one of another bureau are told in the same words."""
    driver = await signed_in("driver")
    answer = await driver.post("/v1/readings", json=taken(world, 1, vehicle_id=str(uuid4())))
    assert (answer.status_code, problem_code(answer)) == (404, "not-found")
    listed = await driver.get("/v1/readings", params={"vehicle_id": str(uuid4())})
    assert problem_code(listed) == "not-found"
    gone = await driver.post(
        f"/v1/readings/{uuid4()}/corrections", json={"odometer_m": 1, "obtained": "typed", "reason": "x"}
    )
    assert problem_code(gone) == "not-found"


async def test_a_long_list_of_readings_comes_in_pages(world: World, signed_in: SignIn, clock: HeldClock) -> None:
    """Each page says where the next begins, and no reading is missing or twice."""
    driver = await signed_in("driver")
    entered = []
    for kilometres in range(5):
        entered.append(await read(driver, world, 52_000_000 + kilometres * 1000))
        clock.advance(minutes=kilometres % 2)
    seen: list[str] = []
    after = None
    while True:
        query = {"vehicle_id": str(world.vehicle_id), "limit": "2"} | ({"after": after} if after else {})
        page = (await driver.get("/v1/readings", params=query)).json()
        seen += [item["reading_id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(seen) == sorted(entered)
    bad = await driver.get("/v1/readings", params={"vehicle_id": str(world.vehicle_id), "after": "WyJ4IiwieSJd"})
    assert problem_code(bad) == "bad-cursor"


async def test_an_auditor_s_reading_is_a_third_party_s_and_nobody_else_s_is(world: World, signed_in: SignIn) -> None:
    """The attacker enters "read by others" with the driver's hand; an auditor's reading passes for no typed one."""
    driver, auditor = await signed_in("driver"), await signed_in("auditor")
    forged = await driver.post("/v1/readings", json=taken(world, 52_000_000, obtained="third-party"))
    assert (forged.status_code, problem_code(forged)) == (400, "reading-not-third-party")
    less = await auditor.post("/v1/readings", json=taken(world, 52_000_000))
    assert (less.status_code, problem_code(less)) == (400, "reading-not-third-party")
    spot = await read(auditor, world, 52_000_000, obtained="third-party")
    workshop = await read(driver, world, 52_000_000, obtained="third-party", occasion="workshop")
    right = {"odometer_m": 52_000_000, "reason": "看错"}
    typed_over = await driver.post(f"/v1/readings/{workshop}/corrections", json=right | {"obtained": "third-party"})
    assert (typed_over.status_code, problem_code(typed_over)) == (400, "reading-not-third-party")
    for obtained in ("typed", "third-party"):
        instead = await driver.post(f"/v1/readings/{spot}/corrections", json=right | {"obtained": obtained})
        assert (instead.status_code, problem_code(instead)) == (403, "read-by-auditor")
    own = await auditor.post(f"/v1/readings/{spot}/corrections", json=right | {"obtained": "third-party"})
    assert own.status_code == 201, own.text
    again = await driver.post(
        f"/v1/readings/{own.json()['reading_id']}/corrections", json=right | {"obtained": "typed"}
    )
    assert (again.status_code, problem_code(again)) == (403, "read-by-auditor")


async def test_an_auditor_puts_right_what_was_typed_too_high_and_that_is_found(
    world: World, signed_in: SignIn, clock: HeldClock
) -> None:
    """The odometer shows less than was typed: below it a reading is refused, in its place it is taken, and red."""
    driver, auditor = await signed_in("driver"), await signed_in("auditor")
    typed = await read(driver, world, 52_012_000)
    clock.advance(hours=1)
    seen = taken(world, 52_004_000, obtained="third-party")
    refused = await auditor.post("/v1/readings", json=seen)
    assert problem_code(refused) == "reading-below-predecessor"
    right = {"odometer_m": 52_004_000, "obtained": "third-party", "reason": "现场抽查，实为 52004"}
    answer = await auditor.post(f"/v1/readings/{typed}/corrections", json=right)
    assert answer.status_code == 201, answer.text
    clock.advance(minutes=1)
    await sweep_books(world.database, world.bureau_id)
    shown = (await auditor.get("/v1/findings", params={"kind": "odometer-gap"})).json()["items"]
    assert [(one["colour"], one["evidence"]["until_m"] - one["evidence"]["from_m"]) for one in shown] == [
        ("red", -8_000)
    ]


async def test_the_database_knows_who_is_no_third_party(world: World) -> None:
    """A driver who got past the domain's rule, and a departure's reading by an auditor's hand."""
    forged = NewReading(
        vehicle_id=world.vehicle_id, odometer_m=52_000_000, read_at=world.clock(), occasion="spot", obtained=THIRD_PARTY
    )
    posing = replace(world["driver"], roles=frozenset({Role.AUDITOR}))
    with pytest.raises(HeldByDatabase):
        await record_reading(world.database, posing, forged)
    with pytest.raises(HeldByDatabase):
        await record_reading(world.database, world["auditor"], replace(forged, occasion="departure"))
    await record_reading(world.database, world["auditor"], forged)
