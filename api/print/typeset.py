"""Sets a form into a PDF, by typst with our own fonts, beside the loop and one at a time.

A form is data: what people typed reaches the page as text and is never read as markup.
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec
import segno
import typst

_HERE: Final = Path(__file__).parent
_UNBROKEN: Final = re.compile(r"[!-~]{24}(?=[!-~])")
"""Typst breaks lines between words and between Chinese characters, not within a run like this."""
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufdd0-\ufdef\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
"""Controls have no shape, and marks that turn the reading direction could make a page say another thing."""

UNREADABLE: Final = "签字图片无法打印，原件见附件"

Pair: TypeAlias = tuple[str, str]


class Fields(msgspec.Struct, frozen=True, kw_only=True, tag="fields", tag_field="kind"):
    """Rows of one or two labelled values."""

    heading: str = ""
    rows: list[list[Pair]]


class Listing(msgspec.Struct, frozen=True, kw_only=True, tag="listing", tag_field="kind"):
    """A table; `widths` are shares."""

    heading: str = ""
    columns: list[str]
    widths: list[int]
    rows: list[list[str]]


class Passage(msgspec.Struct, frozen=True, kw_only=True, tag="passage", tag_field="kind"):
    """Words in a frame, as long as they are."""

    heading: str = ""
    words: str


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """A drawn signature with whose it is: a PNG or JPEG, or in its place a remark why there is none."""

    caption: str
    data: bytes = b""
    remark: str = ""


class Drawn(msgspec.Struct, frozen=True, kw_only=True, tag="drawn", tag_field="kind"):
    """Images, two in a row."""

    heading: str = ""
    images: list[Image]


Block: TypeAlias = Fields | Listing | Passage | Drawn


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A document: who issues it, what it is, its parts, and who signs."""

    bureau: str
    title: str
    subtitle: str
    notice: str = ""
    watermark: Literal["", "作废"] = ""
    qr: str = ""
    blocks: list[Block]
    signatures: list[str]
    footer: str


def qr_of(address: str) -> str:
    """Return a QR code of an address as SVG."""
    code: str = segno.make_qr(address, error="m").svg_inline(border=1)
    return code.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) if "xmlns" not in code else code


async def typeset(form: Form, printed_at: datetime) -> bytes:
    """Return the form as PDF."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_PRESS, _set, form, printed_at)


async def typeset_statement(sheet: msgspec.Struct, printed_at: datetime) -> bytes:
    """Return a statement as PDF, by the template of its own."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_PRESS, _compiled, sheet, printed_at, "statement.typ")


def _set(form: Form, printed_at: datetime) -> bytes:
    try:
        return _compiled(form, printed_at)
    except typst.TypstError:
        # A file that only looks like an image must not keep the rest from being printed.
        sound = [_sound(form, block, printed_at) if isinstance(block, Drawn) else block for block in form.blocks]
        if sound == form.blocks:
            raise
        return _compiled(msgspec.structs.replace(form, blocks=sound), printed_at)


def _compiled(form: msgspec.Struct, printed_at: datetime, template: str = "form.typ") -> bytes:
    data = msgspec.json.encode(_printable(msgspec.to_builtins(form, builtin_types=(bytes,)))).decode()
    made = _compiler(template).compile(
        format="pdf", sys_inputs={"form": data}, timestamp=printed_at.replace(microsecond=0)
    )
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one piece of bytes")
    return made


def _sound(form: Form, block: Drawn, printed_at: datetime) -> Drawn:
    """Return the block with a remark in the place of each image that cannot be set."""
    images = []
    for one in block.images:
        try:
            _compiled(msgspec.structs.replace(form, blocks=[Drawn(images=[one])]), printed_at)
        except typst.TypstError:
            images.append(Image(caption=one.caption, remark=UNREADABLE))
        else:
            images.append(one)
    return msgspec.structs.replace(block, images=images)


@cache
def _compiler(template: str) -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[_HERE / "fonts"])
    return typst.Compiler(_HERE / template, root=_HERE, font_paths=fonts)


def _printable(value: Any) -> Any:
    """Return the data with every text in a shape that can be printed within its frame."""
    if isinstance(value, str):
        if value.startswith("<svg "):
            return value
        return _UNBROKEN.sub(lambda run: run[0] + "\u200b", _UNPRINTABLE.sub("\ufffd", value))
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(item) for item in value]
    return value


_PRESS: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="press")
"""One page at a time: a page takes some milliseconds, and the loop goes on meanwhile."""
