"""The custodian's inbox on a phone, and what everybody sees of a trip and of what was refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from api.db.queries.trips import trip_view
from api.http.trip_wire import trip_of
from api.usecases.act_on_finding import Said, explain_finding, rule_on_finding
from api.usecases.delegate_approval import NewDelegation, delegate_approval
from api.usecases.qualify_person import NewShift, enter_shift
from domain.findings.life import Verb
from domain.trip.life import UseVerb
from tests.browser.conftest import Opens
from tests.browser.looked_at import fits, no_violations, texts_translated
from tests.browser.tried import LONG, RIGHT_TO_LEFT, SCRIPT, TEMPLATE, nothing_ran
from tests.trips import a_complaint_job, approved_trip, closed_trip, requested_trip
from tests.usecases.test_look_at_vehicle import raised
from tests.world import World


async def state(world: World, trip_id: object) -> str:
    """Return how a trip stands."""
    async with world.database.read(world.bureau_id) as reader:
        return str((await trip_view(reader, trip_id)).state)  # type: ignore[arg-type]


@pytest.mark.parametrize(("lang", "theme"), [("zh", "dark"), ("en", "light")])
async def test_inbox_trip_and_refusals_have_no_barriers(
    desk: Opens, handset: Opens, world: World, lang: str, theme: str
) -> None:
    """On a phone and at a desk, with something of everything."""
    trip_id = await closed_trip(world)
    await requested_trip(world)
    for opens, who in ((handset, "custodian"), (desk, "dispatcher")):
        for path in ("/board/inbox", f"/board/trips/{trip_id}", "/board/refusals"):
            page = await opens(who, path, lang=lang, theme=theme)
            await no_violations(page)
            await texts_translated(page, lang)
            await fits(page)


async def test_a_trip_is_approved_with_one_tap(handset: Opens, world: World) -> None:
    """The custodian taps, and the card is gone."""
    trip_id = await requested_trip(world)
    page = await handset("custodian", "/board/inbox")
    card = page.locator(f"article[data-trip='{trip_id}']")
    await card.get_by_role("button", name="批准", exact=False).first.tap()
    await expect(card).to_have_count(0)
    assert await state(world, trip_id) == "approved"


async def test_what_is_told_while_the_inbox_is_being_asked_for_is_asked_for_too(handset: Opens) -> None:
    """While an answer is on its way, or just in: each of both may be older than the news, and would stay so."""
    page = await handset("custodian", "/board/inbox")
    await page.evaluate("""() => {
      const refresh = () => window.htmx.trigger(document.querySelector("#inbox"), "refresh");
      const { dataset } = document.documentElement;
      dataset.answers = 0;
      document.addEventListener("htmx:afterSwap", () => {
        dataset.answers = Number(dataset.answers) + 1;
        if (dataset.answers === "2") setTimeout(refresh);
      });
      for (let time = 0; time < 3; time += 1) refresh();
    }""")
    await expect(page.locator("html")).to_have_attribute("data-answers", "3")
    await page.wait_for_timeout(500)
    await expect(page.locator("html")).to_have_attribute("data-answers", "3")


async def test_a_trip_is_refused_with_a_reason_and_who_asked_sees_every_reason(
    handset: Opens, desk: Opens, world: World
) -> None:
    """Without a reason nothing is sent; with one, the dispatcher reads why on the trip and in the list."""
    trip_id = await requested_trip(world)
    page = await handset("custodian", "/board/inbox")
    card = page.locator(f"article[data-trip='{trip_id}']")
    await card.locator("summary").tap()
    await card.locator("textarea").fill("改由电话调解")
    await card.get_by_role("button", name="不批准", exact=True).tap()
    await expect(card).to_have_count(0)
    assert await state(world, trip_id) == "refused"
    for path in (f"/board/trips/{trip_id}", "/board/refusals"):
        seen = await desk("dispatcher", path)
        await expect(seen.locator("main")).to_contain_text("用车单位领导不予批准")


async def test_who_may_not_approve_is_told_why_in_words(desk: Opens, world: World) -> None:
    """A delegate who asked for the trip themselves presses the button and reads the rule's reasons."""
    page = await desk("custodian", "/board/inbox", lang="en")
    await page.locator("#delegations ~ .card summary").click()
    await page.select_option("#to", str(world["officer"].person_id))
    await page.fill("#valid-until", "2026-11-30T18:00")
    await page.fill("#because", "on leave")
    await page.get_by_role("button", name="Delegate", exact=True).click()
    await expect(page.locator("#inbox")).to_contain_text("custodian 某 → officer 某")
    trip_id = await requested_trip(world, who="officer")
    own = await desk("officer", "/board/inbox", lang="en")
    card = own.locator(f"article[data-trip='{trip_id}']")
    await card.get_by_role("button", name="Approve").click()
    await expect(card.locator("[role=alert]").first).to_contain_text("The approver is the requester, or goes along.")
    await page.reload()
    end = page.locator("form[data-act*='/end']")
    await end.locator("input").fill("back again")
    await end.get_by_role("button").click()
    await expect(page.locator("#inbox")).to_contain_text("None holds.")


