"""Regulation packs: the order in force on the day of receipt, its fixed numbers, its defaults and its grounds."""

from __future__ import annotations

from datetime import date

import pytest

from domain.complaint.job import JobKind, is_mediation
from domain.complaint.packs import (
    BadTerm,
    Cause,
    DeadlineCode,
    FixedByOrder,
    NoSuchDeadline,
    NoSuchPack,
    Pack,
    Unit,
    UnknownGround,
    pack_by_code,
    pack_for,
    packs,
)
from domain.complaint.words import Outcome, Party, SuspensionKind, VisitResult

ORDER_51, ORDER_20, ORDER_121 = packs()


@pytest.mark.parametrize(
    ("received_on", "code"),
    [
        (date(1996, 3, 15), "SAIC51-1996"),
        (date(2019, 12, 31), "SAIC51-1996"),
        (date(2020, 1, 1), "SAMR20-2019"),
        (date(2026, 4, 14), "SAMR20-2019"),
        (date(2026, 4, 15), "SAMR121-2026"),
        (date(2026, 11, 24), "SAMR121-2026"),
    ],
)
def test_the_day_of_receipt_chooses_the_pack(received_on: date, code: str) -> None:
    """The last day of one order and the first of the next fall on different packs."""
    assert pack_for(received_on).code == code


def test_a_bureau_may_choose_another_pack_by_setting() -> None:
    """Order 121 has no transition clause, so a bureau may go on under Order 20."""
    assert pack_for(date(2026, 4, 15), override="SAMR20-2019") is ORDER_20


def test_a_day_before_every_order_and_an_unknown_code_have_no_pack() -> None:
    """Nothing is guessed where no order is shipped."""
    with pytest.raises(NoSuchPack):
        pack_for(date(1996, 3, 14))
    with pytest.raises(NoSuchPack):
        pack_for(date(2026, 11, 24), override="SAMR122")
    assert pack_by_code("SAIC51-1996") is ORDER_51


@pytest.mark.parametrize(
    ("pack", "code", "n", "unit", "article"),
    [
        (ORDER_51, DeadlineCode.ACCEPT, 5, Unit.DAY, None),
        (ORDER_51, DeadlineCode.MEDIATE, 60, Unit.DAY, None),
        (ORDER_20, DeadlineCode.ACCEPT, 7, Unit.WORKING_DAY, 14),
        (ORDER_20, DeadlineCode.MEDIATE, 45, Unit.WORKING_DAY, 21),
        (ORDER_20, DeadlineCode.NOTIFY_TERMINATION, 7, Unit.WORKING_DAY, 21),
        (ORDER_20, DeadlineCode.CLUE_CHECK, 15, Unit.WORKING_DAY, 23),
        (ORDER_20, DeadlineCode.JURISDICTION_DISPUTE, 7, Unit.WORKING_DAY, 30),
        (ORDER_20, DeadlineCode.TELL_REPORTER, 5, Unit.WORKING_DAY, 31),
        (ORDER_121, DeadlineCode.ACCEPT, 7, Unit.WORKING_DAY, 15),
        (ORDER_121, DeadlineCode.MEDIATE, 60, Unit.DAY, 23),
        (ORDER_121, DeadlineCode.NOTIFY_TERMINATION, 7, Unit.WORKING_DAY, 23),
        (ORDER_121, DeadlineCode.CLUE_CHECK, 15, Unit.WORKING_DAY, 27),
        (ORDER_121, DeadlineCode.JURISDICTION_DISPUTE, 7, Unit.WORKING_DAY, 33),
    ],
)
def test_each_term_is_as_its_article_has_it(
    pack: Pack, code: DeadlineCode, n: int, unit: Unit, article: int | None
) -> None:
    """Length, unit and article of every term, as read in the orders."""
    rule = pack.deadline(code)
    assert (rule.n, rule.unit, rule.article, rule.verified) == (n, unit, article, article is not None)


def test_a_number_that_was_not_read_in_the_order_is_a_setting() -> None:
    """Order 51's terms are from memory: a bureau may set them, within a year."""
    assert ORDER_51.deadline(DeadlineCode.ACCEPT, {DeadlineCode.ACCEPT: 7}).n == 7
    assert ORDER_51.deadline(DeadlineCode.ACCEPT, {DeadlineCode.MEDIATE: 90}).n == 5
    set_by_bureau = ORDER_51.with_settings({DeadlineCode.MEDIATE: 90})
    assert set_by_bureau.deadline(DeadlineCode.MEDIATE).n == 90
    assert ORDER_51.deadline(DeadlineCode.MEDIATE).n == 60


@pytest.mark.parametrize(("n", "taken"), [(0, False), (1, True), (366, True), (367, False)])
def test_a_set_term_has_from_one_to_366_days(n: int, *, taken: bool) -> None:
    """A setting of no days or of years is a slip."""
    if taken:
        assert ORDER_51.deadline(DeadlineCode.ACCEPT, {DeadlineCode.ACCEPT: n}).n == n
    else:
        with pytest.raises(BadTerm):
            ORDER_51.with_settings({DeadlineCode.ACCEPT: n})


def test_a_number_that_stands_in_the_order_cannot_be_set() -> None:
    """No bureau gives itself sixty-one days; naming the order's own number is no change."""
    with pytest.raises(FixedByOrder):
        ORDER_121.with_settings({DeadlineCode.MEDIATE: 61})
    assert ORDER_121.with_settings({DeadlineCode.MEDIATE: 60}) == ORDER_121


