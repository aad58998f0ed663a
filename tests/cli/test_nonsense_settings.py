"""A setting that makes no sense is told in one sentence that names it, at the start and by the doctor alike."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from api.cli.command_line import main
from api.cli.connections import NoDatabase, named
from api.cli.doctor import facts_of
from api.cli.serve import check_address
from api.settings import PREFIX, Settings, SettingsError, load_settings
from domain.doctor.verdict import State
from domain.doctor.verdicts import verdicts_of
from tests.cli.test_commands import only_sentence
from tests.live import free_port, zhuanche

NOWHERE = Path("/dev/null/nowhere")
WORDS = ("no sense ://[", "://", "-")
NONSENSE: dict[str, tuple[str, ...]] = {
    "backup_copy": (*WORDS, "nowhere", "ftp://host/x", "s3://", "s3:///x", "file://host/x"),
    "backup_for": ("age1", "ssh-ed25519 AAAA", "age1" + "b" * 58),
    "base_url": (*WORDS, "desk.example.org", "ftp://desk"),
    "files_url": (*WORDS, "nowhere", "ftp://host/x", "s3://", "s3:///x", "file://host/x", "s3://a b"),
    "geocoder": ("bing",),
    "geocoder_url": (*WORDS, "amap.com"),
    "host": WORDS,
    "https_names": (*WORDS, "desk,,a b"),
    "jt808_host": WORDS,
    "log_level": ("loud",),
    "notice_contact": (*WORDS, "the desk", "mailto:"),
    "notice_hosts": (*WORDS, "host:99999", "https://host"),
    "proxies": (*WORDS, "the proxy", "10.0.0.1/8"),
    "tiles": (*WORDS, "https://tiles/{z}/{x}"),
    "tiles_datum": ("BD-09",),
    "time_server": (*WORDS, "host:", "host:0", "host:many", "[::1"),
    "vault_secret": ("short",),
}
"""Of each text that has a form, what has it not."""
BY_KIND = {
    "bool": ("perhaps",),
    "int": ("many", "-1", "1e3", "99999999999999", "nan"),
    "float": ("many", "-1", "nan", "inf", "1e300"),
}
ANYTHING = {"geocoder_key", "tiles_key"}
"""What another service made up: any text may be right."""
ADDRESSES = {"database_url", "owner_url", "service_url", "ingest_url", "reader_url", "backup_url"}
KINDS = {one.name: str(one.type).split(maxsplit=1)[0] for one in fields(Settings)}
PATHS = {name for name, kind in KINDS.items() if kind == "Path"}
TOLD_AT_ONCE = [(name, value) for name, kind in KINDS.items() for value in NONSENSE.get(name) or BY_KIND.get(kind, ())]


def test_no_setting_is_left_out_here() -> None:
    """Whoever adds one says what would be nonsense."""
    assert {name for name, _ in TOLD_AT_ONCE} | PATHS | ADDRESSES | ANYTHING == KINDS.keys()


@pytest.mark.parametrize(("name", "value"), TOLD_AT_ONCE)
@pytest.mark.parametrize("command", ["serve", "doctor"])
def test_nonsense_is_told_in_one_sentence_that_names_the_setting(
    command: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is begun; and a secret is not quoted."""
    monkeypatch.setattr(sys, "argv", ["zhuanche", command])
    monkeypatch.setenv(PREFIX + name.upper(), value)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    told = only_sentence(capsys.readouterr().err)
    assert PREFIX + name.upper() in told
    assert name != "vault_secret" or value not in told


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_an_address_of_a_database_that_is_none_is_told(name: str, tmp_path: Path) -> None:
    """By every command that would go there."""
    with pytest.raises(NoDatabase, match=PREFIX + name.upper()):
        named(replace(Settings(data=tmp_path, database_url="postgresql://desk/car"), **{name: "no sense ://["}))


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("certificate", {}),
        ("key", {"certificate": NOWHERE}),
        ("jt808_certificate", {}),
        ("jt808_key", {"jt808_certificate": NOWHERE}),
    ],
)
def test_a_certificate_that_is_none_is_told_before_anything_listens(
    name: str, beside: dict[str, Any], tmp_path: Path
) -> None:
    """Phones and terminals would be turned away one by one."""
    ports: dict[str, int | None] = {"port": free_port(), "https_port": free_port(), "jt808_port": free_port()}
    if name.startswith("jt808"):
        ports["https_port"] = None
    with pytest.raises(SettingsError, match=PREFIX + name.upper()):
        check_address(Settings(data=tmp_path, **(ports | beside | {name: NOWHERE})))


def test_a_data_folder_that_can_be_none_is_told() -> None:
    """The sentence names it."""
    ended = zhuanche("serve", data=NOWHERE, port=0)
    assert ended.returncode == 1
    assert str(NOWHERE) in only_sentence(ended.stderr)


@pytest.mark.parametrize(
    ("settings", "check", "told"),
    [
        ({"backup_to": NOWHERE}, "backup", str(NOWHERE)),
        ({"files_url": f"file://{NOWHERE}"}, "files", str(NOWHERE)),
        ({"files_url": "s3://desk/files"}, "files", "s3://desk/files"),
        (
            {"files_url": "https://me:not-a-secret@127.0.0.1:1/desk?sig=not-a-secret"},
            "files",
            "https://127.0.0.1:1/desk",
        ),
        ({"database_url": "no sense ://["}, "database", "ZHUANCHE_DATABASE_URL"),
        ({"reader_url": "no sense ://["}, "database", "ZHUANCHE_READER_URL"),
        ({"https_port": 1, "certificate": NOWHERE}, "certificate", "cannot be read"),
    ],
)
def test_the_doctor_says_which_place_cannot_be_used(
    settings: dict[str, Any], check: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is only wrong at its place is no reason to look at nothing else."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "desk")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    facts = facts_of(Settings(data=tmp_path, port=1, time_server="none", **settings))
    (found,) = [one for one in verdicts_of(facts) if one.check == check]
    assert found.state is State.UNWELL
    assert told in found.said[1]
    assert "not-a-secret" not in str(facts)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("files_url", "s3://bucket/prefix"),
        ("files_url", "file:///srv/files"),
        ("base_url", "https://desk.example.org:8443/car/"),
        ("base_url", "http://[fe80::1]:8000"),
        ("host", "::"),
        ("host", "0.0.0.0"),  # noqa: S104 - a setting, nobody listens
        ("https_names", "desk.local, 10.1.2.3, fe80::1"),
        ("notice_hosts", "robot.desk:8080, 10.0.0.7"),
        ("notice_contact", "mailto:desk@example.org"),
        ("proxies", "10.0.0.0/8, ::1"),
        ("time_server", "ntp.ntsc.ac.cn"),
        ("time_server", "10.0.0.1:1123"),
        ("time_server", "[fe80::1]:123"),
        ("time_server", "fe80::1"),
        ("time_server", "ntp.ntsc.ac.cn, ntp.aliyun.com"),
        ("tiles", "https://tiles.example.org/{z}/{x}/{y}.png?tk={key}"),
        ("backup_for", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p, "),
    ],
)
def test_what_makes_sense_is_taken(name: str, value: str) -> None:
    """Each form that the page of settings names."""
    assert getattr(load_settings({PREFIX + name.upper(): value}), name) == value


def test_a_pass_word_in_an_address_that_makes_no_sense_is_not_quoted() -> None:
    """Not in what a supervisor keeps of it."""
    with pytest.raises(SettingsError) as refused:
        load_settings({"ZHUANCHE_FILES_URL": "ftp://desk:Geheim@host/x"})
    assert "Geheim" not in str(refused.value)
