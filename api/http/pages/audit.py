"""The pages of the auditor's desk 审计台."""

from __future__ import annotations

from typing import Final

from litestar.handlers import HTTPRouteHandler

from api.http.pages.audit_books import readings_list, statements_list
from api.http.pages.audit_watch import bureaus_page, keys_list, looks_page, lots_page, pairs_page
from api.http.pages.audited_findings import finding_page, queue_page
from api.http.pages.audited_trip import trip_page, trip_scene
from api.http.pages.month import log_page, month_page

AUDIT_PAGES: Final[tuple[HTTPRouteHandler, ...]] = (
    month_page,
    log_page,
    trip_page,
    trip_scene,
    queue_page,
    finding_page,
    readings_list,
    statements_list,
    lots_page,
    pairs_page,
    keys_list,
    looks_page,
    bureaus_page,
)
