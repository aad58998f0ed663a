"""An officer fills the form at a stall and sends it: it is a visit note as any other, however the network fares."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from domain.visit.note import form_note_id
from tests.conftest import SignIn
from tests.notes import note_body, send_note
from tests.openrosa.collect import Collect, CollectError, posts
from tests.openrosa.forms import AUDIT, PNG, filled, kept, phone_of, photo
from tests.phones import enrol
from tests.trips import a_complaint_job, departed_trip
from tests.world import World


async def notes(signed_in: SignIn) -> list[dict]:  # type: ignore[type-arg]
    """Return the visit notes as an auditor reads them."""
    auditor = await signed_in("auditor")
    answer = await auditor.get("/v1/visit-notes")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_a_filled_form_becomes_a_visit_note_with_its_files(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Place, time, people, findings, photos and drawn signatures arrive; the XML is kept byte for byte."""
    job_id = await a_complaint_job(world)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    phone = await phone_of(signed_in, world, anonymous)
    xml = filled(
        job_id,
        world.clock(),
        photos=["1.jpg", "2.jpg"],
        complainant={"how": "signed", "name": "林某", "drawn": "sig.png"},
        respondent={"how": "refused", "name": "陈某", "reason": "不同意", "witness": "黄某"},
    )
    files = {"1.jpg": photo(1), "2.jpg": photo(2), "sig.png": PNG, "audit.csv": AUDIT.encode()}
    assert await phone.send(xml, files) == "走访记录已收到。"
    (note,) = await notes(signed_in)
    body = note["note"]
    assert (note["job_id"], note["trip_id"], body["source"]) == (str(job_id), str(trip_id), "odk")
    assert (body["position"]["lat"], body["position"]["accuracy_m"], body["position"]["mock"]) == (25.4337, 8.2, False)
    assert body["present"] == [{"name": "林某", "standing": "complainant", "remark": ""}]
    assert (body["found"], body["agreed"]) == ("外套褪色属实。", "商家三日内退款 398 元。")
    assert [one["how"] for one in body["signatures"]] == ["signed", "refused"]
    assert [(file["name"], file["role"], file["arrived"]) for file in note["files"]] == [
        ("1.jpg", "photo", True),
        ("2.jpg", "photo", True),
        ("林某", "signature-complainant", True),
    ]
    assert "signature" not in {key for key, value in (body["device"] or {}).items() if value}, "Collect signs nothing"
    (form,) = await kept(world)
    assert bytes(form.xml) == xml
    assert form.note_id == UUID(note["note_id"]) == form_note_id(world.bureau_id, form.instance_id)
    assert form.note_id.version == 8
    officer = await signed_in("officer")
    file = await officer.get(f"/v1/attachments/{hashlib.sha256(photo(1)).hexdigest()}")
    assert file.content == photo(1)


