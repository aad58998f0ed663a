"""Requests to addresses that people typed in: to services outside, or to hosts that the operator listed; never inward.

An address is a way to make this service ask something of its own neighbours (SSRF). So: HTTPS only, every address that
the name stands for lies in the public internet, the connection goes to the very address that was looked at, no
redirect is followed, a few bytes of the answer are read, and none of it is shown. A host listed in
ZHUANCHE_NOTICE_HOSTS may lie anywhere and may speak plain HTTP.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx

from api.settings import Settings
from domain.errors import InvalidInput

ANSWER_MOST: Final = 4_096
"""Bytes of an answer that are read."""
ADDRESS_MOST: Final = 2_048
"""Characters of an address."""


class AddressNotAllowed(InvalidInput):
    """Notices go by HTTPS to public addresses, or to a host that the operator listed in ZHUANCHE_NOTICE_HOSTS."""

    code = "address-not-allowed"
    zh = "通知只能通过 HTTPS 发往公网地址，或发往运维在 ZHUANCHE_NOTICE_HOSTS 中列出的主机。"


class NoAnswer(Exception):
    """The other side could not be asked, or did not answer in time; the text says how, in a word."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered: never shown to anybody."""

    status: int
    body: bytes


class Outside:
    """Asks services outside."""

    def __init__(self, settings: Settings) -> None:
        """Let by what the settings list."""
        self._listed = frozenset(host.strip().lower() for host in settings.notice_hosts.split(",") if host.strip())
        self._patience_s = settings.notice_timeout_s

    def checked(self, address: str) -> str:
        """Return an address whose form allows it to be asked. Raises `AddressNotAllowed`."""
        self._parsed(address)
        return address

    async def post(self, address: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        """Send a body and return what was answered.

        Raises:
            AddressNotAllowed: the address may not be asked, or its name leads inward now.
            NoAnswer: nobody answered in time.
        """
        url = self._parsed(address)
        try:
            async with asyncio.timeout(self._patience_s):
                at = await self._looked_up(url)
                return await self._asked(url, at, body, headers)
        except TimeoutError as fault:
            raise NoAnswer("timeout") from fault
        except (httpx.HTTPError, OSError, UnicodeError) as fault:
            raise NoAnswer(type(fault).__name__) from fault

    def _parsed(self, address: str) -> httpx.URL:
        try:
            # What others read out of it (a host to show, an origin to vouch for) is what is asked, or it is none.
            url, told = httpx.URL(address), urlsplit(address)
            fits = told.hostname in _names(url) and told.port != 0
        except (httpx.InvalidURL, ValueError) as fault:
            raise AddressNotAllowed from fault
        allowed = ("https", "http") if self._is_listed(url) else ("https",)
        if not fits or len(address) > ADDRESS_MOST or not url.host or url.userinfo or url.scheme not in allowed:
            raise AddressNotAllowed
        if not self._is_listed(url) and _is_number(url.host) and not _is_outside(url.host):
            raise AddressNotAllowed
        return url

    def _is_listed(self, url: httpx.URL) -> bool:
        return any(name in self._listed or f"{name}:{url.port}" in self._listed for name in _names(url))

    async def _looked_up(self, url: httpx.URL) -> str:
        port = url.port or (443 if url.scheme == "https" else 80)
        found = await asyncio.get_running_loop().getaddrinfo(_asked_as(url), port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        if not self._is_listed(url) and not all(map(_is_outside, addresses)):
            raise AddressNotAllowed
        return addresses[0]

    async def _asked(self, url: httpx.URL, at: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        host = url.netloc.decode()
        async with (
            httpx.AsyncClient(timeout=self._patience_s, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST",
                url.copy_with(host=at),
                content=body,
                headers={**headers, "Host": host},
                extensions={"sni_hostname": _asked_as(url)},
            ) as answer,
        ):
            read = b""
            async for part in answer.aiter_raw():
                read += part
                if len(read) >= ANSWER_MOST:
                    break
            return Answered(answer.status_code, read[:ANSWER_MOST])


def _asked_as(url: httpx.URL) -> str:
    """Return the host as name servers know it: one written in Chinese by its ASCII form (RFC 5891)."""
    return url.raw_host.decode("ascii")


def _names(url: httpx.URL) -> frozenset[str]:
    """Return the host in both its spellings, which are one host."""
    return frozenset({url.host.lower(), _asked_as(url).lower()})


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _is_outside(address: str) -> bool:
    """Tell whether an address lies in the public internet, an IPv4 address inside an IPv6 one looked at too."""
    ip = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast


_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
