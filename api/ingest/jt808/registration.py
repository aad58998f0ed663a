"""Whether a terminal that registers is the one in the vehicle file 一车一档: a pure rule over facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from api.ingest.jt808 import words
from api.ingest.jt808.identity import Registration

VIN_FOLLOWS: Final = 0
"""Plate colour of a vehicle without a plate: what stands for the plate is its VIN."""

_BETWEEN: Final = str.maketrans("", "", " -·.")


class VehicleFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is on file of the device with the phone number a registration came from."""

    plate: str
    vin: str | None
    terminal_id: str | None
    """What the terminal calls itself, where that was entered."""
    code_used: bool
    """Whether it has proved itself before, or was given so many codes in vain that it gets no further one."""
    others: Mapping[str, bool]
    """Plates and VINs of the bureau's other vehicles, and whether a terminal of theirs has proved itself."""


def result_of(registration: Registration, file: VehicleFile) -> int:
    """Return the result of a registration, one of `words.REGISTRATION_OK` and its like.

    A terminal without a plate set (they come so from the factory) is known by its own id, if that is on file.
    """
    if file.terminal_id is not None and registration.terminal_id != file.terminal_id:
        return words.NO_SUCH_TERMINAL
    sent = plain(registration.plate)
    if sent:
        of_vehicle = file.vin if registration.plate_color == VIN_FOLLOWS else file.plate
        if of_vehicle is None or sent != plain(of_vehicle):
            taken = {plain(name): proved for name, proved in file.others.items()}.get(sent)
            return words.VEHICLE_REGISTERED if taken else words.NO_SUCH_VEHICLE
    elif file.terminal_id is None:
        return words.NO_SUCH_VEHICLE
    return words.TERMINAL_REGISTERED if file.code_used else words.REGISTRATION_OK


def plain(plate: str) -> str:
    """Return a plate or VIN as it is compared: capital letters, nothing between them."""
    return plate.translate(_BETWEEN).upper()
