"""The dispatch order 派车单 of an approved trip as a form: the fields that such papers have in use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.print.typeset import Fields, Form, Listing, Passage, qr_of
from domain.place.base import Base, base_at

VOID: Final = ("cancelled", "expired")
"""States of a trip whose order is void; its number stays in the series."""
STANDING: Final = {
    "consumer": "消费者",
    "respondent": "被投诉人",
    "expert": "专家",
    "witness": "见证人",
    "other": "其他",
}
BLANK: Final = "　"


def order_form(trip: Any, facts: Any, bases: Sequence[Base], address: str) -> Form:
    """Return the form of a trip's order.

    Args:
        trip: what `trip_view` returns of a trip that has an order.
        facts: what `printed_facts` returns of it.
        bases: where its vehicle is kept, by when each took effect.
        address: the order's verification address, printed as a QR code.
    """
    zone = ZoneInfo(facts.zone)
    leaves, comes_to = (base_at(bases, at).name for at in (trip.planned_from, trip.planned_until))
    carried = [site for site in facts.sites if not site["dropped"]]
    driver = next((member["name"] for member in trip.crew if member["seat"] == "driver"), BLANK)
    officers = "、".join(member["name"] for member in trip.crew if member["seat"] == "officer")
    aboard = "、".join(f"{one['name']}（{STANDING[one['standing']]}）" for one in trip.passengers) or "无"
    numbers = "、".join(dict.fromkeys(site["number"] for site in carried))
    sites = {site["job_id"]: site for site in facts.sites}
    return Form(
        bureau=facts.bureau,
        title="派车单",
        subtitle=f"编号 {trip.order_year}-{trip.order_number:04d}　（消费投诉现场调解专用车）",
        notice="本单已作废，编号保留。" if trip.state in VOID else "",
        watermark="作废" if trip.state in VOID else "",
        qr=qr_of(address),
        blocks=[
            Fields(
                rows=[
                    [("号牌号码", trip.plate), ("用车单位", facts.unit)],
                    [("申请人", facts.requester), ("审批人", facts.approver or BLANK)],
                    [("审批时间", _at(trip.approved_at, zone)), ("口头批准", _spoken(trip, facts, zone))],
                    [("用途", f"现场调解消费纠纷，投诉编号 {numbers}")],
                    [("计划出车", _at(trip.planned_from, zone)), ("计划返回", _at(trip.planned_until, zone))],
                    [("途经地点", " → ".join([leaves, *(site["site"] for site in carried), comes_to]))],
                    [("驾驶员", driver), ("驾驶证号", facts.licence or BLANK)],
                    [("调解人员", officers), ("其他乘车人", aboard)],
                    [("实际出车", _at(trip.actual_from, zone)), ("实际返回", _at(trip.actual_until, zone))],
                    [("出车里程", _reading(facts, "departure")), ("返回里程", _reading(facts, "return", "breakdown"))],
                ]
            ),
            Listing(
                heading="停靠记录",
                columns=["投诉编号", "地点", "到达", "离开"],
                widths=[3, 5, 3, 3],
                rows=[
                    [
                        site["number"],
                        site["site"],
                        _stop(trip, job_id, "arrive", zone),
                        _stop(trip, job_id, "leave", zone),
                    ]
                    for job_id, site in sites.items()
                    if not site["dropped"]
                ],
            ),
            Fields(
                heading="费用与车况",
                rows=[
                    [("加油（升）", BLANK), ("加油时里程", BLANK)],
                    [("通行费", BLANK), ("停车费", BLANK)],
                ],
            ),
            Passage(heading="故障与备注", words=facts.faults or BLANK),
        ],
        signatures=["用车人签字：", "驾驶员签字：", "审批人签字：", "核对人签字："],
        footer=f"专车专用，不得借用。核验：{address}",
    )


def _at(instant: datetime | str | None, zone: ZoneInfo) -> str:
    if instant is None:
        return BLANK
    when = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return when.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _spoken(trip: Any, facts: Any, zone: ZoneInfo) -> str:
    if trip.spoken_at is None:
        return "否"
    confirmed = f"，{_at(trip.confirmed_at, zone)} 补签" if trip.confirmed_at else "，待补签"
    return f"是，{_at(trip.spoken_at, zone)}，{facts.spoken_entered_by} 记录{confirmed}"


def _reading(facts: Any, *occasions: str) -> str:
    found = [one["odometer_m"] for one in facts.readings if one["occasion"] in occasions]
    return f"{found[-1] / 1_000:,.1f} 公里" if found else BLANK


def _stop(trip: Any, job_id: str, what: str, zone: ZoneInfo) -> str:
    return next(
        (_at(stop["stated_at"], zone) for stop in trip.stops if str(stop["job_id"]) == job_id and stop["what"] == what),
        BLANK,
    )
