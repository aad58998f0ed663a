"""Settings: between bounds that nobody passes, and every change a fact."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from api.db.database import Database
from domain.settings import SETTINGS, Setting
from tests.conftest import SignIn, problem_code
from tests.world import HeldClock, World

WHY = {"reason": "城东市场路况"}


async def test_a_setting_shows_its_bounds_and_who_set_it(world: World, signed_in: SignIn) -> None:
    """Before any change the default holds; after one, the value, who and when."""
    chief, officer = await signed_in("desk_chief"), await signed_in("officer")
    before = {one["name"]: one for one in (await officer.get("/v1/settings")).json()}
    assert set(before) == set(SETTINGS)
    assert (before["note_near_m"]["value"], before["note_near_m"]["set_by"]) == (300, None)
    answer = await chief.put("/v1/settings/note_near_m", json=WHY | {"value": 200})
    assert answer.status_code == 200, answer.text
    after = next(one for one in (await officer.get("/v1/settings")).json() if one["name"] == "note_near_m")
    assert (after["value"], after["default"], after["set_by"]) == (200, 300, str(world["desk_chief"].who))


async def test_every_change_keeps_the_old_value_and_the_reason(signed_in: SignIn, clock: HeldClock) -> None:
    """And setting what holds already is no change."""
    chief = await signed_in("desk_chief")
    for value in (200, 200, 250):
        clock.advance(seconds=1)
        assert (await chief.put("/v1/settings/note_near_m", json=WHY | {"value": value})).status_code == 200
    changes = (await chief.get("/v1/settings/note_near_m/changes")).json()["items"]
    assert [(one["old_value"], one["new_value"], one["reason"]) for one in changes] == [
        (200, 250, WHY["reason"]),
        (300, 200, WHY["reason"]),
    ]


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
async def test_a_setting_goes_to_its_bounds_and_not_one_beyond(signed_in: SignIn, setting: Setting) -> None:
    """Just under, at, and just over, at both ends."""
    chief = await signed_in("desk_chief")
    tried = {}
    for value in (setting.least - 1, setting.least, setting.most, setting.most + 1):
        answer = await chief.put(f"/v1/settings/{setting.name}", json=WHY | {"value": value})
        tried[value] = answer.status_code
    assert list(tried.values()) == [400, 200, 200, 400]


async def test_a_setting_without_a_reason_or_of_no_name_is_refused(signed_in: SignIn) -> None:
    """Why is always told, and there is no other setting."""
    chief = await signed_in("desk_chief")
    assert (await chief.put("/v1/settings/note_near_m", json={"value": 200})).status_code == 400
    assert (await chief.put("/v1/settings/note_near_m", json={"value": 200, "reason": " "})).status_code == 400
    assert (await chief.put("/v1/settings/note_near_m", json=WHY | {"value": "many"})).status_code == 400
    unknown = await chief.put("/v1/settings/override", json=WHY | {"value": 1})
    assert (unknown.status_code, problem_code(unknown)) == (404, "no-such-setting")
    assert problem_code(await chief.get("/v1/settings/override/changes")) == "no-such-setting"


async def test_changes_at_once_each_name_the_value_before(signed_in: SignIn) -> None:
    """Ten chiefs' changes make one chain from the default to what holds."""
    chief = await signed_in("desk_chief")
    values = range(100, 110)
    await asyncio.gather(*(chief.put("/v1/settings/note_near_m", json=WHY | {"value": value}) for value in values))
    changes = (await chief.get("/v1/settings/note_near_m/changes")).json()["items"]
    by_time = sorted(changes, key=lambda one: datetime.fromisoformat(one["recorded_at"]))
    assert [one["old_value"] for one in by_time] == [300, *(one["new_value"] for one in by_time[:-1])]
    holds = next(one for one in (await chief.get("/v1/settings")).json() if one["name"] == "note_near_m")
    assert holds["value"] == by_time[-1]["new_value"]


@pytest.mark.parametrize(
    ("name", "value"), [("note_near_m", "2001"), ("note_near_m", "49"), ("override", "1"), ("note_near_m", '"200"')]
)
async def test_sql_cannot_pass_the_bounds_either(world: World, database: Database, name: str, value: str) -> None:
    """The service's own role is refused by the database."""
    async with database.engine.connect() as connection:
        await connection.execute(text(f"SET LOCAL zhuanche.bureau_id = '{world.bureau_id}'"))
        entry = (await connection.execute(text("SELECT entry_id FROM ledger_payload LIMIT 1"))).scalar_one()
        with pytest.raises(Exception, match="setting-out-of-bounds"):
            await connection.execute(
                text(
                    "INSERT INTO setting_change"
                    " (bureau_id, change_id, name, old_value, new_value, reason, recorded_at, entry_id)"
                    f" VALUES ('{world.bureau_id}', gen_random_uuid(), '{name}', CAST('{{}}' AS jsonb),"
                    f" jsonb_build_object('value', CAST('{value}' AS jsonb)), 'attack', now(), '{entry}')"
                )
            )


async def test_sql_cannot_change_a_change(world: World, signed_in: SignIn, database: Database) -> None:
    """What was set stays set as it was."""
    chief = await signed_in("desk_chief")
    await chief.put("/v1/settings/note_near_m", json=WHY | {"value": 200})
    for attack in ("UPDATE setting_change SET reason = 'x'", "DELETE FROM setting_change", "TRUNCATE setting_change"):
        async with database.engine.connect() as connection:
            await connection.execute(text(f"SET LOCAL zhuanche.bureau_id = '{world.bureau_id}'"))
            with pytest.raises(Exception, match=r"permission denied|append-only"):
                await connection.execute(text(attack))


def test_the_database_knows_the_bounds_of_every_setting(project: Path) -> None:
    """A new setting, or a moved bound, stands in migrations/unclaimed/settings.sql as well."""
    written = (project / "migrations" / "unclaimed" / "settings.sql").read_text("utf-8")
    held = {
        name: (int(least), int(most)) for name, least, most in re.findall(r"\('(\w+)', (-?\d+), (-?\d+)\)", written)
    }
    wanted = {setting.name: (setting.least, setting.most) for setting in SETTINGS.values()}
    assert held == wanted, "bring migrations/unclaimed/settings.sql in step with domain/settings.py"
