"""What is taken out of a record of people, what stays, and who may decide it when."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.complaint.states import State
from domain.erasure import (
    Asked,
    Ground,
    Step,
    form_without_answers,
    is_undone,
    mark_of,
    note_without_people,
    why_not,
    without_words,
)
from domain.values import Role

OVER_AT = datetime(2029, 11, 23, tzinfo=UTC)
FREE = Asked(
    state=State.CLOSED,
    last=Step.RESTRICTED,
    kept_until=OVER_AT,
    under_way=0,
    unsealed=0,
    decider={Role.DESK_CHIEF},
    confirmer={Role.AUDITOR},
    same=False,
)


@pytest.mark.parametrize(("off", "kept"), [(-1, True), (0, False), (1, False)], ids=["before", "at", "after"])
def test_data_is_kept_until_its_time_is_over(*, off: int, kept: bool) -> None:
    """To the microsecond; what was unlawful does not wait."""
    now = OVER_AT + timedelta(microseconds=off)
    assert bool(why_not(Step.ERASED, Ground.PURPOSE, FREE, now)) is kept
    assert why_not(Step.ERASED, Ground.UNLAWFUL, FREE, now) == ()


def test_everything_that_speaks_against_it_is_told() -> None:
    """Not the first alone."""
    asked = replace(
        FREE, state=State.MEDIATING, last=None, under_way=1, unsealed=2, decider=(), confirmer={Role.OFFICER}, same=True
    )
    assert why_not(Step.ERASED, Ground.CONSENT, asked, OVER_AT - timedelta(days=1)) == (
        "who decides does not confirm",
        "who decides is custodian or desk chief",
        "who confirms is custodian, desk chief or auditor",
        "its data is neither restricted nor erased",
        "the complaint is mediating",
        "1 trips for it are not over",
        "2 trips for it are in months that are not sealed",
        "kept until 2029-11-23 by keep_complaints_years",
    )


def test_restricting_waits_for_no_time_and_no_seal_and_lifting_for_no_state() -> None:
    """Nothing is lost by either."""
    early = OVER_AT - timedelta(days=900)
    assert why_not(Step.RESTRICTED, Ground.PURPOSE, replace(FREE, last=None, unsealed=3), early) == ()
    assert why_not(Step.RESTRICTED, Ground.PURPOSE, replace(FREE, last=Step.ERASED), early) == ()
    assert why_not(Step.LIFTED, Ground.PURPOSE, replace(FREE, under_way=1), early) == ()


def test_a_mark_says_when_what_and_on_which_item() -> None:
    """In Chinese and English, in the place of each text."""
    assert mark_of(Step.RESTRICTED, Ground.CONSENT, date(2026, 12, 1)) == (
        "〔2026-12-01 限制处理 restricted：个人信息保护法第四十七条第三项 PIPL 47(3)〕"
    )


def test_an_act_loses_its_words_and_keeps_its_codes_and_days() -> None:
    """However deep they stand."""
    detail = {
        "act": {"on": "2026-11-23", "how": "电话告知林某", "party": "complainant"},
        "after": {"told": [{"how": "面谈"}]},
    }
    assert without_words(detail, "〔〕") == {
        "act": {"on": "2026-11-23", "how": "〔〕", "party": "complainant"},
        "after": {"told": [{"how": "〔〕"}]},
    }


def test_a_note_loses_people_and_keeps_where_it_was_made() -> None:
    """Also one that is no JSON, or no object, leaves something that reads."""
    note = {
        "note_id": "1",
        "result": "done",
        "present": [{"name": "林某"}],
        "agreed": "退款",
        "position": {"lat": 25.4},
    }
    left = json.loads(note_without_people(json.dumps(note).encode(), "〔〕"))
    assert left == {"note_id": "1", "result": "done", "position": {"lat": 25.4}, "found": "〔〕"}
    for odd in (b"\xff", b"[1]", b""):
        assert json.loads(note_without_people(odd, "〔〕")) == {"found": "〔〕"}


NAMESPACE = 'xmlns:orx="http://openrosa.org/xforms"'
IDS = "<meta><instanceID>uuid:1</instanceID><orx:instanceID>uuid:2</orx:instanceID></meta>"


@pytest.mark.parametrize(
    ("answers", "left"),
    [
        ("<found>林某 &amp; 店主</found><photo>a.jpg</photo>", "<found></found><photo></photo>"),
        ("<found><![CDATA[林某]]></found>", "<found></found>"),
        ('<found xmlns="http://example.org/a" by="林某">林某</found>', "<found></found>"),
        ("<found>林某<i>店主</i>王某<br/>李某</found>", "<found><i></i><br></br></found>"),
        ("<found>&#26519;某</found><!-- 林某 --><?say 林某?>", "<found></found>"),
    ],
    ids=["plain", "cdata", "attributes", "mixed", "references-and-comments"],
)
def test_a_form_loses_its_answers_and_keeps_its_ids(answers: str, left: str) -> None:
    """Elements stay, their texts go, however they are written."""
    head = f'<data {NAMESPACE} id="visit-note" version="1">'
    xml = f"<?xml version='1.0' ?>{head}{answers}{IDS}</data>"
    assert form_without_answers(xml.encode()).decode() == f"{head}{left}{IDS}</data>"
    assert form_without_answers(form_without_answers(xml.encode())) == form_without_answers(xml.encode())


def test_a_form_that_cannot_be_read_leaves_nothing() -> None:
    """None is kept so; what is, is read on."""
    assert form_without_answers(b"<data>\xff") == b"<data/>"


@pytest.mark.parametrize(
    ("wanted", "record", "due"),
    [
        ("erased", [], True),
        ("erased", [("restricted", 3)], True),
        ("erased", [("restricted", 3), ("erased", 4)], False),
        ("erased", [("restricted", 0), ("erased", 1)], True),
        ("erased", [("restricted", 0), ("erased", 1), ("restricted", 3)], True),
        ("erased", [("restricted", 0), ("erased", 2)], False),
        ("restricted", [("restricted", 0), ("erased", 1)], True),
        ("restricted", [("restricted", 0), ("erased", 3)], False),
        ("restricted", [], True),
        ("restricted", [("restricted", 0)], False),
        ("restricted", [("restricted", 0), ("lifted", 1)], True),
        ("restricted", [("restricted", 0), ("lifted", 2)], False),
        ("restricted", [("restricted", 0), ("lifted", 1), ("restricted", 3)], False),
        ("lifted", [("restricted", 0)], False),
    ],
)
def test_what_a_restore_undid_is_taken_again_unless_the_record_went_on(
    *, wanted: str, record: list[tuple[str, int]], due: bool
) -> None:
    """The step listed was taken on day 2; what the restored record says itself afterwards counts."""
    day = datetime(2026, 12, 1, tzinfo=UTC)
    steps = [(Step(step), day + timedelta(days=at)) for step, at in record]
    assert is_undone((Step(wanted), day + timedelta(days=2)), steps) is due
