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
    default: int
    least: int
    most: int
    zh: str
    en: str


# A table: name, default, least, most; what it says in Chinese and in English.
# fmt: off
_ALL: Final = (
    Setting("site_tolerance_m", 150, 0, 500,
            "场所超出边界仍视为辖区内的容差（米）",
            "how far beyond the boundary a site still counts as inside, with a mark"),
    Setting("departure_grace_s", 1_800, 0, 7_200,
            "出车时间窗口前后的宽限（秒）",
            "how long before and after its window a trip may depart"),
    Setting("spoken_confirm_s", 86_400, 3_600, 86_400,
            "口头批准的补签期限（秒）",
            "within which the custodian confirms a spoken approval"),
    Setting("finding_term_days", 7, 1, 30,
            "异常须作出说明的期限（自然日）",
            "days the custodian has to explain a finding"),
    Setting("note_near_m", 300, 50, 2_000,
            "走访记录与任务场所的最大距离（米）",
            "how near the site a visit note must be made to be corroborated"),
    Setting("vehicle_near_m", 500, 50, 2_000,
            "车辆轨迹与走访记录的最大距离（米）",
            "how near a visit note the vehicle's own track must be then"),
    Setting("clock_skew_s", 120, 10, 3_600,
            "设备时钟允许的偏差（秒）",
            "how far a device's clock may be off before a note says so"),
    Setting("unobserved_after_s", 120, 30, 1_800,
            "定位中断多久视为未观测（秒）",
            "after how long without a fix a stretch of a track is unobserved"),
    Setting("terminal_silent_s", 86_400, 600, 604_800,
            "车载终端多久没有消息视为失联（秒）",
            "after how long without a word a vehicle's terminal is silent"),
    Setting("phone_silent_s", 1_800, 120, 14_400,
            "出车期间手机多久没有消息视为失联（秒）",
            "after how long without a word a phone is silent whose person is on a trip"),
    # Bounds that do not meet keep the four in their order, whatever a bureau sets.
    Setting("duty_morning_from_min", 8 * 60 + 30, 5 * 60, 10 * 60,
            "上午上班时间（自零时起的分钟数）",
            "when duty hours begin in the morning, in minutes of the day"),
    Setting("duty_morning_until_min", 12 * 60, 10 * 60 + 30, 13 * 60,
            "上午下班时间（自零时起的分钟数）",
            "when duty hours end before noon, in minutes of the day"),
    Setting("duty_afternoon_from_min", 14 * 60 + 30, 13 * 60, 16 * 60,
            "下午上班时间（自零时起的分钟数）",
            "when duty hours begin again, in minutes of the day"),
    Setting("duty_afternoon_until_min", 17 * 60 + 30, 16 * 60 + 30, 22 * 60,
            "下午下班时间（自零时起的分钟数）",
            "when duty hours end, in minutes of the day"),
    Setting("moved_without_trip_m", 50, 20, 200,
            "无出车而移动多远即为异常（米）",
            "how far the vehicle may be from where it stood before it moved without a use"),
    Setting("off_purpose_stop_s", 600, 180, 3_600,
            "在任务场所等以外停留多久即为异常（秒）",
            "how long a stop may last away from every site of the trip, base and registered place"),
    Setting("off_purpose_near_m", 300, 100, 1_000,
            "停留点与任务场所等的最大距离（米）",
            "how near a site, base or registered place a stop must be to belong to it"),
    Setting("detour_percent", 50, 20, 200,
            "轨迹超出应有里程的比例（百分比）",
            "by how many per cent the way of a trip may exceed what it should take"),
    Setting("detour_least_m", 1_000, 300, 10_000,
            "绕行至少超出的里程（米）",
            "how many metres too many make a detour, at least"),
    Setting("overspeed_kmh", 120, 60, 140,
            "超速的速度（公里每小时）",
            "above which speed the vehicle is speeding, in kilometres an hour"),
    Setting("overnight_from_min", 22 * 60, 20 * 60, 24 * 60 - 1,
            "车辆须已归位的时刻（自零时起的分钟数）",
            "from when on the vehicle must be at its base overnight, in minutes of the day"),
    Setting("devices_apart_m", 300, 100, 2_000,
            "手机与车载终端的最大距离（米）",
            "how far phone and terminal of one trip may be apart"),
    Setting("devices_apart_s", 180, 60, 1_800,
            "手机与车载终端相离多久即为异常（秒）",
            "for how long they may be"),
    Setting("odometer_gap_m", 1_000, 0, 5_000,
            "两次用车之间里程读数的最大差（米）",
            "how many metres readings between two uses may differ"),
    Setting("ratio_deviation_permille", 60, 20, 200,
            "轨迹与里程之比偏离该车常值的限度（千分比）",
            "how far a trip's ratio of track to reading may be from the vehicle's own, in thousandths"),
    Setting("ratio_least_trips", 5, 3, 30,
            "得出车辆常值所需的最少出车次数",
            "how many trips teach a vehicle's own ratio, at least"),
    Setting("late_return_s", 1_800, 0, 14_400,
            "超过批准时间多久返回即为异常（秒）",
            "how long after its window a trip may return"),
    Setting("note_missing_hours", 24, 1, 72,
            "返回后多久须有走访记录（小时）",
            "within how many hours after the return a visit note must be there"),
    Setting("findings_overdue_stop", 1, 0, 1,
            "逾期未说明的异常是否停止出车（1 是，0 否）",
            "whether findings not explained within their term keep the vehicle at home (1) or do not (0)"),
    Setting("thin_complaint_min", 60, 10, 1_440,
            "登记至申请用车不足多久即为过近（分钟）",
            "how many minutes between registering a complaint and asking for the vehicle are few"),
    Setting("photo_share_percent", 10, 5, 50,
            "出车时抽查里程表照片的比例（百分比）",
            "of how many departures in a hundred a photo of the odometer is asked"),
    Setting("photo_term_min", 30, 5, 240,
            "抽查照片须在多少分钟内提交",
            "within how many minutes a photo that was asked for must be there"),
    Setting("lots_percent", 10, 5, 50,
            "每月抽取回访的出车比例（百分比）",
            "of how many trips of a month in a hundred a call-back is drawn by lot"),
    Setting("lots_least", 3, 1, 20,
            "每月至少抽取的回访数",
            "how many call-backs a month are drawn, at least"),
    Setting("pairs_least", 8, 5, 50,
            "显示搭档统计所需的最少次数",
            "below how many trips together the statistics of pairs are not shown"),
    Setting("fuel_deviation_percent", 30, 10, 100,
            "百公里油耗偏离该车常值的限度（百分比）",
            "by how many per cent fuel per 100 km may differ from the vehicle's own"),
    Setting("inspection_warn_days", 30, 7, 90,
            "检验、保险到期前多久提醒（日）",
            "how many days before inspection or insurance ends a warning is given"),
    Setting("service_warn_km", 500, 100, 2_000,
            "保养到期前多少公里提醒",
            "how many kilometres before a service is due a warning is given"),
    Setting("holiday_seal", 1, 0, 1,
            "节假日是否封存车辆（1 是，0 否）",
            "whether the vehicle is sealed on holidays (1) or is not (0)"),
    Setting("notice_escalate_min", 30, 5, 1_440,
            "申请多久未审批即通知受托人（分钟）",
            "after how many minutes without an answer to a request the delegate is told"),
    Setting("deadline_warn_days", 2, 1, 10,
            "任务到期前多久通知（日）",
            "how many days before a visit is due the desk is told"),
    Setting("quiet_from_min", 22 * 60, 0, 24 * 60 - 1,
            "免打扰开始时间（自零时起的分钟数）",
            "from when on notices wait overnight, in minutes of the day; the same as the end: never"),
    Setting("quiet_until_min", 7 * 60, 0, 24 * 60 - 1,
            "免打扰结束时间（自零时起的分钟数）",
            "until when they do, in minutes of the day"),
    # How long is kept what is not kept for ever (docs/retention.md says why not shorter, and why not longer).
    Setting("keep_positions_months", 36, 24, 120,
            "定位点的保存期限（月）",
            "how many months positions are kept before the owner may retire their month"),
    Setting("keep_aside_days", 30, 30, 180,
            "隔离定位点的保存期限（日）",
            "how many days a fix that can never count is kept aside"),
    Setting("keep_accesses_days", 1_096, 183, 3_660,
            "个人信息查阅记录的保存期限（日）",
            "how many days it is kept who opened personal data"),
    Setting("keep_answers_days", 7, 7, 30,
            "重复请求应答的保存期限（日）",
            "how many days an answer is kept for a request that is repeated under its key"),
    Setting("keep_complaints_years", 3, 3, 30,
            "投诉办结后当事人个人信息的保存期限（年）",
            "how many years after its last act the parties of a complaint are kept before they may be erased"),
    Setting("keep_sessions_days", 1, 1, 180,
            "已结束会话的保存期限（日）",
            "how many days a session is kept after it ended"),
    Setting("keep_unclaimed_days", 90, 30, 366,
            "无人引用的附件的保存期限（日）",
            "how many days a file is kept that no note, act, reading, form or other record names"),
    Setting("keep_device_days", 400, 400, 1_200,
            "设备每日状况的保存期限（日）",
            "how many days it is known how a device was on a day"),
    Setting("saic51_accept_days", 5, 1, 30,
            "51号令受理期限（日，条文未核）",
            "days to accept under SAIC Order 51, whose text was not read"),
    Setting("saic51_mediate_days", 60, 1, 180,
            "51号令调解期限（日，条文未核）",
            "days to mediate under SAIC Order 51, whose text was not read"),
)
# fmt: on

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
