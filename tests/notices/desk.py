"""What a desk does with notices: subscribe, set a webhook, let them be sent, see what became of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from api.jobs.notices import Courier
from tests.complaints import PARTICULARS
from tests.conftest import SignIn
from tests.notices.stand_in import Asked, Browser, StandIn
from tests.world import World

PRIVATE = (PARTICULARS.complainant_name, PARTICULARS.respondent_name, PARTICULARS.complainant_telephone, "某")
"""What no notice says: names and numbers of people, of the complaint and of the desk."""


async def subscribed(signed_in: SignIn, service: StandIn, who: str) -> Browser:
    """Let a person's browser subscribe, and return it."""
    client = await signed_in(who)
    browser = Browser(service.address(f"/push/{who}/{uuid4()}"))
    answer = await client.put("/v1/push-subscriptions", json=browser.subscription)
    assert answer.status_code == 200, answer.text
    assert answer.json()["host"] == "127.0.0.1"
    return browser


def pushed(service: StandIn, who: str) -> list[Asked]:
    """Return what was pushed to a person."""
    return [one for one in service.asked if one.path.startswith(f"/push/{who}/")]


async def hook(signed_in: SignIn, service: StandIn, **how: Any) -> UUID:
    """Set a webhook, and return its id."""
    hook_id = uuid4()
    body = {
        "name": "值班群",
        "kind": "wecom",
        "url": service.address("/hook?key=secret-of-the-robot"),
        "reason": "开通",
    }
    body["notices"] = ["approval-wanted", "finding-raised"]  # type: ignore[assignment]  # JSON
    answer = await (await signed_in("desk_chief")).put(f"/v1/webhooks/{hook_id}", json=body | how)
    assert answer.status_code == 200, answer.text
    return hook_id


async def sent(courier: Courier, world: World) -> int:
    """Let the courier go its round in the world's bureau."""
    return await courier.round(world.database, world.bureau_id)


async def deliveries(signed_in: SignIn, **asked: Any) -> list[dict[str, Any]]:
    """Return what became of the bureau's notices, as the desk's chief sees it."""
    items = (await (await signed_in("desk_chief")).get("/v1/notices", params=asked)).json()["items"]
    return [one | {"kind": item["kind"]} for item in items for one in item["deliveries"]]
