"""The way in: by pass word, with the first one changed, to where one works or wanted to go."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from api.http.requests import SESSION_COOKIE
from api.usecases.change_password import reset_password
from api.usecases.change_role import RoleChange, change_role
from domain.values import Role
from tests.browser.conftest import Opens
from tests.browser.looked_at import fits, no_violations, texts_translated
from tests.conftest import SignIn
from tests.notices.stand_in import Browser
from tests.world import PASSWORD, World


@pytest.mark.parametrize(("lang", "theme"), [("zh", "light"), ("en", "dark")])
async def test_the_way_in_has_no_barriers_and_one_language(desk: Opens, handset: Opens, lang: str, theme: str) -> None:
    """At a desk and on a phone, light and dark, in Chinese and English."""
    for opens in (desk, handset):
        page = await opens("", "/sign-in", lang=lang, theme=theme)
        await no_violations(page)
        await texts_translated(page, lang)
        await fits(page)


async def test_a_wrong_pass_word_is_told_and_the_right_one_leads_to_where_one_wanted(desk: Opens, world: World) -> None:
    """By keyboard alone: an address one may not see yet, sign in, and there it is."""
    page = await desk("", "/sign-in/password", lang="en")
    assert "/sign-in?next=" in page.url
    await page.fill("[name=bureau_id]", world.bureau_id)
    await page.fill("[name=login]", "officer")
    await page.fill("[name=password]", "not the right one")
    await page.keyboard.press("Enter")
    await expect(page.locator("form [role=alert]")).to_contain_text("password")
    await page.fill("[name=password]", PASSWORD)
    async with page.expect_response("**/v1/session") as answer:
        await page.keyboard.press("Enter")
    assert (await answer.value).status == 201
    [cookie] = [one for one in await page.context.cookies() if one["name"] == SESSION_COOKIE]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")


async def test_a_pass_word_that_another_has_seen_is_changed_first(desk: Opens, world: World) -> None:
    """Whatever address one comes by."""
    first = await reset_password(world.database, world["admin"], world["officer"].who, "forgotten")
    page = await desk("officer", "/sign-in/password", lang="en")
    await no_violations(page)
    await texts_translated(page, "en")
    await page.fill("[name=old_password]", first)
    await page.fill("[name=new_password]", "too short")
    await page.keyboard.press("Enter")
    await page.fill("[name=new_password]", "a sentence of my own")
    async with page.expect_response("**/v1/session/password") as answer:
        await page.keyboard.press("Enter")
    assert (await answer.value).status == 204


async def test_a_link_to_elsewhere_is_not_followed(desk: Opens) -> None:
    """What comes after signing in is a page of ours, whatever the link says."""
    for wanted in ("https://example.org/", "//example.org", "/board\\@example.org", "javascript:alert(1)"):
        page = await desk("", f"/sign-in?next={wanted}")
        assert await page.get_attribute("form[data-act]", "data-next") in ("", None), wanted


async def test_who_has_no_role_is_told_so(desk: Opens, world: World) -> None:
    """Neither the empty form once more without a word, nor a page that loads itself for ever."""
    taken = RoleChange(person_id=world["officer"].who, role=Role.OFFICER, granted=False, reason="调离")
    await change_role(world.database, world["admin"], taken)
    page = await desk("", "/sign-in")
    for name, value in (("bureau_id", world.bureau_id), ("login", "officer"), ("password", PASSWORD)):
        await page.fill(f"[name={name}]", value)
    await page.keyboard.press("Enter")
    await expect(page.locator("form [role=alert]")).to_contain_text("没有任何角色")
    await page.reload()
    await expect(page.locator("form [role=alert]")).to_contain_text("没有任何角色")


PUSH = """
localStorage.told ??= "%s";
navigator.serviceWorker.getRegistration = async () => ({ pushManager: { getSubscription: async () => ({
  unsubscribe: async () => { localStorage.unsubscribed = "yes"; return true; } }) } });
"""
"""What a browser with a push service has: headless Chromium has none."""


async def told_as(desk: Opens, signed_in: SignIn, who: str, path: str) -> Page:
    """Open a page in a browser that tells the dispatcher's notices."""
    dispatcher = await signed_in("dispatcher")
    own = await dispatcher.put("/v1/push-subscriptions", json=Browser("https://push.example/send/1").subscription)
    page = await desk(who, path)
    await page.context.add_init_script(PUSH % own.json()["subscription_id"])
    await page.reload()
    return page


async def test_who_signs_out_is_told_nothing_more_on_this_browser(desk: Opens, signed_in: SignIn) -> None:
    """On a shared machine notices would be seen by whoever sits there next."""
    page = await told_as(desk, signed_in, "dispatcher", "/board")
    await page.click("form[data-act='DELETE /v1/session'] button")
    await page.wait_for_url("**/sign-in")
    assert await page.evaluate("localStorage.unsubscribed") == "yes"
    assert (await (await signed_in("dispatcher")).get("/v1/push-subscriptions")).json() == []


async def test_the_notices_of_another_person_end_when_somebody_signs_in(
    desk: Opens, signed_in: SignIn, world: World
) -> None:
    """Whose session ended without a sign-out is told nothing more either; one's own notices go on."""
    for who, ended in (("dispatcher", None), ("custodian", "yes")):
        page = await told_as(desk, signed_in, "", "/sign-in")
        for name, value in (("bureau_id", world.bureau_id), ("login", who), ("password", PASSWORD)):
            await page.fill(f"[name={name}]", value)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/board")
        assert await page.evaluate("localStorage.unsubscribed ?? null") == ended


async def test_the_notices_of_another_person_end_for_who_must_change_the_pass_word_first(
    desk: Opens, signed_in: SignIn, world: World
) -> None:
    """Whose they are cannot be asked yet: until it can, none is told."""
    page = await told_as(desk, signed_in, "", "/sign-in")
    first = await reset_password(world.database, world["admin"], world["custodian"].who, "forgotten")
    for name, value in (("bureau_id", world.bureau_id), ("login", "custodian"), ("password", first)):
        await page.fill(f"[name={name}]", value)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/sign-in/password?*")
    assert await page.evaluate("localStorage.unsubscribed ?? null") == "yes"
