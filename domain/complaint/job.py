"""What a visit is for (现场调解任务的类别), and which kinds are on-site mediation: docs/adr/0007.

The desk's own rule:
专门用于调解辖区内的消费纠纷现场调解工作；除执行处理消费投诉外，其他任何单位或个人不得以任何理由借用。
Checking a report, an inspection and an errand have kinds too, so that asking for them is refused by name and kept.
"""

from __future__ import annotations

from domain.values import Named


class JobKind(Named):
    """The kind of a job; `is_mediation` tells which of them the vehicle may be used for."""

    MEDIATION = "mediation", "现场调解", "on-site mediation"
    LOOK_AT_GOODS = "look-at-goods", "为调解查看商品或服务现场", "look at the goods for mediation"
    FETCH_SAMPLE = "fetch-sample", "提取送检样品", "fetch or take a sample for testing"
    SERVE_PAPERS = "serve-papers", "送达调解文书", "serve the papers of the mediation"
    REPORT_CHECK = "report-check", "举报核查", "check of a report"
    INSPECTION = "inspection", "监督检查", "inspection"
    ERRAND = "errand", "其他事务", "errand"


MEDIATION_KINDS = frozenset({JobKind.MEDIATION, JobKind.LOOK_AT_GOODS, JobKind.FETCH_SAMPLE, JobKind.SERVE_PAPERS})
"""The kinds that carry out or serve the mediation of one complaint: no person may widen them by a setting."""


def is_mediation(kind: JobKind) -> bool:
    """Tell whether a job of that kind is on-site mediation; any other is refused as `not-a-mediation`."""
    return kind in MEDIATION_KINDS
