"""`/v1/session` and `/v1/sessions`: sign in, see who I am, change my pass word, end my sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.db.database import Actor, Database
from api.db.queries.people import open_sessions
from api.guesses import Account, Guesses
from api.http.access import EVERYONE, Allow, public
from api.http.browsers import Browsers
from api.http.failures import Failures
from api.http.requests import SESSION_COOKIE
from api.settings import Settings
from api.usecases import change_password, sign_in
from domain.errors import NotFound


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bureau code, login and pass word."""

    bureau_id: Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$", examples=["350302"])]
    login: Annotated[str, msgspec.Meta(min_length=1, max_length=100, examples=["dispatcher"])]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=200, examples=["a good long sentence"])]


class ChangePassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The pass word that holds, and the one that shall."""

    old_password: Annotated[str, msgspec.Meta(min_length=1, max_length=200, examples=["a good long sentence"])]
    new_password: Annotated[str, msgspec.Meta(min_length=1, max_length=200, examples=["another good sentence"])]


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in."""

    bureau_id: str
    person_id: UUID
    unit_id: UUID
    name: str
    roles: list[str]
    must_change_password: bool


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A session: send the token as `Authorization: Bearer …`, or let the cookie do it."""

    token: str
    me: Me


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session of mine that is open; `current` is the one this request came with."""

    session_id: UUID
    created_at: datetime
    expires_at: datetime
    client: str | None
    current: bool


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
        must_change_password=actor.must_change_password,
    )


class SessionController(Controller):
    """The session of the person who asks."""

    path = "/v1/session"
    opt = {"home": True}  # noqa: RUF012 - Litestar reads it as it stands
    tags = ("session",)

    @post(guards=[public], summary="Sign in", name="session.sign_in")
    async def sign_in(  # noqa: PLR0917 - Litestar hands each over by its name
        self,
        data: JSONBody[SignIn],
        request: Request[Any, Any, Any],
        database: NamedDependency[Database],
        settings: NamedDependency[Settings],
        failures: NamedDependency[Failures],
        guesses: NamedDependency[Guesses],
        browsers: NamedDependency[Browsers],
    ) -> Response[SignedIn]:
        """Open a session for a person who knows the pass word."""
        account = Account(data.bureau_id, data.login)
        source = browsers.source(request, account)
        with failures.counted(request, sign_in.WrongCredentials, known=source.name if source.known else None):
            token, actor = await sign_in.sign_in(
                database,
                account,
                data.password,
                tried=(guesses, source),
                client=request.headers.get("user-agent", ""),
                hours=settings.session_hours,
            )
        secure = request.url.scheme == "https"
        cookie = Cookie(
            key=SESSION_COOKIE,
            value=token,
            httponly=True,
            samesite="strict",
            secure=secure,
            max_age=int(settings.session_hours * 3600),
        )
        known = browsers.cookie(request, account, secure=secure)
        return Response(SignedIn(token=token, me=me_of(actor)), status_code=201, cookies=[cookie, known])

    @get(guards=[Allow(EVERYONE, before_password_change=True)], summary="Who am I", name="session.me")
    async def me(self, actor: NamedDependency[Actor]) -> Me:
        """Return the person the session belongs to."""
        return me_of(actor)

    @delete(
        guards=[Allow(EVERYONE, before_password_change=True, without_role=True)],
        summary="Sign out",
        name="session.sign_out",
    )
    async def sign_out(self, actor: NamedDependency[Actor], database: NamedDependency[Database]) -> Response[None]:
        """End the session that the request came with, and take its cookie back; also of who holds no role any more."""
        await sign_in.sign_out(database, actor)
        answer: Response[None] = Response(None, status_code=204)
        answer.delete_cookie(SESSION_COOKIE)
        return answer

    @post(
        "/password",
        guards=[Allow(EVERYONE, before_password_change=True)],
        status_code=204,
        summary="Change my pass word",
        name="session.change_password",
    )
    async def change_password(
        self,
        data: JSONBody[ChangePassword],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        guesses: NamedDependency[Guesses],
    ) -> None:
        """Set a new pass word; my other sessions end. Required once before anything else may be done."""
        await change_password.change_password(database, actor, data.old_password, data.new_password, guesses=guesses)


class SessionsController(Controller):
    """All sessions of the person who asks."""

    path = "/v1/sessions"
    opt = {"home": True}  # noqa: RUF012 - Litestar reads it as it stands
    tags = ("session",)

    @get(guards=[Allow(EVERYONE)], summary="My open sessions", name="sessions.list")
    async def list(self, actor: NamedDependency[Actor], database: NamedDependency[Database]) -> list[OpenSession]:
        """Return where I am signed in."""
        async with database.read(actor.bureau_id) as reader:
            rows = await open_sessions(reader, actor.who)
        return [
            OpenSession(
                session_id=row.session_id,
                created_at=row.created_at,
                expires_at=row.expires_at,
                client=row.client,
                current=row.session_id == actor.session_id,
            )
            for row in rows
        ]

    @delete(guards=[Allow(EVERYONE)], summary="End all my sessions", name="sessions.revoke_all")
    async def revoke_all(self, actor: NamedDependency[Actor], database: NamedDependency[Database]) -> None:
        """End every session of mine, this one too."""
        await change_password.revoke_sessions(database, actor, actor.who)

    @delete("/{session_id:uuid}", guards=[Allow(EVERYONE)], summary="End one of my sessions", name="sessions.revoke")
    async def revoke(
        self, session_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> None:
        """End one open session of mine."""
        if await change_password.revoke_sessions(database, actor, actor.who, session_id) == 0:
            raise NotFound
