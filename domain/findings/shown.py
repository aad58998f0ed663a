"""Everything that positions show of a vehicle in a stretch of time."""

from __future__ import annotations

from typing import Final

from domain.findings.devices import clock_skew, devices_disagree, mock_location
from domain.findings.happening import Happening
from domain.findings.hours import outside_duty_hours
from domain.findings.kinds import FindingKind
from domain.findings.moved import moved_without_trip
from domain.findings.road import detour, left_jurisdiction, off_purpose_stop, speeding, unobserved_stretch
from domain.findings.scene import Scene

SHOWN: Final = {
    FindingKind.MOVED_WITHOUT_TRIP: moved_without_trip,
    FindingKind.LEFT_JURISDICTION: left_jurisdiction,
    FindingKind.OFF_PURPOSE_STOP: off_purpose_stop,
    FindingKind.DETOUR: detour,
    FindingKind.OUTSIDE_DUTY_HOURS: outside_duty_hours,
    FindingKind.MOCK_LOCATION: mock_location,
    FindingKind.CLOCK_SKEW: clock_skew,
    FindingKind.DEVICES_DISAGREE: devices_disagree,
    FindingKind.SPEEDING: speeding,
    FindingKind.UNOBSERVED_STRETCH: unobserved_stretch,
}
"""The kinds that a look at a scene shows, each by its function; what is not shown any more is cleared."""


def shown(scene: Scene) -> tuple[Happening, ...]:
    """Return every happening of the scene, whatever the order in which its positions came."""
    return tuple(happening for function in SHOWN.values() for happening in function(scene))
