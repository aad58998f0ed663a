"""A filled form as Collect sends it: which form and instance it is, and what a visit note needs of it.

Nothing here refuses a value: what cannot be read is named among the faults, and the form's bytes are kept anyway.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import Final
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from domain.errors import InvalidInput

INSTANCE_ID_LONGEST: Final = 200
FIELD: Final = re.compile("[A-Za-z_][A-Za-z0-9_.-]*")
PARTIES: Final = ("complainant", "respondent")


class FilledFormUnreadable(InvalidInput):
    """The filled form is not XML that can be read; nothing was kept."""

    code = "form-unreadable"
    zh = "填写的表单不是可读取的 XML，没有保存任何内容。"


class InstanceIdMissing(InvalidInput):
    """The filled form has no instanceID to know it by; nothing was kept."""

    code = "instance-id-missing"
    zh = "填写的表单没有实例编号（instanceID），没有保存任何内容。"


@dataclass(frozen=True, slots=True)
class Place:
    """A geopoint: degrees in WGS-84. Accuracy 0 means that a mock provider or a hand placed it."""

    lat: float
    lon: float
    accuracy_m: float | None
    mock: bool


@dataclass(frozen=True, slots=True)
class NamedMedia:
    """A file that an answer of the form names, and what it is to a note."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled form: its identity, and its answers by name (a repeat's are several)."""

    form_id: str
    version: str | None
    instance_id: str
    replaces: str | None
    """The instanceID of the form that this one is an edit of."""
    answers: dict[str, list[str]]
    repeats: dict[str, list[dict[str, str]]]

    def first(self, name: str) -> str:
        """Return the first answer of that name, or an empty text."""
        return next(iter(self.answers.get(name, ())), "")


def read_filled(xml: bytes) -> Filled:
    """Read a filled form, of this product or any other.

    Raises:
        FilledFormUnreadable: it is no XML, or uses what XML from outside must not (entities, a DTD).
        InstanceIdMissing: there is no instanceID, or one longer than `INSTANCE_ID_LONGEST`.
    """
    try:
        root = fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as fault:
        raise FilledFormUnreadable from fault
    meta = {_local(one): _text(one) for child in root if _local(child) == "meta" for one in child}
    instance_id = meta.get("instanceID") or root.get("instanceID", "").strip()
    if not 0 < len(instance_id) <= INSTANCE_ID_LONGEST:
        raise InstanceIdMissing
    answers: dict[str, list[str]] = {}
    repeats: dict[str, list[dict[str, str]]] = {}
    for child in root:
        name = _local(child)
        if name == "meta":
            continue
        # iter() walks without calling itself: however deep a form is nested, reading it costs what its length does.
        leaves = {_local(leaf): _text(leaf) for leaf in child.iter() if not len(leaf)}
        if len(child):
            repeats.setdefault(name, []).append(leaves)
        for leaf, value in leaves.items():
            if value:
                answers.setdefault(leaf, []).append(value)
    version = root.get("version")
    return Filled(
        root.get("id", "")[:200], version and version[:100], instance_id, meta.get("deprecatedID"), answers, repeats
    )


def place_of(words: str) -> Place | None:
    """Read a geopoint, `lat lon altitude accuracy`; None for what is no place on earth."""
    numbers = [_number(word) for word in words.split()]
    lat, lon = [*numbers, None, None][:2]
    if lat is None or lon is None or not (-90 <= lat <= 90 and -180 <= lon <= 180):  # noqa: PLR2004 - degrees
        return None
    accuracy = numbers[3] if len(numbers) > 3 else None  # noqa: PLR2004 - the fourth number
    usable = accuracy is not None and 0 < accuracy <= 100_000  # noqa: PLR2004 - what a note can say
    return Place(lat, lon, accuracy if usable else None, mock=accuracy == 0)


def media_of(filled: Filled) -> list[NamedMedia]:
    """Return the files that the answers name, in the form's order: photos, a recording, drawn signatures."""
    named = [NamedMedia(name, "photo") for name in filled.answers.get("photo", ())]
    named += [NamedMedia(name, "recording") for name in filled.answers.get("recording", ())]
    for party in PARTIES:
        if filled.first(f"{party}_how") == "signed":
            named += [NamedMedia(name, f"signature-{party}") for name in filled.answers.get(f"{party}_drawn", ())]
    return named


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if isfinite(number) and "_" not in word else None


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: Element) -> str:
    return (element.text or "").strip()
