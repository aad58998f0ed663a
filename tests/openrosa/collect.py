"""A client that behaves as stock ODK Collect does: its headers, the order of its requests, its checks, its Digest.

Written from getodk/collect@137f3259b18e5af3c08339f9016278b277812cc2: `OkHttpConnection.java`, `OpenRosaClient.kt`,
`OpenRosaXmlFetcher.java`, `Kxml2OpenRosaResponseParser.kt`, `OpenRosaServerInstanceUploader.kt`,
`ResponseMessageParser.java`; and rburgst/okhttp-digest@7dc57f886f2d3ad5a4a02a74eb1b73da218d9326:
`DigestAuthenticator.java`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import httpx
from defusedxml.ElementTree import fromstring

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
ACCEPT_BY_DEFAULT = 10_000_000


class CollectError(Exception):
    """What Collect shows its user when something failed."""


@dataclass(frozen=True)
class ListedForm:
    """A form of the form list, as Collect keeps it."""

    form_id: str
    name: str
    version: str | None
    md5: str
    url: str
    manifest_url: str | None


@dataclass
class Collect:
    """Collect with a server's address typed in, and, where the server asks for one, a user name and a password."""

    http: httpx.AsyncClient
    server_url: str
    username: str = ""
    password: str = ""
    device_id: str = "collect:yEWqJ8o2yO5UtfCa"
    language: str = "zh-CN"
    requests: list[tuple[str, int]] = field(default_factory=list)
    _challenge: dict[str, str] = field(default_factory=dict)
    _count: int = 0
    _cnonce: str = ""
    _last_nonce: str = ""

    async def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        """Send as OkHttp does: signed beforehand where a challenge is known, and again after a new one."""
        separator = "&" if urlsplit(url).query else "?"
        url = f"{url}{separator}deviceID={self.device_id.replace(':', '%3A')}"
        headers = {
            "User-Agent": "org.odk.collect.android/v2026.2.1 Dalvik/2.1.0 (Linux; U; Android 15)",
            "X-OpenRosa-Version": "1.0",
            # Twelve-hour clock without AM or PM, as its SimpleDateFormat has it.
            "Date": "Mon, 23 Nov 2026 01:00:00 GMT",
            "Accept-Language": self.language,
        } | more.pop("headers", {})
        signed = bool(self._challenge) and bool(self.username)
        if signed:
            headers["Authorization"] = self._sign(method, url)
        answer = await self.http.request(method, url, headers=headers, **more)
        self.requests.append((method, answer.status_code))
        if answer.status_code == httpx.codes.UNAUTHORIZED and self.username:
            found = answer.headers.get("WWW-Authenticate", "")
            if not found.startswith("Digest"):
                raise CollectError(f"unsupported auth scheme: {found}")
            self._challenge = dict(re.findall(r'(\w+)="?([^",]+)"?', found[7:]))
            if signed and self._challenge.get("stale", "").lower() != "true":
                return answer
            headers["Authorization"] = self._sign(method, url)
            answer = await self.http.request(method, url, headers=headers, **more)
            self.requests.append((method, answer.status_code))
        return answer

    def _sign(self, method: str, url: str) -> str:
        asked = self._challenge
        nonce, realm = asked["nonce"], asked["realm"]
        assert "auth" in [one.strip() for one in asked["qop"].split(",")]
        if nonce == self._last_nonce:
            self._count += 1
        else:
            self._count, self._last_nonce, self._cnonce = 1, nonce, secrets.token_hex(8)
        count = f"{self._count:08x}"
        parts = urlsplit(url)
        uri = f"{parts.path}?{parts.query}"
        one = _md5(f"{self.username}:{realm}:{self.password}")
        response = _md5(f"{one}:{nonce}:{count}:{self._cnonce}:auth:{_md5(f'{method}:{uri}')}")
        return (
            f'Digest username="{self.username}", realm="{realm}", nonce="{nonce}", uri="{uri}",'
            f' response="{response}", qop=auth, nc={count}, cnonce="{self._cnonce}", algorithm=MD5'
        )

    async def _xml(self, url: str) -> Element:
        answer = await self.request("GET", url)
        if answer.status_code != httpx.codes.OK:
            raise CollectError(f"getXML failed while accessing {url} with status code: {answer.status_code}")
        if "text/xml" not in answer.headers["Content-Type"].lower():
            raise CollectError("ContentType is not text/xml. This is often caused by a network proxy.")
        if "X-OpenRosa-Version" not in answer.headers:
            raise CollectError("server is not OpenRosa")
        root: Element = fromstring(answer.content)
        return root

    async def form_list(self) -> list[ListedForm]:
        """Fetch the form list; one bad entry voids it."""
        root = await self._xml(f"{self.server_url.rstrip('/')}/formList")
        if root.tag != f"{LIST}xforms":
            raise CollectError("parse error")
        forms = []
        for entry in root.findall(f"{LIST}xform"):
            said = {child.tag.removeprefix(LIST): (child.text or "").strip() for child in entry}
            if not (said.get("formID") and said.get("name") and said.get("downloadUrl")):
                raise CollectError("the whole list is refused")
            digest = said.get("hash", "")
            forms.append(
                ListedForm(
                    said["formID"],
                    said["name"],
                    said.get("version") or None,
                    digest.removeprefix("md5:") if digest.startswith("md5:") else "",
                    said["downloadUrl"],
                    said.get("manifestUrl") or None,
                )
            )
        return forms

    async def download(self, form: ListedForm) -> tuple[bytes, dict[str, bytes]]:
        """Fetch a form and the files of its manifest, each checked against its hash."""
        answer = await self.request("GET", form.url)
        if answer.status_code != httpx.codes.OK:
            raise CollectError(f"server error {answer.status_code}")
        if _md5(answer.content) != form.md5:
            raise CollectError("the form is not the one of the list")
        media: dict[str, bytes] = {}
        if form.manifest_url is None:
            return answer.content, media
        root = await self._xml(form.manifest_url)
        if root.tag != f"{MANIFEST}manifest":
            raise CollectError("parse error")
        for entry in root.findall(f"{MANIFEST}mediaFile"):
            said = {child.tag.removeprefix(MANIFEST): (child.text or "").strip() for child in entry}
            if not (said.get("filename") and said.get("hash") and said.get("downloadUrl")):
                raise CollectError("the whole manifest is refused")
            file = await self.request("GET", said["downloadUrl"])
            if _md5(file.content) != said["hash"].removeprefix("md5:"):
                raise CollectError("a file is not the one of the manifest")
            media[said["filename"]] = file.content
        return answer.content, media

    async def send(self, xml: bytes, files: Mapping[str, bytes] | None = None) -> str | None:
        """Send a filled form and return the sentence that Collect shows; raises `CollectError` where it failed."""
        address = f"{self.server_url.removesuffix('/')}/submission"
        head = await self.request("HEAD", address)
        accepts = ACCEPT_BY_DEFAULT
        if head.status_code == httpx.codes.UNAUTHORIZED:
            raise CollectError("credentials are asked for")
        if head.status_code == httpx.codes.NO_CONTENT:
            accepts = int(head.headers.get("X-OpenRosa-Accept-Content-Length", accepts))
        elif httpx.codes.is_success(head.status_code):
            raise CollectError("Is this an OpenRosa submission endpoint?")
        answer = None
        for body in posts(xml, files or {}, accepts):
            answer = await self.request("POST", address, content=body.content, headers=body.headers)
            if answer.status_code not in (httpx.codes.CREATED, httpx.codes.ACCEPTED):
                raise CollectError(told(answer))
        assert answer is not None
        return sentence(answer.text)


