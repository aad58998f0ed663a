"""Two halves of one visit at the same instant: Central answers one of them 409 and loses its photo, 20 times of 20."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar

from api.app import create_app
from api.settings import Settings
from domain.visit.note import form_note_id
from tests.conftest import Server, SignIn, running
from tests.openrosa.collect import multipart
from tests.openrosa.forms import filled, kept, phone_of, photo
from tests.trips import a_complaint_job
from tests.world import HeldClock, World

ROUNDS = 200


@pytest.fixture
async def second(server: Server, app_settings: Settings, clock: HeldClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of another process's application on the same database."""
    application = create_app(app_settings, server.service, server.ingest, clock)
    async with running(application), client_of(application) as client:
        yield client


def client_of(application: Litestar) -> httpx.AsyncClient:
    """Return a client that is not signed in."""
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://desk")


async def test_two_identical_submissions_with_different_photos_are_one_note_with_both(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, second: httpx.AsyncClient
) -> None:
    """200 rounds, every other over two processes: both are answered 201, and the note has both photos."""
    phone = await phone_of(signed_in, world, anonymous)
    job_id = await a_complaint_job(world)
    address = f"{phone.server_url}/submission"

    async def send(client: httpx.AsyncClient, xml: bytes, number: int, name: str) -> int:
        part = ("xml_submission_file", "visit.xml", "text/xml", xml)
        post = multipart([part, (name, name, "image/jpeg", photo(number))])
        return (await client.post(address, content=post.content, headers=post.headers)).status_code

    statuses = []
    for number in range(ROUNDS):
        xml = filled(
            job_id,
            world.clock(),
            instance_id=f"uuid:{number}",
            result="respondent-absent",
            photos=["a.jpg", "b.jpg"] if number % 4 else [],
        )
        other = second if number % 2 else anonymous
        statuses += await asyncio.gather(
            send(anonymous, xml, 2 * number, "a.jpg"), send(other, xml, 2 * number + 1, "b.jpg")
        )
    assert set(statuses) == {201}
    forms = await kept(world)
    assert len(forms) == len(await kept(world, "visit_note")) == ROUNDS
    assert not any(form.conflict for form in forms)
    photos: dict[object, set[str]] = {}
    for file in await kept(world, "note_attachment"):
        photos.setdefault(file.note_id, set()).add(f"{file.no} {file.role} {file.name}")
    notes = [form_note_id(world.bureau_id, f"uuid:{number}") for number in range(ROUNDS)]
    both = ({"1 photo a.jpg", "2 photo b.jpg"}, {"1 photo b.jpg", "2 photo a.jpg"})
    assert [note for note in notes if photos[note] not in both] == []
