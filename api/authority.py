"""A certificate authority of the service's own, for a desk whose network has none.

Phones let pages store, sign and locate only over HTTPS. Where nobody issues certificates for the machine in the
cupboard, it makes an authority once, which phones are told to trust, and with it a certificate where none stands or one
is due. The authority is constrained (RFC 5280 §4.2.1.10) to private networks, local names and this machine's own:
whoever steals its key can pretend to be no site of the outside to a phone that trusts it.
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from api.durable import flush
from api.settings import Settings

log = structlog.get_logger()

AUTHORITY_FOR: Final = timedelta(days=25 * 365)
"""Longer than the machine: another one has to be trusted by every phone anew. No system limits an authority's life."""
CERTIFICATE_FOR: Final = timedelta(days=820)
"""Apple's systems take no server's certificate, of a trusted authority, that holds longer than 825 days."""
BEFORE: Final = timedelta(days=60)
"""A certificate is made anew so long before its end: before the doctor warns of it."""
CLOCKS_APART: Final = timedelta(days=1)
"""A phone's clock may be behind."""
LOCAL_NAMES: Final = ("localhost", "local", "lan", "internal", "home.arpa")
PRIVATE: Final = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Files:
    """Where a certificate and its key lie, PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Names:
    """By what the machine is reached."""

    hosts: tuple[str, ...]
    addresses: tuple[Address, ...]


def own_certificate(settings: Settings, now: datetime) -> Files:
    """Make the authority and a certificate of this machine where there are none that hold; return its files.

    Raises:
        OSError: the data folder cannot be written.
    """
    folder = settings.data / "tls"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    with _alone_in(folder):
        return _made(folder, settings, now)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let a service that begins at the same time wait: the second takes the authority of the first."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _made(folder: Path, settings: Settings, now: datetime) -> Files:
    told, found = names_of(settings)
    authority, authority_key = _authority(folder, told, found, now)
    names = _those(found, authority)
    if names != found:
        log.warning(
            "names-left-out",
            names=[str(one) for one in {*found.hosts, *found.addresses} - {*names.hosts, *names.addresses}],
        )
    files = own_files(settings)
    if _stands(files, authority, names, now):  # another service may be reading it at this moment
        return files
    key = ec.generate_private_key(ec.SECP256R1())
    until = min(now + CERTIFICATE_FOR, authority.not_valid_after_utc)
    certificate = (
        _begun(key.public_key(), authority.subject, now, until)
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Zhuanche")]))
        .add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write(files.key, _key_bytes(key), 0o600)
    _write(files.certificate, _pem(certificate) + _pem(authority), 0o644)
    return files


def _stands(files: Files, authority: x509.Certificate, names: Names, now: datetime) -> bool:
    """Tell whether there is a certificate by the authority for these names that is not due, with its key."""
    try:
        found, by = x509.load_pem_x509_certificates(files.certificate.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    except (FileNotFoundError, ValueError):
        return False
    spoken_for = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    whole = by == authority and key.public_key() == found.public_key()
    return whole and set(spoken_for) == set(_general_names(names)) and not is_due(files, now)


def is_due(files: Files, now: datetime) -> bool:
    """Tell whether a certificate of the service's own ends soon, or is not valid yet: a wrong clock made it.

    One that ends with its authority is renewed no earlier: no other could hold longer.
    """
    found, authority = x509.load_pem_x509_certificates(files.certificate.read_bytes())
    ends = found.not_valid_after_utc
    last = ends if ends >= authority.not_valid_after_utc else ends - BEFORE
    return not found.not_valid_before_utc <= now < last


def own_files(settings: Settings) -> Files:
    """Return where the service's own certificate and its key lie, once they were made."""
    folder = settings.data / "tls"
    return Files(folder / "certificate.pem", folder / "certificate.key")


