"""That the record was rolled back is seen by whoever audits it, and by no one else."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest

from api.db.database import Database
from api.usecases.record_restore import RolledBack, record_restore
from tests.conftest import SignIn
from tests.world import World


@pytest.fixture
def told(world: World) -> RolledBack:
    """Return what is entered of a restore from a backup of six hours ago."""
    return RolledBack(
        taken_at=world.clock() - timedelta(hours=6),
        backup_sha256="ab" * 32,
        entries=41,
        last_entry_id=UUID("0193a0c4-7c00-7000-8000-000000000002"),
        leaves_sha256="cd" * 32,
        made_by="0.1.0",
        schema_revision="0018",
        ledger_faults=0,
    )


async def test_a_restore_is_read_by_the_auditor_with_its_ledger_entry(
    owner: Database, world: World, signed_in: SignIn, told: RolledBack
) -> None:
    """From when to when, from which file, how far the ledger had come: over the API, on the page, in the entry."""
    restore_id = await record_restore(owner, world.bureau_id, told)
    auditor, officer = await signed_in("auditor"), await signed_in("officer")
    (found,) = (await auditor.get("/v1/restores")).json()
    assert found["restore_id"] == str(restore_id)
    assert (found["backup_sha256"], found["entries"], found["ledger_faults"]) == ("ab" * 32, 41, 0)
    assert datetime.fromisoformat(found["taken_at"]) == told.taken_at
    assert (await officer.get("/v1/restores")).status_code == 403
    entry = (await auditor.get(f"/v1/ledger/entries/{found['entry_id']}")).json()
    assert entry["kind"] == "record-restored"
    assert all(group["holds"] for group in entry["groups"])
    page = await auditor.get("/audit", headers={"Accept": "text/html"})
    assert f'data-restore="{restore_id}"' in page.text
    assert "ab" * 32 in page.text
    other = await auditor.get("/audit", params={"month": "2020-01"}, headers={"Accept": "text/html"})
    assert str(restore_id) not in other.text


async def test_a_phone_is_told_of_restores_for_as_long_as_it_keeps_what_was_answered(
    owner: Database, world: World, signed_in: SignIn, told: RolledBack
) -> None:
    """The day's tag changes with it, so that no phone overlooks it."""
    before = await (await signed_in("officer")).get("/v1/field/day")
    restore_id = await record_restore(owner, world.bureau_id, told)
    officer: httpx.AsyncClient = await signed_in("officer")
    day = await officer.get("/v1/field/day", headers={"If-None-Match": before.headers["etag"]})
    assert day.status_code == 200
    (one,) = day.json()["restores"]
    assert one["restore_id"] == str(restore_id)
    assert datetime.fromisoformat(one["taken_at"]) == told.taken_at
    world.clock.advance(days=31)
    assert (await (await signed_in("officer")).get("/v1/field/day")).json()["restores"] == []


async def test_everybody_is_signed_out_by_a_restore(
    owner: Database, world: World, signed_in: SignIn, told: RolledBack
) -> None:
    """A session that was ended after the backup would be open again."""
    officer = await signed_in("officer")
    assert (await officer.get("/v1/session")).status_code == 200
    await record_restore(owner, world.bureau_id, told)
    assert (await officer.get("/v1/session")).status_code == 401
