"""Filled forms and uploads, read whatever bytes they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.openrosa.filled import Filled, media_of, place_of, read_filled
from api.openrosa.upload import Part, UploadUnreadable, file_name, read_parts
from domain.errors import InvalidInput
from tests.openrosa.collect import multipart
from tests.openrosa.forms import filled
from tests.world import monday_morning

FORM = filled("none", monday_morning(), photos=["1.jpg", "2.jpg"], complainant={"how": "signed", "drawn": "s.png"})


def test_a_form_is_known_by_its_own_words() -> None:
    """Form, version and instance; every answer by its name, a repeat's several times."""
    form = read_filled(FORM)
    assert (form.form_id, form.version, form.instance_id[:5], form.replaces) == (
        "visit-note",
        "2026112501",
        "uuid:",
        None,
    )
    assert form.answers["photo"] == ["1.jpg", "2.jpg"]
    assert form.repeats["present"] == [
        {"present_name": "林某", "present_standing": "complainant", "present_remark": ""}
    ]
    assert [(media.name, media.role) for media in media_of(form)] == [
        ("1.jpg", "photo"),
        ("2.jpg", "photo"),
        ("s.png", "signature-complainant"),
    ]


@pytest.mark.parametrize(
    "xml",
    [
        b'<data id="f" instanceID="uuid:7"><a>1</a></data>',
        b'<f:data xmlns:f="urn:x" id="f"><f:a>1</f:a><f:meta><f:instanceID> uuid:7 </f:instanceID></f:meta></f:data>',
        b'<data id="f"><a>1</a><o:meta xmlns:o="http://openrosa.org/xforms"><o:instanceID>uuid:7</o:instanceID></o:meta></data>',
    ],
)
def test_an_instance_is_known_in_every_spelling_that_forms_have(xml: bytes) -> None:
    """In the meta block of any namespace, or as the old attribute."""
    form = read_filled(xml)
    assert (form.instance_id, form.answers) == ("uuid:7", {"a": ["1"]})


@pytest.mark.parametrize("depth", [900, 100_000])
def test_a_form_is_read_in_the_time_its_length_takes_however_deep_it_is_nested(depth: int) -> None:
    """One form of a megabyte must not hold up all others, nor the list of those who look at it later."""
    nested = b"<a>" * depth + b"<b/>" * 100_000 + b"<c>1</c>" + b"</a>" * depth
    xml = b'<data id="f" instanceID="uuid:7">' + nested + b"</data>"
    began = process_time()
    form = read_filled(xml)
    assert process_time() - began < 2
    assert form.answers == {"c": ["1"]}


@given(st.integers(0, len(FORM)), st.binary(min_size=0, max_size=8))
def test_a_form_with_any_bytes_changed_is_read_or_refused(at: int, put: bytes) -> None:
    """No fault but our own."""
    try:
        form = read_filled(FORM[:at] + put + FORM[at + len(put) :])
    except InvalidInput:
        return
    assert isinstance(form, Filled)
    media_of(form)


@given(st.text(max_size=60))
def test_a_place_is_on_earth_or_none(words: str) -> None:
    """Whatever stands where a geopoint should."""
    place = place_of(words)
    assert place is None or (-90 <= place.lat <= 90 and -180 <= place.lon <= 180)


@given(
    st.tuples(*[st.floats(allow_nan=False, allow_infinity=False, width=32)] * 4),
    st.sampled_from(["{:f}", "{:E}", "{!r}"]),
)
def test_a_place_is_read_in_every_notation_of_numbers(numbers: tuple[float, ...], notation: str) -> None:
    """Java writes tiny numbers as 4.5E-4."""
    words = " ".join(notation.format(number) for number in numbers)
    lat, lon, _, accuracy = (float(word) for word in words.split())
    place = place_of(words)
    assert (place is not None) == (-90 <= lat <= 90 and -180 <= lon <= 180)
    if place is not None:
        assert (place.lat, place.lon, place.mock) == (lat, lon, accuracy == 0)


async def parts_of(body: bytes, kind: str, size: int) -> list[tuple[Part, bytes]]:
    """Return the parts of a body that comes in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    found: list[tuple[Part, bytes]] = []
    async for event in read_parts(pieces(), kind):
        if isinstance(event, Part):
            found.append((event, b""))
        elif event is not None:
            found[-1] = (found[-1][0], found[-1][1] + event)
    return found


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
async def test_an_upload_is_the_same_in_pieces_of_every_size(size: int) -> None:
    """The network cuts where it likes, through a boundary too."""
    data = b"\r\n--3fbc2e0c\r\n" * 20
    post = multipart([("xml_submission_file", "a.xml", "text/xml", FORM), ("p", "照片.jpg", "image/jpeg", data)])
    found = await parts_of(post.content, post.headers["Content-Type"], size)
    assert [(part.filename, held) for part, held in found] == [("a.xml", FORM), ("照片.jpg", data)]


@given(st.binary(max_size=300), st.integers(1, 50), st.booleans())
def test_any_bytes_are_an_upload_or_refused(body: bytes, size: int, framed: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    """No fault but our own, and an end."""
    sent = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + body if framed else body
    try:
        asyncio.run(parts_of(sent, "multipart/form-data; boundary=x", size))
    except UploadUnreadable:
        return


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("1.jpg", "1.jpg"),
        ("照片 1.jpg", "照片 1.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\1.jpg", "1.jpg"),
        ("a\x00b\n.jpg", "ab.jpg"),
        ("", "unnamed"),
        ("/", "unnamed"),
        ("x" * 300 + ".jpg", "x" * 196 + ".jpg"),
    ],
)
def test_a_files_name_is_no_path(given_name: str, kept: str) -> None:
    """It keeps its end, by which people know what it is."""
    assert file_name(given_name) == kept
