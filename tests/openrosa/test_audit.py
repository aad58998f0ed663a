"""Collect's own log of how a form was filled: its columns come and go with options and versions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.openrosa.audit import ROWS_MOST, read_audit

AT = datetime(2026, 11, 23, 1, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "line", "more"),
    [
        pytest.param("event,node,start,end", "question,/data/job,1795395601000,1795395602000", {}, id="plain"),
        pytest.param(
            "event,node,start,end,latitude,longitude,accuracy",
            "question,/data/job,1795395601000,1795395602000,25.4,118.9,8",
            {"latitude": "25.4", "longitude": "118.9", "accuracy": "8"},
            id="with places",
        ),
        pytest.param(
            "event,node,start,end,old-value,new-value,user,change-reason",
            'question,/data/job,1795395601000,1795395602000,,"a ""b"", c",林,',
            {"new-value": 'a "b", c', "user": "林"},
            id="with changes",
        ),
    ],
)
def test_every_set_of_columns_is_read(header: str, line: str, more: dict[str, str]) -> None:
    """What is not one of the four is kept as it stands."""
    (row,) = read_audit(f"{header}\n{line}\n".encode())
    assert (row.event, row.node, row.start_at, row.more) == ("question", "/data/job", AT, more)


@pytest.mark.parametrize(
    ("data", "events"),
    [
        pytest.param(b"", [], id="empty"),
        pytest.param(b"\xef\xbb\xbfevent,node,start,end\nform start,,x,\n", ["form start"], id="a mark and no time"),
        pytest.param(b"event,node\nquestion\n", ["question"], id="short"),
        pytest.param(b"event,node\nquestion,/a,1,2,3,4\n", ["question"], id="long"),
        pytest.param(b"node,start\n/a,1\n", [], id="no events"),
        pytest.param(b"event\n" + b'"' + b"x" * 200_000 + b'"\n', [], id="a field without end"),
        pytest.param(b"event\nform start\n\xff\xfe\n", ["form start", "\ufffd\ufffd"], id="no UTF-8"),
        pytest.param(b"event,start\nx,99999999999999999999\n", ["x"], id="a time beyond all"),
    ],
)
def test_what_cannot_be_read_costs_no_more_than_its_line(data: bytes, events: list[str]) -> None:
    """A log is never a reason to lose a form."""
    assert [row.event for row in read_audit(data)] == events


def test_a_log_is_read_up_to_its_limit() -> None:
    """No log makes an answer without end."""
    assert len(read_audit(b"event\n" + b"question\n" * (ROWS_MOST + 5))) == ROWS_MOST


@given(st.binary(max_size=2_000))
def test_no_bytes_at_all_break_the_reading(data: bytes) -> None:
    """Whatever a phone calls audit.csv."""
    read_audit(b"event,node,start,end\n" + data)
