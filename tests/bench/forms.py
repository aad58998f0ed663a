"""How fast ODK Collect's submissions are taken over HTTP, durably, and what uploads cost in memory."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from api.db.address import running
from api.db.database import Database
from api.db.roles import OWNER, SERVICE
from api.settings import Settings
from api.usecases.acknowledge_tracking import acknowledge_tracking
from api.usecases.enrol_device import NewDevice, enrol_device
from domain.tracking_notice import VERSION
from tests.bench.load import bare, check_wrk, load
from tests.bench.result import Line
from tests.live import Live, serving, zhuanche
from tests.openrosa.collect import multipart
from tests.openrosa.forms import JPEG, geopoint
from tests.tracks import enrolled, told
from tests.trips import a_complaint_job, departed_trip
from tests.world import INSIDE, HeldClock, make_world

CONNECTIONS = (16, 32)
XML_BYTES = 787
PHOTO_BYTES = 200 * 1024
UPLOADS = 8
UPLOAD_BYTES = 20 * 1024 * 1024
SCRIPT = """
math.randomseed({seed})
local photo = string.rep("p", {photo})
function request()
  local most = 2147483647
  local id = string.format("%08x%08x%08x", math.random(0, most), math.random(0, most), math.random(0, most))
  local body = '--x\\r\\nContent-Disposition: form-data; name="xml_submission_file"; filename="a.xml"\\r\\n' ..
    'Content-Type: text/xml\\r\\n\\r\\n{before}' .. id .. '{after}\\r\\n'
  if {photo} > 0 then
    body = body .. '--x\\r\\nContent-Disposition: form-data; name="1.jpg"; filename="1.jpg"\\r\\n' ..
      'Content-Type: image/jpeg\\r\\n\\r\\n\\255\\216\\255\\224' .. id .. photo .. '\\r\\n'
  end
  local kind = {{["Content-Type"] = "multipart/form-data; boundary=x"}}
  return wrk.format("POST", "{address}", kind, body .. '--x--\\r\\n')
end
"""


@dataclass(frozen=True)
class Visits:
    """Where an officer's phone sends, and a form's XML before and after its instanceID."""

    token: str
    before: str
    after: str

    @property
    def address(self) -> str:
        """Return the path that forms are sent to."""
        return f"/openrosa/{self.token}/submission"


async def some_visits(data: Path) -> Visits:
    """Make a bureau whose vehicle is out with a job, its terminal speaking, and the phone of an officer aboard."""
    address, settings, clock = running(data), Settings(data=data), HeldClock(datetime.now(UTC))
    owner = Database(address.dsn(OWNER), settings, clock, role=OWNER)
    service = Database(address.dsn(SERVICE), settings, clock)
    try:
        world = await make_world(owner, service, clock)
        job_id, now = await a_complaint_job(world), clock()
        await departed_trip(world, job_ids=(job_id,), planned_from=now, planned_until=now + timedelta(hours=2))
        terminal = await enrolled(world)
        await told(world, terminal, ((now + timedelta(seconds=10 * i), INSIDE) for i in range(-20, 20)))
        device = NewDevice(name="phone", person_id=world["officer"].who)
        phone = await enrol_device(service, world["admin"], device)
        await acknowledge_tracking(service, world["officer"], phone.device_id, VERSION, "signed-in")
    finally:
        await service.close()
        await owner.close()
    at = now.isoformat(timespec="milliseconds")
    answers = {"start": at, "end": at, "job": job_id, "place": geopoint(), "placed_at": at, "result": "done"}
    head = '<data id="visit-note" version="2026112501">' + "".join(f"<{k}>{v}</{k}>" for k, v in answers.items())
    before, after = "<meta><instanceID>uuid:", "</instanceID></meta></data>"
    room = XML_BYTES - len(f"{head}<found></found>{before}{after}".encode()) - 24
    return Visits(phone.token or "", f"{head}<found>{'x' * room}</found>{before}", after)


def measure_forms() -> list[Line]:
    """Return the results."""
    check_wrk()
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        migrated = zhuanche("migrate", data=data)
        assert migrated.returncode == 0, migrated.stderr
        with serving(Path(folder) / "log", data=data) as live:
            visits = asyncio.run(some_visits(data))
            load(live.port, script(visits, seed=1), connections=8, seconds=2)
            lines += [
                taken(live, visits, connections, photo) for connections in CONNECTIONS for photo in (0, PHOTO_BYTES)
            ]
        with serving(Path(folder) / "log", data=data) as live:
            lines.append(uploads(live, visits))
    return lines


def taken(live: Live, visits: Visits, connections: int, photo: int) -> Line:
    """Return how fast forms are taken over so many connections, and how fast a handler is that only reads them."""
    sending = script(visits, seed=connections, photo=photo)
    with bare("litestar") as port:
        limit = load(port, sending, connections=connections, seconds=5)
    kept = load(live.port, sending, connections=connections)
    what = f"forms of {XML_BYTES} bytes over HTTP, durable{', each with a photo of 200 KiB' if photo else ''}"
    return Line(
        f"{what}, {connections} at once",
        f"{kept.rate:,.0f}/s, p99 {kept.p99_ms:.1f} ms",
        f"{kept.rate / limit.rate:.2f} of a bare Litestar handler that only reads ({limit.rate:,.0f}/s)",
    )


def script(visits: Visits, *, seed: int, photo: int = 0) -> str:
    """Return the script of phones that each send another visit."""
    return SCRIPT.format(
        seed=seed * 1_000 + photo, photo=photo, address=visits.address, before=visits.before, after=visits.after
    )


def uploads(live: Live, visits: Visits) -> Line:
    """Return what eight uploads at once cost the service in memory, measured as they go."""
    send(live, visits, 0, 1_000)
    idle = resident_bytes(live.process.pid)
    done = threading.Event()
    most = [idle]

    def watch() -> None:
        while not done.wait(0.01):
            most.append(max(most.pop(), resident_bytes(live.process.pid)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(UPLOADS) as phones:
        list(phones.map(lambda number: send(live, visits, number, UPLOAD_BYTES), range(1, UPLOADS + 1)))
    done.set()
    watcher.join()
    return Line(f"{UPLOADS} uploads of 20 MiB at once", f"{(most[0] - idle) / 2**20:.0f} MiB more than idle")


def send(live: Live, visits: Visits, number: int, size: int) -> None:
    """Send one visit with a file of a size."""
    xml = f"{visits.before}{number:024}{visits.after}".encode()
    data = JPEG + number.to_bytes(8, "big") * (size // 8)
    post = multipart([("xml_submission_file", "a.xml", "text/xml", xml), ("1.jpg", "1.jpg", "image/jpeg", data)])
    answer = httpx.post(f"{live.url}{visits.address}", content=post.content, headers=post.headers, timeout=120)
    assert answer.status_code == 201, answer.text


def resident_bytes(pid: int) -> int:
    """Return the memory a process has in use."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("every process says how large it is")
