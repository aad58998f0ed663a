"""`/assets/{build}/…`: the files of the pages, kept by browsers for good."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from api.errors import NoSuchAddress
from api.http.access import public
from api.web.assets import ASSETS, assets, build


@get(f"{ASSETS}/{{of_build:str}}/{{name:path}}", guards=[public], include_in_schema=False, name="pages.asset")
async def page_asset(request: Request[Any, Any, Any], of_build: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """Return a file of this build; another build's are not here any more, and its pages load anew."""
    found = assets().get(str(name).lstrip("/")) if of_build == build() else None
    if found is None:
        raise NoSuchAddress
    zips = "gzip" in request.headers.get("accept-encoding", "") and found.zipped is not None
    return Response(
        found.zipped if zips and found.zipped is not None else found.body,
        media_type=found.media_type,
        headers={
            "Cache-Control": "public, max-age=31536000, immutable",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        | ({"Content-Encoding": "gzip"} if zips else {}),
    )
