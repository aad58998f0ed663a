"""A backup made without a key holds the key of no group robot: what seals its address stays behind."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from api.backup.archive import read_archive
from api.backup.encryption import decrypted, identities_of, make_key
from api.backup.restore import Into
from api.backup.write import program, write_backup
from api.db.database import Database
from api.jobs.notices import Courier
from api.notices.outside import Outside
from api.notices.send import Sender
from api.usecases.reach import NewWebhook, set_webhook, try_webhook
from api.vault import Vault
from domain.notices import HookKind
from tests.backup.conftest import Place, Quiet, brought
from tests.notices.stand_in import standing_in
from tests.world import World


def dumped(path: Path, key: Path | None, to: Path) -> str:
    """Return the statements of the dump in a backup."""
    with path.open("rb") as file, to.open("wb") as dump:
        if key is None:
            dump.writelines(c for one in read_archive(file) if one.name.startswith("database/") for c in one.chunks)
        else:
            with decrypted(file, identities_of(key)) as plain:
                members = (one for one in read_archive(plain))
                dump.writelines(c for one in members if one.name.startswith("database/") for c in one.chunks)
    told = subprocess.run([program("pg_restore"), "--file=-", to], check=True, capture_output=True, text=True)
    return told.stdout


@pytest.mark.parametrize("is_encrypted", [False, True])
async def test_a_dump_holds_no_key_of_a_robot_and_only_the_secret_beside_it_opens_its_address(
    place: Place, world: World, into: Into, tmp_path: Path, *, is_encrypted: bool
) -> None:
    """Restored with its keys the webhook is told as before; without them the delivery says what is to be done."""
    hook_id, robots_key = uuid4(), f"Geheim-{uuid4()}"
    async with standing_in() as robot:
        new = NewWebhook(
            name="值班群",
            kind=HookKind.JSON,
            url=robot.address(f"/send?key={robots_key}"),
            template=None,
            notices=(),
            active=True,
            reason="开通",
        )
        await set_webhook(world.database, Vault.of(place.settings), world["desk_chief"], hook_id, new)
        keys = (make_key(tmp_path / "key", datetime.now(UTC)),) if is_encrypted else ()
        key = tmp_path / "key" if is_encrypted else None
        written = await asyncio.to_thread(write_backup, place.wanted(tmp_path / "to", keys=keys), Quiet())
        dump = dumped(written.path, key, tmp_path / "dump")
        assert f"{hook_id}\t1\t值班群\tjson\tsealed://127.0.0.1/" in dump
        assert robots_key not in dump
        await brought(written.path, into, key)
        settings = replace(into.settings, notice_hosts="127.0.0.1")
        database, vault = Database(into.owner_url, settings, world.clock), Vault.of(settings)
        courier = Courier(Sender(Outside(settings), vault.push_key, "mailto:desk@example.com"), vault, "https://desk")
        await try_webhook(database, world["desk_chief"], hook_id)
        await courier.round(database, world.bureau_id)
        await database.close()
    with psycopg.connect(into.owner_url) as connection:
        (outcome,) = connection.execute(
            "SELECT state, fault FROM notice_delivery WHERE target_id = %s", (hook_id,)
        ).fetchall()
    asked = [one.path for one in robot.asked]
    if is_encrypted:
        assert (outcome, asked) == (("sent", None), [f"/send?key={robots_key}"])
    else:
        assert (outcome, asked) == (("failed", "address cannot be opened"), [])
