"""Secrets come from files or the environment, and are seen nowhere else: in no process list, log, answer or metric."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from api import settings as of_process
from api.addresses import without_secrets
from api.backup.faults import BackupFailed
from api.backup.programs import connected, running
from api.db.database import Actor, UnitOfWork
from api.db.tables.people import Person
from api.log import tell_place
from api.setting_forms import SECRET_LEAST
from api.settings import SettingsError, load_settings
from api.usecases.sign_in import open_session
from tests.conftest import Server
from tests.live import PATIENCE_S, serving, zhuanche
from tests.world import PASSWORD, World


def test_each_secret_may_be_kept_in_a_file(tmp_path: Path, project: Path) -> None:
    """A supervisor hands them over so; the page of settings names just those, and a settings' picture shows none."""
    held = {variable: f"of-{variable}".ljust(SECRET_LEAST, "-") for variable in of_process.secrets()}
    given = {}
    for variable, secret in held.items():
        (tmp_path / variable).write_text(f"{secret}\n")
        given[f"{variable}_FILE"] = str(tmp_path / variable)
    settings = load_settings(given)
    assert {variable: getattr(settings, variable.removeprefix("ZHUANCHE_").lower()) for variable in held} == held
    assert "of-" not in repr(settings)
    page = (project / "docs" / "settings.md").read_text("utf-8")
    listed = re.search(r"^\*\*Secrets\.\*\*.*?are also taken", page, re.DOTALL | re.MULTILINE)
    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[0]) == list(held)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"ZHUANCHE_OWNER_URL_FILE": "{}/none"}, "cannot be read"),
        ({"ZHUANCHE_OWNER_URL_FILE": "{}/empty"}, "is empty"),
        ({"ZHUANCHE_OWNER_URL_FILE": "{}/raw"}, "cannot be read"),
        ({"ZHUANCHE_OWNER_URL_FILE": "{}/full", "ZHUANCHE_OWNER_URL": "x"}, "both"),
        ({"ZHUANCHE_PORT_FILE": "{}/full"}, "not a setting"),
    ],
)
def test_a_secret_s_file_that_cannot_be_used_is_told(given: dict[str, str], told: str, tmp_path: Path) -> None:
    """The sentence names the variable, and never what a file holds."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "full").write_text("a-secret")
    (tmp_path / "raw").write_bytes(b"a-secret\xff")
    with pytest.raises(SettingsError, match=told) as refused:
        load_settings({variable: path.format(tmp_path) for variable, path in given.items()})
    assert "a-secret" not in str(refused.value)
    assert next(iter(given)) in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://desk:%zz-Geheim@127.0.0.1:1/none",
        "postgresql://desk:a@Geheim@127.0.0.1:1/none",
        "postgresql://desk:Geheim@127.0.0.1:1/none?nonsense=1",
        "postgresql://desk:Geheim@127.0.0.1:1/none",
        "mysql://desk:Geheim@127.0.0.1/none",
    ],
)
def test_what_is_told_of_a_database_that_cannot_be_used_quotes_no_pass_word(url: str, tmp_path: Path) -> None:
    """Neither one that is written wrongly nor one that does not answer."""
    ended = zhuanche("migrate", database_url=url, data=tmp_path)
    assert ended.returncode == 1
    assert "Geheim" not in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr


def processes() -> str:
    """Return what every process of this machine was called with, as anybody who is on it may see."""
    called = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            called.append((process / "cmdline").read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(called)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://desk/files", "s3://desk/files"),
        ("https://me:Geheim-1@store.lan/desk?sig=Geheim-2#Geheim-3", "https://store.lan/desk"),
        ("file:///media/a@b", "file:///media/a@b"),
        ("/media/backups", "/media/backups"),
        ("GET https://me:Geheim-1@store.lan?sig=Geheim-2 in 2 s", "GET https://store.lan in 2 s"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret_in_it(url: str, shown: str) -> None:
    """On the doctor's page, in sentences and beside a bar of progress."""
    assert without_secrets(url) == shown


