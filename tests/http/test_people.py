"""Letting people in, giving and taking roles, closing accounts, resetting pass words, delegating, the roster."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from api.db.database import Database
from api.db.ledger_entry import new_id
from api.db.queries.people import roles_of
from api.usecases.change_role import RoleChange, change_role
from domain.people import LastAdmin, RoleHeld
from domain.values import Role
from tests.conftest import SignIn, problem_code
from tests.ledger import forged
from tests.world import PASSWORD, World

WHY = {"reason": "岗位调整"}


def new_person(world: World, login: str = "linxiao", **other: Any) -> dict[str, Any]:
    """Return the body that lets a person in."""
    return {"unit_id": str(world.desk_id), "name": "林晓", "login": login, "roles": ["officer"]} | other


async def sign_in(client: httpx.AsyncClient, world: World, login: str, password: str) -> httpx.Response:
    """Sign in over HTTP, and go by the token from then on."""
    body = {"bureau_id": world.bureau_id, "login": login, "password": password}
    answer = await client.post("/v1/session", json=body)
    client.cookies.clear()
    if answer.status_code == 201:
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return answer


async def test_a_person_is_let_in_changes_the_pass_word_and_works(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """The temporary pass word opens the door once, to change it, and then the roles hold."""
    admin = await signed_in("admin")
    entered = await admin.post("/v1/people", json=new_person(world))
    assert entered.status_code == 201, entered.text
    temporary = entered.json()["temporary_password"]
    assert (await sign_in(anonymous, world, "linxiao", temporary)).json()["me"]["must_change_password"] is True
    assert problem_code(await anonymous.get("/v1/people")) == "password-change-required"
    change = {"old_password": temporary, "new_password": PASSWORD}
    assert (await anonymous.post("/v1/session/password", json=change)).status_code == 204
    shown = await anonymous.get(f"/v1/people/{entered.json()['person_id']}")
    assert (shown.status_code, shown.json()["roles"]) == (200, ["officer"])


async def test_a_double_click_lets_one_person_in_and_shows_the_pass_word_once(world: World, signed_in: SignIn) -> None:
    """The same Idempotency-Key again is the same person; what was shown once is kept nowhere."""
    admin = await signed_in("admin")
    key = {"Idempotency-Key": "a double click"}
    first = (await admin.post("/v1/people", json=new_person(world), headers=key)).json()
    again = (await admin.post("/v1/people", json=new_person(world), headers=key)).json()
    assert again == {"person_id": first["person_id"], "temporary_password": None}
    async with world.database.read(world.bureau_id) as reader:
        kept = (await reader.execute(text("SELECT answer FROM idempotency_key"))).scalars().all()
    assert kept
    assert not [answer for answer in kept if first["temporary_password"] in (answer or "")]


async def test_one_login_taken_by_two_at_once_is_one_persons(world: World, signed_in: SignIn) -> None:
    """Of two people entered at once under one login, one is let in and the other is told."""
    admin = await signed_in("admin")
    answers = await asyncio.gather(*(admin.post("/v1/people", json=new_person(world)) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert problem_code(loser) == "login-taken"


@pytest.mark.parametrize(
    "wrong",
    [
        {"login": "林晓"},
        {"login": "a"},
        {"name": " "},
        {"roles": []},
        {"roles": ["king"]},
        {"unit_id": "desk"},
        {"password": "chosen by me"},
        {"name": "x" * 61},
    ],
)
async def test_a_person_that_cannot_be_is_not_let_in(world: World, signed_in: SignIn, wrong: dict[str, Any]) -> None:
    """Each wrong field is a 400 that says which, and nobody enters."""
    admin = await signed_in("admin")
    answer = await admin.post("/v1/people", json=new_person(world) | wrong)
    assert (answer.status_code, problem_code(answer)) == (400, "invalid-input")


async def test_a_person_enters_no_unit_that_does_not_exist(world: World, signed_in: SignIn) -> None:
    """An unknown unit is not found."""
    admin = await signed_in("admin")
    answer = await admin.post("/v1/people", json=new_person(world, unit_id=str(uuid4())))
    assert (answer.status_code, problem_code(answer)) == (404, "not-found")


async def test_nobody_enters_as_auditor_and_something_else(world: World, signed_in: SignIn) -> None:
    """An auditor holds no other role from the first day on."""
    admin = await signed_in("admin")
    answer = await admin.post("/v1/people", json=new_person(world, roles=["auditor", "driver"]))
    assert problem_code(answer) == "auditor-exclusive"


async def test_people_are_listed_page_by_page_without_anything_secret(signed_in: SignIn) -> None:
    """Every person stands on one page, none twice, and no page holds a hash or, for an officer, a login."""
    officer = await signed_in("officer")
    seen: list[str] = []
    after = None
    while True:
        page = await officer.get("/v1/people", params={"limit": 4} | ({"after": after} if after else {}))
        assert "argon2" not in page.text
        assert [one["login"] for one in page.json()["items"] if one["login"]] in ([], ["officer"])
        seen += [one["person_id"] for one in page.json()["items"]]
        after = page.json()["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 9
    admin = await signed_in("admin")
    assert all(one["login"] for one in (await admin.get("/v1/people")).json()["items"])


async def test_a_role_is_given_and_taken_with_its_reason(world: World, signed_in: SignIn) -> None:
    """It works at the next sign-in, and both acts stay in sight."""
    admin = await signed_in("admin")
    roles = f"/v1/people/{world['driver'].who}/roles"
    given = await admin.post(roles, json=WHY | {"role": "dispatcher", "granted": True})
    assert given.status_code == 201, given.text
    assert (await (await signed_in("driver")).get("/v1/session")).json()["roles"] == ["dispatcher", "driver"]
    assert (await admin.post(roles, json=WHY | {"role": "dispatcher", "granted": False})).status_code == 201
    assert (await (await signed_in("driver")).get("/v1/session")).json()["roles"] == ["driver"]
    acts = (await admin.get(roles)).json()["items"]
    assert [(act["role"], act["granted"]) for act in acts] == [
        ("dispatcher", False),
        ("dispatcher", True),
        ("driver", True),
    ]


@pytest.mark.parametrize(
    ("who", "role", "granted", "code"),
    [
        ("driver", "driver", True, "role-held"),
        ("driver", "officer", False, "role-not-held"),
        ("auditor", "driver", True, "auditor-exclusive"),
        ("driver", "auditor", True, "auditor-exclusive"),
    ],
)
async def test_a_role_that_cannot_change_so_is_refused(
    world: World, signed_in: SignIn, *, who: str, role: str, granted: bool, code: str
) -> None:
    """Held already, not held, or not together with another."""
    admin = await signed_in("admin")
    answer = await admin.post(f"/v1/people/{world[who].who}/roles", json=WHY | {"role": role, "granted": granted})
    assert (answer.status_code, problem_code(answer)) == (409, code)


async def withdraw_root(world: World) -> str:
    """Take the role of the bureau's first administrator, so that one is left, and return that one's id."""
    async with world.database.read(world.bureau_id) as reader:
        root = (await reader.execute(text("SELECT person_id FROM person WHERE login = 'root'"))).scalar_one()
    await change_role(
        world.database,
        world["admin"],
        RoleChange(person_id=root, role=Role.ADMIN, granted=False, reason="moved on"),
    )
    return str(world["admin"].who)


async def test_the_last_administrator_stays(world: World, signed_in: SignIn) -> None:
    """Neither the role nor the account of the last one can be taken."""
    admin = await signed_in("admin")
    last = await withdraw_root(world)
    role = await admin.post(f"/v1/people/{last}/roles", json=WHY | {"role": "admin", "granted": False})
    assert (role.status_code, problem_code(role)) == (409, "last-admin")
    account = await admin.post(f"/v1/people/{last}/deactivate", json=WHY)
    assert (account.status_code, problem_code(account)) == (409, "last-admin")


async def test_two_administrators_who_remove_each_other_leave_one(world: World) -> None:
    """However they meet, one of the two acts is refused and one administrator is left."""
    async with world.database.read(world.bureau_id) as reader:
        root = (await reader.execute(text("SELECT person_id FROM person WHERE login = 'root'"))).scalar_one()
    ends = await asyncio.gather(
        *(
            change_role(
                world.database,
                world["admin"],
                RoleChange(person_id=person_id, role=Role.ADMIN, granted=False, reason="away with them"),
            )
            for person_id in (root, world["admin"].who)
        ),
        return_exceptions=True,
    )
    assert [type(end) for end in ends if isinstance(end, BaseException)] == [LastAdmin]
    async with world.database.read(world.bureau_id) as reader:
        left = [person for person in (root, world["admin"].who) if Role.ADMIN in await roles_of(reader, person)]
    assert len(left) == 1


async def test_one_role_given_twice_at_once_is_given_once(world: World) -> None:
    """The second finds it held."""
    change = RoleChange(
        person_id=world["driver"].who, role=Role.OFFICER, granted=True, reason="both of us thought of it"
    )
    ends = await asyncio.gather(
        *(change_role(world.database, world["admin"], change) for _ in range(5)), return_exceptions=True
    )
    assert [type(end) for end in ends if isinstance(end, BaseException)] == [RoleHeld] * 4


async def test_auditor_and_another_role_given_at_once_are_never_both_held(world: World) -> None:
    """Of two grants that do not go together one is refused."""
    person_id = world["driver"].who
    await change_role(
        world.database,
        world["admin"],
        RoleChange(person_id=person_id, role=Role.DRIVER, granted=False, reason="leaves"),
    )
    await asyncio.gather(
        *(
            change_role(
                world.database, world["admin"], RoleChange(person_id=person_id, role=role, granted=True, reason="new")
            )
            for role in (Role.AUDITOR, Role.OFFICER)
        ),
        return_exceptions=True,
    )
    async with world.database.read(world.bureau_id) as reader:
        assert len(await roles_of(reader, person_id)) == 1


async def raw_grant(database: Database, world: World, person_id: object, role: str, *, granted: bool) -> None:
    """Insert a grant by SQL as the service, past every use case."""
    forged(world)
    async with database.engine.begin() as connection:
        await connection.execute(text(f"SET LOCAL zhuanche.bureau_id = '{world.bureau_id}'"))
        entry = (await connection.execute(text("SELECT entry_id FROM role_grant LIMIT 1"))).scalar_one()
        await connection.execute(
            text(
                "INSERT INTO role_grant (bureau_id, grant_id, person_id, role, granted, reason, recorded_at, entry_id)"
                f" VALUES ('{world.bureau_id}', '{new_id()}', '{person_id}', '{role}', {granted}, 'attack',"
                f" now() + interval '10 years', '{entry}')"
            )
        )


async def test_sql_cannot_take_the_last_administrator(world: World, database: Database) -> None:
    """The database holds it too, also when two take each other at once."""
    async with database.read(world.bureau_id) as reader:
        root = (await reader.execute(text("SELECT person_id FROM person WHERE login = 'root'"))).scalar_one()
    ends = await asyncio.gather(
        *(raw_grant(database, world, person, "admin", granted=False) for person in (root, world["admin"].who)),
        return_exceptions=True,
    )
    refused = [end for end in ends if isinstance(end, BaseException)]
    assert len(refused) == 1
    assert "last-admin" in str(refused[0]) or "could not commit" in str(refused[0])


async def test_sql_cannot_make_an_auditor_anything_else(world: World, database: Database) -> None:
    """Two grants at once that do not go together: the database lets one in at most."""
    with pytest.raises(Exception, match=r"auditor-exclusive|could not commit"):
        await raw_grant(database, world, world["auditor"].who, "officer", granted=True)


async def test_a_closed_account_is_out_at_once_and_comes_back_with_its_roles(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """Its sessions end, its pass word opens nothing, until it is opened again."""
    admin, officer = await signed_in("admin"), await signed_in("officer")
    at = f"/v1/people/{world['officer'].who}"
    assert (await admin.post(f"{at}/deactivate", json=WHY)).status_code == 201
    assert (await officer.get("/v1/session")).status_code == 401
    assert (await sign_in(anonymous, world, "officer", PASSWORD)).status_code == 401
    assert problem_code(await admin.post(f"{at}/deactivate", json=WHY)) == "account-stands"
    assert (await admin.post(f"{at}/reactivate", json=WHY)).status_code == 201
    assert (await officer.get("/v1/session")).status_code == 401
    assert (await sign_in(anonymous, world, "officer", PASSWORD)).json()["me"]["roles"] == ["officer"]
    acts = (await admin.get(f"{at}/acts")).json()["items"]
    assert [act["verb"] for act in acts] == ["reactivate", "deactivate", "enter"]


async def test_a_person_moves_to_another_unit(world: World, signed_in: SignIn) -> None:
    """The unit is there first; moving twice to it is refused."""
    admin = await signed_in("admin")
    unit = (await admin.post("/v1/units", json={"name": "龙桥所", "kind": "station"})).json()["unit_id"]
    at = f"/v1/people/{world['officer'].who}"
    assert (await admin.post(f"{at}/move", json=WHY | {"unit_id": unit})).status_code == 201
    assert (await admin.get(at)).json()["unit_id"] == unit
    assert problem_code(await admin.post(f"{at}/move", json=WHY | {"unit_id": unit})) == "account-stands"
    assert problem_code(await admin.post(f"{at}/move", json=WHY | {"unit_id": str(uuid4())})) == "not-found"
    assert {one["name"] for one in (await admin.get("/v1/units")).json()["items"]} == {"龙桥所", "12315 投诉举报中心"}


async def test_the_desk_resets_a_forgotten_pass_word(
    world: World, signed_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    """The old one is out, sessions end, a lock is lifted, and the temporary one must be changed."""
    chief, officer = await signed_in("desk_chief"), await signed_in("officer")
    for _ in range(5):
        await sign_in(anonymous, world, "officer", "what was it")
    reset = await chief.post(f"/v1/people/{world['officer'].who}/reset-password", json={"reason": "忘记密码"})
    assert reset.status_code == 201, reset.text
    assert (await officer.get("/v1/session")).status_code == 401
    assert (await sign_in(anonymous, world, "officer", PASSWORD)).status_code == 401
    opened = await sign_in(anonymous, world, "officer", reset.json()["temporary_password"])
    assert opened.json()["me"]["must_change_password"] is True


@pytest.mark.parametrize(
    ("by", "of", "status"),
    [
        ("desk_chief", "driver", 201),
        ("desk_chief", "dispatcher", 201),
        ("desk_chief", "custodian", 403),
        ("desk_chief", "auditor", 403),
        ("desk_chief", "admin", 403),
        ("desk_chief", "desk_chief", 403),
        ("admin", "custodian", 201),
        ("admin", "root", 201),
        ("admin", "admin", 403),
        ("dispatcher", "driver", 403),
    ],
)
async def test_nobody_resets_a_pass_word_of_more_weight_than_their_own(
    world: World, signed_in: SignIn, by: str, of: str, status: int
) -> None:
    """Who resets a pass word could use it: so the chief resets the desk's, an administrator everybody else's."""
    async with world.database.read(world.bureau_id) as reader:
        found = await reader.execute(text("SELECT person_id FROM person WHERE login = :login"), {"login": of})
        person_id = found.scalar_one()
    client = await signed_in(by)
    answer = await client.post(f"/v1/people/{person_id}/reset-password", json={"reason": "忘记密码"})
    assert answer.status_code == status, answer.text


async def test_an_administrator_signs_a_person_out_everywhere(world: World, signed_in: SignIn) -> None:
    """Both phones are out, and a second time ends nothing."""
    admin = await signed_in("admin")
    phones = [await signed_in("officer"), await signed_in("officer")]
    at = f"/v1/people/{world['officer'].who}/revoke-sessions"
    assert (await admin.post(at)).json() == {"ended": 2}
    assert {(await phone.get("/v1/session")).status_code for phone in phones} == {401}
    assert (await admin.post(at)).json() == {"ended": 0}