async def test_a_visit_that_is_done_finishes_its_job_and_may_be_printed(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """What follows from a note follows from a form's note: the job is over, the paper is there."""
    job_id = await a_complaint_job(world)
    phone = await phone_of(signed_in, world, anonymous)
    xml = filled(job_id, world.clock(), complainant={"how": "signed", "name": "林某", "drawn": "sig.png"})
    await phone.send(xml, {"sig.png": PNG})
    officer = await signed_in("officer")
    assert (await officer.get(f"/v1/jobs/{job_id}")).json()["state"] == "done"
    (note,) = await notes(signed_in)
    printed = await officer.get(f"/v1/visit-notes/{note['note_id']}/note.pdf")
    assert printed.content.startswith(b"%PDF")


async def test_head_is_asked_before_each_form_and_says_how_much_fits(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """204 and no other: any other 2xx makes Collect doubt that this is a server for forms."""
    phone = await phone_of(signed_in, world, anonymous)
    head = await phone.request("HEAD", f"{phone.server_url}/submission")
    assert (head.status_code, head.content) == (204, b"")
    assert head.headers["X-OpenRosa-Accept-Content-Length"] == str(32 * 1024 * 1024)
    assert head.headers["X-OpenRosa-Version"] == "1.0"
    assert "Location" not in head.headers


async def test_a_form_sent_twice_is_one_note_and_both_times_201(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Collect sends again whatever it has no answer to: byte for byte, and nothing is stored twice."""
    phone = await phone_of(signed_in, world, anonymous)
    xml = filled(await a_complaint_job(world), world.clock(), photos=["1.jpg"])
    for told in ("走访记录已收到。", "此前已收到，已存在。"):
        assert await phone.send(xml, {"1.jpg": photo(1)}) == told
    assert len(await notes(signed_in)) == len(await kept(world)) == len(await kept(world, "form_media")) == 1


async def test_a_large_visit_is_split_and_is_one_note_with_all_of_it(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """More than 100 photos go in several posts, each with the same XML: the note is made when the last has come."""
    phone = await phone_of(signed_in, world, anonymous)
    names = [f"{number:03}.jpg" for number in range(120)]
    xml = filled(await a_complaint_job(world), world.clock(), photos=names)
    await phone.send(xml, {name: photo(number, 40) for number, name in enumerate(names)})
    assert [request for request in phone.requests if request[0] == "POST"] == [("POST", 201)] * 2
    (form,) = await kept(world)
    assert form.note_id is not None
    assert form.reason is None
    (note,) = await notes(signed_in)
    assert [file["name"] for file in note["files"]] == names


async def test_the_first_half_of_a_split_visit_waits_for_the_rest(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Until its files have come it says why there is no note, and nothing of it is lost."""
    phone = await phone_of(signed_in, world, anonymous)
    xml = filled(await a_complaint_job(world), world.clock(), photos=["1.jpg", "2.jpg"])
    first, second = posts(xml, {"1.jpg": photo(1), "2.jpg": photo(2)}, accepts=len(xml) + 2_100)
    answer = await anonymous.post(f"{phone.server_url}/submission", content=first.content, headers=first.headers)
    assert answer.status_code == 201
    assert "附件尚未全部送达" in answer.text
    (form,) = await kept(world)
    assert (form.note_id, form.reason) == (None, "files-missing")
    answer = await anonymous.post(f"{phone.server_url}/submission", content=second.content, headers=second.headers)
    assert answer.status_code == 201
    (form,) = await kept(world)
    assert form.reason is None
    (note,) = await notes(signed_in)
    assert [file["name"] for file in note["files"]] == ["1.jpg", "2.jpg"]


async def test_of_other_answers_under_the_same_instance_the_first_stand_and_the_second_are_kept(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """409 with a sentence, and both for a person to look at; the same again is the same conflict."""
    phone = await phone_of(signed_in, world, anonymous)
    job_id = await a_complaint_job(world)
    first = filled(job_id, world.clock(), instance_id="uuid:1")
    other = filled(job_id, world.clock(), instance_id="uuid:1", found="另一说法。")
    await phone.send(first)
    for _ in range(2):
        with pytest.raises(CollectError, match="内容不同"):
            await phone.send(other, {"1.jpg": photo(1)})
    assert phone.requests[-1] == ("POST", 409)
    one, two = sorted(await kept(world), key=lambda form: form.conflict)
    assert (one.conflict, two.conflict, bytes(two.xml)) == (False, True, other)
    (note,) = await notes(signed_in)
    assert note["note"]["found"] == "外套褪色属实。"
    assert note["files"] == [], "what came with other answers is no file of this note"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"job": "none", "job_words": "文献步行街鞋店"}, "no-job", id="no job in the list"),
        pytest.param({"job": "0193a0c4-7c00-7000-8000-000000000002"}, "no-such-job", id="a job of nobody"),
        pytest.param({"job": "x"}, "no-such-job", id="no job at all"),
        pytest.param({"form_id": "shoe-survey"}, "unknown-form", id="another form"),
        pytest.param({"result": "went-home"}, "unreadable", id="a result that there is not"),
        pytest.param({"end": "", "start": "yesterday", "placed_at": ""}, "unreadable", id="no time"),
        pytest.param({"end": "1970-01-01T00:00:00Z", "placed_at": ""}, "unreadable", id="a time that cannot be"),
        pytest.param({"found": "长" * 20_001}, "unreadable", id="more words than a note holds"),
        pytest.param({"meta": "<orx:deprecatedID>uuid:0</orx:deprecatedID>"}, "corrected-missing", id="an edit"),
    ],
)
async def test_a_form_that_fits_no_job_is_kept_and_never_refused(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, changes: dict[str, str], reason: str
) -> None:
    """The officer was there and is told so; why there is no note is for the dispatcher."""
    phone = await phone_of(signed_in, world, anonymous)
    xml = filled(await a_complaint_job(world), world.clock(), **changes)
    told = await phone.send(xml, {"1.jpg": photo(1)})
    assert told is not None
    assert told.startswith("已收到，由调度员处理：")
    (form,) = await kept(world)
    assert (form.reason, form.note_id, bytes(form.xml)) == (reason, None, xml)
    assert await notes(signed_in) == []


