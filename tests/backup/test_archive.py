"""The one file: any tar opens it, and one byte less or other anywhere is told, with its place."""

from __future__ import annotations

import hashlib
import io
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.backup.archive import SUMS, ArchiveWriter, Cut, read_archive
from api.backup.encryption import decrypted, encrypted, identities_of, make_key, recipients_of
from api.backup.faults import BackupDamaged, BackupFailed, WrongKey

MEMBERS = {
    "README": b"what this is",
    "database/000001": bytes(range(256)) * 9,
    "empty": b"",
    "files/350302/" + "0" * 64: b"\x00" * 512,
}


def written() -> bytes:
    """Return an archive of those members."""
    target = io.BytesIO()
    writer = ArchiveWriter(target, 1_790_000_000)
    for name, content in MEMBERS.items():
        writer.add_bytes(name, content)
    writer.finish()
    return target.getvalue()


def read(data: bytes) -> dict[str, bytes]:
    """Return the members of an archive."""
    return {member.name: b"".join(member.chunks) for member in read_archive(io.BytesIO(data))}


def test_what_was_written_is_read_back() -> None:
    """Member by member, the sums left out; members that nobody takes are checked all the same."""
    assert read(written()) == MEMBERS
    assert [member.name for member in read_archive(io.BytesIO(written()))] == list(MEMBERS)


def test_any_tar_opens_it_and_sha256sum_checks_it(tmp_path: Path) -> None:
    """In ten years the product may be gone; the tools of every system are not."""
    (tmp_path / "backup.tar").write_bytes(written())
    subprocess.run(["tar", "-xf", "backup.tar"], cwd=tmp_path, check=True)
    checked = subprocess.run(["sha256sum", "-c", SUMS], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert checked.stdout.count(": OK") == len(MEMBERS)


def test_one_byte_altered_anywhere_is_told() -> None:
    """In a member, in a header, in the padding, in the sums, in the end: each byte, one bit and all bits."""
    whole = written()
    for at in range(len(whole)):
        for other in (whole[at] ^ 1, whole[at] ^ 0xFF):
            with pytest.raises(BackupDamaged):
                read(whole[:at] + bytes([other]) + whole[at + 1 :])


def test_cut_anywhere_it_is_told_and_more_than_the_end_too() -> None:
    """A copy that stopped, a stick pulled out."""
    whole = written()
    for at in range(len(whole)):
        with pytest.raises(Cut):
            read(whole[:at])
    with pytest.raises(BackupDamaged, match="something follows"):
        read(whole + b"\0")


def test_the_place_is_named() -> None:
    """The operator reads which member was altered, and where a file ends that was cut."""
    whole = written()
    at = whole.index(bytes(range(256)))
    with pytest.raises(BackupDamaged, match=r"database/000001 has not the SHA-256"):
        read(whole[:at] + b"\xff" + whole[at + 1 :])
    with pytest.raises(Cut, match=r"ends within database/000001, at byte 1\d\d\d"):
        read(whole[: at + 10])
    with pytest.raises(BackupDamaged, match="header after README"):
        read(whole.replace(b"database/000001", b"database/000002", 1))


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, str]:
    """Return a file with a private key, and its public key."""
    path = tmp_path / "key"
    return path, make_key(path, datetime.now(UTC))


def sealed(data: bytes, public: str) -> bytes:
    """Return data encrypted to a public key."""
    target = io.BytesIO()
    with encrypted(target, recipients_of([public])) as plain:
        plain.write(data)
    return target.getvalue()


def opened(data: bytes, path: Path) -> dict[str, bytes]:
    """Return the members of an encrypted archive."""
    with decrypted(io.BytesIO(data), identities_of(path)) as plain:
        return {member.name: b"".join(member.chunks) for member in read_archive(plain)}


def test_only_the_private_key_opens_it(key: tuple[Path, str], tmp_path: Path) -> None:
    """Who backs up holds the public key and opens nothing; another key is told as such."""
    path, public = key
    kept = sealed(written(), public)
    assert b"what this is" not in kept
    assert opened(kept, path) == MEMBERS
    make_key(tmp_path / "other", datetime.now(UTC))
    with pytest.raises(WrongKey, match="another key"):
        opened(kept, tmp_path / "other")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        make_key(path, datetime.now(UTC))


def test_within_encryption_too_what_was_altered_or_cut_is_told_with_its_place(key: tuple[Path, str]) -> None:
    """The format's own authentication tells it; the member that was being read is named."""
    path, public = key
    big = io.BytesIO()
    writer = ArchiveWriter(big, 0)
    writer.add_bytes("first", bytes(70_000))
    writer.add_bytes("second", bytes(200_000))
    writer.finish()
    kept = sealed(big.getvalue(), public)
    chunk = 64 * 1024 + 16
    header = len(kept) % chunk
    places = [*range(250), *range(250, len(kept), 9_001), len(kept) - 1]
    for at in places:
        with pytest.raises((BackupDamaged, WrongKey)):
            opened(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :], path)
    for at in [*places, *(header + n * chunk for n in range(4))]:
        with pytest.raises(BackupDamaged):
            opened(kept[:at], path)
    with pytest.raises(BackupDamaged):
        opened(kept + b"\0", path)
    with pytest.raises(BackupDamaged, match="within second"):
        opened(kept[:150_000] + bytes([kept[150_000] ^ 1]) + kept[150_001:], path)


def test_what_is_no_key_is_told_in_a_sentence(tmp_path: Path) -> None:
    """A public key mistyped, a file that is another."""
    with pytest.raises(BackupFailed, match="begins with age1"):
        recipients_of(["age1nonsense"])
    (tmp_path / "none").write_text("# nothing\n")
    (tmp_path / "other").write_bytes(hashlib.sha256(b"").digest())
    for name in ("none", "other", "missing"):
        with pytest.raises(WrongKey, match="holds no private key"):
            identities_of(tmp_path / name)
