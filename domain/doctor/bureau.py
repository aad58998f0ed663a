"""Verdicts on what a bureau's record says: one small function a check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from domain.doctor.facts import Facts
from domain.doctor.machine import JOBS_STAND
from domain.doctor.verdict import State, Verdict, judged, unknown

SEAL_AFTER: Final = timedelta(days=10)
"""How long after its end a month may wait to be sealed."""
NAMED_MOST: Final = 5


def jumps(facts: Facts) -> Iterator[Verdict]:
    """Say how often the clock was set of late: it is in the record, and no fault of now."""
    for bureau in facts.bureaus:
        times = bureau.clock_jumps
        said = (f"近 30 天时钟被调整 {times} 次", f"the clock was set {times} times in 30 days")
        yield Verdict("clock-jumps", State.WELL, said, of=bureau.bureau_id)


def notices(facts: Facts) -> Iterator[Verdict]:
    """Say how many notices should have been sent by now, and how many fail."""
    for bureau in facts.bureaus:
        late, failing = bureau.notices_overdue, bureau.notices_failing
        said = (
            f"待发通知：{late} 条逾期，{failing} 条多次失败",
            f"{late} notices are overdue, {failing} failed several times",
        )
        yield judged("notices", said, JOBS_STAND, amiss=late > 0, of=bureau.bureau_id)


def held(facts: Facts) -> Iterator[Verdict]:
    """Say how many fixes are held, which of them for too long, and how many can never count."""
    for bureau in facts.bureaus:
        said = (
            f"暂存 {bureau.held} 个定位点（逾期 {bureau.held_overdue}），近一日另存 {bureau.aside} 个",
            f"{bureau.held} fixes are held ({bureau.held_overdue} too long), {bureau.aside} of a day are kept aside",
        )
        yield judged("held", said, JOBS_STAND, amiss=bureau.held_overdue > 0, of=bureau.bureau_id)


def terminals(facts: Facts) -> Iterator[Verdict]:
    """Say which terminals are silent."""
    for bureau in facts.bureaus:
        silent = bureau.silent_terminals
        zh, en = "、".join(silent[:NAMED_MOST]), ", ".join(silent[:NAMED_MOST])
        if len(silent) > NAMED_MOST:
            zh, en = f"{zh} 等 {len(silent)} 台", f"{en} and {len(silent) - NAMED_MOST} more"
        yield judged(
            "terminals",
            (f"失联：{zh}", f"silent: {en}") if silent else ("没有失联", "none is silent"),
            (
                "检查供电、SIM 卡与接线；已拆除的终端请注销。",
                "Look at power, SIM card and wiring; revoke one that was taken out.",
            ),
            amiss=bool(silent),
            of=bureau.bureau_id,
        )


def seals(facts: Facts) -> Iterator[Verdict]:
    """Say which vehicles have a month that is long over and not sealed."""
    today = facts.now.date()
    for bureau in facts.bureaus:
        late = [f"{plate} {month:%Y-%m}" for plate, month in bureau.unsealed if today - _end_of(month) > SEAL_AFTER]
        told = ", ".join(late[:NAMED_MOST]) + (" …" if len(late) > NAMED_MOST else "")
        yield judged(
            "seals",
            (f"未封账：{told}", f"not sealed: {told}") if late else ("没有逾期未封的月份", "no month is overdue"),
            (
                f"核对后封账：审计台，或 zhuanche seal {bureau.bureau_id}。",
                f"Look through it and seal it: the auditor's desk, or zhuanche seal {bureau.bureau_id}.",
            ),
            amiss=bool(late),
            of=bureau.bureau_id,
        )


def erasures(facts: Facts) -> Iterator[Verdict]:
    """Say which personal data a restore brought back, by the list beside the backups."""
    for bureau in facts.bureaus:
        if bureau.erasures_undone is None:
            yield unknown("erasures", of=bureau.bureau_id)
            continue
        back = _first(bureau.erasures_undone)
        yield judged(
            "erasures",
            (f"恢复备份后须重新处理：{back}", f"back since a restore: {back}")
            if back
            else ("没有因恢复备份而失效的删除", "none was undone by a restore"),
            (
                "重新限制处理并删除：zhuanche erase（docs/retention.md）。",
                "Restrict and erase again: zhuanche erase (docs/retention.md).",
            ),
            amiss=bool(back),
            of=bureau.bureau_id,
        )


def late(facts: Facts) -> Iterator[Verdict]:
    """Say about which complaints something came after their parties' data was taken out."""
    for bureau in facts.bureaus:
        numbers = _first(bureau.came_late)
        yield judged(
            "came-late",
            (f"限制处理或删除后又收到：{numbers}", f"came after it was restricted or erased: {numbers}")
            if numbers
            else ("没有补到的个人信息", "nothing came late"),
            (
                "再处理一次：已限制的先解除再限制，已删除的先限制再删除（zhuanche erase）。",
                "Take the step again: lift and restrict what is restricted, restrict and erase what is erased.",
            ),
            amiss=bool(numbers),
            of=bureau.bureau_id,
        )


def kept(facts: Facts) -> Iterator[Verdict]:
    """Say how many complaints' data is kept though its time is over, and which of it for long."""
    for bureau in facts.bureaus:
        count, numbers = bureau.kept_over_time, _first(bureau.kept_too_long)
        yield judged(
            "kept-too-long",
            (f"保存期已届满 {count} 件，其中逾三个月：{numbers}", f"{count} are over time, for three months: {numbers}")
            if numbers
            else (f"保存期已届满的投诉 {count} 件", f"{count} complaints are over time"),
            (
                "由负责人决定后限制处理并删除：zhuanche erase（docs/retention.md）。",
                "Have it decided, restricted and erased: zhuanche erase (docs/retention.md).",
            ),
            amiss=bool(numbers),
            of=bureau.bureau_id,
        )


def _first(numbers: Sequence[str]) -> str:
    return ", ".join(numbers[:NAMED_MOST]) + (f" … ({len(numbers)})" if len(numbers) > NAMED_MOST else "")


def _end_of(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)
