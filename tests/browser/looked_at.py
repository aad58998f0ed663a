"""What is looked at on every page: barriers that axe-core finds, texts of the other language, what does not fit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from playwright.async_api import Page

AXE = Path(__file__).parent / "axe" / "axe.min.js"
HAN = re.compile(r"[㐀-鿿]")
LATIN = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z']{2,}){2,}")
"""Three words in a row: a name such as ODK Collect is none, an English sentence is."""

_TEXTS = """() => {
  const shown = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement;
    if (at.closest('.data, [translate=no], code, script, style, template, [lang]:not(html)')) continue;
    if (walk.currentNode.textContent.trim()) shown.push(walk.currentNode.textContent.trim());
  }
  for (const at of document.body.querySelectorAll('[aria-label], [title], [placeholder], [alt]')) {
    if (at.closest('.data, [translate=no], [lang]:not(html)')) continue;
    for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
      if (at.getAttribute(name)) shown.push(at.getAttribute(name));
    }
  }
  return [document.title, ...shown];
}"""


async def barriers(page: Page) -> list[str]:
    """Return what axe-core finds wrong with the page as it stands."""
    await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]


async def no_violations(page: Page) -> None:
    """Assert that axe-core finds nothing wrong with the page as it stands."""
    assert await barriers(page) == []


async def texts_translated(page: Page, lang: str) -> None:
    """Assert that no text of ours stands there in the other language; what people typed is in `.data`."""
    other = HAN if lang == "en" else LATIN
    texts: list[str] = await page.evaluate(_TEXTS)
    assert [text for text in texts if other.search(text)] == []


async def fits(page: Page) -> None:
    """Assert that the page is no wider than its screen."""
    wide, screen = await page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= screen, f"{wide} px on a screen of {screen}"


async def unreadable_in(page: Page, theme: Literal["light", "dark"]) -> list[str]:
    """Return the texts without contrast in a theme, of a page that axe-core has looked at."""
    await page.emulate_media(color_scheme=theme)
    found = await page.evaluate("() => axe.run(document, {runOnly: ['color-contrast'], resultTypes: ['violations']})")
    await page.emulate_media(color_scheme="light")
    return [f"{theme}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"][:3]]
