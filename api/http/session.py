"""`/v1/session`: sign in, see who I am, sign out."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.db.database import Actor, Database
from api.http.access import EVERYONE, Allow, public
from api.http.requests import SESSION_COOKIE
from api.settings import Settings
from api.usecases import sign_in


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bureau code, login and pass word."""

    bureau_id: Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$", examples=["350302"])]
    login: Annotated[str, msgspec.Meta(min_length=1, max_length=100, examples=["dispatcher"])]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=200, examples=["a good long sentence"])]


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in."""

    bureau_id: str
    person_id: UUID
    unit_id: UUID
    name: str
    roles: list[str]


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A session: send the token as `Authorization: Bearer …`, or let the cookie do it."""

    token: str
    must_change_password: bool
    me: Me


def me_of(actor: Actor) -> Me:
    """Return the wire form of a signed-in person."""
    if actor.person_id is None or actor.unit_id is None:
        raise AssertionError("a session belongs to a person")
    return Me(
        bureau_id=actor.bureau_id,
        person_id=actor.person_id,
        unit_id=actor.unit_id,
        name=actor.name,
        roles=sorted(actor.roles),
    )


class SessionController(Controller):
    """The session of the person who asks."""

    path = "/v1/session"
    tags = ("session",)

    @post(guards=[public], summary="Sign in", name="session.sign_in")
    async def sign_in(
        self,
        data: JSONBody[SignIn],
        request: Request[Any, Any, Any],
        database: NamedDependency[Database],
        settings: NamedDependency[Settings],
    ) -> Response[SignedIn]:
        """Open a session for a person who knows the pass word."""
        token, actor, must_change = await sign_in.sign_in(
            database,
            data.bureau_id,
            data.login,
            data.password,
            client=request.headers.get("user-agent", ""),
            hours=settings.session_hours,
        )
        cookie = Cookie(
            key=SESSION_COOKIE,
            value=token,
            httponly=True,
            samesite="strict",
            secure=settings.secure_cookies,
            max_age=int(settings.session_hours * 3600),
        )
        return Response(
            SignedIn(token=token, must_change_password=must_change, me=me_of(actor)), status_code=201, cookies=[cookie]
        )

    @get(guards=[Allow(EVERYONE)], summary="Who am I", name="session.me")
    async def me(self, actor: NamedDependency[Actor]) -> Me:
        """Return the person the session belongs to."""
        return me_of(actor)

    @delete(guards=[Allow(EVERYONE)], summary="Sign out", name="session.sign_out")
    async def sign_out(
        self,
        request: Request[Any, Any, Any],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
    ) -> None:
        """End the session that the request came with."""
        token = request.headers.get("authorization", "")[7:].strip() or request.cookies.get(SESSION_COOKIE, "")
        await sign_in.sign_out(database, actor, token)
