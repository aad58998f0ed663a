"""What is wrong with a sheet, by row and column, as people find it in their own file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.values import Named


class ProblemKind(Named):
    """What is wrong; what a notice says is taken over all the same."""

    EMPTY = "empty", "必填内容为空", "this must not be empty"
    NO_DATE = "no-date", "不是日期或时间", "this is no date or time"
    NO_YEAR = "no-year", "日期缺少年份", "the year is missing"
    NO_NUMBER = "no-number", "不是数字", "this is no number"
    OUT_OF_RANGE = "out-of-range", "数值超出合理范围", "this is out of range"
    NOT_TAKEN = "not-taken", "内容无法接受", "this cannot be taken"
    TWICE = "twice", "表内重复", "this stands twice in the sheet"
    ENDS_BEFORE = "ends-before", "结束早于开始", "it ends before it begins"
    GOES_BACK = "goes-back", "里程倒退", "the odometer goes back"
    AFTER_HANDOVER = "after-handover", "晚于本系统的首个里程读数", "it is later than the first reading of the books"
    GAP = "gap", "与上一行里程不衔接", "the odometer does not follow on from the row before"
    OVERLAP = "overlap", "与上一行时间重叠", "it begins before the row before ends"
    OTHER_VEHICLE = "other-vehicle", "其他车辆，跳过", "another vehicle's; left out"
    TOP_UP = "top-up", "充值、圈存，跳过", "money put on the card; left out"
    KNOWN = "known", "此前已导入，跳过", "taken over before; left out"
    ENDED = "ended", "来源已办结，跳过", "ended at its source; left out"
    NEXT_DAY = "next-day", "返回时间视为次日", "the return is taken as of the next day"

    @property
    def is_notice(self) -> bool:
        """Whether it hinders nothing."""
        return self in _NOTICES


_NOTICES = frozenset(
    {
        ProblemKind.GAP,
        ProblemKind.OVERLAP,
        ProblemKind.OTHER_VEHICLE,
        ProblemKind.TOP_UP,
        ProblemKind.KNOWN,
        ProblemKind.ENDED,
        ProblemKind.NEXT_DAY,
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: the row as the spreadsheet counts it, the column by its letter (empty: the whole row)."""

    row: int
    column: str
    kind: ProblemKind
    detail: str = ""
    """More about it that is in any language: a number, a code."""

    def sentence(self, language: str) -> str:
        """Return it for people; `language` is "zh" or "en"."""
        words = self.kind.zh if language == "zh" else self.kind.en
        return f"{words} ({self.detail})" if self.detail else words


def hindering(problems: Iterable[Problem]) -> list[Problem]:
    """Return those that keep a sheet from being taken over: all but notices."""
    return [one for one in problems if not one.kind.is_notice]


class CellFault(Exception):
    """A cell does not say what its column means."""

    def __init__(self, kind: ProblemKind, detail: str = "") -> None:
        super().__init__(kind.en)
        self.kind = kind
        self.detail = detail
