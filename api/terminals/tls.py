"""How connections of terminals are encrypted, where they are."""

from __future__ import annotations

import asyncio
import ssl

import structlog

from api.certificate_watch import LOOK_S, CertificateWatch
from api.settings import Settings

log = structlog.get_logger()


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """Return how connections are encrypted, or None for plain TCP, as most terminals speak it.

    Raises:
        OSError: certificate or key cannot be read, or do not belong together.
        ValueError: there is a key and no certificate.
    """
    if settings.jt808_certificate is None:
        if settings.jt808_key is not None:
            raise ValueError("a key without a certificate")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.jt808_certificate, settings.jt808_key)
    return context


async def renew(context: ssl.SSLContext, settings: Settings) -> None:
    """Take up a certificate that somebody renewed, for connections from then on; those there are go on by the old."""
    if settings.jt808_certificate is None:
        return
    watch = CertificateWatch(settings.jt808_certificate, settings.jt808_key)
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            if watch.is_new():
                context.load_cert_chain(settings.jt808_certificate, settings.jt808_key)
                log.info("terminals-certificate-renewed")
        except OSError as fault:
            log.error("terminals-certificate-not-renewed", kind=type(fault).__name__)  # noqa: TRY400 - said plainly
