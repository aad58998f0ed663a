"""`/v1/settings`: what the bureau may set, between bounds that nobody passes; every change is a fact."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlmodel import col

from api.db.database import Actor, Database, Reader
from api.db.queries.settings import last_changes, settings_of
from api.db.tables.bureau import SettingChange
from api.http.access import EVERYONE, Allow
from api.http.paging import After, Limit, Page, newest_page
from api.http.readings import Reason
from api.usecases.change_setting import NewSetting, change_setting
from domain.settings import SETTINGS, NoSuchSetting
from domain.values import Role


class SettingIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value the setting shall have, and why."""

    value: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1, examples=[120])]
    reason: Reason


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting as it holds now; its unit ends its name. Without a change, the default holds."""

    name: str
    zh: str
    en: str
    value: int
    default: int
    least: int
    most: int
    set_by: UUID | None
    set_at: datetime | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a setting."""

    change_id: UUID
    name: str
    old_value: int
    new_value: int
    reason: str
    actor_id: UUID | None
    recorded_at: datetime


async def settings_shown(reader: Reader) -> list[Setting]:
    """Return every setting as it holds now."""
    values, changes = await settings_of(reader), await last_changes(reader)
    return [
        Setting(
            name=setting.name,
            zh=setting.zh,
            en=setting.en,
            value=values[setting.name],
            default=setting.default,
            least=setting.least,
            most=setting.most,
            set_by=changes[setting.name].actor_id if setting.name in changes else None,
            set_at=changes[setting.name].recorded_at if setting.name in changes else None,
        )
        for setting in SETTINGS.values()
    ]


def known_setting(name: str) -> None:
    """Refuse a name that is no setting's. Raises `NoSuchSetting`."""
    if name not in SETTINGS:
        raise NoSuchSetting(name=name[:60], names=sorted(SETTINGS))


def change_of(row: SettingChange) -> Change:
    """Return the wire form of a change."""
    return Change(
        change_id=row.change_id,
        name=row.name,
        old_value=row.old_value["value"],
        new_value=row.new_value["value"],
        reason=row.reason,
        actor_id=row.actor_id,
        recorded_at=row.recorded_at,
    )


class SettingController(Controller):
    """The settings of the bureau."""

    path = "/v1/settings"
    tags = ("settings",)

    @get(guards=[Allow(EVERYONE)], summary="Settings", name="settings.list")
    async def settings_list(self, actor: NamedDependency[Actor], database: NamedDependency[Database]) -> list[Setting]:
        """Return every setting with its value, default and bounds, and who set it last."""
        async with database.read(actor.bureau_id) as reader:
            return await settings_shown(reader)

    @put("/{name:str}", guards=[Allow(Role.DESK_CHIEF)], summary="Set a setting", name="settings.set")
    async def change(
        self,
        name: FromPath[str],
        data: JSONBody[SettingIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> Setting:
        """Set a value within its bounds; the value that holds already changes nothing and leaves no fact."""
        await change_setting(database, actor, NewSetting(name=name, value=data.value, reason=data.reason))
        async with database.read(actor.bureau_id) as reader:
            return next(one for one in await settings_shown(reader) if one.name == name)

    @get("/{name:str}/changes", guards=[Allow(EVERYONE)], summary="Changes of a setting", name="settings.changes")
    async def changes(
        self,
        *,
        name: FromPath[str],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        after: After = None,
        limit: Limit = 50,
    ) -> Page[Change]:
        """List what a setting was and became, who changed it, when and why, the newest first."""
        known_setting(name)
        async with database.read(actor.bureau_id) as reader:
            return await newest_page(
                reader,
                SettingChange,
                col(SettingChange.change_id),
                change_of,
                SettingChange.name == name,
                after=after,
                limit=limit,
            )
