"""How a terminal says who it is: registration 0x0100 and authentication 0x0102."""

from __future__ import annotations

from typing import Final

import msgspec

from api.ingest.jt808.fields import Fields, text_of
from api.ingest.jt808.message import Message, phone_of

BODY_2013: Final = 37
"""Bytes of a registration of 2013 before the plate; a shorter body is that of 2011."""
BODY_2019: Final = 76
CODE_MOST: Final = 64
"""A longer authentication code is nobody's."""


class Registration(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a terminal registers with; texts as sent, without padding."""

    phone: str
    terminal_id: str
    plate: str
    plate_color: int
    """0: no plate yet, and `plate` is the VIN; 1 blue, 2 yellow, 3 black, 4 white, 5 green, 9 other."""
    maker: str
    model: str


class Authentication(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The code a terminal proves itself with, and (2019) what it says of itself."""

    phone: str
    code: str
    software: str = ""


def read_registration(message: Message) -> Registration:
    """Read a body of 0x0100. Raises `Short`."""
    fields = Fields(message.body)
    fields.take(4)  # province and county
    maker, model, terminal_id = (11, 30, 30) if message.versioned and len(message.body) >= BODY_2019 else (5, 20, 7)
    if len(message.body) < BODY_2013:
        model = 8
    return Registration(
        phone=phone_of(message.phone),
        maker=fields.text(maker),
        model=fields.text(model),
        terminal_id=fields.text(terminal_id),
        plate_color=fields.number(1),
        plate=text_of(fields.rest()),
    )


def read_authentication(message: Message) -> Authentication:
    """Read a body of 0x0102; one of 2019 that is no longer than its code is taken as that of 2013. Raises `Short`."""
    body = message.body
    if message.versioned and body and body[0] < len(body):
        fields = Fields(body)
        code = fields.text(fields.number(1))
        software = text_of(fields.rest()[15:35])
        return Authentication(phone=phone_of(message.phone), code=code, software=software)
    return Authentication(phone=phone_of(message.phone), code=text_of(body[: CODE_MOST + 1]))
