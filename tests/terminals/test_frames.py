"""Frames of JT/T 808: whatever comes over the wire, whole messages are found and nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ingest.jt808.frames import FRAME_MOST, Frames, escaped, unescaped
from api.ingest.jt808.message import BadFrame, Message, phone_of, read_message
from tests.terminal import Terminal, sum_of

PHONES = st.from_regex(r"[1-9][0-9]{0,11}", fullmatch=True)
BODIES = st.binary(max_size=1023)


def messages(stream: bytes, *cuts: int) -> list[Message]:
    """Return the messages of a stream that arrives cut at these places."""
    frames, read = Frames(), []
    edges = [0, *sorted(cuts), len(stream)]
    for start, end in pairwise(edges):
        read += [read_message(piece) for piece in frames.feed(stream[start:end])]
    return read


@given(PHONES, BODIES, st.sampled_from([2013, 2019]), st.integers(0, 65535), st.integers(0, 65535))
def test_what_a_terminal_sends_is_what_is_read(
    phone: str, body: bytes, year: int, message_id: int, serial: int
) -> None:
    """Both headers, every body and every serial come through escaping and checksum as they were."""
    terminal = Terminal(phone=phone, year=year, serial=serial)
    (message,) = messages(terminal.frame(message_id, body))
    assert (message.id, message.serial, message.body) == (message_id, serial, body)
    assert (phone_of(message.phone), message.versioned, message.faults) == (phone, year == 2019, ())


@given(st.binary(max_size=300))
def test_escaping_can_be_undone(raw: bytes) -> None:
    """What is told to a terminal has no delimiter inside, and reads as it was meant."""
    sent = escaped(raw)
    assert b"\x7e" not in sent[1:-1]
    assert unescaped(sent[1:-1]) == raw + bytes((sum_of(raw),))


def test_a_stream_may_be_cut_anywhere() -> None:
    """TCP keeps no borders: however three messages are cut in two, three messages are read."""
    terminal = Terminal()
    stream = b"".join(terminal.frame(0x0200, bytes([0x7E, 0x7D, i] * 9)) for i in range(3))
    for cut in range(len(stream) + 1):
        assert [message.serial for message in messages(stream, cut)] == [0, 1, 2], cut


def test_a_stream_may_come_byte_by_byte() -> None:
    """A slow line is read like any other."""
    stream = Terminal().frame(0x0002) + Terminal(year=2019).frame(0x0002)
    assert [message.id for message in messages(stream, *range(1, len(stream)))] == [2, 2]


def test_two_frames_may_share_the_delimiter_or_send_it_twice() -> None:
    """Terminals do both."""
    terminal = Terminal()
    first, second, third = (terminal.heartbeat() for _ in range(3))
    stream = first[:-1] + second + third + b"\x7e\x7e"
    assert [message.serial for message in messages(stream)] == [0, 1, 2]


def test_what_comes_before_the_first_delimiter_is_counted_and_left() -> None:
    """A terminal's boot messages, or somebody else's protocol, are no frames."""
    frames = Frames()
    assert frames.feed(b"GET / HTTP/1.1\r\n") == []
    assert len(frames.feed(b"\r\n" + Terminal().heartbeat())) == 1
    assert frames.junk_bytes == 18


def test_what_never_ends_is_not_kept() -> None:
    """A stream without a delimiter takes no more memory than a frame, and a good message after it is read."""
    frames = Frames()
    assert frames.feed(b"\x7e") == []
    for _ in range(100):
        assert frames.feed(bytes(1000)) == []
        assert len(frames._rest) <= FRAME_MOST
    assert frames.junk_bytes >= 95_000
    assert len(frames.feed(Terminal().heartbeat())) == 1


def test_a_frame_of_the_greatest_size_is_read_and_a_longer_one_is_not() -> None:
    """1,023 bytes that are all escaped fit; one byte more than a frame can have does not."""
    (message,) = messages(Terminal(year=2019).frame(0x0704, b"\x7e" * 1023))
    assert message.body == b"\x7e" * 1023
    frames = Frames()
    assert len(frames.feed(b"\x7e" + bytes(FRAME_MOST) + b"\x7e")) == 1
    assert frames.feed(b"\x7e" + bytes(FRAME_MOST + 1) + b"\x7e") == []
    assert frames.junk_bytes == FRAME_MOST + 1


def test_faults_of_a_frame_are_named_and_the_message_is_read_all_the_same() -> None:
    """Real terminals send wrong sums and lengths: whether such a message counts is its device's setting."""
    terminal = Terminal()
    assert messages(terminal.frame(0x0002, spoil_sum=1))[0].faults == ("bad-checksum",)
    assert messages(terminal.frame(0x0200, b"abc", length=4))[0].faults == ("bad-length",)
    raw = terminal.raw(0x0200, b"ab\x7dc")
    (message,) = messages(b"\x7e" + raw + bytes((sum_of(raw),)) + b"\x7e")
    assert message.faults == ("bad-escape",)
    assert message.body == b"ab\x7dc"


@pytest.mark.parametrize("year", [2013, 2019])
def test_what_is_too_short_for_its_header_is_no_message(year: int) -> None:
    """Up to the header's last byte there is nothing to answer; from then on there is a message."""
    raw = Terminal(year=year).raw(0x0002)
    for size in range(1, len(raw) + 1):
        with pytest.raises(BadFrame):
            read_message(raw[:size])
    assert read_message(raw + b"\0").id == 2
    package = Terminal(year=year).raw(0x0704, b"", total=2, index=1)
    for size in range(1, len(package) + 1):
        with pytest.raises(BadFrame):
            read_message(package[:size])


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(sent: bytes) -> None:
    """Whatever stands between delimiters is a message or is none."""
    for piece in Frames().feed(b"\x7e" + sent + b"\x7e"):
        try:
            read_message(piece)
        except BadFrame:
            continue


def test_a_number_may_be_packed_instead_of_digits() -> None:
    """An IMEI packed into six bytes is read with its check digit; digits are read without leading zeros."""
    imei = "86543210987654"
    assert phone_of(int(imei).to_bytes(6, "big")) == f"{imei}{_check_digit(imei)}"
    assert phone_of(bytes.fromhex("013900000001")) == "13900000001"
    assert phone_of(bytes(6)) == ""


def _check_digit(digits: str) -> int:
    """Return the digit that makes the number pass Luhn's test, found by trying."""
    for last in range(10):
        total = 0
        for place, digit in enumerate(reversed(f"{digits}{last}")):
            value = int(digit) * (1 + place % 2)
            total += value - 9 if value > 9 else value
        if total % 10 == 0:
            return last
    raise AssertionError


def test_a_package_names_how_many_there_are_and_which_it_is() -> None:
    """Total and index follow the serial, in both headers."""
    for year in (2013, 2019):
        parts = messages(b"".join(Terminal(year=year).packages(0x0704, bytes(range(250)), 100)))
        assert [(part.total, part.index, len(part.body)) for part in parts] == [(3, 1, 100), (3, 2, 100), (3, 3, 50)]
