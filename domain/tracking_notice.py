"""What a person is told of the tracking of their phone 定位告知, before the first of it counts.

A notice is known by its version: who acknowledged one acknowledged those words. Whoever changes a word gives it another
version, which a test asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VERSION: Final = "2026-11"


@dataclass(frozen=True, slots=True)
class Told:
    """A question a person would ask, and its answer."""

    question: str
    answer: str


NOTICE: Final[dict[str, tuple[Told, ...]]] = {
    "zh": (
        Told(
            "记录什么",
            "定位软件发来的位置、时间、速度、方向、精度、电量，以及软件随位置附带的其他信息（例如运动状态）。"
            "Wi-Fi 与基站列表收到即丢弃；不读取通话、短信和手机里的其他内容。",
        ),
        Told("什么时候算数", "只在您本人随车出车期间：从登记出发到登记返回。"),
        Told(
            "其他时间呢",
            "出车以外发来的位置另外存放 24 小时，只为等待断网时登记、稍后才送到的出发记录；没有这样的出车，到期即删除，"
            "除您本人外无人看到。出车以外发来的其他消息当即丢弃，只留下收到过消息这一点。",
        ),
        Told(
            "为什么记录",
            "证明消费维权专用车的每一公里都用于现场调解投诉，也为您的走访记录作证。不用于考核您的私人时间。",
        ),
        Told(
            "谁能看到",
            "出车期间的轨迹：本局的现场调解人员、驾驶员、调度员、台长、用车单位领导和审计人员，以及持审计授权的外部"
            "审计人员。您可以随时查看系统保存的关于您的内容。",
        ),
        Told(
            "保存多久",
            "出车期间的位置随行车日志保存，不可更改。时间或位置明显错误、无法采用的点，按收到的原样保存 30 天，"
            "用于查找故障，然后删除。设备每日的状况（收发数量、延迟、电量）保存 400 天。",
        ),
        Told("您可以怎样", "出车以外可以关闭定位软件。手机遗失或更换时，请告诉管理员，令牌当即作废。"),
    ),
    "en": (
        Told(
            "What is recorded",
            "What the tracking app sends: place, time, speed, direction, accuracy, battery, and what else the app adds"
            " to a place, such as how you move. Lists of Wi-Fi and cell stations are dropped as they come; calls,"
            " messages and what else is on the phone are not read.",
        ),
        Told("When it counts", "Only while you are aboard a trip yourself: from its recorded departure to its return."),
        Told(
            "And at other times",
            "Places sent outside your trips are held apart for 24 hours, only in case a departure recorded without a"
            " network still arrives; if no such trip turns up they are deleted, and nobody but you sees them. Anything"
            " else sent outside your trips is dropped at once; all that remains is that something was received.",
        ),
        Told(
            "Why",
            "To show that every kilometre of the dedicated vehicle answered to a complaint, and to bear out your visit"
            " notes. It is not used to judge your own time.",
        ),
        Told(
            "Who sees it",
            "The track of a trip: officers, drivers, dispatchers, the desk's chief, the custodian and auditors of this"
            " bureau, and outside auditors under a mandate. You may see what is kept about you at any time.",
        ),
        Told(
            "How long it is kept",
            "Places of a trip are kept with the vehicle log and cannot be changed. A point that can never count, since"
            " its time or place is plainly wrong, is kept for 30 days as it was sent, to find the fault, and then"
            " deleted. How the device was on a day (counts, delays, battery) is kept for 400 days.",
        ),
        Told(
            "What you can do",
            "Switch the app off outside your trips. If the phone is lost or replaced, tell the administrator: its token"
            " is made void at once.",
        ),
    ),
}
"""In both languages, in the order of reading."""
