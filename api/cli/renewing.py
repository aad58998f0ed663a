"""Takes up a new certificate while the service runs: one of its own before its end, or one that somebody else renewed.

The server (Granian 2.8) reads its certificate where a worker begins. So a new worker is begun on the same socket, and
seconds later the old one takes nothing more and answers what it has taken: less is turned away than by a restart.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from cryptography import x509
from granian.server.embed import Server

from api.authority import Files, own_certificate
from api.certificate_watch import LOOK_S, CertificateWatch
from api.clock import Clock
from api.settings import Settings

log = structlog.get_logger()

BEFORE: Final = timedelta(days=60)
"""One of the service's own is made anew so long before its end: before the doctor warns of it."""


class Renewal:
    """Watches over the certificate of one server."""

    def __init__(self, settings: Settings, server: Server, files: Files, clock: Clock) -> None:
        """Have `server` take up what is new in `files`."""
        self._settings = settings
        self._server = server
        self._files = files
        self._clock = clock
        self._watch = CertificateWatch(files.certificate, files.key)

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Make a certificate where one is due, and have the server take up what is new."""
        try:
            if self._settings.certificate is None and self._is_due():
                own_certificate(self._settings, self._clock())
            if not self._watch.is_new():
                return
        except Exception as fault:  # noqa: BLE001 - whatever library's it is: the next look tries again
            log.error("certificate-not-renewed", kind=type(fault).__name__)  # noqa: TRY400 - said plainly
            return
        self._server.reload()  # type: ignore[no-untyped-call]  # Granian's own
        log.info("certificate-renewed")

    def _is_due(self) -> bool:
        """Tell whether the certificate ends soon, or is not valid yet: it was made by a clock that was wrong.

        One that ends with its authority is renewed no earlier: no other could hold longer.
        """
        found, authority = x509.load_pem_x509_certificates(self._files.certificate.read_bytes())
        ends = found.not_valid_after_utc
        last = ends if ends >= authority.not_valid_after_utc else ends - BEFORE
        return not found.not_valid_before_utc <= self._clock() < last
