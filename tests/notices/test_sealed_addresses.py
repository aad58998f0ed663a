"""The address of a webhook, which may hold a key: sealed where it is kept, and opened to send and for nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from api.jobs.notices import Courier
from api.usecases.reach import NewWebhook, set_webhook
from api.vault import AddressNotOpened, Vault
from domain.notices import HookKind, NoticeKind
from tests.conftest import Server, SignIn, problem_code
from tests.http.test_live import a_finding
from tests.notices.desk import deliveries, hook, sent
from tests.notices.stand_in import StandIn
from tests.world import World

KEY = "secret-of-the-robot"
ROBOT = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}"
CHANGED = {"name": "值班群", "kind": "json", "notices": ["finding-raised"], "reason": "改用网关"}


class InClear(Vault):
    """What an older release did with an address."""

    def sealed(self, bureau_id: str, hook_id: UUID, address: str) -> str:
        """Return it as it is."""
        del bureau_id, hook_id
        return address


def robot(url: str) -> NewWebhook:
    """Return a robot at an address, told of findings."""
    told = (NoticeKind.FINDING_RAISED,)
    return NewWebhook(
        name="值班群", kind=HookKind.JSON, url=url, template=None, notices=told, active=True, reason="开通"
    )


def kept(server: Server, hook_id: UUID) -> list[tuple[str, str]]:
    """Return the addresses of a webhook and their digests in the ledger, as whoever owns the database reads them."""
    with psycopg.connect(server.superuser) as connection:
        return connection.execute(
            "SELECT w.url, convert_from(p.facts, 'UTF8')::jsonb ->> 'url_sha256' FROM webhook w"
            " JOIN ledger_payload p USING (bureau_id, entry_id) WHERE w.hook_id = %s ORDER BY w.rev",
            (hook_id,),
        ).fetchall()


async def test_whoever_reads_the_database_reads_where_a_webhook_leads_and_no_key(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn, server: Server
) -> None:
    """Set, and changed without its address: sealed anew each time; the ledger has the digest of the clear one."""
    hook_id = await hook(signed_in, outside)
    chief = await signed_in("desk_chief")
    answer = await chief.put(f"/v1/webhooks/{hook_id}", json=CHANGED)
    assert (answer.json()["rev"], answer.json()["host"]) == (2, "127.0.0.1")
    await a_finding(world)
    await sent(courier, world)
    assert [one.path for one in outside.asked] == [f"/hook?key={KEY}"]
    (first, digest), (second, again) = kept(server, hook_id)
    assert first != second
    assert all(one.startswith("sealed://127.0.0.1/") and KEY not in one for one in (first, second))
    clear = outside.address(f"/hook?key={KEY}")
    assert digest == again == hashlib.sha256(clear.encode()).hexdigest()
    assert second not in answer.text + (await chief.get("/v1/webhooks")).text


async def test_an_address_that_an_older_release_kept_in_clear_goes_on_and_is_sealed_at_the_next_change(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn, server: Server
) -> None:
    """Nobody has to enter it anew."""
    hook_id, chief = uuid4(), await signed_in("desk_chief")
    await set_webhook(world.database, InClear(Path()), world["desk_chief"], hook_id, robot(outside.address("/of-old")))
    assert [one["host"] for one in (await chief.get("/v1/webhooks")).json()] == ["127.0.0.1"]
    await a_finding(world)
    await sent(courier, world)
    assert (await chief.put(f"/v1/webhooks/{hook_id}", json=CHANGED)).status_code == 200
    await a_finding(world)
    await sent(courier, world)
    assert [one.path for one in outside.asked] == ["/of-old", "/of-old"]
    assert [url.partition("/")[0] for url, _ in kept(server, hook_id)] == ["http:", "sealed:"]


async def test_an_address_sealed_by_another_secret_fails_in_words_and_is_entered_anew(
    world: World, signed_in: SignIn, courier: Courier, outside: StandIn, tmp_path: Path
) -> None:
    """As after a restore without its keys: it holds up no other notice, and a change that would keep it is refused."""
    hook_id = uuid4()
    await set_webhook(world.database, Vault(tmp_path), world["desk_chief"], hook_id, robot(ROBOT))
    other = await hook(signed_in, outside)
    await a_finding(world)
    await sent(courier, world)
    states = {one["target_id"]: (one["state"], one["fault"], one["tries"]) for one in await deliveries(signed_in)}
    assert states == {str(hook_id): ("failed", "address cannot be opened", 1), str(other): ("sent", None, 1)}
    chief = await signed_in("desk_chief")
    hosts = {one["hook_id"]: one["host"] for one in (await chief.get("/v1/webhooks")).json()}
    assert hosts == {str(hook_id): "qyapi.weixin.qq.com", str(other): "127.0.0.1"}
    assert (await chief.post(f"/v1/webhooks/{hook_id}/try")).status_code == 202
    await sent(courier, world)
    assert len(await deliveries(signed_in, state="failed")) == 3  # the finding's two ways and the trial's one
    refused = await chief.put(f"/v1/webhooks/{hook_id}", json=CHANGED)
    assert (refused.status_code, problem_code(refused)) == (409, "address-not-opened")
    anew = await chief.put(f"/v1/webhooks/{hook_id}", json=CHANGED | {"url": outside.address("/anew")})
    assert anew.json()["rev"] == 2
    await chief.post(f"/v1/webhooks/{hook_id}/try")
    await sent(courier, world)
    assert outside.asked[-1].path == "/anew"


def test_processes_of_one_secret_open_what_each_of_them_sealed(tmp_path: Path) -> None:
    """Of one data folder, or of one secret that the operator set on each of several hosts."""
    hook_id, secret = uuid4(), "a-secret-that-is-as-long-as-it-has-to-be"
    for one, other in (
        (Vault(tmp_path), Vault(tmp_path)),
        (Vault(tmp_path / "a", secret), Vault(tmp_path / "b", secret)),
    ):
        for address in (ROBOT, "https://[2001:db8::1]:8443/钥匙", "https://投诉.中国/x"):
            assert other.opened("350302", hook_id, one.sealed("350302", hook_id, address)) == address


def test_an_address_that_was_altered_or_copied_to_another_webhook_does_not_open(tmp_path: Path) -> None:
    """Whoever writes to the database moves no notice by what is sealed there."""
    vault, hook_id, host = Vault(tmp_path), uuid4(), "sealed://qyapi.weixin.qq.com/"
    sealed = vault.sealed("350302", hook_id, ROBOT)
    assert sealed.startswith(host)
    one = {"A": "B"}.get(sealed[-10], "A")
    altered = (f"{sealed[:-10]}{one}{sealed[-9:]}", sealed[:60], sealed[:-1], host, host[:-1], f"{host}钥匙")
    for bureau_id, whose, text in (
        *(("350302", hook_id, text) for text in altered),
        ("350302", hook_id, sealed.replace("qyapi.weixin.qq.com", "elsewhere.example")),
        ("350302", uuid4(), sealed),
        ("350303", hook_id, sealed),
    ):
        with pytest.raises(AddressNotOpened):
            vault.opened(bureau_id, whose, text)
