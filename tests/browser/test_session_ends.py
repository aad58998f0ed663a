"""What a form does when its session or its connection ends: nothing typed is lost, nothing is on record twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect
from sqlalchemy import text

from tests.browser.conftest import Opens
from tests.browser.looked_at import no_violations
from tests.trips import a_complaint_job
from tests.world import World

FORM = "form[data-act='POST /v1/delegations']"
ALERT = f"{FORM} [role=alert]"
REASON = "外出开会一周，请老王代为批准"


async def a_delegation(page: Page, world: World) -> None:
    """Fill in the custodian's delegation, and do not send it."""
    await page.locator("summary", has_text="授权他人").click()
    await page.select_option(f"{FORM} [name=to_person_id]", index=1)
    until = (world.clock() + timedelta(days=7, hours=8)).strftime("%Y-%m-%dT%H:%M")
    await page.fill(f"{FORM} [name=valid_until]", until)
    await page.fill(f"{FORM} [name=reason]", REASON)


async def reasons(world: World) -> list[str]:
    """Return the reasons of the delegations on record."""
    async with world.database.read(world.bureau_id) as reader:
        asked = text("SELECT reason FROM delegation WHERE bureau_id = :b ORDER BY delegation_id")
        return list((await reader.execute(asked, {"b": world.bureau_id})).scalars())


async def test_what_was_typed_is_still_here_when_the_session_has_ended(desk: Opens, duty: World) -> None:
    """One signs in in another tab and sends it; a page with nothing typed goes to the way in."""
    page = await desk("custodian", "/board/inbox")
    cookies = await page.context.cookies()
    await a_delegation(page, duty)
    await page.context.clear_cookies()
    await page.click(f"{FORM} button")
    await expect(page.locator(ALERT)).to_contain_text("会话已结束")
    await no_violations(page)
    async with page.context.expect_page() as opened:
        await page.locator(f"{ALERT} a").click()
    await expect((await opened.value).locator("[name=login]")).to_be_visible()
    assert await page.input_value(f"{FORM} [name=reason]") == REASON
    await page.evaluate("window.htmx.trigger(document.querySelector('#inbox'), 'refresh')")
    await expect(page.locator("#ended")).to_contain_text("会话已结束")
    await page.context.add_cookies([{**one} for one in cookies])  # type: ignore[misc]
    await page.click(f"{FORM} button")
    await expect(page.locator(f"li:has-text('{REASON}')")).to_be_visible()
    assert await reasons(duty) == [REASON]
    await page.context.clear_cookies()
    await page.evaluate("window.htmx.trigger(document.querySelector('#inbox'), 'refresh')")
    await page.wait_for_url("**/sign-in?next=**")


async def test_a_job_opened_when_the_session_has_ended_leads_to_the_way_in(desk: Opens, duty: World) -> None:
    """To try again, as one is told where a job could not be fetched, would never help."""
    job_id = await a_complaint_job(duty)
    page = await desk("dispatcher", "/board")
    way = page.locator(f"[data-job='{job_id}'] a").first
    await expect(way).to_be_visible()
    await page.context.clear_cookies()
    await way.click()
    await page.wait_for_url("**/sign-in?next=**")


async def cut_off(route: Route) -> None:
    """Let a request arrive, and its answer not."""
    await route.fetch()
    await route.abort()


@pytest.mark.parametrize("changed", [False, True])
async def test_a_form_whose_answer_was_lost_is_one_act_and_a_changed_one_is_told_of(
    desk: Opens, duty: World, *, changed: bool
) -> None:
    """Sent again as it was it is the same; changed meanwhile, one learns that the first is on record, and decides."""
    page = await desk("custodian", "/board/inbox")
    await a_delegation(page, duty)
    await page.route("**/v1/delegations", cut_off)
    await page.click(f"{FORM} button")
    await expect(page.locator(ALERT)).to_contain_text("无法连接服务")
    await page.unroute("**/v1/delegations")
    if changed:
        await page.fill(f"{FORM} [name=reason]", "改过的理由")
    await page.click(f"{FORM} button")
    if changed:
        await expect(page.locator(ALERT)).to_contain_text("上一次提交的内容已经送达并记录在案")
        assert await reasons(duty) == [REASON]
        await page.click(f"{FORM} button")
        await expect(page.locator("li:has-text('改过的理由')")).to_be_visible()
    else:
        await expect(page.locator(f"li:has-text('{REASON}')")).to_be_visible()
    assert await reasons(duty) == [REASON, "改过的理由"][: 1 + changed]


async def test_a_connection_that_stalls_is_given_up_and_the_same_act_is_sent_again(desk: Opens, duty: World) -> None:
    """After half a minute the button is back; pressed again it is recorded once."""
    page = await desk("custodian", "/board/inbox")
    await page.context.add_init_script(
        "const real = AbortSignal.timeout.bind(AbortSignal);"
        "AbortSignal.timeout = (ms) => { globalThis.patience = ms; return real(700); };"
    )
    await page.reload()
    await a_delegation(page, duty)
    stalled: list[Any] = []

    async def stall(route: Route) -> None:
        await route.fetch()
        stalled.append(route)

    await page.route("**/v1/delegations", stall)
    await page.click(f"{FORM} button")
    await expect(page.locator(ALERT)).to_contain_text("没有及时答复")
    assert await page.evaluate("globalThis.patience") == 30_000
    await expect(page.locator(f"{FORM} button")).to_be_enabled()
    await page.unroute("**/v1/delegations")
    await page.click(f"{FORM} button")
    await expect(page.locator(f"li:has-text('{REASON}')")).to_be_visible()
    assert await reasons(duty) == [REASON]
