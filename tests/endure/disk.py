"""A disk whose plug can be pulled: LazyFS (FUSE) holds what was written, and writes down what was flushed alone.

LazyFS is found by the variable LAZYFS or on the PATH; how it is built is said in docs/reliability.md. It drops bytes
that were not flushed; names of files and folders it writes down at once: tests/files/test_durable.py watches those.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.db.datafolder import choose_account

HELD = "1gb"
"""What LazyFS can hold that is not flushed; it takes that much memory."""


def lazyfs() -> str | None:
    """Return the program where this machine has it and may use it, else None."""
    found = os.environ.get("LAZYFS") or shutil.which("lazyfs")
    return found if found and os.geteuid() == 0 and os.access("/dev/fuse", os.R_OK | os.W_OK) else None


class Disk:
    """A disk at `place`, of which what was flushed lies beside it."""

    def __init__(self, program: str, folder: Path) -> None:
        """Make the folders, and say how LazyFS is to work; it runs as who runs the database, and so owns all."""
        self.program = program
        self.account = choose_account(folder / "none")
        home = folder / "lazyfs"
        self.place, self._flushed = folder / "disk", folder / "flushed"
        self._told, self._log = home / "told.toml", home / "log"
        for one in (home, self._flushed, self.place):
            one.mkdir()
            os.chown(one, self.account.uid, self.account.gid)
        self._told.write_text(
            f'[faults]\nfifo_path="{home}/faults"\n[cache]\napply_eviction=false\n'
            f'[cache.simple]\ncustom_size="{HELD}"\nblocks_per_page=1\n'
            '[filesystem]\nlog_all_operations=false\nlogfile=""\n'
        )
        self._told.chmod(0o644)
        self._process: subprocess.Popen[bytes] | None = None

    def plug(self) -> None:
        """Mount the disk: this root does it, and hands LazyFS the one end."""
        fuse = os.open("/dev/fuse", os.O_RDWR)
        try:
            options = f"fd={fuse},rootmode=40000,user_id={self.account.uid},group_id={self.account.gid},allow_other"
            subprocess.run(
                ["mount", "-i", "-t", "fuse", "-o", options, "lazyfs", self.place], check=True, pass_fds=(fuse,)
            )
            command = [self.program, f"/dev/fd/{fuse}", "--config-path", self._told]
            modules = ["-o", f"modules=subdir,subdir={self._flushed}", "-f"]
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [*command, *modules],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(fuse,),
                    user=self.account.uid,
                    group=self.account.gid,
                    extra_groups=[],
                    umask=0,
                    start_new_session=True,
                )
        finally:
            os.close(fuse)
        self.place.stat()  # waits until LazyFS answers

    def cut(self) -> None:
        """Pull the plug: what was not flushed is gone at this very moment, and nothing more is taken."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def clear(self) -> None:
        """Take the dead disk away, once nothing that uses it runs any more."""
        subprocess.run(["umount", "--lazy", self.place], check=False)


@contextmanager
def plugged(program: str) -> Iterator[Disk]:
    """Yield a disk that is plugged in, in a folder that the database's account can pass; take it away at last."""
    with tempfile.TemporaryDirectory(prefix="zhuanche-disk-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        disk = Disk(program, folder)
        try:
            disk.plug()
            yield disk
        finally:
            disk.cut()
            disk.clear()
