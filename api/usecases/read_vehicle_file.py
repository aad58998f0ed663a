"""Gather a vehicle's whole file 一车一档: everything on record of it, and how it stands today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from api.db.database import Reader
from api.db.queries.bases import base_rows
from api.db.queries.calendar import calendar_of, zone_of
from api.db.queries.due_warnings import warnings_of
from api.db.queries.dues import as_due, due_rows, odometer_before
from api.db.queries.holiday_seals import as_acts, seal_rows
from api.db.queries.settings import settings_of
from api.db.queries.vehicle_file import cards_of_vehicle, documents_of, repairs_of
from api.db.queries.vehicles import (
    Known,
    dedications_of,
    known_of,
    papers_of,
    terminals_of,
    today_of,
)
from api.db.tables.devices import Device
from api.db.tables.vehicles import DedicationOrder, VehiclePaper
from api.usecases.enter_vehicle import known_vehicle
from domain.duty import sealed_at
from domain.upkeep.dues import Standing, standing
from domain.upkeep.warned import DueWarning, PaperKind, paper_standing


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeFile:
    """Rows as they are, and how they stand today: a due beside its standing, a kind of paper with its last day."""

    known: Known
    warnings: Sequence[DueWarning]
    papers: Sequence[VehiclePaper]
    paper_standings: list[tuple[str, Standing, date | None]]
    dedications: Sequence[DedicationOrder]
    dues: list[tuple[Any, Standing]]
    cards: Sequence[Any]
    repairs: Sequence[Any]
    seals: Sequence[Any]
    sealed: bool
    bases: Sequence[Any]
    documents: Sequence[Any]
    terminals: Sequence[Device]


async def read_vehicle_file(reader: Reader, vehicle_id: UUID) -> WholeFile:
    """Return the whole file of a vehicle.

    Raises:
        NotFound: there is no such vehicle.
    """
    vehicle = await known_vehicle(reader, vehicle_id)
    settings, today = await settings_of(reader), await today_of(reader)
    odometer = await odometer_before(reader, vehicle_id, None)
    warn = {"warn_days": settings["inspection_warn_days"], "warn_m": settings["service_warn_km"] * 1_000}
    papers, seals = await papers_of(reader, vehicle_id), await seal_rows(reader, vehicle_id)
    return WholeFile(
        known=(await known_of(reader, [vehicle]))[0],
        warnings=(await warnings_of(reader, [vehicle_id]))[vehicle_id],
        papers=papers,
        paper_standings=[_paper(papers, kind, today, warn["warn_days"]) for kind in PaperKind],
        dedications=await dedications_of(reader, vehicle_id),
        dues=[(row, standing(as_due(row), today, odometer, **warn)) for row in await due_rows(reader, vehicle_id)],
        cards=await cards_of_vehicle(reader, vehicle_id),
        repairs=await repairs_of(reader, vehicle_id),
        seals=seals,
        sealed=sealed_at(
            reader.now,
            as_acts(seals),
            await calendar_of(reader),
            await zone_of(reader),
            by_calendar=bool(settings["holiday_seal"]),
        ),
        bases=await base_rows(reader, vehicle_id),
        documents=await documents_of(reader, vehicle_id),
        terminals=await terminals_of(reader, vehicle_id),
    )


def _paper(
    papers: Sequence[VehiclePaper], kind: PaperKind, today: date, warn_days: int
) -> tuple[str, Standing, date | None]:
    """Return how the papers of a kind stand, and until which day."""
    of_kind = [(one.valid_from, one.valid_until) for one in papers if one.kind == kind]
    return kind.value, *paper_standing(of_kind, today, warn_days=warn_days)