@dataclass(frozen=True)
class Post:
    """One multipart body with its headers."""

    content: bytes
    headers: dict[str, str]


def posts(xml: bytes, files: Mapping[str, bytes], accepts: int) -> list[Post]:
    """Return the bodies that Collect makes of a filled form: one, or several where it is too large for one."""
    named = list(files.items())
    made: list[Post] = []
    index, first = 0, True
    while index < len(named) or first:
        first, start, size = False, index, len(xml)
        parts = [("xml_submission_file", "2026-11-23_09-00-00.xml", "text/xml", xml)]
        incomplete = False
        while index < len(named):
            name, data = named[index]
            parts.append((name, name, content_type(name), data))
            size += len(data)
            index += 1
            if index < len(named) and (index - start > 100 or size + len(named[index][1]) > accepts):
                incomplete = True
                break
        made.append(multipart(parts, incomplete=incomplete))
    return made


def multipart(parts: list[tuple[str, str, str, bytes]], *, incomplete: bool = False) -> Post:
    """Return a body as OkHttp 4 writes one: each part with its Content-Length."""
    boundary = "3fbc2e0c-5a52-4c1c-9ae1-6a0bd2e2a1ab"
    lines = b""
    for name, filename, kind, data in parts:
        lines += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            f"Content-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
        ).encode()
        lines += data + b"\r\n"
    if incomplete:
        lines += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="*isIncomplete*"\r\nContent-Length: 3\r\n\r\nyes\r\n'
        ).encode()
    lines += f"--{boundary}--\r\n".encode()
    return Post(lines, {"Content-Type": f"multipart/form-data; boundary={boundary}"})


def content_type(name: str) -> str:
    """Return what Collect says of a file, by its name."""
    kinds = {"jpg": "image/jpeg", "png": "image/png", "csv": "text/csv", "m4a": "audio/mp4", "xml": "text/xml"}
    return kinds.get(name.rpartition(".")[2], "application/octet-stream")


def sentence(text: str) -> str | None:
    """Return the message of an OpenRosa response, or None where it is none."""
    if "OpenRosaResponse" not in text:
        return None
    found: str | None = fromstring(text.encode()).findtext("{http://openrosa.org/http/response}message")
    return found


def told(answer: httpx.Response) -> str:
    """Return what Collect shows of a failed POST."""
    if answer.status_code == httpx.codes.OK:
        return "Error: Network login failure? Again?"
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return f"Error: {answer.reason_phrase} (401)"
    return f"Error: {sentence(answer.text) or answer.status_code}"


def _md5(data: bytes | str) -> str:
    return hashlib.md5(data.encode() if isinstance(data, str) else data, usedforsecurity=False).hexdigest()