def test_a_program_connects_as_this_process_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of pass words, a certificate for a key: where the manifest can be read, the rows are dumped too."""
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LD_LIBRARY_PATH", "elsewhere")
    told = connected("postgresql://desk@db.lan/none?sslpassword=Geheim-78&keepalives=0", tmp_path / "service")
    assert (told["PGPASSFILE"], told["HOME"], told["PGHOST"]) == (f"{tmp_path}/pgpass", str(tmp_path), "db.lan")
    assert "LD_LIBRARY_PATH" not in told
    assert (tmp_path / "service").read_text() == "[zhuanche]\nkeepalives=0\nsslpassword=Geheim-78\n"
    assert told["PGSERVICEFILE"] == str(tmp_path / "service")


@pytest.mark.parametrize("is_in_url", [True, False])
def test_a_service_is_not_replaced_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_in_url: bool
) -> None:
    """Its section is in the caller's own file, and a program reads one such file: the sentence says what to write."""
    url = "postgresql:///none"
    if is_in_url:
        url += "?service=desk"
    else:
        monkeypatch.setenv("PGSERVICE", "desk")
    assert connected(url, tmp_path / "service")["PGSERVICE"] == "desk"
    with pytest.raises(BackupFailed, match="write keepalives into the service's section"):
        connected(f"{url}{'&' if is_in_url else '?'}keepalives=0", tmp_path / "service")


def test_a_program_that_connects_is_called_without_the_pass_word() -> None:
    """`pg_dump` and `pg_restore` are told where to connect by their environment, which nobody else may read."""
    word = secrets.token_hex()  # that no other process of this machine speaks of
    with running(["sleep", "60"], f"postgresql://desk:{word}@127.0.0.1:1/none") as (process, _):
        of_it = Path(f"/proc/{process.pid}")
        assert word in (of_it / "environ").read_text()
        assert word not in (of_it / "cmdline").read_text() + processes()
        assert (of_it / "environ").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("words", "put_in", "told"),
    [
        ("asked %s: away", ("https://map/?key=Geheim",), "asked %s: away"),
        ("https://map/?key=Geheim is away", (), "words"),
    ],
)
def test_what_a_library_puts_into_its_words_is_not_logged(words: str, put_in: tuple[str, ...], told: str) -> None:
    """The address of a geocoder holds its key and what a consumer said; which line of which library it was is told."""
    record = logging.LogRecord("library.pool", logging.WARNING, "/at/pool.py", 7, words, put_in, None)
    event = tell_place(None, "warning", {"event": words, "_record": record})
    assert told in event["event"]
    assert (event["library"], event["at"]) == ("library.pool", "pool:7")
    assert "Geheim" not in str({name: value for name, value in event.items() if name != "_record"})


async def session_of(world: World, login: str) -> str:
    """Return the token of a session that is open by the clock of this machine too."""

    async def work(uow: UnitOfWork) -> str:
        person = await uow.one(select(Person).where(Person.bureau_id == world.bureau_id, Person.login == login))
        token, _ = await open_session(uow, person, client="test", hours=100_000)
        return token

    return await world.database.write(Actor(world.bureau_id), work)


def look_around(url: str, bureau_id: str, token: str) -> str:
    """Return what a service answers to who is signed in and who is not, and all that is running meanwhile."""
    with httpx.Client(base_url=url, timeout=PATIENCE_S, headers={"Authorization": f"Bearer {token}"}) as client:
        body = {"bureau_id": bureau_id, "login": "dispatcher", "password": PASSWORD}
        client.post("/v1/session", json=body | {"password": f"not {PASSWORD}"})
        assert client.post("/v1/session", json=body).status_code == 201
        paths = ("/v1/places?q=1", "/metrics", "/readyz", "/healthz", "/board", "/v1/settings", "/nowhere")
        looked = [client.get(path) for path in paths]
    assert [one.status_code for one in looked] == [200] * 6 + [404]
    called = processes()
    assert "zhuanche" in called, "this machine's processes were looked at"
    return "".join(one.text + str(one.headers) for one in looked) + called


async def test_a_service_shows_its_secrets_nowhere(server: Server, world: World, tmp_path: Path) -> None:
    """Asked for pages, metrics and what fails, by who knows a pass word and who does not: nothing of it is seen."""
    said = {name: f"Geheim-{name}-{secrets.token_hex(8)}" for name in ("url", "vault_secret", "geocoder_key")}
    separator = "&" if "?" in server.superuser else "?"
    held = said | {"database_url": f"{server.superuser}{separator}passfile=/dev/null/{said['url']}"}
    given = {}
    for name in ("database_url", "vault_secret", "geocoder_key"):
        (tmp_path / name).write_text(held[name])
        given[f"{name}_file"] = tmp_path / name
    token = await session_of(world, "dispatcher")
    outside = {"geocoder": "amap", "geocoder_url": "http://127.0.0.1:1/geo", "log_level": "debug", "jobs": 0}
    with serving(tmp_path / "log", data=tmp_path / "data", **outside, **given) as live:
        seen = await asyncio.to_thread(look_around, live.url, world.bureau_id, token)
    seen += (tmp_path / "log").read_text()
    assert '"/v1/places"' in seen, "the requests were logged"
    for secret in (*said.values(), token, PASSWORD):
        assert secret not in seen
