"""How the schema comes to be: from nothing, from an older release with rows, by two at once, with rows moved."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from alembic import command
from psycopg import sql
from sqlalchemy.exc import DBAPIError

from api.db.cluster import installed_tree
from api.db.database import Actor, Database
from api.db.migrate import RowsMissed, alembic_config, current_revision, migrate, migrations_folder, owner_engine
from api.db.revision import steps
from api.db.roles import OWNER
from api.db.tables.devices import Device
from api.db.tables.signing import SignedActOutcome
from api.http.act_bodies import carry_out
from api.ingest.devices import bureau_and_digest
from api.settings import Settings
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.depart_trip import Departure, depart_trip
from api.usecases.enrol_device import rotate_token
from api.usecases.enrol_key import NewKey, enrol_key
from api.usecases.place_town import NewTown, place_town
from api.usecases.receive_act import receive_act
from domain.complaint.acts import Withdraw
from tests.complaints import accepted_complaint, job_of
from tests.conftest import Server
from tests.db.any_row import attempt, become, fill, insert, row_for
from tests.db.catalogue import statement, tenant_tables
from tests.db.test_rule_agreement import force
from tests.live import PATIENCE_S, ZHUANCHE, environment
from tests.signing import new_phone
from tests.trips import IN_ORDER, approved_trip, dashboard
from tests.world import INSIDE, HeldClock, make_world, unused_code

pytestmark = pytest.mark.one_server
HEAD = "0027"


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    """Return the URL of an empty database on the run's server, which is dropped afterwards."""
    name = f"migrated_{secrets.token_hex(4)}"
    with psycopg.connect(server.superuser, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield server.superuser.replace("/zhuanche?", f"/{name}?")
    finally:
        with psycopg.connect(server.superuser, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def rows_of(url: str) -> dict[str, int]:
    """Return how many rows each table has, seen past row-level security."""
    with psycopg.connect(url) as connection:
        counts = {}
        for table in tenant_tables(connection):
            (counts[table],) = connection.execute(statement("SELECT count(*) FROM {table}", table)).fetchone() or (0,)
    return counts


def dumped(url: str, *options: str) -> list[str]:
    """Return a database as SQL, without the key that `pg_dump` makes up anew each time."""
    told = subprocess.run(
        [installed_tree() / "bin" / "pg_dump", *options, url], check=True, capture_output=True, text=True
    ).stdout
    return [line for line in told.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def test_models_and_migrations_say_the_same(server: Server) -> None:
    """A table changed in one place only is found before it is released."""
    engine = owner_engine(server.superuser)
    try:
        command.check(alembic_config(engine))
    finally:
        engine.dispose()


def test_an_empty_database_is_set_up_and_the_second_time_nothing_changes(empty: str) -> None:
    """Whoever starts the service may always migrate first."""
    assert current_revision(empty) is None
    migrate(empty)
    first = dumped(empty)
    migrate(empty)
    assert current_revision(empty) == HEAD
    assert dumped(empty) == first


def test_two_who_migrate_one_database_at_once_both_succeed(empty: str, tmp_path: Path) -> None:
    """The second waits for the first and finds nothing left to do."""
    started = [
        subprocess.Popen(
            [ZHUANCHE, "migrate"],
            env=environment(database_url=empty, data=tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in started:
        told, fault = process.communicate(timeout=3 * PATIENCE_S)
        assert process.returncode == 0, fault
        assert f"revision {HEAD}" in told
    assert current_revision(empty) == HEAD


async def test_rows_of_an_older_release_are_kept_and_held_to_the_promises_afterwards(
    empty: str, settings: Settings, clock: HeldClock
) -> None:
    """Two approved trips from before the triggers: both are kept; one complaint is withdrawn, and its car stays."""
    migrate(empty, "0002")
    _what_the_use_cases_of_today_ask_beside(empty)
    owner, service = Database(empty, settings, clock, role=OWNER), Database(empty, settings, clock)
    try:
        world = await make_world(owner, service, clock)
        trips = {}
        for hours in (0, 3):
            complaint_id, at = await accepted_complaint(world), clock() + timedelta(hours=hours)
            trips[complaint_id] = await approved_trip(
                world,
                job_ids=(await job_of(world, complaint_id),),
                planned_from=at,
                planned_until=at + timedelta(hours=1),
            )
        with psycopg.connect(empty) as connection:
            connection.execute("DROP TABLE vehicle_due, finding_update, notice")
        before = rows_of(empty)
        assert before["decision"] == before["vehicle_use"] * 2 == 4
        migrate(empty)
        after = rows_of(empty)
        assert {table: after[table] for table in before} == before
        (withdrawn_id, unlawful), (_, lawful) = trips.items()
        await act_on_complaint(service, world["dispatcher"], withdrawn_id, Withdraw)
        assert await force(world, unlawful, "departed") == {"complaint-not-open"}
        clock.advance(hours=3)
        await depart_trip(service, world["driver"], lawful, Departure(check=IN_ORDER, dashboard=dashboard(world)))
    finally:
        await service.close()
        await owner.close()
    with psycopg.connect(empty) as connection:
        become(connection, OWNER, world.bureau_id)
        assert attempt(connection, "UPDATE decision SET verb = verb") == "ZC006"


def _what_the_use_cases_of_today_ask_beside(url: str) -> None:
    """Let empty tables stand in that the rule of today reads and the older release has not."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE vehicle_due (bureau_id text, vehicle_id uuid, due_id uuid, kind text, done_on date,"
            " done_m bigint, segment int, every_months int, every_m bigint, due_on date, due_m bigint,"
            " document_no text, actor_id uuid, recorded_at timestamptz)"
        )
        connection.execute(
            "CREATE TABLE finding_update (bureau_id text, finding_id uuid, no int, what text, recorded_at timestamptz)"
        )
        connection.execute(
            "CREATE TABLE notice (bureau_id text, notice_id uuid, kind text, subject_id uuid, day date,"
            " recorded_at timestamptz)"
        )
        connection.execute("GRANT SELECT ON vehicle_due, finding_update TO zhuanche_service")
        connection.execute("GRANT INSERT ON notice TO zhuanche_service")


async def test_a_device_from_before_terminals_is_strict_and_takes_another_token(
    empty: str, settings: Settings, clock: HeldClock
) -> None:
    """A device enrolled under the release before is there after, reads frames strictly, and lives on by its acts."""
    migrate(empty, "0003")
    bureau_id = unused_code()
    with psycopg.connect(empty) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        act = row_for(connection, "device_act", bureau_id) | {
            "verb": "enrol",
            "recorded_at": clock() - timedelta(days=1),
        }
        device = row_for(connection, "device", bureau_id) | {"act_id": act["act_id"], "revoked_at": None}
        insert(connection, "device_act", act | {"device_id": device["device_id"]})
        insert(connection, "device", device)
        person = row_for(connection, "person", bureau_id) | {"person_id": device["person_id"]}
        insert(connection, "person", person)
        insert(connection, "bureau", row_for(connection, "bureau", bureau_id))
    migrate(empty)
    service = Database(empty, settings, clock)
    try:
        token = await rotate_token(service, Actor(bureau_id), device["device_id"])
        named = bureau_and_digest(token)
        async with service.read(bureau_id) as reader:
            kept = await reader.get(Device, device["device_id"])
    finally:
        await service.close()
    assert kept is not None
    assert named is not None
    assert (kept.strictness, kept.zone, kept.token_sha256) == ("strict", None, named[1])


async def test_a_chain_of_the_release_before_goes_on(empty: str, settings: Settings, clock: HeldClock) -> None:
    """Its acts stand as they are; what could not be kept before takes its place behind them."""
    migrate(empty, "0013")
    owner, service = Database(empty, settings, clock, role=OWNER), Database(empty, settings, clock)
    try:
        world = await make_world(owner, service, clock)
        phone = await new_phone(world)
        new = NewKey(key_id=phone.key_id, device_id=phone.device_id, jwk=phone.jwk, proof=phone.proof())
        await enrol_key(service, world["officer"], new)
        await receive_act(service, world["officer"], phone.act("stop", {}).encode(), None, carry_out)
        before = rows_of(empty)
        migrate(empty)
        assert before.items() <= rows_of(empty).items()
        received = await receive_act(
            service, world["officer"], phone.act("stop", {"x": "\0"}).encode(), None, carry_out
        )
        async with service.read(world.bureau_id) as reader:
            outcome = await reader.get(SignedActOutcome, received.digest)
    finally:
        await service.close()
        await owner.close()
    assert outcome is not None
    assert (outcome.outcome, outcome.why) == ("refused", "invalid-input")


async def test_a_town_is_placed_in_a_bureau_of_the_release_before(
    empty: str, settings: Settings, clock: HeldClock
) -> None:
    """What was there stands, and the new table is filled through its own door."""
    migrate(empty, "0015")
    owner, service = Database(empty, settings, clock, role=OWNER), Database(empty, settings, clock)
    try:
        world = await make_world(owner, service, clock)
        before = rows_of(empty)
        migrate(empty)
        after = rows_of(empty)
        assert {table: after[table] for table in before} == before
        assert not any(after[table] for table in after.keys() - before.keys())
        await place_town(service, world["admin"], NewTown(name="霞林街道", place=INSIDE, shown=True, reason="实地"))
        assert rows_of(empty)["town_point"] == 1
    finally:
        await service.close()
        await owner.close()


REVISION = """
from alembic import op
from api.db.migrate import backfill

revision, down_revision, branch_labels, depends_on = "after", "{head}", None, None

def upgrade():
    op.execute("ALTER TABLE unit ADD COLUMN short_name text")
    {moves}
"""
BY_HAND = """op.execute("UPDATE unit SET short_name = left(name, 2)")"""
DECLARED = """backfill(op.get_bind(), "UPDATE unit SET short_name = left(name, 2)", tables=["unit"],
        counted="SELECT count(*) FROM unit{where}")"""


@pytest.fixture
def two_bureaus(empty: str) -> str:
    """Return the URL of a migrated database in which two bureaus have three units."""
    migrate(empty)
    one, other = unused_code(), unused_code()
    with psycopg.connect(empty) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        for bureau_id in (one, one, other):
            insert(connection, "unit", row_for(connection, "unit", bureau_id))
    return empty


def upgraded(url: str, folder: Path, moves: str) -> None:
    """Go on from this release by one more revision that moves rows."""
    (folder / "after.py").write_text(REVISION.format(head=HEAD, moves=moves))
    engine = owner_engine(url)
    config = alembic_config(engine)
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{migrations_folder() / 'versions'}\n{folder}")
    try:
        command.upgrade(config, "after")
    finally:
        engine.dispose()


def units(url: str) -> tuple[int, bool]:
    """Return how many units have their new name, and whether row-level security binds the owner there."""
    with psycopg.connect(url) as connection:
        (named,) = connection.execute("SELECT count(short_name) FROM unit").fetchone() or (0,)
        (forced,) = connection.execute(
            "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'unit'"
        ).fetchone() or (False,)
    return named, forced


def test_an_update_in_a_migration_moves_nothing_unless_it_is_declared(two_bureaus: str, tmp_path: Path) -> None:
    """P8 binds the owner too: rows of all bureaus are moved in the declared way, and no other."""
    upgraded(two_bureaus, tmp_path, BY_HAND)
    assert units(two_bureaus) == (0, True)


def test_a_declared_move_reaches_every_bureau_and_leaves_the_table_as_closed_as_before(
    two_bureaus: str, tmp_path: Path
) -> None:
    """All three rows, and row-level security is forced again."""
    upgraded(two_bureaus, tmp_path, DECLARED.format(where=""))
    assert units(two_bureaus) == (3, True)


def test_a_migration_that_moves_another_number_of_rows_than_it_counted_has_not_happened(
    two_bureaus: str, tmp_path: Path
) -> None:
    """Column, rows, revision and the lifted security are all rolled back."""
    with pytest.raises(RowsMissed, match="0 rows were to be moved, and 3 were"):
        upgraded(two_bureaus, tmp_path, DECLARED.format(where=" WHERE kind = 'department'"))
    assert current_revision(two_bureaus) == HEAD
    with pytest.raises(psycopg.errors.UndefinedColumn):
        units(two_bureaus)
    upgraded(two_bureaus, tmp_path, DECLARED.format(where=""))
    assert units(two_bureaus) == (3, True)


def test_what_is_append_only_is_moved_by_no_migration(two_bureaus: str, tmp_path: Path) -> None:
    """P6 holds against a declared move as well: the trigger stays."""
    moves = """backfill(op.get_bind(), "UPDATE unit SET name = name", tables=["unit"], counted="SELECT 3")
    backfill(op.get_bind(), "UPDATE refusal SET stage = stage", tables=["refusal"], counted="SELECT 1")"""
    with psycopg.connect(two_bureaus) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        insert(connection, "refusal", row_for(connection, "refusal", unused_code()))
    with pytest.raises(DBAPIError, match="append-only"):
        upgraded(two_bureaus, tmp_path, moves)


def test_no_migration_goes_back(empty: str) -> None:
    """Facts are not unmade: an operator who asks for an older schema is refused, and nothing is changed."""
    migrate(empty)
    engine = owner_engine(empty)
    try:
        with pytest.raises(Exception, match="downgrade"):
            command.downgrade(alembic_config(engine), "-1")
    finally:
        engine.dispose()
    assert current_revision(empty) == HEAD


def test_a_database_with_a_row_in_every_table_goes_through_every_release(empty: str) -> None:
    """Whatever release a bureau comes from, no row is lost, and no migration stumbles over one that is there."""
    bureau_id = unused_code()
    revisions = [one.revision for one in steps(alembic_config())]
    assert revisions[-1] == HEAD
    for revision in revisions[2:]:  # before the third there are no partitions to keep positions in
        migrate(empty, revision)
        fill(empty, bureau_id)
        counted = rows_of(empty)
        assert set(counted.values()) == {1}, revision
