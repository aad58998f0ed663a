"""What a bureau may set (设置): each with its default and the bounds that nobody can pass.

Settings are facts (old, new, who, when, why): a threshold that moved stands in the record of its month. The newest
change of a name holds; `bureau_setting()` in the database reads the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.errors import InvalidInput, NotFound


class NoSuchSetting(NotFound):
    """There is no setting of that name."""

    code = "no-such-setting"
    zh = "没有该名称的设置项。"


class SettingOutOfBounds(InvalidInput):
    """The value lies outside the bounds of this setting."""

    code = "setting-out-of-bounds"
    zh = "设置值超出允许范围。"


@dataclass(frozen=True, slots=True)
class Setting:
    """A whole number a bureau may set between two bounds; its unit ends the name."""

    name: str
    zh: str
    en: str
    default: int
    least: int
    most: int


_ALL: Final = (
    Setting(
        "site_tolerance_m",
        "场所超出边界仍视为辖区内的容差（米）",
        "how far beyond the boundary a site still counts as inside, with a mark",
        150,
        0,
        500,
    ),
    Setting(
        "departure_grace_s",
        "出车时间窗口前后的宽限（秒）",
        "how long before and after its window a trip may depart",
        1_800,
        0,
        7_200,
    ),
    Setting(
        "spoken_confirm_s",
        "口头批准的补签期限（秒）",
        "within which the custodian confirms a spoken approval",
        86_400,
        3_600,
        86_400,
    ),
    Setting(
        "finding_term_days",
        "异常须作出说明的期限（自然日）",
        "days the custodian has to explain a finding",
        7,
        1,
        30,
    ),
    Setting(
        "note_near_m",
        "走访记录与任务场所的最大距离（米）",
        "how near the site a visit note must be made to be corroborated",
        300,
        50,
        2_000,
    ),
    Setting(
        "vehicle_near_m",
        "车辆轨迹与走访记录的最大距离（米）",
        "how near a visit note the vehicle's own track must be then",
        500,
        50,
        2_000,
    ),
    Setting(
        "clock_skew_s",
        "设备时钟允许的偏差（秒）",
        "how far a device's clock may be off before a note says so",
        120,
        10,
        3_600,
    ),
    Setting(
        "unobserved_after_s",
        "定位中断多久视为未观测（秒）",
        "after how long without a fix a stretch of a track is unobserved",
        120,
        30,
        1_800,
    ),
    Setting(
        "terminal_silent_s",
        "车载终端多久没有消息视为失联（秒）",
        "after how long without a word a vehicle's terminal is silent",
        86_400,
        600,
        604_800,
    ),
    Setting(
        "phone_silent_s",
        "出车期间手机多久没有消息视为失联（秒）",
        "after how long without a word a phone is silent whose person is on a trip",
        1_800,
        120,
        14_400,
    ),
    # Bounds that do not meet keep the four in their order, whatever a bureau sets.
    Setting(
        "duty_morning_from_min",
        "上午上班时间（自零时起的分钟数）",
        "when duty hours begin in the morning, in minutes of the day",
        8 * 60 + 30,
        5 * 60,
        10 * 60,
    ),
    Setting(
        "duty_morning_until_min",
        "上午下班时间（自零时起的分钟数）",
        "when duty hours end before noon, in minutes of the day",
        12 * 60,
        10 * 60 + 30,
        13 * 60,
    ),
    Setting(
        "duty_afternoon_from_min",
        "下午上班时间（自零时起的分钟数）",
        "when duty hours begin again, in minutes of the day",
        14 * 60 + 30,
        13 * 60,
        16 * 60,
    ),
    Setting(
        "duty_afternoon_until_min",
        "下午下班时间（自零时起的分钟数）",
        "when duty hours end, in minutes of the day",
        17 * 60 + 30,
        16 * 60 + 30,
        22 * 60,
    ),
    Setting(
        "saic51_accept_days",
        "51号令受理期限（日，条文未核）",
        "days to accept under SAIC Order 51, whose text was not read",
        5,
        1,
        30,
    ),
    Setting(
        "saic51_mediate_days",
        "51号令调解期限（日，条文未核）",
        "days to mediate under SAIC Order 51, whose text was not read",
        60,
        1,
        180,
    ),
)

SETTINGS: Final[Mapping[str, Setting]] = {setting.name: setting for setting in _ALL}
"""Every setting there is, by name."""


def checked_setting(name: str, value: int) -> int:
    """Return the value if that setting may have it. Raises `NoSuchSetting` or `SettingOutOfBounds`."""
    setting = SETTINGS.get(name)
    if setting is None:
        raise NoSuchSetting(name=name[:60], names=sorted(SETTINGS))
    if not setting.least <= value <= setting.most:
        raise SettingOutOfBounds(name=name, least=setting.least, most=setting.most)
    return value


@dataclass(frozen=True, slots=True)
class BureauSettings:
    """The values that hold in a bureau at one time: what was set, else the defaults."""

    changed: Mapping[str, int]

    def __getitem__(self, name: str) -> int:
        """Return the value of a setting. Raises KeyError for a name that is none: a fault of the program."""
        return self.changed.get(name, SETTINGS[name].default)
