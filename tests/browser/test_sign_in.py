"""The way in: by pass word, with the first one changed, to where one works or wanted to go."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from api.http.requests import SESSION_COOKIE
from api.usecases.change_password import reset_password
from tests.browser.conftest import Opens
from tests.browser.looked_at import fits, no_violations, texts_translated
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
