"""`/notices/worker.js`: the service worker that shows what is pushed, whichever workplace a person has open."""

from __future__ import annotations

from typing import Final

from litestar import Response, get

from api.http.access import public
from api.http.pages.shell import page_headers
from api.web.assets import assets

WORKER: Final = "js/notices_worker.js"


@get("/notices/worker.js", guards=[public], include_in_schema=False, name="pages.notices_worker")
async def notices_worker() -> Response[bytes]:
    """Return the worker; it stands at an address of its own, since it controls no page."""
    return Response(
        assets()[WORKER].body,
        media_type="text/javascript; charset=utf-8",
        headers=page_headers() | {"Cache-Control": "no-cache"},
    )
