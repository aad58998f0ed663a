"""Browsers that people have signed in from: each carries a cookie that proves it, for those people alone.

Who is known may ask and try a pass word whatever others do from the same address (`api.guesses`, `api.http.failures`);
it opens nothing. The service keeps nothing of it: the cookie holds a number of the browser, a code of that and one for
each of its people, which only the service can make.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from functools import cached_property
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from api.guesses import Account
from api.source import Source, source_of
from api.vault import Vault

COOKIE: Final = "zhuanche_browser"
KEPT_S: Final = 180 * 86_400
PEOPLE_MOST: Final = 8
"""Who last signed in at a desk's shared machine."""
_NOBODY: Final = Account("", "")
"""Whose code is the number's own: that a browser is one of ours, whoever is about to sign in."""
_FORM: Final = re.compile(r"[A-Za-z0-9_-]{22}(\.[A-Za-z0-9]{32})+")


class Browsers:
    """Knows a browser again by its cookie."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def name(self, connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
        """Return the name of a browser that somebody signed in from, None of any other: the cost is that of a hash."""
        number = self._parts(connection)[0]
        return f"browser {number}" if number else None

    def source(self, connection: ASGIConnection[Any, Any, Any, Any], account: Account) -> Source:
        """Return where a pass word comes from: a browser that the account knows, else the address."""
        number, *codes = self._parts(connection)
        if any(hmac.compare_digest(code, self._code(number, account)) for code in codes):
            return Source(f"browser {number}", known=True)
        return Source(source_of(connection.client.host if connection.client else ""))

    def cookie(self, connection: ASGIConnection[Any, Any, Any, Any], account: Account, *, secure: bool) -> Cookie:
        """Return the cookie of the browser once this account was signed in from it."""
        number, *codes = self._parts(connection)
        number = number or secrets.token_urlsafe(16)
        own = self._code(number, account)
        kept = [own, *(code for code in codes if code != own)][:PEOPLE_MOST]
        return Cookie(
            key=COOKIE,
            value=".".join([number, self._code(number, _NOBODY), *kept]),
            path="/",
            httponly=True,
            samesite="strict",
            secure=secure,
            max_age=KEPT_S,
        )

    def _parts(self, connection: ASGIConnection[Any, Any, Any, Any]) -> list[str]:
        given = connection.cookies.get(COOKIE, "")
        if not _FORM.fullmatch(given):
            return [""]
        number, own, *codes = given.split(".")[: PEOPLE_MOST + 2]
        return [number, *codes] if hmac.compare_digest(own, self._code(number, _NOBODY)) else [""]

    @cached_property
    def _key(self) -> bytes:
        return self._vault.browser_key()

    def _code(self, number: str, account: Account) -> str:
        told = f"{number}\0{account.bureau_id}\0{account.login}".encode()
        return hmac.new(self._key, told, hashlib.sha256).hexdigest()[:32]
