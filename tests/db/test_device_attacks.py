"""Devices, commands, submissions and what is kept aside, attacked as the service's role by direct SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text

from api.db.database import UnitOfWork
from api.db.faults import HeldByDatabase
from api.db.roles import SERVICE
from api.usecases.enrol_device import NewDevice, enrol_device
from tests.conftest import Server
from tests.db.any_row import attempt, become, insert, row_for
from tests.db.catalogue import Connection
from tests.world import World, unused_code

OLD = datetime.now(UTC) - timedelta(days=31)


@pytest.fixture
def connection(server: Server) -> Iterator[Connection]:
    """Return a superuser's connection whose transaction is rolled back."""
    with psycopg.connect(server.superuser) as opened:
        yield opened
        opened.rollback()


def there(connection: Connection, table: str, **columns: object) -> str:
    """Write a row of a new bureau past every trigger, and become the service there; return the bureau."""
    bureau_id = unused_code()
    connection.execute("SET LOCAL session_replication_role = replica")
    insert(connection, table, row_for(connection, table, bureau_id) | columns)
    connection.execute("SET LOCAL session_replication_role = origin")
    become(connection, SERVICE, bureau_id)
    return bureau_id


@pytest.mark.one_server
def test_what_is_kept_aside_goes_after_thirty_days_and_not_before(connection: Connection) -> None:
    """Neither a fresh row nor a changed one: what a device sent is there to be looked at for a month."""
    there(connection, "position_aside", received_at=OLD + timedelta(days=2))
    assert attempt(connection, "DELETE FROM position_aside") == "ZC006"
    connection.execute("RESET ROLE")
    there(connection, "position_aside", received_at=OLD)
    assert attempt(connection, "DELETE FROM position_aside") == 1


@pytest.mark.one_server
@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ("waiting", "sent", False),
        ("sent", "done", False),
        ("sent", "waiting", True),
        ("waiting", "done", True),
        ("done", "failed", True),
        ("failed", "sent", True),
    ],
)
def test_a_command_goes_forward_only(connection: Connection, before: str, after: str, *, refused: bool) -> None:
    """What a terminal was told was told, and its answer stays."""
    there(connection, "device_command", state=before)
    answer = attempt(connection, "UPDATE device_command SET state = %s", (after,))
    assert (answer == "ZC006") is refused


@pytest.mark.one_server
def test_a_submission_becomes_another_note_never(connection: Connection) -> None:
    """The note made of a form is that of its bytes."""
    there(connection, "form_submission", conflict=False, note_id="0199c2f0-0000-7000-8000-000000000001")
    assert attempt(connection, "UPDATE form_submission SET note_id = gen_random_uuid()") == "ZC006"
    connection.execute("RESET ROLE")
    there(connection, "form_submission", conflict=True, note_id=None)
    assert attempt(connection, "UPDATE form_submission SET note_id = gen_random_uuid()") == "ZC006"


@pytest.mark.parametrize(
    "change",
    [
        "zone = 'UTC'",
        "strictness = 'lenient'",
        "terminal_phone = '13912345678'",
        "terminal_id = 'ABC'",
        "code_sha256 = 'x'",
        "ha1 = 'x'",
        "code_used_at = now()",
    ],
)
async def test_a_device_is_not_configured_past_its_acts(world: World, change: str) -> None:
    """Neither number nor strictness nor code is changed by whoever can reach the table alone."""
    enrolled = await enrol_device(world.database, world["admin"], NewDevice(name="T", vehicle_id=world.vehicle_id))

    async def work(uow: UnitOfWork) -> None:
        await uow.execute(
            text(f"UPDATE device SET {change} WHERE bureau_id = :b AND device_id = :d"),
            {"b": uow.bureau_id, "d": enrolled.device_id},
        )

    with pytest.raises(HeldByDatabase):
        await world.database.write(world["admin"], work)
