"""Whatever bytes come: every target of `make fuzz` bears its corpus, and what hypothesis makes of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.corpus import FOLDER, INPUTS_MOST, kept
from tests.fuzz.targets import TARGETS

BYTES = st.one_of(
    st.binary(max_size=8), st.sampled_from([b'"', b"[", b"{", b"}", b"-", b"1e308", b"null", b"\0", b"&"])
)


@st.composite
def mangled(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Return an input of the corpus with a few places cut out, doubled, or overwritten."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 6))):
        at, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        data = data[:at] + draw(BYTES) + data[draw(st.sampled_from([at, end])) :]
    return data


def test_every_target_has_a_corpus_and_no_corpus_is_left_over() -> None:
    """A decoder is registered with one line and a file."""
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == sorted(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_every_input_that_is_kept_is_borne(name: str) -> None:
    """What once was found stays found."""
    inputs = kept(name)
    assert 0 < len(inputs) <= INPUTS_MOST
    for one in inputs:
        TARGETS[name](one)


@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_whatever_are_a_fault_of_ours(name: str) -> None:
    """Made of the corpus, and of nothing: no exception, and what comes out can be written and tells no token."""

    @settings(max_examples=150, deadline=1_000, suppress_health_check=list(HealthCheck))
    @given(st.one_of(mangled(kept(name)), st.binary(max_size=300)))
    def bear(data: bytes) -> None:
        TARGETS[name](data)

    bear()
