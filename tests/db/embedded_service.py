"""A small service of its own process for `test_embedded.py`: starts the embedded server and waits to be told.

    python embedded_service.py DATA '{"options": "of start()"}' [UID]

Prints one line of JSON: its server's process and address, or the fault. Then ends by end of input or SIGTERM. With
UID, root's process becomes that user after everything is imported, so that interpreter and packages may lie where
only root can read.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path
from types import FrameType

import psycopg  # noqa: F401 - all of it is needed before the user changes

from api.db import cluster
from api.db.datafolder import EmbeddedError
from api.db.embedded import start


def main() -> int:
    """Run the service."""
    data, options = Path(sys.argv[1]), json.loads(sys.argv[2])
    if limit := options.pop("file_size_limit", None):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if zones := options.pop("zones", None):
        cluster.SYSTEM_ZONES = Path(zones)  # type: ignore[misc] # a system without time zones
    options |= {name: Path(options[name]) for name in ("programs", "elsewhere") if name in options}
    if len(sys.argv) > 3:
        uid = int(sys.argv[3])
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    try:
        server = start(data, **options)
    except EmbeddedError as fault:
        sys.stdout.write(json.dumps({"fault": type(fault).__name__, "sentence": str(fault)}) + "\n")
        return 1

    def told_to_stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):  # a shell may have us start with SIGINT ignored
        signal.signal(number, told_to_stop)
    with server:
        try:
            sys.stdout.write(json.dumps({"server": server.pid, "dsn": server.dsn("postgres")}) + "\n")
            sys.stdout.flush()
            sys.stdin.read()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
