"""`/v1/vehicles/{id}/holiday-seals`: sealed over a holiday 节假日封存, and unsealed when duty asks for it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.db.database import Actor, Database, Once
from api.db.queries.holiday_seals import seal_rows
from api.http.access import READERS, Allow
from api.http.fields import SAYS_SOMETHING, instant
from api.http.readings import Instant, Odometer, PhotoSha256, Reason
from api.http.vehicle_wire import Entered, SealActOut, seal_out
from api.usecases.enter_vehicle import known_vehicle
from api.usecases.seal_vehicle import NewSealAct, seal_vehicle
from domain.books.readings import Obtained
from domain.duty import SealVerb
from domain.values import Role


class SealActIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The vehicle was sealed or unsealed, with its reading; unsealing has a reason."""

    verb: SealVerb
    at: Instant
    odometer_m: Odometer
    obtained: Obtained = Obtained.TYPED
    photo_sha256: PhotoSha256 | None = None
    place: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=SAYS_SOMETHING)] | None = None
    """Left out: its base."""
    reason: Reason | None = None


class HolidaySealController(Controller):
    """The seal of a vehicle."""

    path = "/v1/vehicles/{vehicle_id:uuid}/holiday-seals"
    tags = ("vehicles",)

    @post(guards=[Allow(Role.CUSTODIAN, Role.DESK_CHIEF)], summary="Seal or unseal a vehicle", name="vehicle.seal")
    async def seal(
        self,
        vehicle_id: FromPath[UUID],
        data: JSONBody[SealActIn],
        actor: NamedDependency[Actor],
        database: NamedDependency[Database],
        once: NamedDependency[Once | None],
    ) -> Entered:
        """Enter that the vehicle was sealed, or unsealed for duty; the calendar of a holiday seals it as well."""
        new = NewSealAct(
            vehicle_id=vehicle_id,
            verb=data.verb,
            at=instant(data.at),
            odometer_m=data.odometer_m,
            reason=data.reason or "",
            place=data.place,
            obtained=data.obtained,
            photo_sha256=data.photo_sha256,
        )
        return Entered(id=await seal_vehicle(database, actor, new, once))

    @get(guards=[Allow(READERS)], summary="What was done to the seal", name="vehicle.seals")
    async def list_seals(
        self, vehicle_id: FromPath[UUID], actor: NamedDependency[Actor], database: NamedDependency[Database]
    ) -> list[SealActOut]:
        """Return every sealing and unsealing, the latest first."""
        async with database.read(actor.bureau_id) as reader:
            await known_vehicle(reader, vehicle_id)
            return [seal_out(row) for row in await seal_rows(reader, vehicle_id)]
