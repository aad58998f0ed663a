"""Who works at the demo bureau. Names are invented; all share one pass word, printed when the demo is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.values import Role

DEMO_PASSWORD: Final = "demo-zhuanche-12315"  # noqa: S105 - of the demo bureau, printed on purpose


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """An account: `examined` has passed the examination before the post, `licensed` may drive."""

    login: str
    name: str
    roles: frozenset[Role]
    examined: bool = False
    licensed: bool = False


PEOPLE: Final = (
    DemoPerson("dispatcher", "陈调度", frozenset({Role.DISPATCHER})),
    DemoPerson("officer", "林调解", frozenset({Role.OFFICER}), examined=True),
    DemoPerson("officer2", "黄调解", frozenset({Role.OFFICER, Role.DRIVER}), examined=True, licensed=True),
    DemoPerson("driver", "郑司机", frozenset({Role.DRIVER}), licensed=True),
    DemoPerson("custodian", "吴科长", frozenset({Role.CUSTODIAN})),
    DemoPerson("chief", "蔡台长", frozenset({Role.DESK_CHIEF})),
    DemoPerson("auditor", "许审计", frozenset({Role.AUDITOR})),
)

ADMIN_LOGIN: Final = "admin"
ADMIN_NAME: Final = "系统管理员"
