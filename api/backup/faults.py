"""What can go wrong with a backup, each a sentence for the operator."""

from __future__ import annotations


class BackupFailed(Exception):
    """No backup was made, or it could not be put where it belongs; nothing there is taken for one."""


class CopyFailed(BackupFailed):
    """The backup is whole in its folder, and its copy in the object store is not there."""


class BackupDamaged(Exception):
    """This is not a whole backup: cut short, or altered. The sentence names the place."""


class WrongKey(Exception):
    """The backup is encrypted to another key than the one given, or none was given."""


class RestoreRefused(Exception):
    """The backup may be good, but it is not restored here; nothing was changed."""


class RestoreFailed(Exception):
    """The restore did not come to its end; what it had brought was taken away again."""
