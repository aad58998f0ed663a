"""Everything that the books show of a use: at its return, and once notes, devices and consumers have spoken."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from domain.findings.happening import Happening
from domain.findings.kinds import FindingKind
from domain.findings.late import late_return
from domain.findings.odometer import odometer_track_mismatch
from domain.findings.outing import Outing
from domain.findings.thin import thin_complaint
from domain.findings.visits import note_uncorroborated, site_not_reached, visit_note_missing
from domain.settings import BureauSettings

KEPT: Final = {
    FindingKind.LATE_RETURN: late_return,
    FindingKind.SITE_NOT_REACHED: site_not_reached,
    FindingKind.VISIT_NOTE_MISSING: visit_note_missing,
    FindingKind.NOTE_UNCORROBORATED: note_uncorroborated,
    FindingKind.ODOMETER_TRACK_MISMATCH: odometer_track_mismatch,
    FindingKind.THIN_COMPLAINT: thin_complaint,
}
"""The kinds that a look at a use shows, each by its function; what is not shown any more is cleared."""


def kept(outing: Outing, now: datetime, settings: BureauSettings) -> tuple[Happening, ...]:
    """Return every happening of the use."""
    return tuple(happening for function in KEPT.values() for happening in function(outing, now, settings))
