"""A vehicle that comes back later than it was let go for: `late-return`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from domain.findings.happening import Happening
from domain.findings.kinds import FindingKind
from domain.findings.outing import Outing
from domain.settings import BureauSettings
from domain.use_rule.upkeep import UpkeepKind

WORKSHOP: Final = frozenset({UpkeepKind.REPAIR, UpkeepKind.INSPECTION, UpkeepKind.TOW})
"""When these are done is not for the driver to say."""


def late_return(outing: Outing, now: datetime, settings: BureauSettings) -> Iterator[Happening]:
    """Yield that a use went on after its window by more than `late_return_s`; while it is out it is said once."""
    limit = timedelta(seconds=settings["late_return_s"])
    until_at = outing.until_at or now
    if outing.upkeep in WORKSHOP or until_at - outing.planned_until <= limit:
        return
    back = outing.until_at is not None
    yield Happening(
        kind=FindingKind.LATE_RETURN,
        use_id=outing.use_id,
        from_at=outing.planned_until,
        # It does not grow with every minute: what is known is that the limit has passed.
        until_at=until_at if back else outing.planned_until + limit,
        ended=back,
        evidence={"late_s": round((until_at - outing.planned_until).total_seconds())} if back else {},
    )
