"""Which files may be set on paper as a picture."""

from __future__ import annotations

import pytest

from api.print.picture import BYTES_MOST, SIDE_MOST, may_be_set
from tests.print.pictures import jpeg_head, png


@pytest.mark.parametrize("picture", [png(SIDE_MOST, 1), png(1, SIDE_MOST), jpeg_head(SIDE_MOST, SIDE_MOST)])
def test_a_picture_up_to_the_limit_is_set(picture: bytes) -> None:
    """A signature on the largest screen is on the paper."""
    assert may_be_set(picture)


@pytest.mark.parametrize(
    "other",
    [
        png(SIDE_MOST + 1, 1),
        png(3, 3, claims=(3, SIDE_MOST + 1)),
        png(3, 3, claims=(0, 3)),
        jpeg_head(SIDE_MOST + 1, 3),
        jpeg_head(3, SIDE_MOST + 1),
        jpeg_head(3, 3)[:-8],
        png(3, 3)[:20],
        b"%PDF-1.7",
        b"",
    ],
)
def test_what_is_no_picture_of_such_a_size_is_not_set(other: bytes) -> None:
    """A few kilobytes that claim to be a wall of pixels do not fill the memory."""
    assert not may_be_set(other)


def test_the_size_in_bytes_has_a_limit_of_its_own() -> None:
    """At the limit is within it, one byte more is not."""
    picture = png(3, 3)
    assert may_be_set(picture.ljust(BYTES_MOST, b"\0"))
    assert not may_be_set(picture.ljust(BYTES_MOST + 1, b"\0"))