def test_a_term_the_order_does_not_have_is_told_as_such() -> None:
    """Order 121 sets no term for telling a reporter of the filing of a case."""
    assert not ORDER_121.has_deadline(DeadlineCode.TELL_REPORTER)
    with pytest.raises(NoSuchDeadline):
        ORDER_121.deadline(DeadlineCode.TELL_REPORTER)
    with pytest.raises(NoSuchDeadline):
        ORDER_121.with_settings({DeadlineCode.REPLY: 3})


def test_testing_stops_the_clock_by_the_order_and_recusal_by_setting() -> None:
    """Art. 22 says that testing time does not count; art. 21 only halts mediation, so that reading can be chosen."""
    assert ORDER_121.stops_clock(SuspensionKind.TESTING)
    assert ORDER_121.stops_clock(SuspensionKind.RECUSAL)
    strict = ORDER_121.with_settings(stops_clock={SuspensionKind.RECUSAL: False})
    assert not strict.stops_clock(SuspensionKind.RECUSAL)
    assert strict.stops_clock(SuspensionKind.TESTING)
    with pytest.raises(FixedByOrder):
        ORDER_121.with_settings(stops_clock={SuspensionKind.TESTING: False})


def test_each_order_has_its_number_of_grounds() -> None:
    """Six and six the same, six and seven, seven and eight."""
    assert [(len(pack.refusals), len(pack.terminations)) for pack in packs()] == [(6, 6), (6, 7), (7, 8)]
    assert ORDER_51.refusals == ORDER_51.terminations


def test_grounds_are_numbered_by_article_and_item_and_speak_both_languages() -> None:
    """A code says where to look it up, and no two grounds of different orders share one."""
    for pack in packs():
        for ground in pack.refusals + pack.terminations:
            expected = f"{ground.article}-{ground.item}" if ground.article else f"{ground.item}"
            assert ground.code.split("-", 1)[1] == expected
            assert ground.zh
            assert ground.en.endswith(".")
    codes = [ground.code for pack in (ORDER_20, ORDER_121) for ground in pack.refusals + pack.terminations]
    assert len(codes) == len(set(codes))


def test_a_ground_of_another_order_or_of_the_other_decision_is_unknown() -> None:
    """A refusal under Order 121 rests on its article 16, neither on article 23 nor on Order 20."""
    assert ORDER_121.refusal("121-16-4").item == 4
    assert ORDER_121.termination("121-23-8").item == 8
    for code in ("121-23-4", "20-15-4", "121-16-8", "", "x" * 500):
        with pytest.raises(UnknownGround) as fault:
            ORDER_121.refusal(code)
        assert len(fault.value.detail["ground"]) <= 40
    with pytest.raises(UnknownGround):
        ORDER_121.termination("121-16-4")


def test_withdrawal_and_lapse_are_the_grounds_the_orders_name() -> None:
    """The parties' own end is item 1; the lapse of the term is item 5 of both newer orders."""
    for pack in (ORDER_20, ORDER_121):
        causes = {ground.item: ground.cause for ground in pack.terminations if ground.cause}
        assert causes == {1: Cause.PARTIES, 5: Cause.LAPSE}
        parties = pack.ground_of_parties()
        assert parties is not None
        assert parties.item == 1
    assert ORDER_51.ground_of_parties() is None


def test_what_was_not_read_is_marked_so() -> None:
    """Only the pack of 1996 rests on memory and restatements; the newer two have their articles."""
    assert not any(rule.verified for rule in ORDER_51.deadlines)
    assert not any(ground.verified for ground in ORDER_51.refusals)
    for pack in (ORDER_20, ORDER_121):
        assert all(rule.verified and rule.article for rule in pack.deadlines)
        assert all(ground.verified and ground.article for ground in pack.refusals + pack.terminations)


def test_a_refusal_under_order_121_names_the_other_ways() -> None:
    """Art. 15 wants the remedies of consumer law art. 39 told; complaining to an agency is the one just refused."""
    assert [remedy.zh[:2] for remedy in ORDER_121.remedies] == ["与经", "请求", "根据", "向人"]


@pytest.mark.parametrize(
    ("kind", "mediation"),
    [
        (JobKind.MEDIATION, True),
        (JobKind.LOOK_AT_GOODS, True),
        (JobKind.FETCH_SAMPLE, True),
        (JobKind.SERVE_PAPERS, True),
        (JobKind.REPORT_CHECK, False),
        (JobKind.INSPECTION, False),
        (JobKind.ERRAND, False),
    ],
)
def test_only_what_serves_a_mediation_is_on_site_mediation(kind: JobKind, *, mediation: bool) -> None:
    """The vehicle is for on-site mediation: four kinds serve it, three are asked for and refused."""
    assert is_mediation(kind) is mediation


def test_no_pack_lets_a_kind_that_is_no_mediation_visit() -> None:
    """A slip in a pack's data must not open the vehicle to inspections."""
    for pack in packs():
        assert all(is_mediation(kind) for kinds in pack.visits.values() for kind in kinds)


def test_every_word_has_a_chinese_and_an_english_name() -> None:
    """Screens and paper print the names; the wire carries the code."""
    for words in (JobKind, Outcome, Party, SuspensionKind, VisitResult):
        for word in words:
            assert word.zh
            assert word.en
            assert words(word.value) is word
            assert str(word) == word.value
