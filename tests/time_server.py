"""A time server for tests (RFC 4330), which says whatever time a test wants."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EPOCH_S = 2_208_988_800


def answer(asked: bytes, at_s: float, *, first: int = 0x24, stratum: int = 2) -> bytes:
    """Return a time server's answer to a packet: its time is `at_s` since 1970."""
    whole, part = int(at_s) + EPOCH_S, int(at_s % 1 * 2**32)
    stamp = struct.pack("!II", whole % 2**32, part)
    return struct.pack("!BBbb", first, stratum, 0, -20) + bytes(12) + stamp + asked[40:48] + stamp + stamp


@contextmanager
def time_server(answered: Callable[[bytes], bytes | None]) -> Iterator[str]:
    """Yield the address of a server that answers each packet with what `answered` returns, or not at all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.1)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    asked, who = server.recvfrom(512)
                except TimeoutError:
                    continue
                told = answered(asked)
                if told is not None:
                    server.sendto(told, who)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            stop.set()
            serving.join()
