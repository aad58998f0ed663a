"""Which findings there are, how grave each is, and what it says."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from domain.values import Named


class Colour(StrEnum):
    """How grave a finding is; green is only what was cleared."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class FindingKind(Named):
    """A kind of finding with its sentence in each language."""

    MOVED_WITHOUT_TRIP = (
        "moved-without-trip",
        "车辆在没有出车任务时移动。",
        "The vehicle moved without a trip or an upkeep order.",
    )
    ODOMETER_GAP = (
        "odometer-gap",
        "两次用车之间的里程读数不相衔接。",
        "The readings between two uses do not meet.",
    )
    ODOMETER_TRACK_MISMATCH = (
        "odometer-track-mismatch",
        "里程读数与定位轨迹的里程不符。",
        "The readings of the trip and its track do not match.",
    )
    OFF_PURPOSE_STOP = (
        "off-purpose-stop",
        "车辆在任务场所、停放地点和登记的维保地点以外停留。",
        "The vehicle stopped away from every site of the trip, its base and registered places.",
    )
    DETOUR = (
        "detour",
        "行驶里程明显超出应有里程。",
        "The way was much longer than it should have been.",
    )
    LEFT_JURISDICTION = (
        "left-jurisdiction",
        "车辆驶出辖区。",
        "The vehicle left the jurisdiction.",
    )
    UNOBSERVED_STRETCH = (
        "unobserved-stretch",
        "出车途中有一段没有定位。",
        "A stretch of the trip was not observed.",
    )
    SITE_NOT_REACHED = (
        "site-not-reached",
        "车辆没有到达任务场所。",
        "The vehicle did not reach a site of the trip.",
    )
    VISIT_NOTE_MISSING = (
        "visit-note-missing",
        "任务没有在期限内形成现场走访记录。",
        "A job of the trip has no visit note within its term.",
    )
    NOTE_UNCORROBORATED = (
        "note-uncorroborated",
        "现场走访记录缺少佐证。",
        "A visit note is not corroborated.",
    )
    OUTSIDE_DUTY_HOURS = (
        "outside-duty-hours",
        "车辆在工作时间以外行驶。",
        "The vehicle was on the road outside duty hours.",
    )
    OVERNIGHT_AWAY = (
        "overnight-away",
        "车辆夜间没有停放在指定地点。",
        "The vehicle was not at its base overnight.",
    )
    LATE_RETURN = (
        "late-return",
        "车辆超过批准时间返回。",
        "The vehicle returned after its window.",
    )
    DEVICE_SILENT = (
        "device-silent",
        "车载终端或手机失联。",
        "The vehicle's terminal, or the phone of a trip, is silent.",
    )
    DEVICES_DISAGREE = (
        "devices-disagree",
        "手机与车载终端的位置不一致。",
        "The phone and the terminal of a trip are apart.",
    )
    CLOCK_SKEW = (
        "clock-skew",
        "设备时钟与实际时间不符。",
        "The clock of a device is off.",
    )
    MOCK_LOCATION = (
        "mock-location",
        "设备上报了模拟位置。",
        "A device reported a simulated location.",
    )
    SPEEDING = (
        "speeding",
        "车辆超速行驶。",
        "The vehicle was speeding.",
    )
    SPOKEN_APPROVAL_UNCONFIRMED = (
        "spoken-approval-unconfirmed",
        "口头批准未在期限内补签确认。",
        "A spoken approval was not confirmed within its term.",
    )
    DEPARTED_WITHOUT_PERMIT = (
        "departed-without-permit",
        "车辆出车时没有与之相符的准许。",
        "The vehicle departed without a permit that fits.",
    )
    THIN_COMPLAINT = (
        "thin-complaint",
        "投诉由随后用车的人登记或临出车才登记，且消费者始终未能联系上。",
        "A complaint was registered just before or by those who took the vehicle, and the consumer was not reached.",
    )
    READING_WITHOUT_PHOTO = (
        "reading-without-photo",
        "被抽查的里程读数没有照片。",
        "A reading has no photo though one was asked for.",
    )
    FUEL_MISMATCH = (
        "fuel-mismatch",
        "加油量与行驶里程不符。",
        "The fuel does not match the kilometres.",
    )
    CHAIN_FORK = (
        "chain-fork",
        "一部手机在同一序号签署了两份不同的操作。",
        "A phone signed two different acts under one number.",
    )


RED: Final = frozenset(
    {
        FindingKind.MOVED_WITHOUT_TRIP,
        FindingKind.DEPARTED_WITHOUT_PERMIT,
        FindingKind.DEVICES_DISAGREE,
        FindingKind.MOCK_LOCATION,
        FindingKind.OVERNIGHT_AWAY,
        FindingKind.SITE_NOT_REACHED,
        FindingKind.CHAIN_FORK,
    }
)
COLOURS: Final = {kind: Colour.RED if kind in RED else Colour.YELLOW for kind in FindingKind}
"""How grave each is when nothing makes it graver."""
OF_ONE_USE: Final = frozenset(
    {
        FindingKind.LATE_RETURN,
        FindingKind.SITE_NOT_REACHED,
        FindingKind.VISIT_NOTE_MISSING,
        FindingKind.NOTE_UNCORROBORATED,
        FindingKind.ODOMETER_TRACK_MISMATCH,
        FindingKind.THIN_COMPLAINT,
    }
)
"""Kinds that a use is found of: one of the use before, which ended in the same minute, is another's."""
