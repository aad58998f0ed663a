"""What is said of a vehicle in time 到期提醒, wherever a vehicle or a trip of it is shown."""

from __future__ import annotations

from datetime import date

import msgspec

from domain.upkeep.dues import Standing
from domain.upkeep.warned import DueWarning


class WarningOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a vehicle is due for soon (`near`), or what keeps it at home (`passed`), in a sentence of each language."""

    kind: str
    standing: Standing
    due_on: date | None
    """The last day that is still right."""
    due_m: int | None
    """The last metre of the odometer that is."""
    zh: str
    en: str


def warning_out(warning: DueWarning) -> WarningOut:
    """Return what is to be said of a vehicle as it is shown."""
    return WarningOut(
        kind=warning.kind.value,
        standing=warning.standing,
        due_on=warning.due_on,
        due_m=warning.due_m,
        zh=warning.zh,
        en=warning.en,
    )
