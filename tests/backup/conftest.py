"""A place whose record is backed up: a bureau with a trip, a note's attachment, keys and settings beside it."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from api.backup.manifest import KeptFile
from api.backup.read import check_backup
from api.backup.restore import Into, Restored, restore
from api.backup.write import Wanted
from api.files import FileStore
from api.settings import Settings
from api.usecases.keep_attachment import keep_attachment
from api.vault import Vault
from tests.conftest import Server
from tests.trips import closed_trip
from tests.world import World

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20


@dataclass(frozen=True)
class Place:
    """A record and where it lies."""

    url: str
    settings: Settings
    files: FileStore
    kept: KeptFile

    def wanted(self, to: Path, *, keys: tuple[str, ...] = (), keep: int | None = None, **environ: str) -> Wanted:
        """Return what to back up, all of it."""
        return Wanted(self.url, self.settings, self.files, environ, to, keys, keep)


class Quiet:
    """Nobody is told how far it is."""

    def begin(self, what: str, total: int | None = None) -> None:
        """Hear nothing."""

    def advance(self, by: int = 1) -> None:
        """Hear nothing."""


@pytest.fixture
async def place(server: Server, settings: Settings, world: World, tmp_path: Path) -> Place:
    """Return a place with a closed trip, an attachment and keys, on the run's database."""
    if server.distributed:
        pytest.skip("a cluster is backed up by its own tools")
    own = replace(settings, data=tmp_path / "data")
    files = FileStore.of(own)
    await closed_trip(world)
    kept = await attach(world, files, PNG)
    assert Vault.of(own).push_key()
    (own.data / "tls").mkdir()
    (own.data / "tls" / "authority.key").write_text("the authority's key")
    return Place(server.superuser, own, files, kept)


async def attach(world: World, files: FileStore, content: bytes) -> KeptFile:
    """Keep an attachment of the world's bureau."""
    sha256 = hashlib.sha256(content).hexdigest()

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    await keep_attachment(world.database, files, world["officer"], sha256, chunks(), limit_bytes=1 << 20)
    return KeptFile(world.bureau_id, sha256, len(content))


@contextmanager
def an_empty_database(server: Server) -> Iterator[str]:
    """Yield the URL of an empty database on the run's server, dropped afterwards."""
    name = f"empty_{secrets.token_hex(4)}"
    with psycopg.connect(server.superuser, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield server.superuser.replace("/zhuanche?", f"/{name}?")
    finally:
        with psycopg.connect(server.superuser, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    """Return the URL of an empty database."""
    with an_empty_database(server) as url:
        yield url


@pytest.fixture
def into(empty: str, settings: Settings, tmp_path: Path) -> Into:
    """Return an empty place."""
    own = replace(settings, data=tmp_path / "new")
    return Into(empty, own, FileStore.of(own))


async def brought(path: Path, into: Into, key: Path | None = None, **options: Any) -> Restored:
    """Check and restore a backup beside the loop, as the command does."""
    return await asyncio.to_thread(lambda: restore(check_backup(path, key), key, into, Quiet(), **options))
