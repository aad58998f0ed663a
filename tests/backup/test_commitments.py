"""Every ledger payload against its commitment, before a backup counts as restored."""

from __future__ import annotations

import psycopg

from api.backup.commitments import LedgerCheck, check_ledger
from api.backup.manifest import snapshot
from api.db.database import Database
from api.db.migrate import migrate
from api.db.roles import OWNER
from api.settings import Settings
from api.usecases.act_on_complaint import act_on_complaint
from api.usecases.erase_person_data import Wanted, erase_person_data
from domain.complaint.acts import Withdraw
from domain.erasure import Ground, Step
from tests.complaints import accepted_complaint
from tests.conftest import Server
from tests.db.nodes import empty_database
from tests.world import HeldClock, make_world


async def test_what_is_restricted_is_held_against_its_commitment_where_it_lies(
    server: Server, settings: Settings, clock: HeldClock
) -> None:
    """A backup that was made while a complaint's data is restricted is restored as any; altered there, it is found."""
    with empty_database(server.superuser) as url:
        migrate(url)
        owner, service = Database(url, settings, clock, role=OWNER), Database(url, settings, clock)
        try:
            world = await make_world(owner, service, clock)
            await act_on_complaint(service, world["dispatcher"], await accepted_complaint(world), Withdraw)
            ground, who = Ground("purpose-achieved"), {"decided_by": "desk_chief", "confirmed_by": "custodian"}
            wanted = Wanted(number="2026-000001", step=Step.RESTRICTED, ground=ground, **who)
            await erase_person_data(owner, world.bureau_id, wanted, "root", dry_run=False)
        finally:
            await service.close()
            await owner.close()
        entries = checked(url).entries
        assert entries > 0
        assert checked(url) == LedgerCheck(entries, 0, None)
        with psycopg.connect(url) as connection:
            connection.execute("SET zhuanche.erases = 'yes'")
            connection.execute("ALTER TABLE withheld_row DISABLE TRIGGER USER")
            altered = connection.execute(
                "UPDATE withheld_row SET was = was || '{\"person\": \"7b7d\"}' WHERE table_name = 'ledger_payload'"
                " AND was ->> 'person' IS NOT NULL"
            )
            assert altered.rowcount > 0
        found = checked(url)
        assert found.faults == altered.rowcount
        assert "its person are not what its leaf commits to" in str(found.first)


def checked(url: str) -> LedgerCheck:
    """Return what is found of a database's ledger."""
    with snapshot(url) as connection:
        return check_ledger(connection)
