"""What a transaction did that open pages want to hear of: ids and states, told to every process when it commits.

Every fact is entered by `UnitOfWork.enter`, so what happened is read there from the kind of the entry and the ids
among its facts; no use case has to remember to tell. Nothing that a person typed goes out, nor whose it is: who hears
of an id asks the API for it, with the rights they have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from typing import Any, Final

import msgspec
from sqlalchemy import text

CHANNEL: Final = "zhuanche_live"
TELL: Final = text("SELECT pg_notify(:channel, payload) FROM unnest(CAST(:payloads AS text[])) AS payload")
AT_ONCE: Final = 60
"""So many ids of each kind a message: PostgreSQL takes less than 8,000 bytes."""

_QUIET: Final = frozenset(
    f"trip-{verb}" for verb in ("departed", "arrived", "left", "returned", "broken-down", "closed")
)
"""Steps of a trip that change nothing of what waits for a custodian."""
NO_DAY: Final = date(1970, 1, 1)
"""The day of a notice that is about none."""
_TOLD_OF: Final = {
    "trip-requested": "approval-wanted",
    "trip-approved": "trip-approved",
    "trip-refused": "trip-refused",
    "finding-raised": "finding-raised",
}
"""Entries that somebody is to be told of, and the kind of notice (`domain.notices`)."""
_DELEGATIONS: Final = frozenset({"approval-delegated", "delegation-ended"})
_WHO_MAY: Final = ("role-", "person-", "account-", "password-", "sessions-")
"""Entries that may end sessions or change what they may see."""


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one bureau's pages are told."""

    bureau: str
    uses: Sequence[tuple[str, str, str]] = ()
    """Kind (`trip`, `upkeep`), id and state."""
    jobs: Sequence[str] = ()
    findings: Sequence[str] = ()
    devices: Sequence[str] = ()
    """Devices of which new fixes that count are stored."""
    inbox: bool = False
    """What waits for a custodian changed."""
    sessions: bool = False
    """Sessions may have ended, or may see less than they did."""
    notices: bool = False
    """Somebody is to be told of something."""


@dataclass(slots=True)
class Happened:
    """What is gathered while a transaction runs."""

    uses: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Kind and state by id."""
    jobs: set[str] = field(default_factory=set)
    complaints: set[str] = field(default_factory=set)
    """Whose jobs may have another term now."""
    findings: set[str] = field(default_factory=set)
    notices: list[tuple[str, str, date]] = field(default_factory=list)
    """Kind, subject and day of each notice that is to be sent."""
    inbox: bool = False
    sessions: bool = False

    def entered(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Gather what an entry says."""
        subject = kind.partition("-")[0]
        if subject in ("trip", "upkeep") and "to_state" in facts:
            self.uses[str(facts["use_id"])] = subject, str(facts["to_state"])
            self.inbox |= subject == "trip" and kind not in _QUIET
            self._notify(kind, str(facts["use_id"]))
            if kind == "trip-approved" and facts.get("source") == "spoken":
                self.notices.append(("spoken-to-confirm", str(facts["use_id"]), NO_DAY))
        elif subject == "finding" and "finding_id" in facts:
            self.findings.add(str(facts["finding_id"]))
            self.inbox = True
            self._notify(kind, str(facts["finding_id"]))
        elif subject == "complaint" and "complaint_id" in facts:
            self.complaints.add(str(facts["complaint_id"]))
        elif kind in _DELEGATIONS:
            self.inbox = True
        elif kind.startswith(_WHO_MAY):
            self.sessions = True
        if facts.get("job_id") is not None:
            self.jobs.add(str(facts["job_id"]))

    def _notify(self, kind: str, subject_id: str) -> None:
        if kind in _TOLD_OF:
            self.notices.append((_TOLD_OF[kind], subject_id, NO_DAY))

    def payloads(self, bureau_id: str) -> list[str]:
        """Return the messages to send, none of them longer than PostgreSQL takes."""
        uses = [(kind, use_id, state) for use_id, (kind, state) in self.uses.items()]
        parts = zip_longest(_parts(uses), _parts(sorted(self.jobs)), _parts(sorted(self.findings)), fillvalue=())
        told = [Message(bureau_id, uses=u, jobs=j, findings=f) for u, j, f in parts]
        if self.inbox or self.sessions or self.notices:
            told.append(Message(bureau_id, inbox=self.inbox, sessions=self.sessions, notices=bool(self.notices)))
        return [encode(one) for one in told]


def _parts(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(ids), AT_ONCE):
        yield ids[first : first + AT_ONCE]


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Message)


def encode(message: Message) -> str:
    """Return a message as it travels."""
    return _encoder.encode(message).decode()


def decode(payload: str) -> Message:
    """Return a message that came. Raises `msgspec.MsgspecError` for what is none."""
    return _decoder.decode(payload)


def stored_payloads(stored: Mapping[str, set[str]]) -> list[str]:
    """Return messages that say of which devices fixes were stored, by bureau."""
    return [
        encode(Message(bureau_id, devices=part))
        for bureau_id, devices in stored.items()
        for part in _parts(sorted(devices))
    ]
