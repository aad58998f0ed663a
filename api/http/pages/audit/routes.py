"""The pages of the auditor's desk 审计台."""

from __future__ import annotations

from typing import Final

from litestar import Router
from litestar.di import Provide

from api.http.pages.audit.books import readings_list, statements_list
from api.http.pages.audit.desk import asked_of
from api.http.pages.audit.entry import entry_page
from api.http.pages.audit.findings import finding_page, queue_page
from api.http.pages.audit.month import log_page, month_page
from api.http.pages.audit.trip import trip_page, trip_scene
from api.http.pages.audit.watch import accesses_page, bureaus_page, keys_list, looks_page, lots_page, pairs_page

AUDIT_PAGES: Final = Router(
    "/",
    route_handlers=[
        month_page,
        log_page,
        trip_page,
        trip_scene,
        entry_page,
        queue_page,
        finding_page,
        readings_list,
        statements_list,
        lots_page,
        pairs_page,
        keys_list,
        accesses_page,
        looks_page,
        bureaus_page,
    ],
    dependencies={"asked": Provide(asked_of)},
)
