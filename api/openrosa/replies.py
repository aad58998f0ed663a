"""What Collect is answered: form list, manifest, the list of jobs, and a sentence after a submission.

Read in getodk/collect@137f3259 (`open-rosa/…/parse/Kxml2OpenRosaResponseParser.kt`, `forms/OpenRosaClient.kt`): one
entry without formID, name or downloadUrl voids the whole list; addresses are absolute; a list is only believed with
`text/xml` and `X-OpenRosa-Version`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from api.openrosa.form import JOBS_FILE, NO_JOB, Form, md5_of

XML: Final = "text/xml"
HEADERS: Final = {"X-OpenRosa-Version": "1.0", "Cache-Control": "no-store"}
"""Of every answer. Collect keeps an HTTP cache of 50 MiB: an old list of jobs must not come out of it."""
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LIST: Final = "http://openrosa.org/xforms/xformsList"
_MANIFEST: Final = "http://openrosa.org/xforms/xformsManifest"
_RESPONSE: Final = "http://openrosa.org/http/response"


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job to choose from: its id, and what an officer knows it by."""

    job_id: str
    number: str
    site_name: str
    site_address: str
    window: str
    mine: bool
    """Whether a trip that the officer is aboard of carries it."""


def _text(value: str) -> str:
    return escape(_NOT_XML.sub("", value))


def form_list(forms: Sequence[Form], base: str) -> str:
    """Return the list of forms to be had below the address `base`."""
    entries = "".join(
        f"<xform><formID>{_text(form.form_id)}</formID><name>{_text(form.name)}</name>"
        f"<version>{_text(form.version)}</version><hash>md5:{form.md5}</hash>"
        f"<downloadUrl>{_text(base)}/forms/{_text(form.form_id)}.xml</downloadUrl>"
        f"<manifestUrl>{_text(base)}/manifest/{_text(form.form_id)}</manifestUrl></xform>"
        for form in forms
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<xforms xmlns="{_LIST}">{entries}</xforms>'


def manifest(jobs: bytes, base: str) -> str:
    """Return the manifest of the visit-note form: the list of jobs, whose hash changes with the jobs."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<manifest xmlns="{_MANIFEST}"><mediaFile>'
        f"<filename>{JOBS_FILE}</filename><hash>md5:{md5_of(jobs)}</hash>"
        f"<downloadUrl>{_text(base)}/media/{JOBS_FILE}</downloadUrl></mediaFile></manifest>"
    )


def jobs_csv(jobs: Sequence[OpenJob]) -> bytes:
    """Return the jobs as the CSV the form chooses from; the last line is for a job that is not in it."""
    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    rows.writerow(["name", "label", "site_address"])
    for job in jobs:
        mark = "★ " if job.mine else ""
        rows.writerow([job.job_id, f"{mark}{job.number} {job.site_name} {job.window}", job.site_address])
    rows.writerow([NO_JOB, "不在列表中 / not in the list", ""])
    return lines.getvalue().encode()


def message(sentence: str) -> str:
    """Return the one sentence that Collect shows its user."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<OpenRosaResponse xmlns="{_RESPONSE}">'
        f'<message nature="">{_text(sentence)}</message></OpenRosaResponse>'
    )
