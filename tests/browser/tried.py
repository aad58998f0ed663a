"""What is tried in text fields: script, template syntax, text that runs the other way, and ten kilobytes of it."""

from __future__ import annotations

from playwright.async_api import Page

SCRIPT = "<script>window.cracked=1</script><img src=x onerror='window.cracked=1'>\"><svg onload=window.cracked=1>"
TEMPLATE = "{{ 7*7 }}${7*7}{% raw %}#{7*7}"
RIGHT_TO_LEFT = "\u202eשלום عليكم\u202c"
LONG = "长" * 3400
"""Ten kilobytes in UTF-8."""


async def nothing_ran(page: Page) -> None:
    """Assert that nothing of what was typed was run, as script or as template, and that the page is no wider for it."""
    assert await page.evaluate("() => window.cracked") is None
    assert await page.locator("text=49${7*7}").count() == 0
    wide, screen = await page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= screen