async def test_a_spoken_approval_is_entered_at_the_desk_and_confirmed_on_the_phone(
    handset: Opens, desk: Opens, world: World
) -> None:
    """The officer on duty enters name and minute; the custodian confirms."""
    trip_id = await requested_trip(world)
    shift = NewShift(person_id=world["officer"].who, start_at=world.clock(), end_at=world.clock() + timedelta(hours=8))
    await enter_shift(world.database, world["admin"], shift)
    page = await desk("officer", f"/board/trips/{trip_id}")
    await page.get_by_text("录入口头批准").click()
    await page.get_by_role("button", name="录入", exact=True).click()
    await expect(page.locator("#trip")).to_contain_text("已批准")
    phone = await handset("custodian", "/board/inbox")
    await phone.get_by_role("button", name="补签").tap()
    await expect(phone.locator("#spoken")).to_have_count(0)
    async with world.database.read(world.bureau_id) as reader:
        assert (await trip_view(reader, trip_id)).confirmed_at is not None


async def test_a_finding_is_explained_and_what_is_typed_is_only_text(handset: Opens, world: World) -> None:
    """Ten kilobytes are refused in words; script is kept as the text it is, and runs nowhere."""
    finding_id = await raised(world)
    phone = await handset("custodian", "/board/inbox")
    card = phone.locator(f"article[data-finding='{finding_id}']")
    await expect(card).to_contain_text("车辆在没有出车任务时移动。")
    await card.locator("summary").tap()
    area = card.locator("textarea")
    await area.evaluate("(area, words) => { area.value = words; }", LONG)
    await card.get_by_role("button", name="提交说明").tap()
    await expect(card.locator("[role=alert]")).not_to_be_empty()
    await area.fill(SCRIPT)
    await card.get_by_role("button", name="提交说明").tap()
    await expect(card).to_have_count(0)
    await nothing_ran(phone)


async def test_a_reason_is_shown_as_it_was_typed(handset: Opens, world: World) -> None:
    """Template syntax and right-to-left text of a delegation stand in everybody's inbox, and change nothing of it."""
    for words in (SCRIPT, TEMPLATE, RIGHT_TO_LEFT):
        new = NewDelegation(
            to_person_id=world["officer"].who,
            valid_from=None,
            valid_until=world.clock() + timedelta(days=2),
            reason=words,
        )
        await delegate_approval(world.database, world["custodian"], new)
    phone = await handset("officer", "/board/inbox")
    await expect(phone.locator("#inbox")).to_contain_text(TEMPLATE)
    await expect(phone.locator("#inbox")).to_contain_text(SCRIPT)
    await nothing_ran(phone)


