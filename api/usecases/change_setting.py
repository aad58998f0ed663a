"""Set a threshold of the bureau: a fact with its old and new value, who, when and why (DESIGN §11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from api.db.database import Actor, Database, UnitOfWork
from api.db.ledger_entry import new_id
from api.db.queries.settings import settings_of
from api.db.tables.bureau import SettingChange
from api.usecases.act_on_person import hold_everybody
from domain.settings import checked_setting


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSetting:
    """The value a setting shall have, and why."""

    name: str
    value: int
    reason: str


async def change_setting(database: Database, actor: Actor, new: NewSetting) -> None:
    """Set a value; the one that holds already is no new fact.

    Raises:
        NoSuchSetting: there is no setting of that name.
        SettingOutOfBounds: the value lies outside its bounds.
    """
    value = checked_setting(new.name, new.value)

    async def work(uow: UnitOfWork) -> None:
        # One change after another, so that each names the value that truly held before it.
        await hold_everybody(uow)
        old = (await settings_of(uow))[new.name]
        if old == value:
            return
        change_id = new_id()
        entry_id = await uow.enter(
            "setting-changed",
            facts={"change_id": change_id, "name": new.name, "old": old, "new": value, "reason": new.reason},
        )
        await uow.insert(
            SettingChange(
                bureau_id=uow.bureau_id,
                change_id=change_id,
                name=new.name,
                old_value={"value": old},
                new_value={"value": value},
                reason=new.reason,
                actor_id=uow.actor.person_id,
                recorded_at=await _after_the_last(uow, new.name),
                entry_id=entry_id,
            )
        )

    await database.write(actor, work)


async def _after_the_last(uow: UnitOfWork, name: str) -> datetime:
    """Return an instant after the last change of this setting: who waited for the lock began earlier, comes later."""
    found = await uow.execute(
        text("SELECT max(recorded_at) FROM setting_change WHERE bureau_id = :bureau_id AND name = :name"),
        {"bureau_id": uow.bureau_id, "name": name},
    )
    last: datetime | None = found.scalar_one()
    return uow.now if last is None else max(uow.now, last + timedelta(microseconds=1))
