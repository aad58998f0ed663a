"""A desk in a trial machine: people who sign in and register complaints over HTTP, as curl sends it."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from tests.bundle.machine.guest import Guest, Otherwise
from tests.http.test_complaints import BODY

BUREAU: Final = "350302"
PASSWORD: Final = "a good long sentence"
READY_S: Final = 120


@dataclass
class Desk:
    """Who works at a desk, and the complaints that were acknowledged to them."""

    guest: Guest
    url: str
    curl: str = "curl"
    """With what it needs to reach the address."""
    token: str = ""
    acknowledged: list[str] = field(default_factory=list)

    def ready(self) -> float:
        """Wait until `/readyz` answers 200, and return how long that took."""
        began = time.monotonic()
        while time.monotonic() < began + READY_S * self.guest.slower:
            ran = self.guest.run(f"{self.curl} -s -m {5 * self.guest.slower} -w '\\n%{{http_code}}' {self.url}/readyz")
            if ran.out.endswith("\n200"):
                return time.monotonic() - began
            time.sleep(0.3)
        raise Otherwise(f"/readyz does not answer 200: {ran.code} {ran.screen}")

    def ask(self, method: str, path: str, body: object = None, token: str = "", key: str = "") -> Any:
        """Return the JSON that a request is answered with.

        Raises:
            Otherwise: it is not answered as it should be.
        """
        said = ["-H 'Content-Type: application/json' --data-binary @-"] if body is not None else []
        said += [f"-H 'Authorization: Bearer {token}'"] if token else []
        said += [f"-H 'Idempotency-Key: {key}'"] if key else []
        line = f"{self.curl} -sS -m 30 -w '\\n%{{http_code}}' -X {method} {' '.join(said)} '{self.url}{path}'"
        answer, _, code = self.guest.do(line, given=json.dumps(body) if body is not None else "").rpartition("\n")
        if not code.startswith("2"):
            raise Otherwise(f"{method} {path}: {code} {answer}")
        return json.loads(answer) if answer else None

    def open(self, printed: str) -> None:
        """Let the administrator in by the pass word that `zhuanche init` printed, and enter a dispatcher."""
        first = re.search(r"administrator admin.*\n +pass word (\S+)", printed)
        if first is None:
            raise Otherwise(f"no pass word of the administrator is shown:\n{printed}")
        admin = self._enters("admin", first[1])
        unit = self.ask("GET", "/v1/units", token=admin)["items"][0]
        new = {"unit_id": unit["unit_id"], "name": "陈某", "login": "chen", "roles": ["dispatcher"]}
        entered = self.ask("POST", "/v1/people", new, token=admin, key=str(uuid4()))
        self.token = self._enters("chen", entered["temporary_password"])

    def _enters(self, login: str, password: str) -> str:
        """Sign in with a pass word that is shown once, change it, and return the session's token."""
        body = {"bureau_id": BUREAU, "login": login, "password": password}
        token = str(self.ask("POST", "/v1/session", body)["token"])
        self.ask("POST", "/v1/session/password", {"old_password": password, "new_password": PASSWORD}, token=token)
        return token

    def complain(self) -> str:
        """Register a complaint and return its id, once it is acknowledged."""
        made = self.ask("POST", "/v1/complaints", BODY, token=self.token, key=str(uuid4()))
        self.acknowledged.append(made["complaint_id"])
        return self.acknowledged[-1]

    def look(self) -> None:
        """Look whether each complaint that was acknowledged is there once, and no other.

        Raises:
            Otherwise: they are not.
        """
        there = self.ask("GET", "/v1/complaints?limit=100", token=self.token)["items"]
        found = sorted(one["complaint_id"] for one in there)
        if found != sorted(self.acknowledged):
            raise Otherwise(f"of {len(self.acknowledged)} acknowledged complaints, {len(found)} are there")
