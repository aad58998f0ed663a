"""Who may call a route: declared on the route itself, checked before its handler runs.

`docs/rights.md` has the table role × route; a test walks every route as every role and compares. Guards are
coroutines though they wait for nothing: Litestar hands a plain function to a thread for each request.
"""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler

from api.db.database import Actor
from api.errors import NotSignedIn
from domain.errors import Forbidden
from domain.values import Role

EVERYONE = frozenset(Role)
STAFF = frozenset(Role) - {Role.AUDITOR}
READERS = EVERYONE


class PasswordChangeRequired(Forbidden):
    """Change your password first: until then you may do nothing else."""

    code = "password-change-required"
    zh = "请先修改密码，此前不能进行其他操作。"


class Allow:
    """A guard that lets in people who hold one of some roles; `without_role` also whoever has a session and no role."""

    def __init__(
        self, *roles: Role | frozenset[Role], before_password_change: bool = False, without_role: bool = False
    ) -> None:
        self.roles: frozenset[Role] = frozenset().union(
            *(role if isinstance(role, frozenset) else {role} for role in roles)
        )
        self.before_password_change = before_password_change
        self.without_role = without_role

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Refuse who is not signed in, or holds none of the roles.

        Raises:
            NotSignedIn: no valid session came with the request.
            PasswordChangeRequired: the person has a pass word that somebody else has seen.
            Forbidden: the person holds none of the roles.
        """
        actor = connection.scope.get("actor")
        if not isinstance(actor, Actor):
            raise NotSignedIn
        if actor.must_change_password and not self.before_password_change:
            raise PasswordChangeRequired
        if not actor.roles & self.roles and not (self.without_role and not actor.roles):
            raise Forbidden(needs=sorted(self.roles))


def readable_under_mandate(handler: HTTPRouteHandler, method: str) -> bool:
    """Tell whether an outside auditor may call a route: a GET that auditors may, and not about one's own account."""
    allow = next((guard for guard in handler.guards or () if isinstance(guard, Allow)), None)
    return (
        method in ("GET", "HEAD") and allow is not None and Role.AUDITOR in allow.roles and not handler.opt.get("home")
    )


async def public(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let everybody in; declared all the same, so that no route is open by forgetting."""


async def by_device_token(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let the handler itself look up the device: identity is per request, in whatever shape the client sends it."""
