"""The page that says whether all is well: what `zhuanche doctor` says, of the machine and of the own bureau."""

from __future__ import annotations

from typing import Any, Final

from api.clock import wall_clock
from api.db.database import Database
from api.doctor.gather import gather
from api.http.pages.admin.register import AdminPage
from api.metrics import Metrics
from api.settings import Settings
from domain.doctor.verdict import State, Words
from domain.doctor.verdicts import is_well, verdicts_of
from domain.values import Role

WATCH: Final = frozenset({Role.ADMIN, Role.DESK_CHIEF})
"""Who looks after the machine, and who answers for the desk."""
PAGE: Final = AdminPage(
    key="machine",
    said=("运行状况", "Is all well"),
    note=(
        "本机、服务与本局数据的状况，与命令 zhuanche doctor 所述相同。",
        "How the machine, the service and the bureau's record are, as the command zhuanche doctor says it.",
    ),
    roles=WATCH,
    registers=(),
)
NAMES: Final[dict[str, Words]] = {
    "service": ("服务", "Service"),
    "database": ("数据库", "Database"),
    "backup": ("备份", "Backup"),
    "disk": ("磁盘", "Disk"),
    "files": ("附件", "Attachments"),
    "clock": ("时钟", "Clock"),
    "clock-jumps": ("时钟调整", "Clock set"),
    "positions": ("定位表", "Positions"),
    "calendar": ("放假安排", "Holidays"),
    "certificate": ("证书", "Certificate"),
    "ingest": ("定位写入", "Ingest"),
    "held": ("暂存定位", "Held fixes"),
    "notices": ("通知", "Notices"),
    "jobs": ("后台任务", "Background work"),
    "terminals": ("车载终端", "Terminals"),
    "seals": ("封账", "Seals"),
    "erasures": ("个人信息删除", "Erasures"),
    "came-late": ("补到的个人信息", "Came late"),
    "kept-too-long": ("保存期届满", "Over time"),
    "homes": ("遗留目录", "Left behind"),
}
"""What each check is called on the page."""


async def machine_shown(settings: Settings, database: Database, metrics: Metrics, bureau_id: str) -> dict[str, Any]:
    """Return what the page shows: what is not well comes first."""
    facts = await gather(settings, database, now=wall_clock(), metrics=metrics.text().decode(), bureaus=[bureau_id])
    verdicts = verdicts_of(facts)
    return {
        "verdicts": sorted(verdicts, key=lambda one: one.state is not State.UNWELL),
        "names": NAMES,
        "well": is_well(verdicts),
        "release": facts.release,
    }