async def test_a_trips_crew_and_jobs_are_changed_on_its_page_by_keyboard(desk: Opens, world: World) -> None:
    """Another officer and an expert go along; a job is added and taken off again: each with its step in sight."""
    trip_id = await approved_trip(world)
    other = await a_complaint_job(world)
    page = await desk("dispatcher", f"/board/trips/{trip_id}", lang="en")
    trip = page.locator("#trip")

    async def unfold(label: str) -> None:
        await page.locator("summary", has_text=label).focus()
        await page.keyboard.press("Enter")

    await unfold("Change the crew…")
    await no_violations(page)
    await page.get_by_label("second_officer 某").focus()
    await page.keyboard.press("Space")
    await page.fill("#aboard-0", "李专家")
    await page.select_option("#standing-0", "expert")
    await page.fill("#why-crew", "增援")
    await page.keyboard.press("Enter")
    await expect(trip).to_contain_text("李专家")
    await expect(trip.locator("tbody")).to_contain_text(UseVerb.CHANGE_CREW.en)
    async with world.database.read(world.bureau_id) as reader:
        view = trip_of(await trip_view(reader, trip_id), {})
    assert {one.person_id for one in view.crew} == {world[who].who for who in ("officer", "second_officer", "driver")}
    await unfold("Add a job…")
    await page.locator(f"input[value='{other}']").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(trip.locator("tbody")).to_contain_text(UseVerb.ADD_JOB.en)
    await unfold("Take a job off…")
    await page.select_option("#drop-job", str(other))
    await page.fill("#why-drop", "另行安排")
    await page.keyboard.press("Enter")
    await expect(trip.locator("tbody")).to_contain_text(UseVerb.DROP_JOB.en)
    await expect(page.locator("summary", has_text="Take a job off…")).to_have_count(0)
    await no_violations(page)


async def test_a_crew_that_the_rule_does_not_permit_is_refused_in_words_on_the_page(desk: Opens, world: World) -> None:
    """Nobody drives: the reason stands in the form, and the crew is as it was."""
    trip_id = await approved_trip(world)
    page = await desk("dispatcher", f"/board/trips/{trip_id}", lang="en")
    await page.locator("summary", has_text="Change the crew…").click()
    await page.select_option("#new-driver", "")
    await page.fill("#why-crew", "x")
    await page.get_by_role("button", name="Change the crew").click()
    await expect(page.locator("form[data-act$='/crew'] [role=alert]")).to_contain_text("driver")


async def test_words_that_are_being_typed_outlive_what_happens_meanwhile(desk: Opens, world: World) -> None:
    """The reason to end a delegation stands until it is sent; the list is made up for as soon as nobody writes."""
    new = NewDelegation(
        to_person_id=world["officer"].who,
        valid_from=None,
        valid_until=world.clock() + timedelta(days=2),
        reason="外出",
    )
    await delegate_approval(world.database, world["custodian"], new)
    page = await desk("custodian", "/board/inbox", lang="en")
    await expect(page.locator("#live[data-state=open]")).to_be_visible()
    end = page.locator("form[data-act*='/end'] input")
    await end.fill("提前回来")
    trip_id = await requested_trip(world)
    await page.wait_for_timeout(1_000)
    await expect(end).to_have_value("提前回来")
    await end.fill("")
    await page.locator("h1").click()
    await expect(page.locator(f"article[data-trip='{trip_id}']")).to_have_count(1)


async def test_a_finding_that_was_asked_back_says_who_asks_for_what(handset: Opens, world: World) -> None:
    """The custodian reads the auditor's question beside the finding, and a way to the evidence."""
    finding_id = await raised(world)
    await explain_finding(world.database, world["custodian"], finding_id, Said("例行检查"))
    await rule_on_finding(world.database, world["auditor"], finding_id, Said("请附当日的值班表"), ruling=Verb.ASK)
    page = await handset("custodian", "/board/inbox", lang="en")
    card = page.locator(f"article[data-finding='{finding_id}']")
    await expect(card).to_contain_text("asked back")
    await expect(card).to_contain_text("auditor 某")
    await expect(card.locator("a[href^='/audit/findings/']")).to_have_count(1)
