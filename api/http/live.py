"""`/v1/live`: what happens in the bureau, as it happens, by server-sent events."""

from __future__ import annotations

from typing import Annotated, Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

from api.db.database import Actor
from api.gather import Gather
from api.http.access import EVERYONE, Allow
from api.http.requests import token_of
from api.live.hub import Hub

EVENT_STREAM: Final = "text/event-stream"

LastHeard = Annotated[
    str | None,
    HeaderParameter(name="Last-Event-ID", max_length=60, description="the event heard last, sent by a browser itself"),
]
After = Annotated[
    str | None,
    QueryParameter(name="after", max_length=60, description="the same, for a page that opened a new stream"),
]


@get(
    "/v1/live",
    guards=[Allow(EVERYONE)],
    name="live",
    tags=["live"],
    summary="What happens, as it happens",
    media_type=EVENT_STREAM,
    # A browser's EventSource can send no X-Bureau: a stream is of the bureau its session is at home in.
    opt={"home": True, "answers": [EVENT_STREAM]},
)
async def live(
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    hub: NamedDependency[Hub],
    last_heard: LastHeard = None,
    after: After = None,
) -> Stream:
    """Stream `hello`, then where each vehicle is, then what happens; every event has an id to go on from.

    A page that cannot be told all it missed, or does not read what it is sent, gets `reload`. A comment every 15
    seconds keeps the connection open; the stream ends with the session. Who does not ask for `text/event-stream` by
    its name is told what there is to tell, and no more: so one can poll.
    """
    hub.admit(actor)
    token = token_of(request.scope)
    who: Gather[str, Actor | None] = request.app.state.who

    accept = request.headers.get("accept", "").lower()

    async def still() -> Actor | None:
        return await who(actor.bureau_id, token)

    return Stream(
        lambda: hub.stream(actor, still if EVENT_STREAM in accept else None, last_heard or after),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
