"""What must be true of every request after a kill: there once where acknowledged, answered again as the first time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.endure.desk import Desk, Sent, send
from tests.ledger import ledger_faults

FACTS = {
    "fix": "SELECT source_seq, count(*) FROM position WHERE bureau_id = %s GROUP BY 1",
    "note": "SELECT note_id::text, count(*) FROM visit_note WHERE bureau_id = %s GROUP BY 1",
    "trip": "SELECT use_id::text, count(*) FROM trip WHERE bureau_id = %s GROUP BY 1",
    "signed": "SELECT act_id::text, count(*) FROM signed_act a JOIN signed_act_outcome o USING (bureau_id, digest)"
    " WHERE bureau_id = %s GROUP BY 1",
    "complaint": "SELECT complaint_id::text, count(*) FROM complaint WHERE bureau_id = %s GROUP BY 1",
    "photo": "SELECT sha256, count(*) FROM attachment WHERE bureau_id = %s GROUP BY 1",
}
AGAIN = 30
"""How often, a second apart, what is told to come again comes again."""


@dataclass
class Faults:
    """What was not as promised; each is counted once, however often it is met."""

    lost: set[str] = field(default_factory=set)
    """Acknowledged, and not there, or not whole."""
    doubled: set[str] = field(default_factory=set)
    """There more than once, or without having been sent."""
    otherwise: set[str] = field(default_factory=set)
    """Not answered, or otherwise than the first time."""
    half: set[str] = field(default_factory=set)
    """A fact without its ledger entry, or an entry without its fact."""

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return any(getattr(self, one.name) for one in fields(self))

    def look(self, url: str, desk: Desk, whole: Callable[[str, str], bool], *, final: bool) -> None:
        """Look for what was acknowledged, in the database and the store; at last all was, and nothing else is there."""
        with psycopg.connect(url) as connection:
            there = {kind: _found(connection, desk, query) for kind, query in FACTS.items()}
            self.half.update(ledger_faults(connection))
        self.doubled.update(f"{kind} {key}" for kind, keys in there.items() for key, count in keys.items() if count > 1)
        wanted: dict[str, set[Any]] = {kind: set() for kind in FACTS}
        for one in desk.sent:
            if one.answer is not None:
                wanted[one.kind].update(keys_of(one))
                if one.kind == "signed" and one.answer["outcome"] == "recorded":
                    wanted["note"].add(one.note_id)
        self.lost.update(f"{kind} {key}" for kind, keys in wanted.items() for key in keys - there[kind].keys())
        # Whoever is told that there is a photo gets it, whether or not its sender was answered.
        bureau_id = desk.world.bureau_id
        self.lost.update(f"photo {key} is not whole" for key in there["photo"] if not whole(bureau_id, key))
        if final:
            # Nobody can tell which of two complaints with the same words is the one of before.
            more = len(there["complaint"]) - desk.complaints
            self.doubled.update(f"complaint {number} too many" for number in range(1, more + 1))
            self.lost.update(f"complaint {number} too few" for number in range(1, 1 - more))
            for kind in FACTS.keys() - {"complaint"}:
                self.doubled.update(f"{kind} {key} that nobody sent" for key in there[kind].keys() - wanted[kind])

    async def send_again(self, http: httpx.AsyncClient, desk: Desk, one: Sent) -> None:
        """Send the same bytes, with the same key: the answer is the first one, where there was one."""
        again = await send(http, desk, one)
        for _ in range(AGAIN):
            if again is not None:
                break
            await asyncio.sleep(1)
            again = await send(http, desk, one)
        self.otherwise.update(desk.unlike)
        if again is None:
            self.otherwise.add(f"{one.kind} is not taken after the restart")
        elif not _as_first(one, again):
            self.otherwise.add(f"{one.kind}: {one.answer} and then {again}")
        else:
            one.answer = again


def _as_first(one: Sent, again: Any) -> bool:
    """Tell whether an answer says the same as the first one did, where one came."""
    if one.kind == "fix":
        stored = 0 if one.answer is not None else again["stored"]
        return bool((again["stored"], again["stored"] + again["repeated"]) == (stored, len(one.seqs)))
    if one.kind == "signed":
        # What waited for an act that was cut off is judged by now.
        judged = again["outcome"] == "recorded" and (one.answer is None or again["again"])
        return bool(judged and (one.answer is None or again["receipt"] == one.answer["receipt"]))
    return one.answer is None or bool(again == one.answer)


def keys_of(one: Sent) -> Iterable[Any]:
    """Return what an acknowledged request left in the database."""
    if one.kind == "fix":
        return one.seqs
    if one.kind == "signed":
        return (one.answer["id"],) if one.answer["outcome"] == "recorded" else ()
    return (one.note_id or one.sha256 or one.answer[f"{one.kind}_id"],)


def _found(connection: psycopg.Connection[Any], desk: Desk, query: Any) -> dict[Any, int]:
    return dict(connection.execute(query, (desk.world.bureau_id,)).fetchall())


def whole_in(files: Path) -> Callable[[str, str], bool]:
    """Return what tells whether a bureau's photo is whole in a folder of files."""

    def whole(bureau_id: str, sha256: str) -> bool:
        try:
            content = (files / bureau_id / sha256[:2] / sha256).read_bytes()
        except FileNotFoundError:
            return False
        return hashlib.sha256(content).hexdigest() == sha256

    return whole
