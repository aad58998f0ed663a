"""Every page of the board, met by walking its own links: without barriers in both sizes, languages and themes."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx
import pytest
from litestar import Litestar

from api.http.pages.admin.routes import PAGES
from api.usecases.change_role import RoleChange, change_role
from domain.values import Role
from tests.browser.conftest import Opens
from tests.browser.looked_at import barriers, fits, texts_translated, unreadable_in
from tests.browser.walk import drawn, kind_of_page, pages_from
from tests.house.rights import routes
from tests.objects import Desk, one_of_each
from tests.world import World

EVERYTHING = (Role.ADMIN, Role.CUSTODIAN, Role.DISPATCHER, Role.OFFICER)
UNFOLD = "() => { for (const one of document.querySelectorAll('main details')) one.open = true; }"
ZOOMED = {"width": 640, "height": 400}
"""A desk's 1280 × 800 at 200 %."""


async def somebody_of_everything(world: World) -> str:
    """Let the desk chief hold every role of the board, so that every form is drawn for one person."""
    for role in EVERYTHING:
        new = RoleChange(person_id=world["desk_chief"].who, role=role, granted=True, reason="全部")
        await change_role(world.database, world["admin"], new)
    return "desk_chief"


async def a_full_bureau(world: World, client: httpx.AsyncClient) -> Mapping[str, str]:
    """Make one of everything, and return which page is taken where not just any will do."""
    made = await one_of_each(Desk(client, world))
    await somebody_of_everything(world)
    return {
        "/board/admin/people/{of}": f"/board/admin/people/{world['second_officer'].who}",
        "/board/trips/{id}": f"/board/trips/{made['asked trip']}",
    }


def kinds_there_are(app: Litestar) -> set[str]:
    """Return the pages of the board by their routes, and the registers by their own list."""
    paths = {route.path for route in routes(app) if route.path.startswith("/board") and route.handler.opt.get("page")}
    kinds = {re.sub(r"\{\w+_id\}", "{id}", path) for path in paths if "{key}" not in path}
    kinds |= {f"/board/admin/{key}" for key in PAGES}
    kinds |= {f"/board/admin/{key}/{{of}}" for key, page in PAGES.items() if page.file}
    return kinds - {"/board/admin"}  # it leads to the first register


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_page_of_the_board_is_without_barriers(  # noqa: PLR0917 - a page in each of its looks
    desk: Opens, handset: Opens, world: World, anonymous: httpx.AsyncClient, app: Litestar, lang: str
) -> None:
    """With its forms unfolded, light and dark, on a phone, at a desk and at 200 %; a page that no link meets fails."""
    rather = await a_full_bureau(world, anonymous)
    page = await desk("desk_chief", "/board", lang=lang)
    phone = await handset("desk_chief", "/board/refusals", lang=lang)
    root = page.url.split("/board")[0]
    walked: set[str] = set()
    faults: dict[str, list[str]] = {}
    async for way in pages_from(page, "/board", "/board", rather):
        walked.add(kind_of_page(way).split("?")[0])
        await page.evaluate(UNFOLD)
        await fits(page)
        await page.set_viewport_size(ZOOMED)
        await fits(page)
        await page.set_viewport_size({"width": 1280, "height": 800})
        found = [*await barriers(page), *await unreadable_in(page, "dark")]
        await texts_translated(page, lang)
        await phone.goto(root + way)
        await drawn(phone)
        await phone.evaluate(UNFOLD)
        await fits(phone)
        found += await barriers(phone)
        if found:
            faults[way] = found
    assert faults == {}
    assert kinds_there_are(app) - walked == set()
