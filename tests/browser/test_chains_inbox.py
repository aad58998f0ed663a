"""Acts that are missing from a phone's chain, where the custodian sees them and answers for them."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Opens
from tests.browser.looked_at import fits, no_violations, texts_translated
from tests.conftest import SignIn
from tests.http.test_signed_acts import trip_ready
from tests.signing import KEYS, back, departure, known_phone, send_act, stop
from tests.trips import START_M
from tests.world import World


@pytest.mark.parametrize(("lang", "theme"), [("zh", "light"), ("en", "dark")])
async def test_a_gap_is_seen_and_signed_off_on_the_custodian_s_phone(
    handset: Opens, signed_in: SignIn, world: World, lang: str, theme: str
) -> None:
    """Whose phone, which numbers, how much waits; a reason and a tap, and what waited is judged."""
    officer = await signed_in("officer")
    phone = await known_phone(world, officer)
    trip_id, job_id = await trip_ready(world)
    await send_act(officer, phone.act("depart", departure(world, START_M), trip_id))
    phone.act("stop", stop(world, job_id), trip_id)
    phone.act("stop", stop(world, job_id, "leave"), trip_id)
    world.clock.advance(minutes=30)
    await send_act(officer, phone.act("return", back(world, START_M + 9_000), trip_id))
    page = await handset("custodian", "/board/inbox", lang=lang, theme=theme)
    card = page.locator(f"article[data-key='{phone.key_id}']")
    await expect(card).to_contain_text("officer 某")
    await expect(card).to_contain_text("2–3")
    await card.locator("summary").tap()
    await no_violations(page)
    await texts_translated(page, lang)
    await fits(page)
    await card.locator("textarea").fill("手机落水，两条无法找回")
    await card.locator("button.button").tap()
    await expect(card).to_have_count(0)
    (key,) = (await (await signed_in("auditor")).get(KEYS)).json()["items"]
    assert (key["seq"], key["signed_off"][0]["reason"]) == (4, "手机落水，两条无法找回")
    assert (await officer.get(f"/v1/trips/{trip_id}")).json()["state"] == "returned"
    other = await handset("dispatcher", "/board/inbox", lang=lang, theme=theme)
    await expect(other.locator("article[data-key]")).to_have_count(0)
