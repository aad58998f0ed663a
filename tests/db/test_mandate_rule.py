"""What the database holds of mandates by itself, tried by direct SQL as the service's role."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from api.db.database import Database
from api.db.roles import SERVICE
from api.usecases.give_mandate import end_mandate
from tests.conftest import Server
from tests.db.any_row import attempt, become
from tests.mandates import give
from tests.world import HeldClock, World, make_world

pytestmark = pytest.mark.one_server


@pytest.fixture
async def visited(owner: Database, database: Database, clock: HeldClock) -> World:
    """Return another bureau, which gives mandates; `world` is the auditor's home."""
    return await make_world(owner, database, clock)


INSERT_ACCESS = (
    "INSERT INTO mandate_access (bureau_id, access_id, mandate_id, route, recorded_at, entry_id)"
    " SELECT bureau_id, gen_random_uuid(), mandate_id, 'GET /v1/vehicles', {at}, entry_id FROM audit_mandate"
    " WHERE bureau_id = '{bureau}' AND mandate_id = '{mandate}'"
)
INSERT_MANDATE = (
    "INSERT INTO audit_mandate SELECT bureau_id, gen_random_uuid(), {home}, home_person_id, auditor_name, {document},"
    " {begins}, {until}, {ends}, {reason}, actor_id, recorded_at, entry_id FROM audit_mandate"
    " WHERE bureau_id = '{bureau}' AND mandate_id = '{mandate}'"
)
AS_IT_WAS = {
    "home": "home_bureau_id",
    "document": "document_no",
    "begins": "valid_from",
    "until": "valid_until",
    "ends": "NULL",
    "reason": "NULL",
}


def tried_as_the_service(server: Server, bureau_id: str, statement: str) -> str | int:
    """Run a statement as the service's role of a bureau, the deferred rules at once."""
    with psycopg.connect(server.superuser) as connection:
        become(connection, SERVICE, bureau_id)
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        answer = attempt(connection, statement)
        connection.rollback()
        return answer


async def test_the_service_itself_records_no_look_outside_a_mandate(
    server: Server, world: World, visited: World
) -> None:
    """Direct SQL: before, after, under an ended one, under what ended one; and inside it may."""
    given = await give(visited, world, begins=timedelta(hours=1))
    bureau = visited.bureau_id

    def look(at: str, mandate_id: UUID = given) -> str | int:
        return tried_as_the_service(server, bureau, INSERT_ACCESS.format(at=at, bureau=bureau, mandate=mandate_id))

    assert look("valid_from - interval '1 microsecond'") == "ZC001"
    assert look("valid_from") == 1
    assert look("valid_until - interval '1 microsecond'") == 1
    assert look("valid_until") == "ZC001"
    ended = await end_mandate(visited.database, visited["admin"], given, "审计已结束")
    assert look("valid_from") == "ZC001"
    assert look("valid_from", ended) == "ZC001"


CHANGES: tuple[tuple[dict[str, str], str | int], ...] = (
    ({}, 1),
    ({"home": "bureau_id"}, "23514"),
    ({"until": "valid_from"}, "23514"),
    ({"until": "valid_from + interval '366 days 1 second'"}, "23514"),
    ({"begins": "recorded_at - interval '1 second'"}, "23514"),
    ({"ends": "mandate_id"}, "23514"),
    ({"reason": "'why'"}, "23514"),
    ({"ends": "mandate_id", "reason": "'why'"}, 1),
    ({"ends": "gen_random_uuid()", "reason": "'why'"}, "ZC001"),
    ({"ends": "mandate_id", "reason": "'why'", "document": "'another'"}, "ZC001"),
    ({"ends": "mandate_id", "reason": "'why'", "until": "valid_until + interval '1 day'"}, "ZC001"),
)


async def test_the_service_itself_enters_no_mandate_that_is_none(server: Server, world: World, visited: World) -> None:
    """Direct SQL: to one's own, without end, backwards, an end without a reason or of nothing."""
    given = await give(visited, world)
    for changed, refused_by in CHANGES:
        parts = AS_IT_WAS | changed | {"bureau": visited.bureau_id, "mandate": str(given)}
        answer = tried_as_the_service(server, visited.bureau_id, INSERT_MANDATE.format(**parts))
        assert answer == refused_by, changed


async def test_the_service_itself_ends_a_mandate_once(server: Server, world: World, visited: World) -> None:
    """Direct SQL: a second end has no room, nor is the first taken back."""
    given = await give(visited, world)
    await end_mandate(visited.database, visited["admin"], given, "审计已结束")
    parts = AS_IT_WAS | {"ends": "mandate_id", "reason": "'why'", "bureau": visited.bureau_id, "mandate": str(given)}
    again = tried_as_the_service(server, visited.bureau_id, INSERT_MANDATE.format(**parts))
    assert again == "23505"
    for attack in ("DELETE FROM audit_mandate", "UPDATE audit_mandate SET ends = NULL", "DELETE FROM mandate_access"):
        assert tried_as_the_service(server, visited.bureau_id, attack) == "42501"
