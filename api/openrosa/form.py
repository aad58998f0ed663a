"""The visit-note form: an XLSForm as text in this folder, turned into an XForm once a process."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from defusedxml.ElementTree import fromstring

FORM_ID: Final = "visit-note"
JOBS_FILE: Final = "jobs.csv"
"""The list the form chooses a job from; `jobs.csv` in the form's own words."""
NO_JOB: Final = "none"
"""What the list's last line stands for: the officer writes which job it was, and a dispatcher files it."""
_HTML: Final = "{http://www.w3.org/1999/xhtml}"
_XFORMS: Final = "{http://www.w3.org/2002/xforms}"


@dataclass(frozen=True, slots=True)
class Form:
    """A form as Collect downloads it: the XForm's bytes and what the form list says of them."""

    form_id: str
    name: str
    version: str
    xml: bytes

    @property
    def md5(self) -> str:
        """Return the hash that Collect compares to tell whether it has this form."""
        return md5_of(self.xml)


def md5_of(data: bytes) -> str:
    """Return the MD5 that OpenRosa asks for, in hexadecimal: it finds changes, it protects nothing."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def form_source() -> str:
    """Return the XLSForm: Markdown tables survey, choices and settings (https://xlsform.org)."""
    return files("api.openrosa").joinpath("visit_note.md").read_text("utf-8")


@cache
def visit_note_form() -> Form:
    """Return the form; the first call takes a second."""
    from pyxform.xls2xform import convert  # noqa: PLC0415 - brings spreadsheets and a parser, for one call a process

    xml = convert(form_source(), file_type=".md").xform.encode()
    root = fromstring(xml)
    data = root.find(f"{_HTML}head/{_XFORMS}model/{_XFORMS}instance/{_XFORMS}data")
    title = root.findtext(f"{_HTML}head/{_HTML}title")
    if data is None or title is None:
        raise AssertionError("an XForm has a title and an instance")
    return Form(data.get("id", ""), title, data.get("version", ""), xml)