async def test_who_is_no_officer_is_kept_waiting(signed_in: SignIn, world: World, anonymous: httpx.AsyncClient) -> None:
    """A driver's form is nobody's visit note."""
    phone = await phone_of(signed_in, world, anonymous, who="driver")
    await phone.send(filled(await a_complaint_job(world), world.clock()))
    assert [form.reason for form in await kept(world)] == ["not-an-officer"]


async def test_an_edit_of_a_form_corrects_the_note_of_the_one_before(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Collect gives an edited form a new instanceID and names the old one: both notes stay."""
    phone = await phone_of(signed_in, world, anonymous)
    job_id = await a_complaint_job(world)
    await phone.send(filled(job_id, world.clock(), instance_id="uuid:1"))
    meta = "<orx:deprecatedID>uuid:1</orx:deprecatedID>"
    await phone.send(filled(job_id, world.clock(), instance_id="uuid:2", meta=meta, agreed="另议。"))
    by_id = {note["note_id"]: note for note in await notes(signed_in)}
    before, after = (str(form_note_id(world.bureau_id, name)) for name in ("uuid:1", "uuid:2"))
    assert by_id[after]["corrects"] == before
    assert by_id[before]["corrected_by"] == [after]


@pytest.mark.parametrize(
    ("place", "seen", "doubt"),
    [
        pytest.param("25.4337 118.9962 21.4 8.2", (25.4337, 118.9962, 8.2, False), None, id="an ordinary place"),
        pytest.param("25.4337 118.9962 0 0", (25.4337, 118.9962, None, True), "mock-location", id="placed by hand"),
        pytest.param("25.4337 118.9962 0.0 0.0", (25.4337, 118.9962, None, True), "mock-location", id="a mock"),
        pytest.param("4.5E-4 -1.2E-3 0.0 5.0", (0.00045, -0.0012, 5.0, False), "far-from-site", id="tiny values"),
        pytest.param("25.4337 118.9962", (25.4337, 118.9962, None, False), "accuracy-unknown", id="no accuracy"),
        pytest.param("999 999 0 5", None, "no-position", id="999"),
        pytest.param("north", None, "no-position", id="a word"),
        pytest.param("25.4337", None, "no-position", id="half a place"),
        pytest.param("NaN Infinity 0 5", None, "no-position", id="no number"),
        pytest.param("", None, "no-position", id="nothing"),
    ],
)
async def test_a_place_is_read_as_far_as_it_is_one(
    signed_in: SignIn,
    world: World,
    anonymous: httpx.AsyncClient,
    *,
    place: str,
    seen: tuple[object, ...] | None,
    doubt: str | None,
) -> None:
    """Accuracy 0 is the only sign of spoofing that Collect sends; what is no place costs the note nothing else."""
    phone = await phone_of(signed_in, world, anonymous)
    await phone.send(filled(await a_complaint_job(world), world.clock(), place=place))
    (note,) = await notes(signed_in)
    position = note["note"]["position"]
    found = position and tuple(position[key] for key in ("lat", "lon", "accuracy_m", "mock"))
    assert found == seen
    assert doubt is None or doubt in note["reasons"]
    assert ("mock-location" in note["reasons"]) == (doubt == "mock-location")


async def test_the_note_is_of_the_time_at_the_site_not_of_the_evening(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """A form finished at home still says when its place was taken."""
    phone = await phone_of(signed_in, world, anonymous)
    at = world.clock()
    xml = filled(await a_complaint_job(world), at + timedelta(hours=9), placed_at=at.isoformat())
    await phone.send(xml)
    (note,) = await notes(signed_in)
    assert note["note"]["device_at"] == at.isoformat().replace("+00:00", "Z")


async def test_with_user_name_and_token_collect_signs_by_digest(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """As stock Collect over plain http: one refusal, then every request is signed beforehand."""
    _, token = await enrol(signed_in, person_id=world["officer"].who)
    await enrol(signed_in, person_id=world["officer"].who)
    phone = Collect(anonymous, "http://desk/openrosa", f"{world.bureau_id}.officer", token)
    (form,) = await phone.form_list()
    assert phone.requests == [("GET", 401), ("GET", 200)]
    await phone.download(form)
    await phone.send(filled(await a_complaint_job(world), world.clock(), photos=["1.jpg"]), {"1.jpg": photo(1)})
    assert [status for _, status in phone.requests].count(401) == 1
    assert len(await notes(signed_in)) == 1


@pytest.mark.parametrize("wrong", ["token", "login", "bureau", "revoked", "rotated"])
async def test_digest_lets_in_only_who_knows_a_token_in_service(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient, wrong: str
) -> None:
    """And a person whose token was revoked or rotated knows none."""
    device_id, token = await enrol(signed_in, person_id=world["officer"].who)
    admin = await signed_in("admin")
    if wrong == "revoked":
        await admin.post(f"/v1/devices/{device_id}/revoke", json={"reason": "手机丢失"})
    if wrong == "rotated":
        await admin.post(f"/v1/devices/{device_id}/rotate")
    name = {"login": f"{world.bureau_id}.driver", "bureau": "nowhere.officer"}
    phone = Collect(
        anonymous,
        "http://desk/openrosa",
        name.get(wrong, f"{world.bureau_id}.officer"),
        token[:-1] + "x" if wrong == "token" else token,
    )
    with pytest.raises(CollectError, match="401"):
        await phone.form_list()


async def test_a_stale_challenge_is_answered_anew_without_the_officer(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """Collect signs again where the answer says `stale=true`, in the midst of sending."""
    _, token = await enrol(signed_in, person_id=world["officer"].who)
    phone = Collect(anonymous, "http://desk/openrosa", f"{world.bureau_id}.officer", token)
    await phone.form_list()
    phone._challenge["nonce"] = "5f000000-" + "0" * 32
    await phone.send(filled(await a_complaint_job(world), world.clock()))
    assert phone.requests[-3:] == [("HEAD", 401), ("HEAD", 204), ("POST", 201)]


async def test_a_note_from_a_form_is_not_taken_as_json(signed_in: SignIn, world: World) -> None:
    """The source `odk` says that the raw form is here."""
    officer = await signed_in("officer")
    body = note_body(await a_complaint_job(world), world.clock(), source="odk")
    body["note_id"] = str(form_note_id(world.bureau_id, "uuid:1"))
    assert (await send_note(officer, body)).status_code == 400


async def test_who_has_left_sends_no_form_any_more(
    signed_in: SignIn, world: World, anonymous: httpx.AsyncClient
) -> None:
    """The phone's token ended with its person's account: Collect asks for another, and nothing is kept."""
    phone = await phone_of(signed_in, world, anonymous)
    job_id = await a_complaint_job(world)
    admin = await signed_in("admin")
    await admin.post(f"/v1/people/{world['officer'].who}/deactivate", json={"reason": "调离"})
    with pytest.raises(CollectError, match="credentials are asked for"):
        await phone.send(filled(job_id, world.clock()))
    assert await kept(world) == []
