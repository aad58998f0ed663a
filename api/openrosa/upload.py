"""The multipart body of a submission, read as it streams in: the form's XML is held, files go on chunk by chunk.

Collect sends the XML first, as `xml_submission_file`, then each file of the instance's folder under its own name; where
it splits an upload every part but the last also has the field `*isIncomplete*` (getodk/collect@137f3259,
`OkHttpConnection.java`).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from api.errors import BodyTooLarge
from domain.errors import InvalidInput

XML_PART: Final = "xml_submission_file"
INCOMPLETE: Final = "*isIncomplete*"
XML_BYTES: Final = 1024 * 1024
"""A filled form without its files: four texts of 20,000 characters, and room."""
ACCEPTS_BYTES: Final = 32 * 1024 * 1024
"""What one request may hold: said beforehand, so that Collect sends more than this in several."""
FIELD_BYTES: Final = 4 * 1024
PARTS_MOST: Final = 220
"""Collect splits above 100 files."""
NAME_LONGEST: Final = 200
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f]")


class UploadUnreadable(InvalidInput):
    """The upload is not the multipart form data that it should be, or it broke off; please send it again."""

    code = "upload-unreadable"
    zh = "上传内容不完整或格式有误，请重新发送。"


class FilledFormTooLarge(BodyTooLarge):
    """The filled form without its files is larger than is taken."""

    code = "form-too-large"
    zh = "填写的表单（不含附件）过大。"


@dataclass(frozen=True, slots=True)
class Part:
    """A part begins: a file with its name, the form's XML, or a plain field."""

    field: str
    filename: str | None


def boundary_of(content_type: str) -> str:
    """Return the boundary that a Content-Type names. Raises `UploadUnreadable` where it is no multipart form data."""
    kind, options = parse_options_header(content_type)
    if kind.strip().lower() != "multipart/form-data" or not options.get("boundary"):
        raise UploadUnreadable
    return str(options["boundary"])


async def read_parts(chunks: AsyncIterator[bytes], content_type: str) -> AsyncIterator[Part | bytes | None]:
    """Yield each part, then its bytes, then None at its end.

    Raises:
        UploadUnreadable: it is no multipart form data, or ends before its end.
    """
    try:
        parser = PushMultipartParser(boundary_of(content_type), max_segment_count=PARTS_MOST)
        async for chunk in chunks:
            for event in parser.parse(chunk):
                yield _part_of(event) if isinstance(event, MultipartSegment) else event
        parser.close()
    except (MultipartError, ValueError) as fault:
        raise UploadUnreadable from fault


def file_name(name: str) -> str:
    """Return a file's name without folders and control characters, as it is shown; never a path on this machine."""
    return _UNFIT.sub("", re.split(r"[/\\]", name)[-1]).strip()[-NAME_LONGEST:] or "unnamed"


def _part_of(segment: MultipartSegment) -> Part:
    return Part(segment.name, segment.filename)
