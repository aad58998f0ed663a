"""The disk of a trial machine: a Debian with systemd, Python and podman, made once and copied for each trial.

Packages come from where this machine's own come from. In it lie what a bureau has on a stick: the base of the
container, with the packages that its Containerfile installs beside it, as a trial has no network to fetch them by.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

PACKAGES: Final = ("systemd-sysv", "dbus", "udev", "linux-image-cloud-amd64", "qemu-guest-agent", "python3", "curl",
                   "procps", "podman")  # fmt: skip
IN_CONTAINER: Final = ("python3", "tzdata")
"""What docs/install/Containerfile installs."""
BASE: Final = "trixie"
"""The Debian of docs/install/Containerfile."""
DISK: Final = "8G"
STARTS_NOTHING: Final = "#!/bin/sh\nexit 101\n"


def made(debian: str, into: Path) -> Path:
    """Return the folder of a machine of this release of Debian: `disk`, `kernel` and `initrd`. Made where missing."""
    folder = into / debian
    if not (folder / "disk").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mirror = _mirror()
        base = _system(BASE, folder / "base", mirror)
        _keep_packages(base)
        root = _system(debian, folder / "root", mirror)
        _furnish(root)
        _run("tar", "--create", "--numeric-owner", f"--directory={base}", f"--file={root / 'root' / 'base.tar'}", ".")
        for name, pattern in (("kernel", "vmlinuz-*"), ("initrd", "initrd.img-*")):
            (found,) = (root / "boot").glob(pattern)
            shutil.copy(found, folder / name)
        _run("mkfs.ext4", "-q", "-d", str(root), str(folder / "making"), DISK)
        (folder / "making").rename(folder / "disk")
        for tree in (root, base):
            shutil.rmtree(tree)
    return folder


def _mirror() -> str:
    """Return where this machine's own packages come from."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def _system(debian: str, root: Path, mirror: str) -> Path:
    _run("debootstrap", "--variant=minbase", debian, str(root), mirror)
    return root


def _apt_get(root: Path, *arguments: str) -> None:
    _run("chroot", str(root), "apt-get", "-qq", "-y", *arguments)


def _furnish(root: Path) -> None:
    """Install what a bureau's machine has, with all that is recommended; nothing is started meanwhile."""
    (root / "usr/sbin/policy-rc.d").write_text(STARTS_NOTHING)
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    _apt_get(root, "install", *PACKAGES)
    _apt_get(root, "clean")
    (root / "usr/sbin/policy-rc.d").unlink()
    (root / "etc/fstab").write_text("/dev/vda / ext4 errors=remount-ro 0 1\n")
    (root / "etc/hostname").write_text("cupboard\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost cupboard\n")
    (root / "var/log/journal").mkdir(parents=True, exist_ok=True)


def _keep_packages(base: Path) -> None:
    """Let the base bring the packages that are installed into it: its only source of packages is a folder."""
    kept = base / "packages"
    (kept / "partial").mkdir(parents=True)
    _apt_get(base, "install", "--download-only", "--no-install-recommends", "-o", "Dir::Cache::archives=/packages",
             *IN_CONTAINER)  # fmt: skip
    about = []
    for package in sorted(kept.glob("*.deb")):
        control = subprocess.run(["dpkg-deb", "--field", package], capture_output=True, text=True, check=True).stdout
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        name = package.rename(package.with_name(package.name.replace("%3a", "_"))).name
        about.append(f"{control.strip()}\nFilename: ./{name}\nSize: {(kept / name).stat().st_size}\nSHA256: {digest}\n")
    (kept / "Packages").write_text("\n".join(about))
    shutil.rmtree(kept / "partial")
    shutil.rmtree(base / "var/lib/apt/lists")
    for sources in (base / "etc/apt").glob("sources.list*"):
        shutil.rmtree(sources) if sources.is_dir() else sources.unlink()
    (base / "etc/apt/sources.list").write_text("deb [trusted=yes] file:/packages ./\n")


def _run(*command: str) -> None:
    """Run a command; what it says is shown only where it fails."""
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C", "LANG": "C"}
    quiet["PATH"] = f"{quiet['PATH']}:/usr/sbin:/sbin"
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
