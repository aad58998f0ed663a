"""What Collect is answered when something is wrong: a sentence that its officer reads, never a problem's JSON.

Collect shows the `message` of an OpenRosa response whatever the status, but for 200 and 401
(getodk/collect@137f3259, `OpenRosaServerInstanceUploader.kt`).
"""

from __future__ import annotations

from http import HTTPStatus
from time import time
from typing import Any, Final

from litestar import Request, Response

from api.errors import NotSignedIn, problem_headers
from api.ingest.fixes import NotTold
from api.openrosa.digest import challenge
from api.openrosa.replies import HEADERS, XML, message
from domain.errors import DomainError

OPENROSA: Final = "/openrosa"


class CredentialsWanted(NotSignedIn):
    """Enter your user name (bureau code, a dot, your login) and the device's token as the password."""

    code = "credentials-wanted"
    zh = "请输入用户名（单位代码、点号、登录名），密码为设备令牌。"


class StaleChallenge(NotSignedIn):
    """The challenge that was answered is too old; the phone signs anew by itself."""

    code = "stale-challenge"
    zh = "验证质询已过期，手机会自动重新签名。"


def answer_open_rosa(request: Request[Any, Any, Any], fault: DomainError, status: int, language: str) -> Response[Any]:
    """Return the fault's sentence as OpenRosa XML; a 401 with the challenge that Collect answers."""
    if isinstance(fault, NotTold):
        # The identity is good: with 401 Collect would ask for another, and would not show the sentence.
        status = HTTPStatus.FORBIDDEN
    headers = problem_headers(status, language) | HEADERS
    if status == HTTPStatus.UNAUTHORIZED:
        stale = isinstance(fault, StaleChallenge)
        headers["WWW-Authenticate"] = challenge(request.app.state.digest_key, time(), stale=stale)
    return Response(
        message(type(fault).sentence(language)).encode(), status_code=status, media_type=XML, headers=headers
    )
