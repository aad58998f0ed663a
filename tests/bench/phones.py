"""How fast the stock clients' requests are taken, durably: as ratios to handlers that only decode, and to bare COPY.

Needs `wrk`, as tests/bench/ingest.py does.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import httpx

from api.db.address import running
from api.ingest.fixes import Attributes
from tests.bench.ingest import copied_narrow, copied_whole, enrolled
from tests.bench.load import bare, check_wrk, load
from tests.bench.result import Line
from tests.live import serving, zhuanche

CONNECTIONS = 256
"""Phones that send at once, to us and to the bare handlers alike."""
ROWS = 200
"""Rows of a batch of Overland, as it comes from the shop."""
BATCHES = 32
"""Connections that send batches: what waits stays within the queue's limit."""
COUNTED = """
local sent = {base}
local at, iso = "{at}", "{iso}"
local function place()
  sent = sent + 1
  return "25." .. (4337000 + sent % 1000), "118." .. (9962000 + math.floor(sent / 1000))
end
"""
QUERY = """
function request()
  local lat, lon = place()
  return wrk.format("POST", "/in/osmand?id={token}&timestamp=" .. at .. "&lat=" .. lat .. "&lon=" .. lon ..
    "&speed=13.606913&bearing=87.5&altitude=12.3&accuracy=4.288&batt=93.0")
end
"""
TRACCAR = """
function request()
  local lat, lon = place()
  return wrk.format("POST", "/in/traccar", {{["Content-Type"] = "application/json"}},
    '{{"location":{{"timestamp":"' .. iso .. '","coords":{{"latitude":' .. lat ..
    ',"longitude":' .. lon .. ',"accuracy":4.3,"speed":7.25,"heading":87.5,"altitude":12.3}},"is_moving":true,' ..
    '"odometer":1834.7,"event":"motionchange","battery":{{"level":0.93,"is_charging":false}},' ..
    '"activity":{{"type":"in_vehicle"}},"extras":{{}},"_":"&id={token}&lat=' .. lat ..
    '&lon=' .. lon .. '&timestamp=' .. iso .. '&"}},"device_id":"{token}"}}')
end
"""
OWNTRACKS = """
function request()
  local lat, lon = place()
  return wrk.format("POST", "/in/owntracks", {{["Content-Type"] = "application/json", ["X-Limit-U"] = "lin",
    ["X-Limit-D"] = "phone", ["Authorization"] = "Basic {basic}"}},
    '{{"_type":"location","topic":"owntracks/lin/phone","created_at":' .. at .. ',"_id":"5f1a9c2e","t":"u",' ..
    '"batt":93,"bs":1,"acc":12,"vac":3,"lat":' .. lat .. ',"lon":' .. lon .. ',"alt":21,"vel":26,' ..
    '"cog":87,"tst":' .. at .. ',"m":2,"conn":"w","inregions":["home"],"BSSID":"aa:bb:cc:dd:ee:ff",' ..
    '"SSID":"office","tid":"li"}}')
end
"""
OVERLAND = """
function request()
  local rows = {{}}
  for i = 1, {rows} do
    local lat, lon = place()
    rows[i] = '{{"type":"Feature","geometry":{{"type":"Point","coordinates":[' .. lon .. ',' .. lat ..
      ']}},"properties":{{"timestamp":"' .. iso .. '","altitude":12,"speed":7,"course":87,"horizontal_accuracy":5,' ..
      '"vertical_accuracy":4,"speed_accuracy":0.5,"course_accuracy":3.21,"motion":["driving"],' ..
      '"battery_state":"unplugged","battery_level":0.93,"wifi":"office","device_id":"lin"}}}}'
  end
  return wrk.format("POST", "/in/overland", {{["Content-Type"] = "application/json",
    ["Authorization"] = "Bearer {token}"}}, '{{"locations":[' .. table.concat(rows, ",") .. ']}}')
end
"""
ATTRIBUTES: Attributes = {
    "vertical_accuracy": 4,
    "speed_accuracy": 0.5,
    "course_accuracy": 3.21,
    "battery_state": "unplugged",
    "battery_level": 0.93,
    "motion": "driving",
}
"""What is kept of a row of Overland beside its fields."""
SINGLES = {"OsmAnd query": QUERY, "Traccar 9 JSON": TRACCAR, "OwnTracks": OWNTRACKS}


def script(of: str, token: str, base: int) -> str:
    """Return the script of a client at rest within its district, metres apart from a base on: nothing comes twice."""
    now = datetime.now(UTC)
    told = {"at": int(now.timestamp()), "iso": now.isoformat(timespec="milliseconds"), "token": token, "rows": ROWS}
    return (COUNTED + of).format(base=base, basic=b64encode(f"lin:{token}".encode()).decode(), **told)


def measure_phones() -> list[Line]:
    """Return the results."""
    check_wrk()
    limits: dict[tuple[str, str], float] = {}
    rates: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        migrated = zhuanche("migrate", data=data)
        assert migrated.returncode == 0, migrated.stderr
        with serving(Path(folder) / "log", data=data) as live:
            while httpx.get(f"{live.url}/readyz").status_code != 200:
                time.sleep(0.02)
            token = asyncio.run(enrolled(data))
            for number, (name, of) in enumerate(SINGLES.items()):
                for kind in ("litestar", "asgi"):
                    with bare(kind) as port:
                        limits[name, kind] = load(port, script(of, token, 0), connections=CONNECTIONS).rate
                rates[name] = load(live.port, script(of, token, number * 1_000_000), connections=CONNECTIONS).rate
            batches = load(live.port, script(OVERLAND, token, 5_000_000), connections=BATCHES).rate * ROWS
            dsn = running(data).dsn("postgres")
            same, narrow = copied_whole(dsn, ATTRIBUTES), copied_narrow(dsn)
    lines = [
        Line(
            f"{name}, single fixes, durable",
            f"{rate:,.0f}/s",
            f"{rate / limits[name, 'litestar']:.2f} of a bare Litestar handler ({limits[name, 'litestar']:,.0f}/s), "
            f"{rate / limits[name, 'asgi']:.2f} of a bare ASGI function ({limits[name, 'asgi']:,.0f}/s)",
        )
        for name, rate in rates.items()
    ]
    return [
        *lines,
        Line(
            f"Overland, batches of {ROWS}, durable",
            f"{batches:,.0f} fixes/s",
            f"{batches / same:.2f} of bare binary COPY of the same rows ({same:,.0f}/s), "
            f"{batches / narrow:.2f} of rows of five short columns ({narrow:,.0f}/s)",
        ),
    ]
