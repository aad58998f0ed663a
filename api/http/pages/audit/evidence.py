"""What a finding measured, in words: each measure by its name, each figure in the unit that people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.http.pages.written import Written
from domain.visit.corroboration import Doubt

WORDS: Final = {
    "apart_m": ("相距", "apart"),
    "apart_s": ("分离时长", "apart for"),
    "away_m": ("离开", "away from it"),
    "beyond_m": ("超出辖区", "beyond the district"),
    "chords_m": ("其间至少行驶", "driven meanwhile, at least"),
    "doubts": ("疑点", "doubts"),
    "driven_m": ("其间行驶", "driven since"),
    "due_at": ("应记录截至", "was due by"),
    "ended": ("发现时已结束", "over when it was found"),
    "fastest_kmh": ("最高时速（公里）", "fastest, km/h"),
    "fixes": ("定位点数", "positions"),
    "from_m": ("起始读数", "reading at its beginning"),
    "fuel_ml": ("加油（毫升）", "fuel (ml)"),
    "late_s": ("超时", "late by"),
    "length_m": ("实际里程", "driven"),
    "limit_kmh": ("限速（公里/时）", "limit, km/h"),
    "ml_per_100_km": ("百公里油耗（毫升）", "ml per 100 km"),
    "moved_m": ("移动", "moved"),
    "nearest_m": ("距最近的应到地点", "from the nearest place it was for"),
    "over_percent": ("超出 %", "over by %"),
    "reading_m": ("读数里程", "by reading"),
    "reasons": ("理由", "reasons"),
    "registered_before_s": ("登记距申请", "registered before the request by"),
    "registered_by_crew": ("由随车人员登记", "registered by the crew"),
    "round_m": ("绕行一圈", "a round of"),
    "sealed": ("封存期间", "while sealed"),
    "seen_at": ("最后定位", "last seen"),
    "seq": ("序号", "number in the chain"),
    "should_m": ("应行里程", "should have been"),
    "sign": ("迹象", "sign"),
    "silent_s": ("失联", "silent for"),
    "skew_s": ("时钟偏差", "clock off by"),
    "spoken_at": ("口头批准于", "approved by word of mouth at"),
    "spread_ml_per_100_km": ("通常波动（毫升）", "usual spread, ml"),
    "stated_at": ("所报时间", "said to be at"),
    "stood_s": ("停留", "stood"),
    "stops": ("停留次数", "stops"),
    "stretches": ("次数", "times"),
    "term_s": ("期限", "term"),
    "terminal": ("车载终端", "the vehicle's terminal"),
    "terminal_from_m": ("终端起始里程", "terminal's count before"),
    "terminal_jumps": ("终端里程跳变次数", "jumps of the terminal's count"),
    "terminal_m": ("终端里程", "by the terminal's count"),
    "terminal_off_permille": ("终端偏离 ‰", "terminal off by ‰"),
    "terminal_ratio_permille": ("终端常态之比 ‰", "terminal's own ratio ‰"),
    "terminal_unobserved_m": ("终端未观测", "unseen by the terminal"),
    "terminal_until_m": ("终端结束里程", "terminal's count after"),
    "third_party": ("第三方读数", "read by a third party"),
    "together_trips": ("合计出车次数", "trips together"),
    "track_m": ("轨迹里程", "by track"),
    "track_off_permille": ("轨迹偏离 ‰", "track off by ‰"),
    "track_ratio_permille": ("轨迹常态之比 ‰", "track's own ratio ‰"),
    "track_unobserved_m": ("轨迹未观测", "unseen by track"),
    "unobserved_s": ("未观测时长", "unseen for"),
    "until_m": ("结束读数", "reading at its end"),
    "usual_ml_per_100_km": ("通常百公里油耗（毫升）", "usual ml per 100 km"),
    "wanted_until": ("照片截至", "photo wanted by"),
    "why": ("情况", "how it stood"),
}
"""Names of what findings measure; a test holds them against what `domain/findings` and the use cases write."""
SEALED: Final = {
    "charges": ("归集", "charges"),
    "colour": ("颜色", "colour"),
    "complaints": ("投诉", "complaints"),
    "difference_m": ("里程表之差", "difference of the odometer"),
    "fixes": ("定位点数", "positions"),
    "open": ("未了结", "open"),
    "open_findings": ("未了结异常", "open findings"),
    "readings": ("读数次数", "readings"),
    "state": ("状态", "state"),
    "track_m": ("轨迹里程", "by track"),
    "trips_m": ("出车里程", "by trips"),
    "unaccounted_m": ("未入账里程", "unaccounted"),
    "unobserved_m": ("未观测", "unseen"),
    "upkeep_m": ("维保里程", "by upkeep"),
}
"""Names of what an amendment of a sealed month changes."""
NAMELESS: Final = frozenset(
    {
        "approver_id",
        "complaint_id",
        "conflict_id",
        "cost_id",
        "device_id",
        "job_id",
        "key_id",
        "note_id",
        "reading_id",
        "refusal_id",
        "lat_e7",
        "lon_e7",
    }
)
"""What names a record is left out: the trip leads to it. A place is told as degrees."""
SIGNS: Final = {
    "denied": ("消费者否认", "the consumer denies it"),
    "unreached": ("两次回访未接通", "called back twice and not reached"),
    "no-source-number": ("来源没有编号", "its source numbers complaints, and it has no number"),
}
E7: Final = 10_000_000


def evidence_of(one: Mapping[str, Any], w: Written) -> list[tuple[str, str]]:
    """Return evidence as pairs of what was measured and how much, lengths and times written out."""
    found = [(measured(name, w), figure(name, value, w)) for name, value in one.items() if name not in NAMELESS]
    if one.get("lat_e7") is not None and one.get("lon_e7") is not None:
        place = f"{one['lat_e7'] / E7:.6f}, {one['lon_e7'] / E7:.6f}"
        found.append((w.choose("位置（WGS-84）", "place (WGS-84)"), place))
    return found


def measured(name: str, w: Written) -> str:
    """Return what is measured, in words."""
    said = WORDS.get(name) or SEALED.get(name)
    return w.choose(*said) if said else name.replace("_", " ")


def figure(name: str, value: Any, w: Written) -> str:
    """Return how much, in the unit that people read."""
    if value is None:
        return "–"
    said = str(value)
    if isinstance(value, bool):
        said = w.choose("是", "yes") if value else w.choose("否", "no")
    elif name == "doubts":
        said = " ".join(w.word(Doubt(code)) for code in said.split())
    elif name == "charges":
        said = " · ".join(f"{one.get('number', '')} {w.km(one.get('metres'))}" for one in value)
    elif name == "reasons":
        said = " ".join(w.sentence(code) for code in value)
    elif name == "sign" and said in SIGNS:
        said = w.choose(*SIGNS[said])
    elif name.endswith("_m") and isinstance(value, int | float):
        said = f"{w.km(round(value))} {w.choose('公里', 'km')}"
    elif name.endswith("_s") and isinstance(value, int | float):
        said = w.lasted(value)
    elif name.endswith(("_at", "_until")):
        said = w.when(said)
    return said
