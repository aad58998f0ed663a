"""The visit note 现场走访记录 and the mediation record 调解记录 as forms, for the parties to take.

A record is kept where there is no mediation document: SAMR Order 121 art. 24.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.print.typeset import Fields, Form, Listing, Passage

BLANK: Final = "　"
STANDING: Final = {
    "complainant": "投诉人",
    "respondent": "被投诉人",
    "mediator": "调解人员",
    "witness": "见证人",
    "expert": "专家",
    "other": "其他",
}
SIGNED: Final = {"signed": "已签字", "refused": "拒绝签字", "unable": "不能签字"}


def note_form(note: Any, complaint: Any, site: Any) -> Form:
    """Return the form of one note: `note` as it is shown over HTTP, `complaint` and `site` as printed."""
    zone = ZoneInfo(complaint.zone)
    body = note.note
    corrected = "本记录已被后续记录更正。" if note.corrected_by else ""
    return Form(
        bureau=complaint.bureau,
        title="现场走访记录",
        subtitle=f"投诉编号 {complaint.number}",
        notice=corrected,
        blocks=[
            Fields(
                rows=[
                    [("投诉人", complaint.complainant_name), ("被投诉人", complaint.respondent_name)],
                    [("走访地点", f"{site.site_name}（{site.site_address}）")],
                    [("走访结果", body.result.zh), ("车辆", site.plate or BLANK)],
                    [("记录时间", _at(body.device_at, zone)), ("收到时间", _at(note.recorded_at, zone))],
                    [("调解人员", note.officer_name), ("佐证", "已佐证" if note.corroborated else "未佐证")],
                    [("定位", _located(body.position))],
                ]
            ),
            _present(body.present),
            Passage(heading="查明情况", words=body.found or BLANK),
            Passage(heading="协商结果", words=body.agreed or BLANK),
            _signed(body.signatures),
        ],
        signatures=["投诉人签字：", "被投诉人签字：", "调解人员签字：", "日期："],
        footer=f"记录编号 {note.note_id}　SHA-256 {note.body_sha256}",
    )


def record_form(complaint: Any, notes: Sequence[Any]) -> Form:
    """Return the form of a complaint's mediation record, from its particulars and the notes of its visits."""
    zone = ZoneInfo(complaint.zone)
    standing = [note for note in notes if not note.corrected_by]
    visits = [
        Passage(
            heading=f"{_at(note.note.device_at, zone)}　{note.officer_name}　{note.note.result.zh}",
            words=f"查明情况：{note.note.found or '无'}\n协商结果：{note.note.agreed or '无'}",
        )
        for note in standing
    ]
    return Form(
        bureau=complaint.bureau,
        title="消费投诉调解记录",
        subtitle=f"投诉编号 {complaint.number}（《市场监督管理投诉举报处理办法》第二十四条）",
        blocks=[
            Fields(
                rows=[
                    [("投诉人", complaint.complainant_name), ("电话", complaint.complainant_telephone)],
                    [("地址", complaint.complainant_address)],
                    [("被投诉人", complaint.respondent_name), ("信用代码", complaint.respondent_credit_code or BLANK)],
                    [("地址", complaint.respondent_address)],
                    [("收到日期", _at(complaint.received_at, zone)[:10]), ("承办单位", complaint.unit)],
                ]
            ),
            Passage(heading="投诉请求", words=complaint.claim),
            Passage(heading="争议事实", words=complaint.facts),
            *(visits or [Passage(heading="调解经过", words="尚无现场走访记录。")]),
        ],
        signatures=["投诉人签字：", "被投诉人签字：", "调解人员签字：", "日期："],
        footer=f"投诉编号 {complaint.number}",
    )


def _present(present: Sequence[Any]) -> Listing:
    rows = [[one.name, STANDING[one.standing], one.remark] for one in present]
    return Listing(heading="在场人员", columns=["姓名", "身份", "备注"], widths=[3, 2, 5], rows=rows)


def _signed(signatures: Sequence[Any]) -> Listing:
    rows = [
        [
            STANDING[one.party],
            one.name,
            SIGNED[type(one).__name__.lower()],
            "" if type(one).__name__ == "Signed" else f"{one.reason}（见证人：{one.witness}）",
        ]
        for one in signatures
    ]
    return Listing(heading="签字情况", columns=["当事人", "姓名", "签字", "说明"], widths=[2, 2, 2, 5], rows=rows)


def _located(position: Any) -> str:
    if position is None:
        return "无定位"
    accuracy = "" if position.accuracy_m is None else f"，精度 {position.accuracy_m:g} 米"
    return f"{position.lat:.6f}，{position.lon:.6f}（{position.datum}{accuracy}）"


def _at(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M")