def authority_of(settings: Settings) -> x509.Certificate | None:
    """Return the service's own authority, if it has made one."""
    try:
        return x509.load_pem_x509_certificate((settings.data / "tls" / "authority.pem").read_bytes())
    except FileNotFoundError:
        return None


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate as phones show it: pairs of digits with colons."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def names_of(settings: Settings) -> tuple[Names, Names]:
    """Return by what names and addresses this machine is reached: those it is told, and all, its own of today too."""
    told = [one.strip() for one in settings.https_names.split(",") if one.strip()]
    base = urlsplit(settings.base_url or "").hostname
    told += [*([base] if base else []), settings.host]
    return _sorted(told), _sorted([*told, socket.gethostname(), *_own_addresses()])


def _sorted(names: list[str]) -> Names:
    """Return names and addresses apart, the loopback's among them."""
    hosts, addresses = {"localhost"}, {ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")}
    for one in names:
        try:
            address = ipaddress.ip_address(one)
        except ValueError:
            hosts.add(one.lower())
        else:
            if not address.is_unspecified:
                addresses.add(address)
    return Names(tuple(sorted(hosts)), tuple(sorted(addresses, key=lambda one: (one.version, int(one)))))


def _own_addresses() -> list[str]:
    """Return the address this machine is seen by on its network, as far as it knows: nothing is sent."""
    found = []
    for family, somewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((somewhere, 9))
            found.append(str(probe.getsockname()[0]))
    return found


def _authority(
    folder: Path, told: Names, names: Names, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return the authority, made anew for all `names` where there is none, it is over, or it may not speak for `told`.

    Every phone has to be told to trust a new one. So one that ends soon is kept to its end, which the doctor tells in
    time, and what the machine merely happens to be called (a container's name, the address its provider gave it today)
    makes none.
    """
    certificate_file, key_file = folder / "authority.pem", folder / "authority.key"
    with contextlib.suppress(FileNotFoundError):
        known = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if isinstance(key, ec.EllipticCurvePrivateKey) and _holds_for(known, told, now):
            return known, key
        log.warning("authority-made-anew", before=fingerprint_of(known), until=known.not_valid_after_utc)
    key = ec.generate_private_key(ec.SECP256R1())
    title = f"Zhuanche 专车 {names.hosts[0] if names.hosts[0] != 'localhost' else socket.gethostname()}"[:64]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title)])
    made = (
        _begun(key.public_key(), subject, now, now + AUTHORITY_FOR)
        .subject_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                key_cert_sign=True,
                crl_sign=False,
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.NameConstraints(_permitted(names), None), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(key_file, _key_bytes(key), 0o600)
    _write(certificate_file, _pem(made), 0o644)
    return made, key


def _permitted(names: Names) -> list[x509.GeneralName]:
    hosts = sorted({*LOCAL_NAMES, *names.hosts})
    networks = [ipaddress.ip_network(one) for one in PRIVATE]
    networks += [ipaddress.ip_network(one) for one in (*names.addresses, "::1")]
    return [
        *(x509.DNSName(host) for host in hosts),
        *(x509.IPAddress(network) for network in dict.fromkeys(networks)),
    ]


def _holds_for(authority: x509.Certificate, told: Names, now: datetime) -> bool:
    return authority.not_valid_after_utc > now and _those(told, authority) == told


def _those(names: Names, authority: x509.Certificate) -> Names:
    """Return the names that an authority may speak for."""
    permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    hosts = [one.value for one in permitted if isinstance(one, x509.DNSName)]
    networks = [ipaddress.ip_network(one.value) for one in permitted if isinstance(one, x509.IPAddress)]
    return Names(
        tuple(name for name in names.hosts if any(name == one or name.endswith(f".{one}") for one in hosts)),
        tuple(address for address in names.addresses if any(address in network for network in networks)),
    )


def _begun(
    key: ec.EllipticCurvePublicKey, issuer: x509.Name, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - CLOCKS_APART)
        .not_valid_after(until.astimezone(UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _general_names(names: Names) -> list[x509.GeneralName]:
    return [*(x509.DNSName(host) for host in names.hosts), *(x509.IPAddress(one) for one in names.addresses)]


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all, readable to nobody more than it should be at any moment."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123 - of a descriptor
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    flush(path.parent)  # phones were told to trust what is in it
