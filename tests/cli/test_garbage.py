"""What a service has loaded when it begins to serve is never searched for garbage again."""

from __future__ import annotations

import gc

from api.cli.serve import spare_what_stays


def test_no_request_waits_while_all_that_is_loaded_is_walked_through() -> None:
    """A search through all of it holds up every request at once, for a tenth of a second and more."""
    loaded = len(gc.get_objects())
    try:
        spare_what_stays()
        assert gc.get_freeze_count() > loaded / 2
        assert len(gc.get_objects()) < loaded / 10
    finally:
        gc.unfreeze()
