"""Messages that tell of the vehicle, gathered into what the writer takes: fixes, events, mileages, asides.

A `Report` gathers several messages, so that what a terminal sends at once is written at once. Alarm bits become
events when they rise: what a report knows of the bits before it is given to it, and what they are after it is asked
of it once it is durable.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final

import msgspec

from api.ingest.fixes import Event, Fault, Health, Received, set_aside
from api.ingest.jt808 import words
from api.ingest.jt808.fields import TIME_BYTES, Fields, Short, instant
from api.ingest.jt808.location import FIXED_BYTES, Location, read_location
from api.ingest.jt808.message import Message
from domain.values import Datum

PROTOCOL: Final = "jt808"
BATTERY_BYTES: Final = 7
"""A body of 0x0210 of this size tells the battery's level and the time, no locations (Traccar's decoder)."""
UNPLACED: Final = 1 << 32
"""Stands beside the 32 bits of the alarm flag: the report has no place."""
CARD_ACTS: Final = {1: "inserted", 2: "removed"}
CARD_RESULTS: Final = {0: "read", 1: "not-authentic", 2: "locked", 3: "removed", 4: "bad-data"}


class Alarms(msgspec.Struct, frozen=True, gc=False):
    """The alarm bits last seen, and `UNPLACED`: of live reports, and of those kept while out of reach."""

    live: int = 0
    kept: int = 0


class Report:
    """What the messages of one moment say."""

    def __init__(self, zone: tzinfo | None, now: datetime, alarms: Alarms | None = None, app: str = "") -> None:
        """Read times in `zone` (None: GMT+8); `alarms` are the bits before it, `app` the terminal's own words."""
        self._zone = zone
        self._now = now
        self._app = app
        self._battery: float | None = None
        self._of: dict[Datum, Received] = {}
        self.alarms = alarms or Alarms()
        """The bits after all that was added."""
        self.weight = 0
        """Fixes, asides and events in it."""

    def received(self) -> list[Received]:
        """Return what is to be written: one a datum, the health of the terminal with the first."""
        health = Health(protocol=PROTOCOL, battery_percent=self._battery, app=self._app[:100] or None)
        found = list(self._of.values()) or [self._for(Datum.WGS84)]
        return [msgspec.structs.replace(found[0], health=health), *found[1:]]

    def add(self, message: Message) -> int:
        """Add a message and return the result to answer it with; one that cannot be read is kept aside."""
        try:
            return words.OK if self._add(message) else words.UNSUPPORTED
        except Short:
            self.set_aside("bad-message", "The body ends too early.", message.body)
            return words.BAD_MESSAGE

    def add_location(self, body: bytes) -> None:
        """Add a body of 0x0200 that came in another message. Raises `Short`."""
        self._location(body, live=True)

    def add_event(self, event: Event) -> None:
        """Add an event; one whose time the terminal does not tell is of now: the next such is no repeat of it."""
        if event.at is None:
            event = msgspec.structs.replace(event, at=self._now)
        self._for(Datum.WGS84).events.append(event)
        self.weight += 1

    def set_aside(self, code: str, detail: str, raw: bytes) -> None:
        """Keep aside what can never count, and count it by its code."""
        set_aside(self._for(Datum.WGS84), self.weight, code, detail, raw)
        self.weight += 1

    def count(self, code: str) -> None:
        """Count a fault that keeps nothing from counting."""
        self._for(Datum.WGS84).faults.append(Fault(index=self.weight, code=code, detail="It was read all the same."))
        self.weight += 1

    def _add(self, message: Message) -> bool:
        match message.id:
            case words.LOCATION:
                self._location(message.body, live=True)
            case words.LOCATIONS:
                fields = Fields(message.body)
                _, kind = fields.number(2), fields.number(1)
                self._locations(fields, length_bytes=2, live=kind == 0)
            case words.LOCATIONS_VENDOR:
                if len(message.body) == BATTERY_BYTES:
                    self._battery = min(100.0, float(message.body[0]))
                else:
                    self._locations(Fields(message.body), length_bytes=1, live=True)
            case words.DRIVER_CARD:
                self.add_event(driver_card(message, self._zone))
            case words.HEARTBEAT:
                pass
            case _:
                return False
        return True

    def _locations(self, fields: Fields, *, length_bytes: int, live: bool) -> None:
        """Add each report of a batch; one that cannot be read harms no other, one that is cut ends it."""
        while fields.left > length_bytes:
            size = fields.number(length_bytes)
            body = fields.take(min(size, fields.left))
            try:
                self._location(body, live=live)
            except Short:
                self.set_aside("bad-message", "A report of the batch ends too early.", body)

    def _location(self, body: bytes, *, live: bool) -> None:
        location = read_location(body, self._zone, self._now)
        received = self._for(location.datum)
        if location.fault is not None:
            # The fault is in what is fixed; stations around may be listed in the items, and are not kept.
            self.set_aside(location.fault, "The report has no time or no place on earth.", body[:FIXED_BYTES])
        elif location.fix is not None:
            received.fixes.append(location.fix)
            received.indexes.append(len(received.fixes) - 1)  # type: ignore[attr-defined]  # a list, made in _for
            self.weight += 1
        if location.mileage is not None:
            received.mileages.append(location.mileage)
        risen = self._risen(location, live=live)
        if risen & UNPLACED:
            self.add_event(Event(kind="no-fix", at=location.at, detail={"acc": location.acc}))
        for bit, kind in words.ALARMS.items():
            if risen >> bit & 1:
                self.add_event(Event(kind=kind, at=location.at))

    def _risen(self, location: Location, *, live: bool) -> int:
        """Return the bits that are set by this report and were not before; a car in a garage says so once."""
        bits = location.alarms | (UNPLACED if location.fix is None and location.fault is None else 0)
        before = self.alarms.live if live else self.alarms.kept
        if bits != before:
            self.alarms = Alarms(live=bits if live else self.alarms.live, kept=self.alarms.kept if live else bits)
        return bits & ~before

    def _for(self, datum: Datum) -> Received:
        received = self._of.get(datum)
        if received is None:
            received = self._of[datum] = Received(
                datum=datum, fixes=[], indexes=[], asides=[], faults=[], events=[], mileages=[]
            )
        return received


def driver_card(message: Message, zone: tzinfo | None) -> Event:
    """Return who put their card 从业资格证 in or took it out, from a body of 0x0702. Raises `Short`.

    That of 2011 begins with the length of the name and tells no time; a name has more than two bytes in GBK.
    """
    fields = Fields(message.body)
    first = fields.number(1)
    if first not in CARD_ACTS:
        name = fields.text(first)
        fields.take(20)  # the number of the identity card is not kept
        certificate, issuer = fields.text(40), fields.text(fields.number(1))
        return Event(kind="driver-card", detail={"name": name, "certificate": certificate, "issuer": issuer})
    at = instant(fields.take(TIME_BYTES), zone)
    detail: dict[str, str | int | float | bool | None] = {"act": CARD_ACTS[first]}
    if first == 1 and fields.left:
        detail["result"] = CARD_RESULTS.get(fields.number(1), "unknown")
        if detail["result"] == "read" and fields.left:
            detail["name"] = fields.text(fields.number(1))
            detail["certificate"] = fields.text(20)
            detail["issuer"] = fields.text(fields.number(1))
            detail["valid_until"] = fields.take(4).hex()
    return Event(kind="driver-card", at=at, detail=detail)
