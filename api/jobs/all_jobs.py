"""Every job of the service."""

from __future__ import annotations

from typing import Final

from api.jobs.forgetting import forget, forget_of_devices
from api.jobs.job import HOUR_S, MINUTE_S, Job, at_once, in_each_bureau
from api.jobs.positions import digest_hours, keep_held, make_months
from api.usecases.amend_months import amend_all, amend_recent
from api.usecases.ask_photo import find_missing_photos
from api.usecases.expire_uses import expire_uses
from api.usecases.find_absences import find_absences
from api.usecases.month_seed import fix_seeds
from api.usecases.refresh_measures import refresh_late, refresh_old
from api.usecases.spoken_approval import find_unconfirmed
from api.usecases.sweep_books import look_again, sweep_books
from api.usecases.sweep_positions import sweep_positions

JOBS: Final = (
    Job("position-months", 6 * HOUR_S, make_months),
    Job("held-positions", MINUTE_S, in_each_bureau(at_once(keep_held))),
    Job("position-digests", 10 * MINUTE_S, in_each_bureau(at_once(digest_hours))),
    Job("expired-uses", MINUTE_S, in_each_bureau(at_once(expire_uses))),
    Job("unconfirmed-approvals", MINUTE_S, in_each_bureau(at_once(find_unconfirmed))),
    Job("late-measures", 10 * MINUTE_S, in_each_bureau(at_once(refresh_late))),
    Job("old-measures", 24 * HOUR_S, in_each_bureau(at_once(refresh_old))),
    Job("unlooked-positions", MINUTE_S / 2, in_each_bureau(sweep_positions)),
    Job("absences", MINUTE_S, in_each_bureau(find_absences)),
    Job("unlooked-books", MINUTE_S, in_each_bureau(sweep_books)),
    Job("last-days-again", 24 * HOUR_S, in_each_bureau(look_again)),
    Job("late-for-sealed-months", 10 * MINUTE_S, in_each_bureau(amend_recent)),
    Job("late-for-old-sealed-months", 24 * HOUR_S, in_each_bureau(amend_all)),
    Job("month-seeds", HOUR_S, in_each_bureau(at_once(fix_seeds))),
    Job("missing-photos", MINUTE_S, in_each_bureau(at_once(find_missing_photos))),
    Job("forget", HOUR_S, in_each_bureau(at_once(forget))),
    Job("forget-of-devices", HOUR_S, in_each_bureau(at_once(forget_of_devices))),
)
