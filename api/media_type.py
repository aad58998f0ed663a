"""What kinds of file are taken: told by their content, whatever they are called."""

from __future__ import annotations

from typing import Final

import filetype

from api.errors import WrongMediaType

HEAD_BYTES: Final = 8192
"""How much of a file is looked at to tell its type."""

MEDIA_TYPES: Final = frozenset(
    {
        "application/pdf",
        "audio/aac",
        "audio/amr",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/x-wav",
        "image/avif",
        "image/gif",
        "image/heic",
        "image/jpeg",
        "image/png",
        "image/webp",
    }
)
"""What is taken: photos and drawn signatures, scanned documents, recorded statements."""

TABLE: Final = "text/csv"
UNKNOWN: Final = "application/octet-stream"
"""What a form sends beside such files is kept too, and never shown by a browser."""


class FileTypeRefused(WrongMediaType):
    """The file's content is not an image, a PDF or a sound recording that is taken here."""

    code = "file-type-refused"
    zh = "文件内容不是可接受的图片、PDF 或录音。"


def media_type_of(head: bytes) -> str:
    """Return the media type that the first bytes of a file show.

    Raises:
        FileTypeRefused: it is not one that is taken.
    """
    guessed = filetype.guess_mime(head[:HEAD_BYTES]) if head else None
    if guessed not in MEDIA_TYPES:
        raise FileTypeRefused(found=guessed, takes=sorted(MEDIA_TYPES))
    return str(guessed)


def kind_of(head: bytes, name: str) -> str:
    """Return the media type of a file that is taken whatever it is: one that a browser would run is none."""
    guessed = filetype.guess_mime(head) if head else None
    if guessed in MEDIA_TYPES:
        return str(guessed)
    return TABLE if name.lower().endswith(".csv") else UNKNOWN
