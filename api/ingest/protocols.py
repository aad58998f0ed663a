"""The protocols that phones may speak, and which of them a request speaks."""

from __future__ import annotations

from typing import Final

from api.ingest import gpslogger, osmand, overland, owntracks, traccar
from api.ingest.protocol import Protocol, Sent

PROTOCOLS: Final[tuple[Protocol, ...]] = (
    overland.PROTOCOL,
    owntracks.PROTOCOL,
    traccar.PROTOCOL,
    gpslogger.PROTOCOL,
    osmand.PROTOCOL,
)
"""In the order in which they are asked; one more is one line here."""
DOORS: Final = ("osmand", "owntracks", "overland", "gpslogger")
"""Addresses that name a protocol; any of them takes the shapes of the others all the same."""
_NAMED: Final = {protocol.name: protocol for protocol in PROTOCOLS}


def protocol_of(sent: Sent) -> Protocol:
    """Return the protocol whose shape a request has; else the one its address names, or the likeliest."""
    for protocol in PROTOCOLS:
        if protocol.claims(sent):
            return protocol
    named = _NAMED.get(sent.door)
    if named is not None and not (sent.is_json and named is osmand.PROTOCOL):
        return named
    return traccar.PROTOCOL if sent.is_json else osmand.PROTOCOL
