"""An S3 server of this machine, with one bucket `desk`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx


@contextmanager
def s3_server() -> Iterator[str]:
    """Yield the address of a server that is stopped afterwards."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - slow to import, and few tests need it

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx.put(f"http://{host}:{port}/desk").raise_for_status()
    yield f"http://{host}:{port}"
    server.stop()


def reached(url: str) -> dict[str, str]:
    """Return the environment in which that server is reached."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "desk",
        "AWS_SECRET_ACCESS_KEY": "not a secret",
        "AWS_REGION": "us-east-1",
    }
