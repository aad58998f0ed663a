"""Notices are sent: at once where this process hears that there are some, and every half minute for all the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from time import monotonic
from typing import Final

import structlog

from api.db.database import Actor, Database
from api.db.faults import Busy, DatabaseAway
from api.jobs.job import Job, RoundFailed
from api.notices.send import Outcome, Sender, What
from api.usecases.deliver_notices import Taken, address_notices, find_waiting, record_try, take_due
from api.vault import AddressNotOpened, Vault
from domain.notices import NOT_OPENED, HookKind

log = structlog.get_logger()

LOOK_S: Final = 1.0
"""How often what was heard of is looked at."""
ROUND_S: Final = 30.0
"""How often every bureau is gone through: retries, quiet hours that are over, requests that wait for long."""
AT_ONCE: Final = 8
"""Tries of a bureau that run side by side: one slow address holds up none of the others."""
BUREAUS_AT_ONCE: Final = 4
"""Bureaus gone through side by side; each waits for its own addresses."""
LONGEST_S: Final = 30.0
"""A bureau with more than that to send goes on in the next round."""
NOTICE_LOCK: Final = 5_350_304
"""Of the processes of a service one sends: who holds this advisory lock."""

_WORDS: Final = {What.SENT: "sent", What.AGAIN: "again", What.NEVER: "never", What.GONE: "gone"}


def _tell(faults: Mapping[str, Exception]) -> None:
    """Raise what the round is counted by: that it failed, else that it waits."""
    waits = [fault for fault in faults.values() if isinstance(fault, Busy | DatabaseAway)]
    if len(waits) < len(faults):
        raise RoundFailed(f"notices failed in {len(faults) - len(waits)} bureaus")
    if waits:
        raise waits[0]


class Courier:
    """Sends what is due."""

    def __init__(self, sender: Sender, vault: Vault, address: str) -> None:
        """Send by `sender` to addresses that `vault` opens; `address` is that of the service, for links."""
        self._sender = sender
        self._vault = vault
        self._address = address
        self._heard: set[str] = set()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs of a courier."""
        return (Job("notices-at-once", LOOK_S, self.at_once), Job("notices", ROUND_S, self.everywhere))

    def heard(self, bureau_id: str) -> None:
        """Take note that a bureau has new notices."""
        self._heard.add(bureau_id)

    async def at_once(self, database: Database) -> None:
        """Send what was heard of; where that fails it is heard of still."""
        heard, self._heard = self._heard, set()
        faults = await self._side_by_side(database, heard, self.deliver)
        self._heard |= faults.keys()
        _tell(faults)

    async def everywhere(self, database: Database) -> None:
        """Go the round of every bureau."""
        _tell(await self._side_by_side(database, await database.bureaus(), self.round))

    async def _side_by_side(
        self, database: Database, bureaus: Iterable[str], act: Callable[[Database, str], Awaitable[int]]
    ) -> dict[str, Exception]:
        """Do `act` in bureaus, some at a time: one with slow addresses holds up no other. Return what failed where."""
        places, faults = asyncio.Semaphore(BUREAUS_AT_ONCE), dict[str, Exception]()

        async def one(bureau_id: str) -> None:
            async with places:
                try:
                    await act(database, bureau_id)
                except (Busy, DatabaseAway) as fault:
                    log.warning("notices-wait", bureau_id=bureau_id, code=fault.code)
                    faults[bureau_id] = fault
                except Exception as fault:
                    log.exception("notices-not-delivered", bureau_id=bureau_id)
                    faults[bureau_id] = fault

        await asyncio.gather(*map(one, bureaus))
        return faults

    async def round(self, database: Database, bureau_id: str) -> int:
        """Look what waits for long in a bureau, then send what is due; return how many were sent or given up."""
        await database.write(Actor(bureau_id), find_waiting)
        return await self.deliver(database, bureau_id)

    async def deliver(self, database: Database, bureau_id: str) -> int:
        """Find out who is to be told and send what is due; return how many tries were made."""
        began, tried, places = monotonic(), 0, asyncio.Semaphore(AT_ONCE)
        while await database.write(Actor(bureau_id), address_notices):
            pass
        while monotonic() - began < LONGEST_S:
            taken = await database.write(Actor(bureau_id), lambda uow: take_due(uow, self._address))
            if not taken:
                break
            await asyncio.gather(*(self._try(database, bureau_id, one, places) for one in taken))
            tried += len(taken)
        return tried

    async def _try(self, database: Database, bureau_id: str, taken: Taken, places: asyncio.Semaphore) -> None:
        async with places:
            try:
                outcome = await self._sent(database, bureau_id, taken)
            except Exception as fault:
                log.exception("notice-not-sent", bureau_id=bureau_id)
                outcome = Outcome(What.AGAIN, type(fault).__name__)
        if outcome.fault is not None:
            log.warning("notice-not-taken", bureau_id=bureau_id, channel=taken.channel, fault=outcome.fault)
        await database.write(
            Actor(bureau_id), lambda uow: record_try(uow, taken.delivery_id, _WORDS[outcome.what], outcome.fault)
        )

    async def _sent(self, database: Database, bureau_id: str, taken: Taken) -> Outcome:
        if (hook := taken.hook) is not None:
            try:
                url = self._vault.opened(bureau_id, hook.hook_id, hook.url)
            except AddressNotOpened:
                return Outcome(What.NEVER, NOT_OPENED)
            return await self._sender.hook(HookKind(hook.kind), url, hook.template, taken.words)
        if taken.subscription is None:
            raise AssertionError("a try has an address")
        return await self._sender.push(taken.subscription, taken.message, urgent=taken.urgent, now=database.clock())
