"""Kill -9 between an act and its notice: the next process tells who was to be told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from api.db.address import running
from api.db.database import Database
from api.db.embedded import start
from api.db.ledger_entry import new_id
from api.db.migrate import migrate
from api.db.roles import OWNER, SERVICE
from api.settings import Settings
from api.usecases.change_setting import NewSetting, change_setting
from api.usecases.reach import NewWebhook, set_webhook
from api.vault import Vault
from domain.notices import HookKind, NoticeKind
from domain.settings import SETTINGS
from tests.http.test_live import a_finding
from tests.live import serving
from tests.notices.stand_in import standing_in
from tests.world import HeldClock, make_world

WITHIN_S = 60


async def a_desk_with_a_webhook(data: Path, address: str) -> None:
    """Make a bureau whose findings are told to a webhook, by night too: the service goes by the time it really is."""
    where, settings, clock = running(data), Settings(data=data), HeldClock(datetime.now(UTC))
    owner = Database(where.dsn(OWNER), settings, clock, role=OWNER)
    service = Database(where.dsn(SERVICE), settings, clock)
    try:
        world = await make_world(owner, service, clock)
        new = NewWebhook(
            name="值班群",
            kind=HookKind.JSON,
            url=address,
            template=None,
            notices=(NoticeKind.FINDING_RAISED,),
            active=True,
            reason="开通",
        )
        never_quiet = NewSetting(name="quiet_from_min", value=SETTINGS["quiet_until_min"].default, reason="全天值班")
        await change_setting(service, world["desk_chief"], never_quiet)
        await set_webhook(service, Vault.of(settings), world["desk_chief"], new_id(), new)
        await a_finding(world)
    finally:
        await service.close()
        await owner.close()


async def test_a_notice_survives_the_process_that_was_to_send_it(tmp_path: Path) -> None:
    """The act is committed and nobody sent; the process dies; the next one tells, and tells once."""
    data = tmp_path / "data"
    with start(data) as server:
        migrate(server.dsn("postgres"))
    async with standing_in() as service:
        with serving(tmp_path / "log", data=data, jobs="false") as live:
            await a_desk_with_a_webhook(data, service.address("/hook"))
            live.process.kill()
            live.process.wait()
        assert service.asked == []
        with serving(tmp_path / "log2", data=data, notice_hosts="127.0.0.1"):
            await asyncio.wait_for(service.arrived.wait(), WITHIN_S)
            await asyncio.sleep(2)
        assert [one.said["title"] for one in service.asked] == ["异常待说明"]
