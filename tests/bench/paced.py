"""Parked vehicles that tell so many fixes a second, no more and no fewer: the load beside which findings are timed.

python -m tests.bench.paced PORT FIXES_A_SECOND SECONDS < tokens
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta

BATCH = 10
CONNECTIONS = 16


def body(now: datetime, number: int) -> bytes:
    """Return ten fixes of a parked receiver, the newest of now."""
    fixes = ",".join(
        f'{{"fixed_at":"{(now - timedelta(milliseconds=40 * (BATCH - n))).isoformat()}","lat":25.43370{n % 7},'
        f'"lon":118.99620{number % 9},"speed_mps":0,"seq":{number * BATCH + n}}}'
        for n in range(BATCH)
    )
    return f'{{"datum":"WGS-84","fixes":[{fixes}]}}'.encode()


async def sends(port: int, tokens: list[str], every_s: float, until: float, first: int) -> int:
    """Send for one of the connections, on time; return how many fixes were answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    due, sent = time.monotonic(), 0
    while due < until:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        due += every_s
        text = body(datetime.now(UTC), first + sent)
        head = (
            f"POST /v1/positions HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {tokens[sent % len(tokens)]}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
        )
        writer.write(head.encode() + text)
        told = await reader.readuntil(b"\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 200"), told
        size = next(line for line in told.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(int(size.split(b":")[1]))
        sent += 1
    writer.close()
    return sent * BATCH


async def main(port: int, rate: int, seconds: int) -> None:
    """Send with every token in turn, and print how many fixes a second were answered."""
    tokens = sys.stdin.read().split()
    every_s, until = CONNECTIONS * BATCH / rate, time.monotonic() + seconds
    answered = await asyncio.gather(
        *(sends(port, tokens[n::CONNECTIONS], every_s, until, n * 10_000_000) for n in range(CONNECTIONS))
    )
    sys.stdout.write(f"{sum(answered) / seconds:.0f}\n")


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
