"""What a phone sends about other people, and the token that opens the door, are kept nowhere: by no decoder."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from api.ingest.fixes import ATTRIBUTE_BYTES, Received, attributes_json
from api.ingest.protocol import Read, Sent
from api.ingest.protocols import protocol_of

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
TOKEN = "350302-0123-4567-89ab-cdef"
STATIONS = {
    "wifi": [{"bssid": "aa:bb:cc:dd:ee:ff", "ssid": "the neighbours"}],
    "WIFI": "the neighbours",
    "Wi-Fi": "the neighbours",
    "wifiAccessPoints": [{"macAddress": "aa:bb:cc:dd:ee:ff"}],
    "cell-towers": [{"lac": "460,0"}],
    "cell": "460,0,1,2",
    "cells": [1],
    "SSID": "the neighbours",
    "bssid": "aa:bb:cc:dd:ee:ff",
    "device_id": TOKEN,
    "unique_id": "5D7F0F8E",
    "note": f"my code is {TOKEN}",
    "read": TOKEN.replace("0", "O").replace("1", "l"),
    "spaced": TOKEN.replace("-", " ").upper(),
    TOKEN: "1",
    "nested": {"deep": {"ssid": "the neighbours", "code": TOKEN, "fine": 1}},
}
LAT = {"good": 25.4, "bad": 95}


def requests(lat: float) -> dict[str, Sent]:
    """Return a request of each protocol that tells more than it should."""
    flat = {name: value for name, value in STATIONS.items() if isinstance(value, str)}
    query = {"id": TOKEN, "lat": lat, "lon": 119, "fine": 1} | flat

    def json(body: Any) -> Sent:
        return Sent(content_type="application/json", body=msgspec.json.encode(body))

    coords = {"latitude": lat, "longitude": 119}
    feature = {"geometry": {"coordinates": [119, lat]}, "properties": {"timestamp": 1795395600, "fine": 1} | STATIONS}
    topic = f"owntracks/lin/{TOKEN}"
    return {
        "osmand": Sent(query=urlencode(query).encode()),
        "gpslogger": Sent(query=urlencode(query | {"spd": 1, "ser": "S1", "aid": "A1"}).encode()),
        "traccar": json({"location": {"coords": coords, "fine": 1} | STATIONS, "device_id": TOKEN}),
        "owntracks": json({"_type": "location", "lat": lat, "lon": 119, "topic": topic, "fine": 1} | STATIONS),
        "overland": json({"locations": [feature]}),
    }


def decoded(name: str, lat: float) -> Received:
    """Return what becomes of it."""
    sent = requests(lat)[name]
    protocol = protocol_of(sent)
    assert protocol.name == name
    return protocol.decode(sent, Read(now=NOW))


@pytest.mark.parametrize("name", requests(0))
def test_neither_stations_nearby_nor_the_token_are_kept_with_a_fix_or_aside(name: str) -> None:
    """Not under any name, at any depth, in the midst of a text; the rest is."""
    for lat in LAT.values():
        got = decoded(name, lat)
        assert len(got.fixes) + len(got.asides) == 1
        told = msgspec.json.encode([got.fixes, [bytes(one.raw) for one in got.asides], got.events]).decode()
        if got.asides:
            told = got.asides[0].raw.decode()
        assert '"fine":' in told
        for secret in ("neighbours", "aa:bb", "460,0", "0123-4567", "0123 4567", "Ol23", "5D7F0F8E", '"ser"', '"aid"'):
            assert secret not in told, secret


@pytest.mark.parametrize("name", requests(0))
def test_what_has_no_field_is_kept_while_there_is_room(name: str) -> None:
    """The longest goes first: a novel in one value costs no other its place."""
    sent = requests(25.4)[name]
    novel = "风" * 700
    if sent.body:
        body = sent.body.replace(b'"fine":1', f'"fine":1,"novel":"{novel}"'.encode())
        sent = Sent(content_type="application/json", body=body)
    else:
        sent = Sent(query=sent.query + b"&" + urlencode({"novel": novel}).encode())
    [fix] = protocol_of(sent).decode(sent, Read(now=NOW)).fixes
    assert fix.attributes is not None
    assert "novel" not in fix.attributes
    assert 1 in fix.attributes.values()
    assert len(attributes_json(fix.attributes)) <= ATTRIBUTE_BYTES
