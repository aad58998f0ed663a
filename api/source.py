"""Where a request or a connection comes from, as it is counted: who guesses or floods is slowed down by it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


@dataclass(frozen=True, slots=True)
class Source:
    """Where a pass word comes from; `known` is a browser or session that has shown the right one before."""

    name: str
    known: bool = False


@lru_cache(maxsize=4096)
def ip_of(host: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that a text is; an IPv4 one stays that where a socket of IPv6 tells it (`::ffff:…`)."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=4096)
def source_of(host: str) -> str:
    """Return the address, of IPv6 the network that one customer has: its addresses are there for the taking."""
    address = ip_of(host)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return host if address is None else str(address)


def without_port(host: str) -> str:
    """Return an address without the port that some proxies write behind it: each connection would be another source."""
    if ip_of(host) is not None:
        return host
    bare = host[1:].partition("]")[0] if host.startswith("[") else host.rpartition(":")[0]
    return host if ip_of(bare) is None else bare
