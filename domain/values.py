"""Words shared by every rule: named words, roles, places with their datum, windows of time.

Units end names: `_m` metres, `_s` seconds, `_at` an aware instant, `_mps` metres per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self


class Named(StrEnum):
    """A word with a wire value, a Chinese name `zh` and an English one `en`."""

    zh: str
    en: str

    def __new__(cls, value: str, zh: str = "", en: str = "") -> Self:
        """Make the member of that wire value and those names; the defaults only let types see `Party("respondent")`."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh = zh
        member.en = en
        return member


class Role(Named):
    """What a person may be; several at once, but an auditor holds no other role."""

    OFFICER = "officer", "现场调解人员", "officer"
    DRIVER = "driver", "驾驶员", "driver"
    DISPATCHER = "dispatcher", "调度员", "dispatcher"
    CUSTODIAN = "custodian", "用车单位领导", "custodian"
    DESK_CHIEF = "desk_chief", "台长", "desk chief"
    AUDITOR = "auditor", "审计人员", "auditor"
    ADMIN = "admin", "系统管理员", "administrator"


class Datum(StrEnum):
    """The geodetic datum a pair of numbers is given in."""

    WGS84 = "WGS-84"
    GCJ02 = "GCJ-02"
    BD09 = "BD-09"
    CGCS2000 = "CGCS2000"


@dataclass(frozen=True, slots=True)
class Point:
    """A place in WGS-84 degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open stretch of time `[start_at, end_at)`; both aware."""

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        if self.start_at.tzinfo is None or self.end_at.tzinfo is None:
            raise ValueError("a window needs aware instants")
        if self.end_at <= self.start_at:
            raise ValueError("a window must end after it starts")

    def overlaps(self, other: Window) -> bool:
        """Tell whether some instant lies in both windows."""
        return self.start_at < other.end_at and other.start_at < self.end_at
