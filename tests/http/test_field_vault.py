"""The key that seals what a phone keeps for the person who is signed in."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from api.setting_forms import SECRET_LEAST
from api.settings import Settings, SettingsError, load_settings
from api.vault import FILE, Vault
from tests.conftest import SignIn, problem_code
from tests.world import World


async def test_a_person_gets_the_same_key_at_each_sign_in_and_nobody_elses(signed_in: SignIn) -> None:
    """What was sealed before a sign-out opens after the same person's next sign-in, and after no other's."""
    first, again = await signed_in("officer"), await signed_in("officer")
    other = await signed_in("driver")
    keys = [(await one.get("/v1/field/vault")).json()["key"] for one in (first, again, other)]
    assert keys[0] == keys[1] != keys[2]
    assert len(urlsafe_b64decode(keys[0] + "=")) == 32


async def test_the_key_says_when_the_sign_in_ends_and_is_kept_by_no_cache(world: World, signed_in: SignIn) -> None:
    """A phone without a network knows by itself when the duty day is over."""
    answer = await (await signed_in("officer")).get("/v1/field/vault")
    assert answer.json()["until"] == world.clock().replace(hour=13).isoformat().replace("+00:00", "Z")
    assert answer.headers["cache-control"] == "no-store"


async def test_nobody_gets_a_key_without_being_signed_in(signed_in: SignIn) -> None:
    """After the sign-out the server gives the key to nobody."""
    officer = await signed_in("officer")
    assert (await officer.delete("/v1/session")).status_code == 204
    gone = await officer.get("/v1/field/vault")
    assert (gone.status_code, problem_code(gone)) == (401, "not-signed-in")


def test_the_same_number_in_two_bureaus_has_two_keys(tmp_path: Path) -> None:
    """A key is of a person of a bureau."""
    vault, person = Vault(tmp_path), uuid4()
    assert vault.key_of("350302", person) != vault.key_of("350303", person)


async def test_processes_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    """Of several that find none, one makes the file, and only its owner may read it."""
    person = uuid4()
    keys = await asyncio.gather(
        *(asyncio.to_thread(Vault(tmp_path / "new").key_of, "350302", person) for _ in range(8))
    )
    assert len(set(keys)) == 1
    assert [one.name for one in (tmp_path / "new").iterdir()] == [FILE]
    assert (tmp_path / "new" / FILE).stat().st_mode & 0o077 == 0


def test_hosts_with_the_same_secret_give_the_same_key(tmp_path: Path) -> None:
    """A phone may reach any of several hosts; a secret that is too short is refused when the service starts."""
    settings, person = Settings(data=tmp_path, vault_secret="v" * SECRET_LEAST), uuid4()
    here, there = Vault.of(settings), Vault.of(replace(settings, data=tmp_path / "elsewhere"))
    assert here.key_of("350302", person) == there.key_of("350302", person)
    assert not (tmp_path / FILE).exists()
    with pytest.raises(SettingsError, match="32"):
        load_settings({"ZHUANCHE_VAULT_SECRET": "v" * (SECRET_LEAST - 1)})


@pytest.mark.parametrize("who", ["dispatcher", "custodian", "auditor", "admin"])
async def test_who_makes_no_acts_in_the_field_has_no_key(signed_in: SignIn, who: str) -> None:
    """`/field` is the officers' and drivers' place."""
    answer: httpx.Response = await (await signed_in(who)).get("/v1/field/vault")
    assert answer.status_code == 403
