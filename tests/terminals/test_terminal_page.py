"""A vehicle's terminal is handed over by its page: what the fitter types into it."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from api.settings import Settings
from tests.conftest import SignIn
from tests.http.test_enrolment_page import values
from tests.live import free_port
from tests.phones import enrol
from tests.world import World

NUMBER_MISSING = "终端手机号尚未登记"


@pytest.fixture
def app_settings(settings: Settings) -> Settings:
    """Return settings of a service that listens for terminals, reached by another name than its own."""
    return replace(settings, jt808_port=free_port(), jt808_host="127.0.0.1", base_url="https://desk.example:8443/zc/")


async def test_a_terminal_s_page_says_where_it_connects_and_by_which_number(
    app_settings: Settings, signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Host, port and plate; the number once it was entered, and before that, that it is missing."""
    device_id, token = await enrol(signed_in, vehicle_id=world.vehicle_id)
    page = (await anonymous.get(f"/enrol/{token}")).text
    assert values(page)[:3] == ["desk.example", str(app_settings.jt808_port), "闽B12315"]
    assert NUMBER_MISSING in page
    number = f"{world.bureau_id}808"
    admin = await signed_in("admin")
    how = {"name": "终端", "terminal_phone": f"0{number}"}
    assert (await admin.post(f"/v1/devices/{device_id}/configure", json=how)).status_code == 204
    page = (await anonymous.get(f"/enrol/{token}")).text
    assert values(page)[3] == number
    assert NUMBER_MISSING not in page


async def test_addresses_are_those_people_reach_the_service_at(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Behind a proxy, below a path: every value, link and code begins with the address that was set."""
    admin = await signed_in("admin")
    enrolled = (await admin.post("/v1/devices", json={"name": "终端", "vehicle_id": str(world.vehicle_id)})).json()
    token = enrolled["token"]
    assert enrolled["link"] == f"https://desk.example:8443/zc/enrol/{token}"
    page = (await anonymous.get(f"/enrol/{token}")).text
    assert values(page)[4] == f"https://desk.example:8443/zc/in/{token}"
    assert f"gpslogger://properties/https://desk.example:8443/zc/enrol/{token}/zhuanche.properties" in page
