"""Notices in real Chromium: the worker shows what is pushed, in the browser's language; the inbox offers it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Page

from tests.browser.conftest import Opens

MESSAGE: dict[str, Any] = {
    "kind": "approval-wanted",
    "tag": "approval-wanted 1",
    "link": "/board/inbox",
    "zh": {"title": "用车申请待审批", "body": "闽B12315，11-23 10:00 出车"},
    "en": {"title": "A trip waits for approval", "body": "闽B12315, departs 11-23 10:00"},
}
ANOTHER = MESSAGE | {"tag": "approval-wanted 2"}
REGISTER = """async () => {
    const registration = await navigator.serviceWorker.register("/notices/worker.js", { scope: "/notices/" });
    const worker = registration.installing;
    const active = (done) => worker.addEventListener("statechange", () => worker.state === "activated" && done());
    if (worker) await new Promise(active);
}"""
SHOWN = """async () => {
    const registration = await navigator.serviceWorker.getRegistration("/notices/");
    return (await registration.getNotifications()).map(({ title, body, tag, data }) => ({ title, body, tag, data }));
}"""


async def push(page: Page, message: dict[str, Any]) -> None:
    """Let the browser's own push machinery deliver a message to the worker."""
    session = await page.context.new_cdp_session(page)
    registered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def heard(told: dict[str, Any]) -> None:
        for one in told["registrations"]:
            if one["scopeURL"].endswith("/notices/") and not registered.done():
                registered.set_result(one["registrationId"])

    session.on("ServiceWorker.workerRegistrationUpdated", heard)
    await session.send("ServiceWorker.enable")
    origin = page.url.partition("/board")[0]
    asked = {"origin": origin, "registrationId": await asyncio.wait_for(registered, 10), "data": json.dumps(message)}
    await session.send("ServiceWorker.deliverPushMessage", asked)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_what_is_pushed_is_shown_in_the_browsers_language(desk: Opens, lang: str) -> None:
    """Title and body of that language, and the page it leads to; the same notice twice is shown once."""
    page = await desk("custodian", "/board/inbox", lang=lang, permissions=["notifications"])
    await page.evaluate(REGISTER)
    for message in (MESSAGE, MESSAGE, ANOTHER):
        await push(page, message)
    shown: list[dict[str, Any]] = []
    for _ in range(100):
        shown = await page.evaluate(SHOWN)
        if any(one["tag"] == ANOTHER["tag"] for one in shown):  # the others came before it
            break
        await asyncio.sleep(0.05)
    assert sorted(shown, key=lambda one: str(one["tag"])) == [
        one[lang] | {"tag": one["tag"], "data": {"link": one["link"]}} for one in (MESSAGE, ANOTHER)
    ]


async def test_the_inbox_offers_to_tell_on_this_device(desk: Opens) -> None:
    """A button says what it does; where the browser forbids notices it says so and does nothing."""
    page = await desk("custodian", "/board/inbox", lang="en", permissions=["notifications"])
    button = page.locator("[data-told] button")
    await button.wait_for()
    assert await button.text_content() == "Be told on this device"
