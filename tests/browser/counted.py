"""What a task takes, counted in the page itself: taps or clicks that somebody made, and fields that were filled."""

from __future__ import annotations

from playwright.async_api import Page

_COUNT = """() => {
  const load = () => JSON.parse(sessionStorage.getItem('counted') ?? '{"taps":0,"fields":[]}');
  const save = (now) => sessionStorage.setItem('counted', JSON.stringify(now));
  const nameOf = (at) => at.name || at.id || at.closest('label, .field')?.textContent.trim() || at.tagName;
  addEventListener('click', (event) => {
    if (!event.isTrusted || event.detail === 0) return;
    const now = load();
    now.taps += 1;
    save(now);
  }, true);
  addEventListener('input', (event) => {
    const at = event.target;
    if (!at.matches('input:not([type=checkbox], [type=radio], [type=file]), textarea, select')) return;
    const now = load(), name = `${location.hash} ${nameOf(at)}`;
    if (!now.fields.includes(name)) now.fields.push(name);
    save(now);
  }, true);
}"""


async def counting(page: Page) -> None:
    """Begin to count on this page and those that come after it in the same tab."""
    await page.add_init_script(f"({_COUNT})()")
    await page.evaluate(_COUNT)
    await page.evaluate("() => sessionStorage.removeItem('counted')")


async def counted(page: Page) -> dict[str, int]:
    """Return how many taps and fields it took so far."""
    said = await page.evaluate("() => JSON.parse(sessionStorage.getItem('counted') ?? '{\"taps\":0,\"fields\":[]}')")
    return {"taps": said["taps"], "fields": len(said["fields"])}
