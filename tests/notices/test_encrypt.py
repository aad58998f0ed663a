"""Push messages: RFC 8291's own example, keys that nothing can be encrypted for, and the service's own key."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from api.notices.encrypt import BadPushKeys, base64url, check_keys, encrypted, from_base64url, key_from, public_bytes
from api.vault import Vault

SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
SENT = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_a_message_is_encrypted_as_the_example_of_the_rfc() -> None:
    """RFC 8291, appendix A: byte for byte."""
    sender = ec.derive_private_key(int.from_bytes(from_base64url(SENDER)), ec.SECP256R1())
    message = b"When I grow up, I want to be a watermelon"
    assert base64url(encrypted(message, P256DH, AUTH, sender=sender, salt=from_base64url(SALT))) == SENT


def test_the_same_message_is_never_the_same_bytes_twice() -> None:
    """Each has a sender's key and a salt of its own."""
    assert encrypted(b"once", P256DH, AUTH) != encrypted(b"once", P256DH, AUTH)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        pytest.param("x", AUTH, id="no point"),
        pytest.param(base64url(b"\x04" + bytes(64)), AUTH, id="not on the curve"),
        pytest.param(P256DH, base64url(bytes(15)), id="secret too short"),
        pytest.param(P256DH, base64url(bytes(17)), id="secret too long"),
        pytest.param(P256DH, "中文", id="no base64url"),
    ],
)
def test_keys_that_nothing_can_be_encrypted_for_are_refused(p256dh: str, auth: str) -> None:
    """A subscription is refused when it is made, not when somebody is to be told."""
    check_keys(P256DH, AUTH)
    with pytest.raises(BadPushKeys):
        check_keys(p256dh, auth)


def test_the_key_of_the_service_is_the_same_after_a_restart(tmp_path: Path) -> None:
    """Browsers subscribe to one key; another secret makes another."""
    first, again = (public_bytes(Vault(tmp_path).push_key()) for _ in range(2))
    other = public_bytes(Vault(tmp_path / "elsewhere").push_key())
    assert first == again != other
    assert key_from(bytes(48)).private_numbers().private_value == 1
