"""`/v1/field/vault`: the key by which a phone seals what it keeps for the person who is signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from api.db.database import Actor, Database
from api.db.queries.people import open_sessions
from api.errors import NotSignedIn
from api.http.access import Allow
from api.notices.encrypt import base64url
from api.vault import Vault
from domain.values import Role


class VaultKey(msgspec.Struct, frozen=True, kw_only=True):
    """A person's key, the same at each of their sign-ins, and when this one ends."""

    key: Annotated[str, msgspec.Meta(description="32 bytes for AES-256-GCM, base64url without padding")]
    until: datetime


@get(
    "/v1/field/vault",
    guards=[Allow(Role.OFFICER, Role.DRIVER)],
    opt={"home": True},
    tags=["field"],
    summary="See the key that seals what my phone keeps",
    name="field.vault",
)
async def field_vault(
    actor: NamedDependency[Actor], database: NamedDependency[Database], vault: NamedDependency[Vault]
) -> Response[VaultKey]:
    """Return one's own key: a phone holds it from sign-in to sign-out, and what it keeps is ciphertext without it."""
    async with database.read(actor.bureau_id) as reader:
        sessions = await open_sessions(reader, actor.who)
    until = next((one.expires_at for one in sessions if one.session_id == actor.session_id), None)
    if until is None:
        raise NotSignedIn
    key = base64url(vault.key_of(actor.bureau_id, actor.who))
    return Response(VaultKey(key=key, until=until), headers={"Cache-Control": "no-store"})
