"""Load over HTTP by `wrk` (Debian's package of that name), and the bare handlers it is compared with."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.live import PATIENCE_S, free_port

SECONDS = 10
_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """Answers a second, and the time that 99 of 100 took at most."""

    rate: float
    p99_ms: float


def load(port: int, script: str, *, connections: int, seconds: int = SECONDS) -> Load:
    """Send what a Lua script makes for some seconds; every answer must be a success."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s", "-s", file.name]
        told = subprocess.run(
            ["wrk", *options, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True
        ).stdout
    assert "Non-2xx" not in told, told
    time.sleep(1)  # what was under way as the time was up is worked off
    number, unit = re.findall(r"99%\s+([\d.]+)(us|ms|s)", told)[0]
    return Load(float(re.findall(r"Requests/sec:\s+([\d.]+)", told)[0]), float(number) * _UNITS_MS[unit])


@contextmanager
def bare(kind: str) -> Iterator[int]:
    """Yield the port of bare handlers: "litestar" or "asgi"."""
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(port), kind]) as process:
        try:
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until:
                try:
                    httpx.post(f"http://127.0.0.1:{port}/v1/positions", content=b'{"datum":"WGS-84","fixes":[{}]}')
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield port
        finally:
            process.kill()


def check_wrk() -> None:
    """End with a word of help where wrk is not installed."""
    if shutil.which("wrk") is None:
        raise SystemExit("This benchmark needs wrk: install Debian's package of that name.")
