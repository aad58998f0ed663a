"""What ends a move or an upgrade, each with a sentence that says how things stand."""

from __future__ import annotations


class NotDone(Exception):
    """What was asked was not done, or not to its end."""


class MoveRefused(NotDone):
    """The move was not begun; the sentence says why."""


class MoveStopped(NotDone):
    """The move ended before its end; the source is whole."""


class UpgradeRefused(NotDone):
    """The upgrade was not begun; the sentence says why."""


class UpgradeFailed(NotDone):
    """The upgrade did not end well; the sentence says where the backup is."""


class ServerNotUpgraded(NotDone):
    """PostgreSQL was not changed to another major version; the sentence says why, and how things stand."""
