"""The visit note 现场走访记录 and the mediation record 调解记录 as forms, for the parties to take.

A record is kept where there is no mediation document: SAMR Order 121 art. 24.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from api.print.picture import may_be_set
from api.print.typeset import UNREADABLE, Block, Drawn, Fields, Form, Image, Listing, Passage
from domain.signing.bracket import ClockDoubt
from domain.visit.note import Presence

BLANK: Final = "　"
UNSIGNED: Final = "未签名"
"""Of a note that came by another door than a phone that signs."""
NONE: Final = "无"
"""In the place of words, so that nobody writes any there afterwards."""
STANDING: Final = {one.value: one.zh for one in Presence}
SIGNED: Final = {"signed": "已签字", "refused": "拒绝签字", "unable": "不能签字"}


Files: TypeAlias = Mapping[str, bytes]
"""What has arrived of the signatures drawn on the phone, by SHA-256."""


def note_form(note: Any, complaint: Any, site: Any, drawn: Files) -> Form:
    """Return the form of one note: `note` as it is shown over HTTP, `complaint` and `site` as printed."""
    zone = ZoneInfo(complaint.zone)
    body = note.note
    return Form(
        bureau=complaint.bureau,
        title="现场走访记录",
        subtitle=f"投诉编号 {complaint.number}",
        notice=_amendment(note),
        blocks=[
            Fields(
                rows=[
                    [("投诉人", complaint.complainant_name), ("被投诉人", complaint.respondent_name)],
                    [("走访地点", f"{site.site_name}（{site.site_address}）")],
                    [("走访结果", body.result.zh), ("车辆", site.plate or BLANK)],
                    [("记录时间", _at(body.device_at, zone)), ("收到时间", _at(note.recorded_at, zone))],
                    [("调解人员", note.officer_name), ("佐证", "已佐证" if note.corroborated else "未佐证")],
                    [("设备签名", _device_signature(note.signature, zone))],
                    [("定位", _located(body.position))],
                    *([[("签字时定位", _located(body.position_end))]] if body.position_end else []),
                ]
            ),
            _present(body.present),
            Passage(heading="查明情况", words=body.found or NONE),
            Passage(heading="协商结果", words=body.agreed or NONE),
            *_signed(body.signatures, drawn),
        ],
        signatures=_lines(body.signatures),
        footer=f"记录编号 {note.note_id}　SHA-256 {note.body_sha256}",
    )


def record_form(complaint: Any, notes: Sequence[Any], drawn: Files) -> Form:
    """Return the form of a complaint's mediation record, from its particulars and the notes of its visits."""
    zone = ZoneInfo(complaint.zone)
    standing = sorted((note for note in notes if not note.corrected_by), key=lambda note: note.note.device_at)
    visits: list[Block] = []
    for note in standing:
        body = note.note
        present = "、".join(f"{one.name}（{STANDING[one.standing]}）" for one in body.present) or "未记录"
        visits += [
            Passage(
                heading=f"{_at(body.device_at, zone)}　{note.officer_name}　{body.result.zh}"
                + ("" if note.signed else f"　{UNSIGNED}"),
                words=f"在场人员：{present}\n查明情况：{body.found or NONE}\n协商结果：{body.agreed or NONE}",
            ),
            *_signed(body.signatures, drawn),
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


def _device_signature(signature: Any, zone: ZoneInfo) -> str:
    """Return by which act of which key a note is signed, and between when and when it was made for certain."""
    if signature is None:
        return UNSIGNED
    since = "" if signature.not_before is None else f"{_at(signature.not_before, zone)} 之后、"
    doubts = "；".join(ClockDoubt(code).zh for code in signature.clock_doubts)
    told = f"已签名：密钥 {signature.key_id} 第 {signature.seq} 号，{since}{_at(signature.received_at, zone)} 之前作成"
    return f"{told}（{doubts}）" if doubts else told


def _present(present: Sequence[Any]) -> Listing:
    rows = [[one.name, STANDING[one.standing], one.remark] for one in present] or [[NONE, "", ""]]
    return Listing(heading="在场人员", columns=["姓名", "身份", "备注"], widths=[3, 2, 5], rows=rows)


def _signed(signatures: Sequence[Any], drawn: Files) -> list[Block]:
    """Return who signed and who did not, why and who saw it, and what was drawn on the phone."""
    rows = []
    images = []
    for one in signatures:
        how = type(one).__name__.lower()
        remark = "见下" if how == "signed" else f"{one.reason}（见证人：{one.witness}）"
        rows.append([STANDING[one.party], one.name, SIGNED[how], remark])
        if how == "signed":
            images.append(_image(f"{STANDING[one.party]}　{one.name}", drawn.get(one.sha256)))
    listing = Listing(heading="签字情况", columns=["当事人", "姓名", "签字", "说明"], widths=[2, 3, 2, 5], rows=rows)
    return [listing, Drawn(images=images)] if images else [listing] if rows else []


def _lines(signatures: Sequence[Any]) -> list[str]:
    """Return for whom a line is left to sign on: a party who signed on the phone needs none."""
    signed = {one.party for one in signatures if type(one).__name__ == "Signed"}
    parties = [f"{STANDING[party]}签字：" for party in ("complainant", "respondent") if party not in signed]
    return [*parties, "调解人员签字：", "日期："]


def _image(caption: str, data: bytes | None) -> Image:
    if data is None:
        return Image(caption=caption, remark="签字图片尚未送达")
    return Image(caption=caption, data=data) if may_be_set(data) else Image(caption=caption, remark=UNREADABLE)


def _amendment(note: Any) -> str:
    """Return what a note that corrects or was corrected says of it: both stay, and paper must not hide either."""
    body = note.note
    corrects = f"本记录更正记录 {body.corrects}。{body.correction_reason}" if body.corrects else ""
    corrected = "".join(f"本记录已被记录 {note_id} 更正。" for note_id in note.corrected_by)
    return f"{corrects}\n{corrected}".strip()


def _located(position: Any) -> str:
    if position is None:
        return "无定位"
    accuracy = "" if position.accuracy_m is None else f"，精度 {position.accuracy_m:g} 米"
    return f"{position.lat:.6f}，{position.lon:.6f}（{position.datum}{accuracy}）"


def _at(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M")
