"""The words of a complaint: parties, outcomes, results of a visit, each with its Chinese and English name.

The wire value is the member's value. The names are those of the orders where an order has one.
"""

from __future__ import annotations

from domain.values import Named


class Party(Named):
    """The two sides of a consumer dispute."""

    COMPLAINANT = "complainant", "投诉人", "complainant"
    RESPONDENT = "respondent", "被投诉人", "respondent"


class SuspensionKind(Named):
    """Why mediation stands still."""

    TESTING = "testing", "鉴定、检测", "expert examination or testing"
    RECUSAL = "recusal", "回避申请", "request for recusal of a mediator"


class Outcome(Named):
    """How a complaint was decided or ended."""

    ACCEPTED = "accepted", "受理", "accepted"
    REFUSED = "refused", "不予受理", "refused"
    MEDIATED_WITH_DOCUMENT = "mediated-with-document", "调解成功并制作调解书", "mediated, with a mediation document"
    MEDIATED_PERFORMED = "mediated-performed", "调解成功并即时履行", "mediated, performed at once, no document"
    MEDIATED_DOCUMENT_WAIVED = (
        "mediated-document-waived",
        "调解成功，双方同意不制作调解书",
        "mediated, both parties waived the document",
    )
    SETTLED = "settled", "双方自行和解", "settled by the parties"
    WITHDRAWN = "withdrawn", "撤回投诉", "withdrawn"
    TERMINATED = "terminated", "终止调解", "mediation terminated"
    CLUE_PASSED_ON = "clue-passed-on", "线索移交", "clue of a violation passed on"
    RETURNED_TO_INTAKE = "returned-to-intake", "退回统一接收机构", "returned to the intake unit"


AGREEMENTS = (Outcome.MEDIATED_WITH_DOCUMENT, Outcome.MEDIATED_PERFORMED, Outcome.MEDIATED_DOCUMENT_WAIVED)
"""The outcomes of a mediation that reached agreement: Order 121 art. 24. Without a document a record is kept."""


class VisitResult(Named):
    """What came of a visit to a site; every one but `done` leaves the job open and asks for a new window."""

    DONE = "done", "已完成", "done"
    COMPLAINANT_ABSENT = "complainant-absent", "投诉人未到场", "complainant absent"
    RESPONDENT_ABSENT = "respondent-absent", "被投诉人未到场", "respondent absent"
    PLACE_NOT_FOUND = "place-not-found", "地点未找到", "place not found"
    POSTPONED_BY_AGREEMENT = "postponed-by-agreement", "双方同意改期", "postponed by agreement"
    RECUSAL_REQUESTED = "recusal-requested", "申请回避", "recusal requested"
    CANCELLED_BEFORE_ARRIVAL = "cancelled-before-arrival", "到达前取消", "cancelled before arrival"


class Source(Named):
    """Where a complaint came from; one that has a number there is known by it."""

    COUNTER = "counter", "来访", "at the counter"
    TELEPHONE = "telephone", "来电", "by telephone"
    LETTER = "letter", "来信", "by letter"
    PLATFORM_12315 = "platform-12315", "全国12315平台", "national 12315 platform"
    HOTLINE_12345 = "hotline-12345", "12345热线", "12345 hotline"
    ON_THE_SPOT = "on-the-spot", "现场受理", "taken on the spot"
    OTHER = "other", "其他", "otherwise"
