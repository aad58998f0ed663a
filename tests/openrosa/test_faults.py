"""Whatever is wrong, Collect is told in its own words with a sentence for the officer: never JSON, never 200."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.openrosa.upload import XML_BYTES
from api.settings import Settings
from api.spool import HELD_BYTES, INCOMING
from tests.conftest import SignIn
from tests.openrosa.collect import CollectError, Post, multipart, sentence
from tests.openrosa.forms import filled, kept, phone_of, photo
from tests.phones import enrol
from tests.trips import a_complaint_job
from tests.world import World, monday_morning

FILE_LIMIT = 2 * HELD_BYTES
FORM = ("xml_submission_file", "visit.xml", "text/xml")
BOUNDARY = "multipart/form-data; boundary=x"


@pytest.fixture
def app_settings(settings: Settings, tmp_path: Path) -> Settings:
    """Return settings with a folder of their own and a small limit of files."""
    return replace(settings, data=tmp_path, attachment_limit_bytes=FILE_LIMIT)


def told(answer: httpx.Response, status: int) -> str:
    """Return the sentence of an answer, after checking that Collect can read it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    found = sentence(answer.text)
    assert found
    return found


@pytest.mark.parametrize(
    ("post", "status", "words"),
    [
        pytest.param(Post(b"", {}), 400, "incomplete|not the multipart", id="nothing"),
        pytest.param(Post(b"{}", {"Content-Type": "application/json"}), 400, "multipart", id="JSON"),
        pytest.param(Post(b"x", {"Content-Type": "multipart/form-data"}), 400, "multipart", id="no boundary"),
        pytest.param(Post(b"x" * 500, {"Content-Type": BOUNDARY}), 400, "multipart", id="no parts"),
        pytest.param(Post(b"--x\r\n\r\n\r\n--x--", {"Content-Type": BOUNDARY}), 400, "multipart", id="no name"),
        pytest.param(Post(b"--x--\r\n", {"Content-Type": BOUNDARY}), 400, "multipart", id="an end alone"),
        pytest.param(multipart([("1.jpg", "1.jpg", "image/jpeg", photo(1))]), 400, "multipart", id="no form"),
        pytest.param(multipart([(*FORM, b"<data")]), 400, "not XML", id="half an element"),
        pytest.param(multipart([(*FORM, b"")]), 400, "not XML", id="an empty form"),
        pytest.param(multipart([(*FORM, b"<data/>")]), 400, "instanceID", id="no instanceID"),
        pytest.param(
            multipart([(*FORM, b'<!DOCTYPE d [<!ENTITY a "b">]><data>&a;</data>')]), 400, "not XML", id="an entity"
        ),
        pytest.param(multipart([(*FORM, b" " * (XML_BYTES + 1))]), 413, "larger", id="an endless form"),
        pytest.param(
            multipart([(*FORM, filled("none", monday_morning()))] * 2),
            400,
            "multipart",
            id="two forms",
        ),
    ],
)  # fmt: skip
async def test_what_is_no_submission_is_told_so_in_english_and_chinese(  # noqa: PLR0917 - a table of cases
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, post: Post, status: int, words: str
) -> None:
    """Each with its own sentence; nothing is kept."""
    phone = await phone_of(signed_in, world, anonymous)
    for language in ("en", "zh-CN"):
        answer = await anonymous.post(
            f"{phone.server_url}/submission",
            content=post.content,
            headers=post.headers | {"Accept-Language": language},
        )
        found = told(answer, status)
        if language == "en":
            assert any(word in found for word in words.split("|")), found
    assert await kept(world) == []


async def test_a_file_beyond_the_limit_is_told_and_one_at_it_is_kept(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, app_settings: Settings
) -> None:
    """And of the one beyond nothing is left on the disk."""
    phone = await phone_of(signed_in, world, anonymous)
    xml = filled(await a_complaint_job(world), world.clock(), photos=["1.jpg"])
    data = photo(1, 4 * FILE_LIMIT)
    with pytest.raises(CollectError, match="过大"):
        await phone.send(xml, {"1.jpg": data[: FILE_LIMIT + 1]})
    assert await kept(world) == []
    await phone.send(xml, {"1.jpg": data[:FILE_LIMIT]})
    assert len(await kept(world, "attachment")) == 1
    assert list((app_settings.data / "files" / INCOMING).iterdir()) == []


async def test_a_fault_of_the_service_is_a_sentence_too(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, app_settings: Settings
) -> None:
    """The disk is gone: 503, and the phone keeps what it has and sends it again later."""
    phone = await phone_of(signed_in, world, anonymous)
    xml = filled(await a_complaint_job(world), world.clock(), photos=["1.jpg"])
    way = app_settings.data / "files" / INCOMING
    way.write_bytes(b"")
    with pytest.raises(CollectError, match="文件存储暂时无法访问"):
        await phone.send(xml, {"1.jpg": photo(1)})
    assert phone.requests[-1] == ("POST", 503)
    way.unlink()
    assert await phone.send(xml, {"1.jpg": photo(1)}) == "走访记录已收到。"


async def test_a_database_that_is_away_is_told_and_tried_again(app_settings: Settings) -> None:
    """503, so that nobody believes the officer's identity to be bad."""
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    application = create_app(app_settings, nowhere, nowhere)
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        answer = await client.get("/openrosa/350302-aaaa-aaaa-aaaa-aaaa/formList", headers={"Accept-Language": "en"})
        assert told(answer, 503)
        post = multipart([(*FORM, b"<data/>")])
        answer = await client.post(
            "/openrosa/350302-aaaa-aaaa-aaaa-aaaa/submission", content=post.content, headers=post.headers
        )
        assert told(answer, 503)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PUT", "submission", 405), ("DELETE", "formList", 405), ("POST", "formList", 405), ("GET", "nothing", 404)],
)
async def test_another_method_or_address_is_told_in_openrosa(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, *, method: str, path: str, status: int
) -> None:
    """Also where no handler of ours was reached."""
    phone = await phone_of(signed_in, world, anonymous)
    told(await anonymous.request(method, f"{phone.server_url}/{path}"), status)


@pytest.mark.parametrize("address", ["/openrosa/submission", "/openrosa/350302-aaaa-aaaa-aaaa-aaaa/submission"])
async def test_a_bad_identity_is_answered_once_the_body_was_read(anonymous: httpx.AsyncClient, address: str) -> None:
    """A client that still sends a photo reads no answer: 401 with a challenge, after what came was forgotten."""
    post = multipart([(*FORM, b"<data/>"), ("1.jpg", "1.jpg", "image/jpeg", photo(1, 100_000))])
    answer = await anonymous.post(address, content=post.content, headers=post.headers)
    told(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Digest ")


async def test_names_of_files_are_names_and_no_paths(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """A name is shown, never followed."""
    _, token = await enrol(signed_in, person_id=world["officer"].who)
    xml = filled(await a_complaint_job(world), world.clock())
    post = multipart([(*FORM, xml), ("x", "../../etc/pass\u0007wd.jpg", "image/jpeg", photo(1))])
    answer = await anonymous.post(f"/openrosa/{token}/submission", content=post.content, headers=post.headers)
    assert answer.status_code == 201
    assert [file.name for file in await kept(world, "form_media")] == ["passwd.jpg"]
