"""A dispatcher sees the forms that are no note, and says which job one is of."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from tests.conftest import SignIn, problem_code
from tests.openrosa.collect import CollectError, multipart
from tests.openrosa.forms import AUDIT, PNG, filled, kept, phone_of, photo
from tests.trips import a_complaint_job
from tests.world import World

FORMS = "/v1/form-submissions"


async def waiting(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return the forms that wait."""
    answer = await client.get(FORMS, params={"waiting": True})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_the_dispatcher_files_a_form_under_its_job(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """From then on it is the officer's note with all its files, and the ledger says who said so."""
    phone = await phone_of(signed_in, world, anonymous)
    job_id = await a_complaint_job(world)
    signed = {"how": "signed", "name": "林某", "drawn": "sig.png"}
    xml = filled("none", world.clock(), job_words="文献步行街鞋店", photos=["1.jpg"], complainant=signed)
    await phone.send(xml, {"1.jpg": photo(1), "sig.png": PNG, "audit.csv": AUDIT.encode()})
    dispatcher = await signed_in("dispatcher")
    (form,) = await waiting(dispatcher)
    assert (form["reason"], form["answers"]["job_words"], form["missing"]) == ("no-job", ["文献步行街鞋店"], [])
    assert form["officer_name"] == "officer 某"
    answer = await dispatcher.post(f"{FORMS}/{form['submission_id']}/assign", json={"job_id": str(job_id)})
    assert answer.status_code == 201, answer.text
    note = (await dispatcher.get(f"/v1/visit-notes/{answer.json()['note_id']}")).json()
    assert (note["job_id"], note["officer_id"]) == (str(job_id), str(world["officer"].who))
    assert [file["role"] for file in note["files"]] == ["photo", "signature-complainant"]
    assert await waiting(dispatcher) == []
    (of_note,) = (await dispatcher.get(FORMS, params={"note_id": note["note_id"]})).json()["items"]
    assert of_note["submission_id"] == form["submission_id"]
    async with world.database.read(world.bureau_id) as reader:
        entered = await reader.execute(
            text("SELECT convert_from(facts, 'UTF8') FROM ledger_payload WHERE kind = 'visit-note-recorded'")
        )
        assert str(world["officer"].who) in entered.scalar_one()
        leaf = await reader.execute(
            text(
                "SELECT convert_from(o.leaf, 'UTF8') FROM ledger_outbox o JOIN ledger_payload p"
                " ON p.bureau_id = o.bureau_id AND p.entry_id = o.entry_id WHERE p.kind = 'visit-note-recorded'"
            )
        )
        assert str(world["dispatcher"].who) in leaf.scalar_one()


@pytest.mark.parametrize("job", ["named", "none"])
async def test_of_two_files_of_one_name_the_note_has_both(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, job: str
) -> None:
    """Whichever was meant, both came; whether the officer named the job or the dispatcher does."""
    phone = await phone_of(signed_in, world, anonymous)
    job_id = await a_complaint_job(world)
    xml = filled(job_id if job == "named" else "none", world.clock(), photos=["1.jpg"])
    parts = [("xml_submission_file", "i.xml", "text/xml", xml)]
    parts += [("1.jpg", "1.jpg", "image/jpeg", photo(n)) for n in (1, 2)]
    post = multipart(parts)
    answer = await anonymous.post(f"{phone.server_url}/submission", content=post.content, headers=post.headers)
    assert answer.status_code == 201, answer.text
    dispatcher = await signed_in("dispatcher")
    for form in await waiting(dispatcher):
        answer = await dispatcher.post(f"{FORMS}/{form['submission_id']}/assign", json={"job_id": str(job_id)})
        assert answer.status_code == 201, answer.text
    (form,) = (await dispatcher.get(FORMS)).json()["items"]
    note = (await dispatcher.get(f"/v1/visit-notes/{form['note_id']}")).json()
    assert {file["sha256"] for file in note["files"]} == {file["sha256"] for file in form["files"]}
    assert len(note["files"]) == 2


async def test_a_form_that_is_a_note_is_filed_under_no_other_job(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Once is once; also where it became one by itself."""
    phone = await phone_of(signed_in, world, anonymous)
    await phone.send(filled(await a_complaint_job(world), world.clock()))
    (form,) = await kept(world)
    dispatcher = await signed_in("dispatcher")
    other = await a_complaint_job(world)
    answer = await dispatcher.post(f"{FORMS}/{form.submission_id}/assign", json={"job_id": str(other)})
    assert (answer.status_code, problem_code(answer)) == (409, "form-has-note")


@pytest.mark.parametrize(
    ("changes", "who", "reason"),
    [
        ({"form_id": "shoe-survey"}, "officer", "unknown-form"),
        ({"result": "went-home"}, "officer", "unreadable"),
        ({}, "driver", "not-an-officer"),
    ],
)
async def test_what_can_be_no_note_stays_a_form(  # noqa: PLR0917 - a table of cases
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, changes: dict[str, str], who: str, reason: str
) -> None:
    """A dispatcher names a job and nothing else: not the result, and not who was there."""
    phone = await phone_of(signed_in, world, anonymous, who=who)
    job_id = await a_complaint_job(world)
    await phone.send(filled("none", world.clock(), **changes))
    (form,) = await kept(world)
    dispatcher = await signed_in("dispatcher")
    answer = await dispatcher.post(f"{FORMS}/{form.submission_id}/assign", json={"job_id": str(job_id)})
    assert (answer.status_code, problem_code(answer), answer.json()["reason"]) == (409, "form-no-note", reason)


async def test_a_conflict_is_shown_and_filed_nowhere(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Which of two is true is not for the one who files to decide: both stay, the first is the note."""
    phone = await phone_of(signed_in, world, anonymous)
    job_id = await a_complaint_job(world)
    await phone.send(filled(job_id, world.clock(), instance_id="uuid:1"))
    with pytest.raises(CollectError):
        await phone.send(filled(job_id, world.clock(), instance_id="uuid:1", found="另一说法。"))
    dispatcher = await signed_in("dispatcher")
    (form,) = await waiting(dispatcher)
    assert form["conflict"] is True
    answer = await dispatcher.post(f"{FORMS}/{form['submission_id']}/assign", json={"job_id": str(job_id)})
    assert problem_code(answer) == "form-conflict"


async def test_a_form_is_filed_under_a_job_that_is_there(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """And nothing is lost where it is not."""
    phone = await phone_of(signed_in, world, anonymous)
    await phone.send(filled("none", world.clock()))
    (form,) = await kept(world)
    dispatcher = await signed_in("dispatcher")
    for path in (form.submission_id, UUID(int=0)):
        answer = await dispatcher.post(f"{FORMS}/{path}/assign", json={"job_id": str(UUID(int=7))})
        assert (answer.status_code, problem_code(answer)) == (404, "not-found")
    assert len(await waiting(dispatcher)) == 1


async def test_the_raw_form_and_how_it_was_filled_can_be_read(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Byte for byte, and Collect's own log line by line beside it."""
    phone = await phone_of(signed_in, world, anonymous)
    xml = filled(await a_complaint_job(world), world.clock())
    await phone.send(xml, {"audit.csv": AUDIT.encode()})
    auditor = await signed_in("auditor")
    (form,) = (await auditor.get(FORMS)).json()["items"]
    raw = await auditor.get(f"{FORMS}/{form['submission_id']}/raw")
    assert raw.content == xml
    log = (await auditor.get(f"{FORMS}/{form['submission_id']}/log")).json()
    assert [row["event"] for row in log] == ["form start", "question", "form finalize"]
    assert log[1]["node"] == "/data/place"
    assert log[1]["start_at"] == "2026-11-23T01:00:01Z"


async def test_a_form_without_a_log_has_none(signed_in: SignIn, world: World, anonymous: httpx.AsyncClient) -> None:
    """Another form, or an option turned off, is no fault."""
    phone = await phone_of(signed_in, world, anonymous)
    await phone.send(filled(await a_complaint_job(world), world.clock()))
    (form,) = await kept(world)
    auditor = await signed_in("auditor")
    assert (await auditor.get(f"{FORMS}/{form.submission_id}/log")).json() == []


async def test_forms_are_listed_page_by_page_the_last_first(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Each once, also where several came at one instant."""
    phone = await phone_of(signed_in, world, anonymous)
    for number in range(3):
        await phone.send(filled("none", world.clock(), instance_id=f"uuid:{number}"))
        world.clock.advance(seconds=number)
    dispatcher = await signed_in("dispatcher")
    seen: list[str] = []
    after = None
    while True:
        page = (await dispatcher.get(FORMS, params={"limit": 1} | ({"after": after} if after else {}))).json()
        seen += [form["instance_id"] for form in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen[0] == "uuid:2"
    assert sorted(seen) == ["uuid:0", "uuid:1", "uuid:2"]
