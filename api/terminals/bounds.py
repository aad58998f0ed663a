"""What a terminal, an address and all of them together may take of this process."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Limits of the server; `docs/install.md` names them.

    A carrier has thousands of terminals behind few addresses, so that an address is bounded only in connections that
    have proved nothing yet.
    """

    connections: int = 5_000
    unproved_of_address: int = 200
    prove_s: float = 30.0
    """Within which a connection must have proved whose it is."""
    junk_bytes: int = 1_024
    """What may come before the first 0x7E."""
    unproved_messages: int = 20
    """What a terminal may say, or try, before it has proved itself."""
    idle_s: float = 900.0
    """Silence after which a connection is taken for half-open; terminals beat every few minutes at most."""
    write_s: float = 20.0
    """How long a terminal may leave an answer unread."""
    bad_frames: int = 50
    """Bad frames in a row that end a connection."""
    kept_bad_frames: int = 100
    """Bad frames of a connection that are kept aside as sent; further ones are only counted."""
    report_weight: int = 500
    """Fixes, events and asides that are written at once for one terminal."""
    commands: int = 100
    """Unanswered commands of one connection that are known by their serial; of more the oldest are forgotten."""


@dataclass(slots=True)
class TerminalStats:
    """What the server did so far, for metrics."""

    connections: int = 0
    frames: int = 0
    bad_frames: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    """Connections by why they ended."""
    unwritten: int = 0
    """Messages that were not answered because they could not be written; their terminals send them again."""
