"""A local server that answers as AMap, Tianditu and Nominatim document it, right and wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "a-key"
KNOWN = "文献步行街 12 号"
LON, LAT = "119.005738", "25.430939"


@dataclass
class Service:
    """The server: its address, what it was asked, and how it misbehaves."""

    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    mood: str = "well"
    agent: str = ""


def amap(asked: dict[str, str]) -> Any:
    """Answer as `v3/geocode/geo`."""
    if asked.get("key") != KEY:
        return {"status": "0", "info": "INVALID_USER_KEY", "infocode": "10001"}
    if asked.get("address") != KNOWN:
        return {"status": "0", "info": "ENGINE_RESPONSE_DATA_ERROR", "infocode": "30001"}
    one = {
        "formatted_address": "福建省莆田市城厢区文献步行街12号",
        "country": "中国",
        "province": "福建省",
        "citycode": "0594",
        "city": "莆田市",
        "district": "城厢区",
        "township": [],
        "neighborhood": {"name": [], "type": []},
        "building": {"name": [], "type": []},
        "adcode": "350302",
        "street": "文献步行街",
        "number": "12号",
        "location": f"{LON},{LAT}",
        "level": "门址",
    }
    return {"status": "1", "info": "OK", "infocode": "10000", "count": "2", "geocodes": [one, one]}


def tianditu(asked: dict[str, str]) -> Any:
    """Answer as `/geocoder`."""
    if asked.get("tk") != KEY:
        return {"msg": "非法Key", "resolve": "请到控制台核对", "code": 301001}
    words = json.loads(asked["ds"])["keyWord"]
    if words != KNOWN:
        return {"msg": "无结果", "location": None, "searchVersion": "6.4.9V", "status": "404"}
    location = {"score": 100, "level": "门址", "lon": LON, "lat": LAT, "keyWord": words}
    return {"msg": "ok", "location": location, "searchVersion": "6.4.9V", "status": "0"}


def nominatim(asked: dict[str, str]) -> Any:
    """Answer as `/search` with `format=json`."""
    if asked.get("q") != KNOWN:
        return []
    one = {
        "place_id": 227013432,
        "licence": "Data © OpenStreetMap contributors, ODbL 1.0. http://osm.org/copyright",
        "osm_type": "way",
        "osm_id": 157013132,
        "lat": LAT,
        "lon": LON,
        "class": "highway",
        "type": "pedestrian",
        "place_rank": 26,
        "importance": 0.0534,
        "addresstype": "road",
        "name": "文献步行街",
        "display_name": "文献步行街, 城厢区, 莆田市, 福建省, 351100, 中国",
        "boundingbox": ["25.4301", "25.4330", "119.0031", "119.0078"],
    }
    return [one, one | {"place_id": 227013433}][: int(asked.get("limit", 10))]


ANSWERS = {"/amap": amap, "/tianditu": tianditu, "/nominatim/search": nominatim}
MOODS: dict[str, tuple[int, bytes]] = {
    "broken": (200, b"<html>gateway</html>"),
    "list": (200, b"[1]"),
    "odd": (200, b'{"status": "1", "geocodes": [{"location": "x"}]}'),
    "failing": (502, b"bad gateway"),
    "limited": (429, b"slow down"),
    "nowhere": (200, b'{"status": "1", "geocodes": [{"location": "700,900"}]}'),
    "numberless": (200, b'[{"display_name": "x"}]'),
    "far": (200, b'[{"display_name": "x", "lat": "700", "lon": "900"}]'),
    "forbidden": (403, b"<html>Access blocked</html>"),
    "quota": (200, b'{"status": "0", "info": "DAILY_QUERY_OVER_LIMIT", "infocode": "10003"}'),
}


@contextmanager
def running() -> Iterator[Service]:
    """Run the server on a free port until the block ends."""
    service = Service()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            service.asked.append(asked)
            service.agent = self.headers["User-Agent"]
            status, body = MOODS.get(service.mood) or (200, json.dumps(ANSWERS[parts.path](asked)).encode())
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
