"""Finding complaints over HTTP, and reading what the order that leads one allows."""

from __future__ import annotations

from uuid import uuid4

from api.db.database import UnitOfWork
from api.db.tables.bureau import SettingChange
from api.http.paging import cursor
from tests.conftest import SignIn, problem_code
from tests.http.test_complaints import register
from tests.world import HeldClock, World


async def test_complaints_are_found_by_what_people_remember(signed_in: SignIn) -> None:
    """Number, number at the source, a part of a name, a telephone in any form, a respondent."""
    client = await signed_in("dispatcher")
    wanted = await register(
        client,
        source="hotline-12345",
        source_number="PT-2026-77",
        complainant={"name": "Chen 100%", "telephone": "0594-2691234", "address": "凤凰山街道"},
        respondent={"name": "荔城面馆", "address": "学园路"},
    )
    await register(client)
    for asked in (
        {"q": wanted["number"]},
        {"q": "PT-2026-77"},
        {"q": "chen 1"},
        {"q": "100%"},
        {"q": "05942691234"},
        {"q": "荔城"},
        {"number": wanted["number"]},
        {"source_number": "PT-2026-77"},
        {"name": "Chen"},
        {"telephone": "(0594) 269 1234"},
        {"respondent": "面馆"},
        {"source": "hotline-12345"},
    ):
        found = await client.get("/v1/complaints", params=asked)
        assert [one["complaint_id"] for one in found.json()["items"]] == [wanted["complaint_id"]], asked
    assert (await client.get("/v1/complaints", params={"q": "%"})).json()["items"][0]["number"] == wanted["number"]
    assert (await client.get("/v1/complaints", params={"q": "_"})).json()["items"] == []


async def test_lists_come_in_pages_the_last_received_first(signed_in: SignIn, clock: HeldClock) -> None:
    """Two and two and one, none twice; a made-up cursor is a problem."""
    client = await signed_in("dispatcher")
    numbers = []
    for _ in range(5):
        numbers.append((await register(client))["number"])
        clock.advance(minutes=1)
    seen, after = [], None
    for _ in range(3):
        page = (await client.get("/v1/complaints", params={"limit": 2} | ({"after": after} if after else {}))).json()
        seen += [one["number"] for one in page["items"]]
        after = page["next"]
    assert (seen, after) == (numbers[::-1], None)
    for made_up in ("WyJ4IiwieSJd", "!", "WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTEyOjAwIl0"):
        assert problem_code(await client.get("/v1/complaints", params={"after": made_up})) == "bad-cursor"
    assert problem_code(await client.get("/v1/complaints", params={"q": "\u0000"})) == "invalid-input"
    farthest = cursor("9999-12-31T23:59:59-12:00", str(uuid4()))
    assert (await client.get("/v1/complaints", params={"after": farthest})).status_code < 500


async def test_the_day_received_narrows_a_list_by_the_bureaus_own_days(signed_in: SignIn) -> None:
    """A complaint of 00:30 in Putian belongs to that day, though it was yesterday in London."""
    client = await signed_in("dispatcher")
    await register(client, received_at="2026-11-20T00:30:00+08:00")
    for day, count in (("2026-11-19", 0), ("2026-11-20", 1), ("2026-11-21", 0)):
        found = await client.get("/v1/complaints", params={"received_from": day, "received_until": day})
        assert len(found.json()["items"]) == count
    assert problem_code(await client.get("/v1/complaints", params={"received_until": "9999-12-31"})) == (
        "time-out-of-range"
    )


async def test_the_grounds_of_its_order_can_be_read_before_one_is_named(signed_in: SignIn) -> None:
    """Seven to refuse, eight to terminate since April 2026; six and seven under the order before."""
    client = await signed_in("officer")
    for received, counts in (("2026-04-14", (6, 7)), ("2026-04-15", (7, 8))):
        complaint_id = (await register(client, received_at=f"{received}T09:00:00+08:00"))["complaint_id"]
        grounds = (await client.get(f"/v1/complaints/{complaint_id}/grounds")).json()
        assert (len(grounds["refusals"]), len(grounds["terminations"])) == counts
        assert all(one["zh"] and one["en"] for one in (*grounds["refusals"], *grounds["terminations"]))
    assert grounds["remedies"]
    assert problem_code(await client.get(f"/v1/complaints/{uuid4()}/grounds")) == "not-found"


async def test_a_bureau_sets_the_terms_of_the_order_whose_text_was_not_read(world: World, signed_in: SignIn) -> None:
    """Five days to accept under Order 51 unless the bureau says nine; Order 121 is not moved by it."""
    client = await signed_in("dispatcher")
    old = {"received_at": "2010-03-01T09:00:00+08:00"}
    before = await register(client, **old)

    async def set_nine(uow: UnitOfWork) -> None:
        entry_id = await uow.enter("setting-changed", facts={"name": "saic51_accept_days", "new": 9})
        await uow.insert(
            SettingChange(
                bureau_id=world.bureau_id,
                change_id=uuid4(),
                name="saic51_accept_days",
                old_value={"value": 5},
                new_value={"value": 9},
                reason="本局历史做法",
                actor_id=world["admin"].who,
                recorded_at=uow.now,
                entry_id=entry_id,
            )
        )

    await world.database.write(world["admin"], set_nine)
    after = await register(client, **old)
    assert [one["deadlines"][0]["nominal_on"] for one in (before, after)] == ["2010-03-06", "2010-03-10"]
    assert (await register(client))["deadlines"][0]["nominal_on"] == "2026-12-02"
