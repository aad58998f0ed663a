"""Takes up a new certificate while the service runs: one of its own before its end, or one that somebody else renewed.

The server (Granian 2.8) reads its certificate where a worker begins. So a new worker is begun on the same socket, and
seconds later the old one takes nothing more and answers what it has taken: less is turned away than by a restart.
"""

from __future__ import annotations

import asyncio

import structlog
from granian.server.embed import Server

from api.authority import Files, is_due, own_certificate
from api.certificate_watch import LOOK_S, CertificateWatch
from api.clock import Clock
from api.settings import Settings

log = structlog.get_logger()


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
            if self._settings.certificate is None and is_due(self._files, self._clock()):
                own_certificate(self._settings, self._clock())
            if not self._watch.is_new():
                return
        except Exception as fault:  # noqa: BLE001 - whatever library's it is: the next look tries again
            log.error("certificate-not-renewed", kind=type(fault).__name__)  # noqa: TRY400 - said plainly
            return
        self._server.reload()  # type: ignore[no-untyped-call]  # Granian's own
        log.info("certificate-renewed")
