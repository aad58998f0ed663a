"""What a look was at, in words: a record of looks names addresses, and people read sentences."""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = tuple(
    (re.compile(pattern), zh, en)
    for pattern, zh, en in (
        (r"/audit/trips/.+/scene|/v1/trips/.+/track\..+", "出车轨迹", "the track of a trip"),
        (r"/audit/trips/.+", "一次出车", "a trip"),
        (r"/v1/trips/.+/measures", "出车里程", "the kilometres of a trip"),
        (r"/v1/trips/.+/order\.pdf", "派车单", "a dispatch order"),
        (r"/v1/trips/.+", "一次出车", "a trip"),
        (r"/v1/trips", "出车列表", "the list of trips"),
        (r"/audit/entries/.+|/v1/ledger/entries/.+", "一条账本条目", "a ledger entry"),
        (r"/audit/log|/v1/vehicles/.+/log", "车辆使用台账", "the vehicle log"),
        (r"/audit/findings/.+|/v1/findings/.+", "一条异常", "a finding"),
        (r"/audit/findings|/v1/findings", "异常列表", "the list of findings"),
        (r"/audit/readings|/v1/readings", "里程读数", "readings"),
        (r"/audit/statements|/v1/vehicles/.+/(months|years)/.+", "结算表", "a statement"),
        (r"/audit/keys|/v1/device-keys", "手机签名", "the chains of what phones sign"),
        (r"/v1/signed-acts.*", "手机签名的行为", "what a phone signed"),
        (r"/audit/lots|/v1/lots.*", "抽签回访", "call-backs"),
        (r"/audit/accesses|/v1/accesses", "个人信息查阅记录", "who opened personal data"),
        (r"/v1/erasures", "个人信息限制处理和删除", "personal data that was restricted or erased"),
        (r"/v1/retired-months", "已销毁的定位点月份", "months of positions that were retired"),
        (r"/audit/pairs|/v1/statistics/pairs", "结对统计", "statistics of pairs"),
        (r"/v1/visit-notes/.+", "一份走访记录", "a visit note"),
        (r"/v1/visit-notes", "走访记录列表", "the list of visit notes"),
        (r"/v1/attachments/.+", "一个附件", "an attached file"),
        (r"/v1/complaints/.+", "一件投诉", "a complaint"),
        (r"/v1/complaints", "投诉列表", "the list of complaints"),
        (r"/v1/refusals|/v1/field-conflicts", "拒绝与冲突", "refusals and conflicts"),
        (r"/audit", "月度概览", "a month at a glance"),
    )
)


def looked(route: str) -> tuple[str, str]:
    """Return what a look was at, in Chinese and English; what has no words here is told by its address."""
    path = route.partition(" ")[2].partition("?")[0]
    return next(((zh, en) for pattern, zh, en in _WORDS if pattern.fullmatch(path)), (path, path))
