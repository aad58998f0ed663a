"""Sends commands to terminals that are connected here, and follows what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final
from uuid import UUID

from api.clock import Clock
from api.db.database import Database
from api.ingest.jt808 import words
from api.ingest.jt808.location import METRES_PER_TENTH_KM
from api.ingest.jt808.replies import Address
from api.terminals.session import Session
from api.usecases.command_terminal import EXPIRED, ToSend, commands_to_send, end_command, is_expired, mark_sent

_FRAMES: Final[dict[str, Callable[[Address, dict[str, Any]], bytes]]] = {
    "report-interval": lambda to, given: to.set_parameter(words.REPORT_INTERVAL, given["interval_s"]),
    "odometer": lambda to, given: to.set_parameter(words.ODOMETER, given["odometer_m"] // METRES_PER_TENTH_KM),
    "locate": lambda to, _: to.locate(),
    "text": lambda to, given: to.text(given["text"]),
}


class Commands:
    """The commands of a process's connected terminals."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._to_look: set[str] = set()

    def look(self, bureau_id: str) -> None:
        """Look for commands of a bureau at the next `send`."""
        self._to_look.add(bureau_id)

    async def send(self, sessions: Iterable[Session]) -> None:
        """Send what waits for terminals that are connected here.

        Raises:
            DatabaseAway: it could not be looked up; it is looked for again at the next call.
            Busy: the same.
        """
        while self._to_look:
            bureau_id = self._to_look.pop()
            here = {
                session.device.device_id: session
                for session in sessions
                if session.device is not None and session.device.bureau_id == bureau_id
            }
            if not here:
                continue
            try:
                for command in await commands_to_send(self._database, bureau_id, list(here)):
                    await self._tell(bureau_id, here[command.device_id], command)
            except Exception:
                self._to_look.add(bureau_id)
                raise

    async def ended(self, bureau_id: str, command_id: UUID, failure: str | None) -> None:
        """Record what became of a command."""
        await end_command(self._database, bureau_id, command_id, failure=failure)

    async def _tell(self, bureau_id: str, session: Session, command: ToSend) -> None:
        if session.has_sent(command.command_id):
            return
        if is_expired(command.kind, command.asked_at, self._clock()):
            await end_command(self._database, bureau_id, command.command_id, failure=EXPIRED)
            return
        await session.tell(
            command.command_id,
            partial(_frame, command=command),
            partial(mark_sent, self._database, bureau_id, command.command_id),
            position=command.kind == "locate",
        )


def _frame(address: Address, command: ToSend) -> bytes:
    return _FRAMES[command.kind](address, command.parameters)
