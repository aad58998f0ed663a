"""Every page of a workplace, met by its own links, in the browser or over HTTP: nothing is listed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx
from playwright.async_api import Page

AN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
A_FILE = re.compile(r"(/board/admin/[a-z-]+)/[^/]+$")
_LINKS = "() => [...document.querySelectorAll('main a[href], main [data-way]')].map(one => one.getAttribute('href'))"
_DRAWN = "() => [...document.querySelectorAll('[data-register]')].every(one => one.dataset.loaded)"


def kind_of_page(way: str) -> str:
    """Return which page an address is one of: without what it is about."""
    split = urlsplit(way)
    asked = sorted({name for name, _ in parse_qsl(split.query)})
    path = A_FILE.sub(r"\1/{of}", AN_ID.sub("{id}", split.path))
    return path + (f"?{','.join(asked)}" if asked else "")


async def drawn(page: Page) -> None:
    """Wait until every register of the page has its rows."""
    await page.wait_for_function(_DRAWN)


async def pages_from(
    page: Page, first: str, inside: str, rather: Mapping[str, str] | None = None
) -> AsyncIterator[str]:
    """Go through one page of each kind that can be reached by links from the first, and yield its address.

    Args:
        page: signed in; it stands on the yielded page.
        first: the address to begin with, from the root.
        inside: how the addresses begin that are followed.
        rather: by kind of page the address to take, where not just any will do.
    """
    root = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
    met, waiting = {kind_of_page(first)}, [first]
    while waiting:
        way = waiting.pop(0)
        await page.goto(root + way)
        await drawn(page)
        links = await page.evaluate(_LINKS)
        yield way
        for link in links:
            if not link or not link.startswith(inside):
                continue
            kind = kind_of_page(link)
            if kind not in met:
                met.add(kind)
                waiting.append((rather or {}).get(kind, link.split("#")[0]))


def path_of_page(way: str) -> str:
    """Return which page an address is one of, whatever is asked of it."""
    return kind_of_page(way).partition("?")[0]


async def pages_inside(client: httpx.AsyncClient, first: str, inside: str) -> list[str]:
    """Return an address of each page that links lead to from the first one, which is among them.

    Args:
        client: signed in; the pages hold their links without any script.
        first: where to begin; what it asks for, its links carry on.
        inside: how the addresses begin that are followed.
    """
    met, waiting = {path_of_page(first): first}, [first]
    while waiting:
        answer = await client.get(waiting.pop(0), headers={"Accept": "text/html"})
        answer.raise_for_status()
        for link in map(unescape, re.findall(rf'<a [^>]*href="({inside}[^"#]*)', answer.text)):
            if path_of_page(link) not in met:
                met[path_of_page(link)] = link
                waiting.append(link)
    return list(met.values())
