"""What is looked through before a file goes: all of it, in slices, and once more what came since."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import text

from api.db.database import Actor, UnitOfWork
from api.db.queries.attachments import WORDS, files_in_slice
from api.setting_forms import NUMBERS
from api.usecases.sweep_files import LATELY
from tests.ledger import forged
from tests.world import World

COUNTED = text("SELECT count(*) FROM ledger_payload WHERE bureau_id = :bureau_id")


def test_no_transaction_lasts_longer_than_the_sweep_looks_back() -> None:
    """What a setting allows to be written for so long is seen, once it is written."""
    assert LATELY.total_seconds() > NUMBERS["transaction_timeout_s"][1]


@pytest.mark.parametrize("rows", [1, 2, 5000])
async def test_what_facts_name_is_found_however_the_ledger_is_cut(world: World, rows: int) -> None:
    """The ledger is read in slices, each by a statement of its own: no fact falls between two of them."""
    forged(world)
    named = [hashlib.sha256(bytes([no])).hexdigest() for no in range(5)]

    async def write(uow: UnitOfWork) -> None:
        for sha256 in named[:4]:
            await uow.enter("trip-departed", facts={"sheet_sha256": sha256})
            await uow.enter("trip-closed", facts={"no": 1})
        await uow.enter("attachment-kept", facts={"sha256": named[4]})

    await world.database.write(Actor(world.bureau_id), write)
    found: set[str] = set()
    after, cuts = None, 0
    async with world.database.read(world.bureau_id) as reader:
        while cuts == 0 or after is not None:
            more, after = await files_in_slice(reader, WORDS[0], named, after, rows)
            found |= more
            cuts += 1
        entries = (await reader.execute(COUNTED, {"bureau_id": world.bureau_id})).scalar_one()
    assert found == set(named[:4])
    assert cuts == entries // rows + 1
